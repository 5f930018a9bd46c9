// LOCKCHECK_DISABLED: process::event without a record.
#ifndef LOCKCHECK_INTERNAL_PROCESS_EVENT_DISABLED_H_
#define LOCKCHECK_INTERNAL_PROCESS_EVENT_DISABLED_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "lockcheck/internal/process_flag.h"

namespace lockcheck::inline LOCKCHECK_ABI::process {

class event {
 public:
  event(source_location = {}) noexcept {}
  explicit event(const char*, source_location = {}) noexcept {}
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  void set() noexcept { Change(1); }
  void clear() noexcept { Change(0); }
  bool is_set() const noexcept {
    return internal::IsSet(changes_.load(std::memory_order_acquire));
  }
  void wait() const noexcept { Wait(nullptr); }
  template <typename Rep, typename Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& duration) const {
    if (is_set()) return true;
    if (!(duration > duration.zero())) return false;
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return Wait(&deadline);
  }
  template <typename Clock, typename Duration>
  bool wait_until(const std::chrono::time_point<Clock, Duration>& time) const {
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return Wait(&deadline);
    });
  }

 private:
  void Change(uint32_t set) noexcept {
    internal::PostFacts facts;
    internal::ProcessFlag flag(waiters_, changes_);
    internal::WakeSlots(waiters_, flag.Change(set, &facts).slots);
  }
  bool Wait(const internal::Deadline* deadline) const noexcept {
    if (is_set()) return true;
    internal::ProcessFlag flag(waiters_, changes_);
    internal::ProcessWait wait;
    if (internal::IsSet(flag.Enter(wait))) return true;
    if (!internal::AwaitUnrecorded(waiters_, wait, flag.settle(), deadline)) {
      return false;
    }
    internal::LeaveWait(waiters_, wait);
    return true;
  }

  mutable internal::ProcessWaiters waiters_;
  // How often it was set or cleared: odd while it is set.
  mutable std::atomic<uint32_t> changes_{0};
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::process

#endif  // LOCKCHECK_INTERNAL_PROCESS_EVENT_DISABLED_H_

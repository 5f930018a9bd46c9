// LOCKCHECK_DISABLED: process::semaphore and process::bounded_semaphore without
// a record.
#ifndef LOCKCHECK_INTERNAL_PROCESS_SEMAPHORE_DISABLED_H_
#define LOCKCHECK_INTERNAL_PROCESS_SEMAPHORE_DISABLED_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/process_permits.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

class ProcessSemaphoreBase {
 public:
  static constexpr ptrdiff_t max() noexcept { return kMostProcessPermits; }

  ProcessSemaphoreBase(ptrdiff_t permits, ptrdiff_t most) noexcept
      : word_(static_cast<uint64_t>(permits)),
        most_(static_cast<uint32_t>(most)) {}
  ProcessSemaphoreBase(const ProcessSemaphoreBase&) = delete;
  ProcessSemaphoreBase& operator=(const ProcessSemaphoreBase&) = delete;

  void acquire() { Acquire(nullptr); }
  bool try_acquire() noexcept {
    uint64_t after;
    return ProcessPermits(waiters_, word_).Take(&after);
  }
  template <typename Rep, typename Period>
  bool try_acquire_for(const std::chrono::duration<Rep, Period>& duration) {
    const Deadline deadline = DeadlineAfter(duration);
    return Acquire(&deadline);
  }
  template <typename Clock, typename Duration>
  bool try_acquire_until(const std::chrono::time_point<Clock, Duration>& time) {
    return Until(time,
                 [&](const Deadline& deadline) { return Acquire(&deadline); });
  }
  void release(ptrdiff_t update = 1) {
    ProcessPermits permits(waiters_, word_);
    if (!permits.Release(update, most_, [] {})) ThrowReleasedAboveBound();
  }

 private:
  bool Acquire(const Deadline* deadline) noexcept {
    ProcessPermits permits(waiters_, word_);
    ProcessWait wait;
    uint64_t after;
    if (permits.TakeOrEnter(wait, &after)) return true;
    if (!AwaitUnrecorded(waiters_, wait, permits.settle(), deadline)) {
      return false;
    }
    permits.Fetch(wait);
    return true;
  }

  ProcessWaiters waiters_;
  PermitWord word_;
  const uint32_t most_;
};

}  // namespace internal

namespace process {

class semaphore : public internal::ProcessSemaphoreBase {
 public:
  explicit semaphore(ptrdiff_t desired, source_location = {}) noexcept
      : internal::ProcessSemaphoreBase(desired, max()) {}
  semaphore(ptrdiff_t desired, const char*, source_location = {}) noexcept
      : semaphore(desired) {}
};

class bounded_semaphore : public internal::ProcessSemaphoreBase {
 public:
  explicit bounded_semaphore(ptrdiff_t bound, source_location = {}) noexcept
      : internal::ProcessSemaphoreBase(bound, bound) {}
  bounded_semaphore(ptrdiff_t bound, const char*, source_location = {}) noexcept
      : bounded_semaphore(bound) {}
};

}  // namespace process
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_PROCESS_SEMAPHORE_DISABLED_H_

// LOCKCHECK_DISABLED: process::barrier without a record.
#ifndef LOCKCHECK_INTERNAL_PROCESS_BARRIER_DISABLED_H_
#define LOCKCHECK_INTERNAL_PROCESS_BARRIER_DISABLED_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "lockcheck/internal/arrival_token.h"
#include "lockcheck/internal/process_arrivals.h"

namespace lockcheck::inline LOCKCHECK_ABI::process {

class barrier {
  using Phase = internal::BarrierPhase;

 public:
  using arrival_token = internal::ArrivalToken<barrier>;

  static constexpr ptrdiff_t max() noexcept { return Phase::kMost; }

  explicit barrier(ptrdiff_t expected, source_location = {}) noexcept
      : word_(Phase::First(static_cast<uint64_t>(expected))) {}
  barrier(ptrdiff_t expected, const char*, source_location = {}) noexcept
      : barrier(expected) {}
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;

  [[nodiscard]] arrival_token arrive(ptrdiff_t update = 1) {
    return arrival_token(Arrive(update, false));
  }
  void wait(arrival_token&& arrival) const { Wait(arrival.phase_, nullptr); }
  template <typename Rep, typename Period>
  bool try_wait_for(const arrival_token& arrival,
                    const std::chrono::duration<Rep, Period>& duration) const {
    return WaitFor(arrival.phase_, duration);
  }
  template <typename Clock, typename Duration>
  bool try_wait_until(
      const arrival_token& arrival,
      const std::chrono::time_point<Clock, Duration>& time) const {
    return WaitUntil(arrival.phase_, time);
  }
  void arrive_and_wait() { Wait(Arrive(1, false), nullptr); }
  template <typename Rep, typename Period>
  bool arrive_and_wait_for(const std::chrono::duration<Rep, Period>& duration) {
    return WaitFor(Arrive(1, false), duration);
  }
  template <typename Clock, typename Duration>
  bool arrive_and_wait_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    return WaitUntil(Arrive(1, false), time);
  }
  void arrive_and_drop() { Arrive(1, true); }

 private:
  uint32_t Arrive(ptrdiff_t update, bool drops) {
    const auto arrived =
        internal::ProcessArrivals(waiters_, word_).Arrive(update, drops);
    if (arrived.too_often) {
#if defined(__cpp_exceptions)
      throw std::logic_error("barrier: arrived more often than it expects");
#else
      std::terminate();
#endif
    }
    internal::WakeSlots(waiters_, arrived.grant.slots);
    return arrived.phase;
  }
  bool Wait(uint32_t phase, const internal::Deadline* deadline) const {
    internal::ProcessArrivals arrivals(waiters_, word_);
    return arrivals.Await(phase, [&](internal::ProcessWait& wait) {
      return internal::AwaitUnrecorded(waiters_, wait, arrivals.settle(),
                                       deadline);
    });
  }
  template <typename Rep, typename Period>
  bool WaitFor(uint32_t phase,
               const std::chrono::duration<Rep, Period>& duration) const {
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return Wait(phase, &deadline);
  }
  template <typename Clock, typename Duration>
  bool WaitUntil(uint32_t phase,
                 const std::chrono::time_point<Clock, Duration>& time) const {
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return Wait(phase, &deadline);
    });
  }

  mutable internal::ProcessWaiters waiters_;
  mutable std::atomic<uint64_t> word_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::process

#endif  // LOCKCHECK_INTERNAL_PROCESS_BARRIER_DISABLED_H_

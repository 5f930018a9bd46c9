// LOCKCHECK_DISABLED: process::condition_variable without a record.
#ifndef LOCKCHECK_INTERNAL_PROCESS_CONDITION_VARIABLE_DISABLED_H_
#define LOCKCHECK_INTERNAL_PROCESS_CONDITION_VARIABLE_DISABLED_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "lockcheck/internal/process_notices.h"
#include "lockcheck/process/mutex.h"

namespace lockcheck::inline LOCKCHECK_ABI::process {

class condition_variable {
 public:
  condition_variable(source_location = {}) noexcept {}
  explicit condition_variable(const char*, source_location = {}) noexcept {}
  condition_variable(const condition_variable&) = delete;
  condition_variable& operator=(const condition_variable&) = delete;

  void notify_one() noexcept { Notify(1); }
  void notify_all() noexcept { Notify(internal::kEverybody); }

  template <typename Guard>
  void wait(Guard& guard) {
    WaitOnce(guard, nullptr);
  }
  template <typename Guard, typename Predicate>
  void wait(Guard& guard,
            Predicate predicate) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    while (!predicate()) wait(guard);
  }
  template <typename Guard, typename Clock, typename Duration>
  std::cv_status wait_until(
      Guard& guard, const std::chrono::time_point<Clock, Duration>& time) {
    const internal::Deadline deadline = internal::DeadlineAt(time);
    const bool in_time =
        WaitOnce(guard, &deadline) ||
        (!internal::IsKernelClock<Clock> && Clock::now() < time);
    return StatusOf(in_time);
  }
  template <typename Guard, typename Clock, typename Duration,
            typename Predicate>
  bool wait_until(Guard& guard,
                  const std::chrono::time_point<Clock, Duration>& time,
                  Predicate predicate) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    while (!predicate()) {
      if (wait_until(guard, time) == std::cv_status::timeout) {
        return predicate();
      }
    }
    return true;
  }
  template <typename Guard, typename Rep, typename Period>
  std::cv_status wait_for(Guard& guard,
                          const std::chrono::duration<Rep, Period>& duration) {
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return StatusOf(WaitOnce(guard, &deadline));
  }
  template <typename Guard, typename Rep, typename Period, typename Predicate>
  bool wait_for(Guard& guard,
                const std::chrono::duration<Rep, Period>& duration,
                Predicate predicate) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    while (!predicate()) {
      if (!WaitOnce(guard, &deadline)) return predicate();
    }
    return true;
  }

 private:
  static std::cv_status StatusOf(bool in_time) {
    return in_time ? std::cv_status::no_timeout : std::cv_status::timeout;
  }
  void Notify(uint32_t most) noexcept {
    internal::WakeSlots(waiters_,
                        internal::ProcessNotices(waiters_).Notify(most).slots);
  }
  // False: the deadline has passed.
  template <internal::GuardOfProcessMutex Guard>
  bool WaitOnce(Guard& guard, const internal::Deadline* deadline)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (!guard.owns_lock()) {
      internal::ThrowRobust(EPERM,
                            "process::condition_variable: wait with a lock "
                            "that is not owned");
    }
    internal::ProcessNotices notices(waiters_);
    internal::ProcessWait wait;
    notices.Enter(wait);
    guard.unlock();
    const bool notified =
        internal::AwaitUnrecorded(waiters_, wait, notices.settle(), deadline);
    if (notified) notices.Leave(wait);
    guard.lock();
    return notified;
  }

  internal::ProcessWaiters waiters_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::process

#endif  // LOCKCHECK_INTERNAL_PROCESS_CONDITION_VARIABLE_DISABLED_H_

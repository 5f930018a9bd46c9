// LOCKCHECK_DISABLED: the plain std twins of condition_variable.h.
#ifndef LOCKCHECK_INTERNAL_CONDITION_VARIABLE_DISABLED_H_
#define LOCKCHECK_INTERNAL_CONDITION_VARIABLE_DISABLED_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "lockcheck/guards.h"
#include "lockcheck/mutex.h"

namespace lockcheck::inline LOCKCHECK_ABI {

class condition_variable_any : public std::condition_variable_any {
 public:
  condition_variable_any() = default;
  condition_variable_any(source_location) {}
  explicit condition_variable_any(const char*, source_location = {}) {}
};

// std::condition_variable takes std::unique_lock<std::mutex> alone: while it
// waits, one stands for the guard that was given.
class condition_variable : public std::condition_variable {
  using Base = std::condition_variable;

 public:
  condition_variable() = default;
  condition_variable(source_location) {}
  explicit condition_variable(const char*, source_location = {}) {}
  void native_handle() = delete;

  template <typename Guard>
  void wait(Guard& guard) {
    Plain plain(guard);
    Base::wait(plain.guard);
  }
  template <typename Guard, typename Predicate>
  void wait(Guard& guard,
            Predicate predicate) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    while (!predicate()) wait(guard);
  }
  template <typename Guard, typename Clock, typename Duration>
  cv_status wait_until(Guard& guard,
                       const std::chrono::time_point<Clock, Duration>& time) {
    Plain plain(guard);
    return Base::wait_until(plain.guard, time);
  }
  template <typename Guard, typename Clock, typename Duration,
            typename Predicate>
  bool wait_until(Guard& guard,
                  const std::chrono::time_point<Clock, Duration>& time,
                  Predicate predicate) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    while (!predicate()) {
      if (wait_until(guard, time) == cv_status::timeout) return predicate();
    }
    return true;
  }
  template <typename Guard, typename Rep, typename Period>
  cv_status wait_for(Guard& guard,
                     const std::chrono::duration<Rep, Period>& duration) {
    Plain plain(guard);
    return Base::wait_for(plain.guard, duration);
  }
  template <typename Guard, typename Rep, typename Period, typename Predicate>
  bool wait_for(Guard& guard,
                const std::chrono::duration<Rep, Period>& duration,
                Predicate predicate) {
    Plain plain(guard);
    return Base::wait_for(plain.guard, duration, std::move(predicate));
  }

 private:
  struct Plain {
    template <typename Guard>
    explicit Plain(Guard& owner) : guard(*owner.mutex(), std::adopt_lock) {}
    ~Plain() { guard.release(); }
    Plain(const Plain&) = delete;
    Plain& operator=(const Plain&) = delete;
    std::unique_lock<std::mutex> guard;
  };
};

template <typename Guard>
void notify_all_at_thread_exit(condition_variable& condition, Guard guard) {
  std::unique_lock<std::mutex> plain(*guard.mutex(), std::adopt_lock);
  guard.release();
  std::notify_all_at_thread_exit(condition, std::move(plain));
}

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_CONDITION_VARIABLE_DISABLED_H_

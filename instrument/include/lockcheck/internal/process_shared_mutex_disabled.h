// LOCKCHECK_DISABLED: process::shared_mutex is what it excludes by, and no
// more.
#ifndef LOCKCHECK_INTERNAL_PROCESS_SHARED_MUTEX_DISABLED_H_
#define LOCKCHECK_INTERNAL_PROCESS_SHARED_MUTEX_DISABLED_H_

#include "lockcheck/internal/robust_shared.h"

namespace lockcheck::inline LOCKCHECK_ABI::process {

class LOCKCHECK_SHARED_CAPABILITY("shared_mutex") shared_mutex {
 public:
  shared_mutex(source_location = {}) noexcept {}
  explicit shared_mutex(const char*, source_location = {}) noexcept {}
  shared_mutex(const shared_mutex&) = delete;
  shared_mutex& operator=(const shared_mutex&) = delete;

  previous_owner lock() LOCKCHECK_ACQUIRE() {
    Check(guard_.Lock(nullptr));
    return Found();
  }
  bool try_lock() noexcept LOCKCHECK_TRY_ACQUIRE(true) {
    return guard_.TryLock() == 0;
  }
  template <typename Rep, typename Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE(true) {
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return Check(guard_.Lock(&deadline));
  }
  template <typename Clock, typename Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE(true) {
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return Check(guard_.Lock(&deadline));
    });
  }
  void unlock() LOCKCHECK_RELEASE() { guard_.Unlock(); }

  previous_owner lock_shared() LOCKCHECK_ACQUIRE_SHARED() {
    Check(guard_.LockShared(nullptr));
    return Found();
  }
  bool try_lock_shared() noexcept LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    return guard_.TryLockShared() == 0;
  }
  template <typename Rep, typename Period>
  bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return Check(guard_.LockShared(&deadline));
  }
  template <typename Clock, typename Duration>
  bool try_lock_shared_until(
      const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return Check(guard_.LockShared(&deadline));
    });
  }
  void unlock_shared() LOCKCHECK_RELEASE_SHARED() { guard_.UnlockShared(); }

  bool owner_died() const noexcept { return guard_.owner_died(); }
  void consistent() {
    if (const int error = guard_.MakeConsistent()) {
      internal::ThrowRobust(error,
                            "lockcheck: consistent() of a lock whose previous "
                            "owner did not die, or by another than its writer");
    }
  }

 private:
  static bool Check(int result) {
    if (result == ENOTRECOVERABLE) {
      internal::ThrowRobust(result, "lockcheck: the lock's owner died");
    }
    return result == 0;
  }
  previous_owner Found() const noexcept {
    return owner_died() ? previous_owner::died : previous_owner::released;
  }

  internal::RobustSharedMutex guard_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::process

#endif  // LOCKCHECK_INTERNAL_PROCESS_SHARED_MUTEX_DISABLED_H_

// LOCKCHECK_DISABLED: process::mutex is a robust pthread mutex, and whether its
// previous owner died.
#ifndef LOCKCHECK_INTERNAL_PROCESS_MUTEX_DISABLED_H_
#define LOCKCHECK_INTERNAL_PROCESS_MUTEX_DISABLED_H_

#include "lockcheck/internal/robust.h"
#include "lockcheck/internal/segment.h"

namespace lockcheck::inline LOCKCHECK_ABI::process {

class LOCKCHECK_CAPABILITY("mutex") mutex {
 public:
  mutex(source_location = {}) noexcept : mutex(nullptr) {}
  explicit mutex(const char*, source_location = {}) noexcept {
    internal::NoteLockOfSegment(&guard_, nullptr);
  }
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  previous_owner lock() LOCKCHECK_ACQUIRE() {
    if (!IsTaken(guard_.Lock())) NotRecoverable();
    return owner_died_ ? previous_owner::died : previous_owner::released;
  }
  bool try_lock() noexcept LOCKCHECK_TRY_ACQUIRE(true) {
    return IsTaken(guard_.TryLock());
  }
  template <typename Rep, typename Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE(true) {
    return LockUntil(internal::DeadlineAfter(duration));
  }
  template <typename Clock, typename Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE(true) {
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return LockUntil(deadline);
    });
  }
  void unlock() LOCKCHECK_RELEASE() {
    owner_died_ = false;
    guard_.Unlock();
  }
  bool owner_died() const noexcept { return owner_died_; }
  void consistent() {
    if (const int error = guard_.MakeConsistent()) {
      internal::ThrowRobust(error,
                            "lockcheck: consistent() of a lock whose "
                            "previous owner did not die");
    }
    owner_died_ = false;
  }

 private:
  bool IsTaken(int result) {
    if (result == EOWNERDEAD) owner_died_ = true;
    return result == 0 || result == EOWNERDEAD;
  }
  bool LockUntil(const internal::Deadline& deadline) {
    const int result = guard_.LockUntil(deadline);
    if (result == ENOTRECOVERABLE) NotRecoverable();
    return IsTaken(result);
  }
  [[noreturn]] static void NotRecoverable() {
    internal::ThrowRobust(ENOTRECOVERABLE, "lockcheck: the lock's owner died");
  }

  internal::RobustMutex guard_;
  bool owner_died_ = false;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::process

#endif  // LOCKCHECK_INTERNAL_PROCESS_MUTEX_DISABLED_H_

// LOCKCHECK_DISABLED: process::mutex and process::recursive_mutex are a robust
// pthread mutex, and whether its previous owner died.
#ifndef LOCKCHECK_INTERNAL_PROCESS_MUTEX_DISABLED_H_
#define LOCKCHECK_INTERNAL_PROCESS_MUTEX_DISABLED_H_

#include "lockcheck/internal/robust.h"
#include "lockcheck/internal/segment.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

template <bool kIsRecursive>
class LOCKCHECK_CAPABILITY("mutex") PlainProcessMutex {
 public:
  PlainProcessMutex() noexcept : guard_(kIsRecursive) {
    NoteLockOfSegment(&guard_, nullptr);
  }
  PlainProcessMutex(const PlainProcessMutex&) = delete;
  PlainProcessMutex& operator=(const PlainProcessMutex&) = delete;

  process::previous_owner lock() LOCKCHECK_ACQUIRE() {
    Check(guard_.Lock());
    return owner_died_ ? process::previous_owner::died
                       : process::previous_owner::released;
  }
  bool try_lock() noexcept LOCKCHECK_TRY_ACQUIRE(true) {
    return IsTaken(guard_.TryLock());
  }
  template <typename Rep, typename Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE(true) {
    return LockUntil(DeadlineAfter(duration));
  }
  template <typename Clock, typename Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE(true) {
    return Until(time,
                 [&](const Deadline& deadline) { return LockUntil(deadline); });
  }
  void unlock() LOCKCHECK_RELEASE() {
    if (!kIsRecursive || guard_.Depth() == 1) owner_died_ = false;
    guard_.Unlock();
  }
  bool owner_died() const noexcept { return owner_died_; }
  void consistent() {
    if (const int error = guard_.MakeConsistent()) {
      ThrowRobust(error,
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
  bool LockUntil(const Deadline& deadline) {
    const int result = guard_.LockUntil(deadline);
    return result != ETIMEDOUT && Check(result);
  }
  bool Check(int result) {
    if (result == EAGAIN) {
      ThrowRobust(result, "lockcheck: recursive lock: too many levels");
    }
    if (!IsTaken(result)) {
      ThrowRobust(ENOTRECOVERABLE, "lockcheck: the lock's owner died");
    }
    return true;
  }

  RobustMutex guard_;
  bool owner_died_ = false;
};

}  // namespace internal

namespace process {

class mutex : public internal::PlainProcessMutex<false> {
 public:
  mutex(source_location = {}) noexcept {}
  explicit mutex(const char*, source_location = {}) noexcept {}
};

class recursive_mutex : public internal::PlainProcessMutex<true> {
 public:
  recursive_mutex(source_location = {}) noexcept {}
  explicit recursive_mutex(const char*, source_location = {}) noexcept {}
};

}  // namespace process
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_PROCESS_MUTEX_DISABLED_H_

// LOCKCHECK_DISABLED: the plain std twins of shared_mutex.h.
#ifndef LOCKCHECK_INTERNAL_SHARED_MUTEX_DISABLED_H_
#define LOCKCHECK_INTERNAL_SHARED_MUTEX_DISABLED_H_

#include <chrono>
#include <shared_mutex>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"
#include "lockcheck/thread_annotations.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

template <typename Plain>
class LOCKCHECK_SHARED_CAPABILITY("shared_mutex") PlainShared : public Plain {
 public:
  PlainShared() = default;
  PlainShared(source_location) noexcept {}
  explicit PlainShared(const char*, source_location = {}) noexcept {}
  void lock() LOCKCHECK_ACQUIRE() { Plain::lock(); }
  bool try_lock() noexcept LOCKCHECK_TRY_ACQUIRE(true) {
    return Plain::try_lock();
  }
  void unlock() LOCKCHECK_RELEASE() { Plain::unlock(); }
  void lock_shared() LOCKCHECK_ACQUIRE_SHARED() { Plain::lock_shared(); }
  bool try_lock_shared() noexcept LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    return Plain::try_lock_shared();
  }
  void unlock_shared() LOCKCHECK_RELEASE_SHARED() { Plain::unlock_shared(); }
  void native_handle() = delete;
};

}  // namespace internal

class shared_mutex : public internal::PlainShared<std::shared_mutex> {
 public:
  using PlainShared::PlainShared;
};

class shared_timed_mutex
    : public internal::PlainShared<std::shared_timed_mutex> {
 public:
  using PlainShared::PlainShared;
  template <typename Rep, typename Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& d)
      LOCKCHECK_TRY_ACQUIRE(true) {
    return std::shared_timed_mutex::try_lock_for(d);
  }
  template <typename Clock, typename Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& t)
      LOCKCHECK_TRY_ACQUIRE(true) {
    return std::shared_timed_mutex::try_lock_until(t);
  }
  template <typename Rep, typename Period>
  bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& d)
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    return std::shared_timed_mutex::try_lock_shared_for(d);
  }
  template <typename Clock, typename Duration>
  bool try_lock_shared_until(const std::chrono::time_point<Clock, Duration>& t)
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    return std::shared_timed_mutex::try_lock_shared_until(t);
  }
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_SHARED_MUTEX_DISABLED_H_

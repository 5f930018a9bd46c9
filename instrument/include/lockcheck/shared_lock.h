// shared_lock: std::shared_lock, with the two differences that guards.h names:
// its place is the line that made it, and it carries clang's thread safety
// attributes. std::shared_lock works with lockcheck's locks too.
#ifndef LOCKCHECK_SHARED_LOCK_H_
#define LOCKCHECK_SHARED_LOCK_H_

#include <chrono>
#include <system_error>
#include <utility>

#include "lockcheck/guards.h"
#include "lockcheck/shared_mutex.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

#if defined(LOCKCHECK_DISABLED)
#define LOCKCHECK_HERE(slot) \
  ::lockcheck::internal::SiteSlot* const slot = nullptr
template <typename Lock>
LOCKCHECK_ALWAYS_INLINE void LockSharedAt(Lock& lock, SiteSlot*)
    LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
  lock.lock_shared();
}
#else
#define LOCKCHECK_HERE(slot)             \
  ::lockcheck::internal::SiteSlot* slot; \
  LOCKCHECK_SITE_SLOT(slot)
template <typename Lock>
LOCKCHECK_ALWAYS_INLINE void LockSharedAt(Lock& lock, SiteSlot* slot)
    LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
  if constexpr (Instrumented<Lock>) {
    LockAccess::LockSharedAt(lock, slot);
  } else {
    lock.lock_shared();
  }
}
#endif

}  // namespace internal

// Movable, may own or not. Throws std::system_error: operation_not_permitted
// without a mutex, or on unlock() of what it does not own;
// resource_deadlock_would_occur on lock() of what it owns.
template <typename Mutex>
class LOCKCHECK_SCOPED_CAPABILITY [[nodiscard]] shared_lock {
 public:
  using mutex_type = Mutex;

  shared_lock() noexcept = default;
  LOCKCHECK_ALWAYS_INLINE explicit shared_lock(Mutex& m)
      LOCKCHECK_ACQUIRE_SHARED(m)
      : mutex_(&m) {
    LOCKCHECK_HERE(slot);
    internal::LockSharedAt(m, slot);
    owns_ = true;
  }
  shared_lock(Mutex& m, defer_lock_t) noexcept LOCKCHECK_EXCLUDES(m)
      : mutex_(&m) {}
  LOCKCHECK_ALWAYS_INLINE shared_lock(Mutex& m, try_to_lock_t)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS : mutex_(&m),
                                            owns_(m.try_lock_shared()) {}
  shared_lock(Mutex& m, adopt_lock_t) noexcept LOCKCHECK_REQUIRES_SHARED(m)
      : mutex_(&m), owns_(true) {}
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE shared_lock(
      Mutex& m, const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS
      : mutex_(&m),
        owns_(m.try_lock_shared_for(duration)) {}
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE shared_lock(
      Mutex& m, const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS
      : mutex_(&m),
        owns_(m.try_lock_shared_until(time)) {}
  LOCKCHECK_ALWAYS_INLINE ~shared_lock() LOCKCHECK_RELEASE_GENERIC() {
    if (owns_) mutex_->unlock_shared();
  }

  shared_lock(shared_lock&& other) noexcept LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS
      : mutex_(std::exchange(other.mutex_, nullptr)),
        owns_(std::exchange(other.owns_, false)) {}
  shared_lock& operator=(shared_lock&& other) noexcept
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (owns_) mutex_->unlock_shared();
    owns_ = false;
    shared_lock(std::move(other)).swap(*this);
    return *this;
  }

  LOCKCHECK_ALWAYS_INLINE void lock() LOCKCHECK_ACQUIRE_SHARED() {
    CheckLockable();
    LOCKCHECK_HERE(slot);
    internal::LockSharedAt(*mutex_, slot);
    owns_ = true;
  }
  LOCKCHECK_ALWAYS_INLINE bool try_lock() LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    CheckLockable();
    return owns_ = mutex_->try_lock_shared();
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_for(
      const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    CheckLockable();
    return owns_ = mutex_->try_lock_shared_for(duration);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_until(
      const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    CheckLockable();
    return owns_ = mutex_->try_lock_shared_until(time);
  }
  LOCKCHECK_ALWAYS_INLINE void unlock() LOCKCHECK_RELEASE_GENERIC() {
    if (!owns_) {
      internal::ThrowLockError(std::errc::operation_not_permitted,
                               "lockcheck::shared_lock::unlock");
    }
    owns_ = false;
    mutex_->unlock_shared();
  }

  void swap(shared_lock& other) noexcept LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    std::swap(mutex_, other.mutex_);
    std::swap(owns_, other.owns_);
  }
  Mutex* release() noexcept LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    owns_ = false;
    return std::exchange(mutex_, nullptr);
  }
  bool owns_lock() const noexcept { return owns_; }
  explicit operator bool() const noexcept { return owns_; }
  Mutex* mutex() const noexcept { return mutex_; }

 private:
  void CheckLockable() const {
    if (mutex_ == nullptr) {
      internal::ThrowLockError(std::errc::operation_not_permitted,
                               "lockcheck::shared_lock: no mutex");
    }
    if (owns_) {
      internal::ThrowLockError(std::errc::resource_deadlock_would_occur,
                               "lockcheck::shared_lock: already owned");
    }
  }

  Mutex* mutex_ = nullptr;
  bool owns_ = false;
};

template <typename Mutex>
void swap(shared_lock<Mutex>& a, shared_lock<Mutex>& b) noexcept {
  a.swap(b);
}

#undef LOCKCHECK_HERE

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_SHARED_LOCK_H_

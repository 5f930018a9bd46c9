// shared_mutex, shared_timed_mutex: std's types of the same names, recorded.
//
// Interface, blocking behaviour, memory order and exceptions are std's; see
// mutex.h for names, misuse and where they may be used. As with libstdc++ on
// Linux, readers go first: a reader is not kept out by a writer that waits, so
// a thread may read again what it reads already. The standard does not allow
// that, and other libraries block: reports name it.
//
// Misuse: unlock_shared() by a thread that reads nothing does nothing; lock()
// by a thread that reads, or lock_shared() by the one that writes, waits for
// ever.
//
// Cost: lock() and unlock() are those of mutex. lock_shared() and
// unlock_shared() are one compare-and-swap each on the lock's word, and as much
// besides if the thread reads what it read last; else one call each. Size: 56
// bytes, as std's.
#ifndef LOCKCHECK_SHARED_MUTEX_H_
#define LOCKCHECK_SHARED_MUTEX_H_

#include <chrono>
#include <shared_mutex>

#include "lockcheck/mutex.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/shared_mutex_disabled.h"
#else
#include "lockcheck/internal/hot_shared.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

template <LockKind kKind>
class LOCKCHECK_SHARED_CAPABILITY("shared_mutex") SharedLock {
 public:
  static constexpr LockKind kLockKind = kKind;

  constexpr SharedLock(const char* name, source_location where) noexcept
      : state_(name, where) {}
  ~SharedLock() {
    if (state_.tag.load(std::memory_order_relaxed) != 0 ||
        state_.word.load(std::memory_order_relaxed) != 0) {
      DestroyLock(state_, kKind);
    }
  }
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

  LOCKCHECK_ALWAYS_INLINE void lock() LOCKCHECK_ACQUIRE() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    LockAt(slot);
  }
  LOCKCHECK_ALWAYS_INLINE bool try_lock() noexcept LOCKCHECK_TRY_ACQUIRE(true) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return TryLockAt(slot);
  }
  LOCKCHECK_ALWAYS_INLINE void unlock() LOCKCHECK_RELEASE() {
    AnnounceRelease(&state_);
    if (kAnnounce ||
        (__builtin_expect(!ReleaseHot<&WriterReleased>(state_), false) &&
         __builtin_expect(!WarmReleaseWriter(state_), false))) {
      SiteSlot* slot;
      LOCKCHECK_SITE_SLOT(slot);
      UnlockUncommon(state_, kKind, slot, LOCKCHECK_CALLER());
    }
  }

  LOCKCHECK_ALWAYS_INLINE void lock_shared() LOCKCHECK_ACQUIRE_SHARED() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    LockSharedAt(slot);
  }
  LOCKCHECK_ALWAYS_INLINE bool try_lock_shared() noexcept
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return AnnouncedRead(
        TryLockSharedUncommon(state_, kKind, slot, LOCKCHECK_CALLER()));
  }
  LOCKCHECK_ALWAYS_INLINE void unlock_shared() LOCKCHECK_RELEASE_SHARED() {
    AnnounceRelease(Readers());
    if (kAnnounce || (__builtin_expect(!ReleaseSharedHot(state_), false) &&
                      __builtin_expect(!WarmReleaseShared(state_), false))) {
      SiteSlot* slot;
      LOCKCHECK_SITE_SLOT(slot);
      UnlockSharedUncommon(state_, slot, LOCKCHECK_CALLER());
    }
  }

 protected:
  friend struct LockAccess;
  LOCKCHECK_ALWAYS_INLINE void LockAt(SiteSlot* slot) {
    if (kAnnounce ||
        (__builtin_expect(!AcquireHot(state_, kKind, slot), false) &&
         __builtin_expect(!WarmAcquire(state_, slot), false))) {
      LockUncommon(state_, kKind, slot, LOCKCHECK_CALLER());
    }
    Announced(true);
  }
  LOCKCHECK_ALWAYS_INLINE void LockSharedAt(SiteSlot* slot) {
    if (kAnnounce ||
        (__builtin_expect(!AcquireSharedHot(state_, slot), false) &&
         __builtin_expect(!WarmAcquireShared(state_, slot), false))) {
      LockSharedUncommon(state_, kKind, slot, LOCKCHECK_CALLER());
    }
    AnnouncedRead(true);
  }
  LOCKCHECK_ALWAYS_INLINE bool TryLockAt(SiteSlot* slot) noexcept {
    return Announced(TryLockUncommon(state_, kKind, slot, LOCKCHECK_CALLER()));
  }
  LOCKCHECK_ALWAYS_INLINE bool TryLockMemberAt(SiteSlot* slot, uint32_t held) {
    return Announced(
        LockMemberUncommon(state_, kKind, slot, LOCKCHECK_CALLER(), held));
  }
  // A writer comes after the writers and readers before it, a reader only after
  // the writers: so readers release at an address of their own.
  LOCKCHECK_ALWAYS_INLINE void* Readers() { return &state_.last_reader; }
  LOCKCHECK_ALWAYS_INLINE bool Announced(bool taken) {
    if (taken) {
      AnnounceAcquired(&state_);
      AnnounceAcquired(Readers());
    }
    return taken;
  }
  LOCKCHECK_ALWAYS_INLINE bool AnnouncedRead(bool taken) {
    if (taken) AnnounceAcquired(&state_);
    return taken;
  }

  SharedState state_;
};

class SharedTimedLock : public SharedLock<LockKind::kSharedTimedMutex> {
 public:
  using SharedLock<LockKind::kSharedTimedMutex>::SharedLock;

  // Block for at most `duration`; not at all if it is not positive.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_for(
      const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE(true) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return Announced(TimedLockUncommon(
        state_, kLockKind, slot, LOCKCHECK_CALLER(), DeadlineAfter(duration)));
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_until(
      const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE(true) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return Announced(Until(time, [&](const Deadline& deadline) {
      return TimedLockUncommon(state_, kLockKind, slot, caller, deadline);
    }));
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_shared_for(
      const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return AnnouncedRead(TimedLockSharedUncommon(
        state_, kLockKind, slot, LOCKCHECK_CALLER(), DeadlineAfter(duration)));
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_shared_until(
      const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE_SHARED(true) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return AnnouncedRead(Until(time, [&](const Deadline& deadline) {
      return TimedLockSharedUncommon(state_, kLockKind, slot, caller, deadline);
    }));
  }
};

}  // namespace internal

class shared_mutex
    : public internal::SharedLock<internal::LockKind::kSharedMutex> {
  using Base = internal::SharedLock<internal::LockKind::kSharedMutex>;
  LOCKCHECK_LOCK_CONSTRUCTORS(shared_mutex)
};
static_assert(sizeof(shared_mutex) <= 56);

class shared_timed_mutex : public internal::SharedTimedLock {
  using Base = internal::SharedTimedLock;
  LOCKCHECK_LOCK_CONSTRUCTORS(shared_timed_mutex)
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_SHARED_MUTEX_H_

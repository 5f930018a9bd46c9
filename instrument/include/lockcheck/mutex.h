// mutex, timed_mutex, recursive_mutex, recursive_timed_mutex: std's types of
// the same names, recorded.
//
// Interface, blocking behaviour, memory order and exceptions are std's. In
// addition each constructor takes an optional name and remembers where it was
// called; a name makes a lock class, else the place does. The name must outlive
// the lock (a literal does). No native_handle().
//
// Misuse is reported (in the log, and once per place on stderr), and the
// program goes on: unlock of a free lock does nothing; unlock by another thread
// unlocks a plain mutex and throws std::system_error(operation_not_permitted)
// for a recursive one; a blocking lock() of a non-recursive lock by its owner
// waits for ever, as std's does.
//
// Cost: an uncontended lock() and unlock() are inlined, no call, no system
// call. Size: 40 bytes (recursive: 48). Any thread, static initialization and
// destruction, and signal handlers may use them.
#ifndef LOCKCHECK_MUTEX_H_
#define LOCKCHECK_MUTEX_H_

#include <chrono>
#include <mutex>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"
#include "lockcheck/thread_annotations.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/mutex_disabled.h"
#else
#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/tsan.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {
struct LockAccess;

// The five members that every exclusive lock has, over one LockState.
template <LockKind kKind, typename State>
class LOCKCHECK_CAPABILITY("mutex") ExclusiveLock {
 public:
  static constexpr LockKind kLockKind = kKind;

  constexpr ExclusiveLock(const char* name, source_location where) noexcept
      : state_(name, where) {}
  ~ExclusiveLock() {
    if (state_.tag.load(std::memory_order_relaxed) != 0 ||
        state_.word.load(std::memory_order_relaxed) != 0) {
      DestroyLock(state_, kKind);
    }
  }
  ExclusiveLock(const ExclusiveLock&) = delete;
  ExclusiveLock& operator=(const ExclusiveLock&) = delete;

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
    if (kAnnounce || (__builtin_expect(!ReleaseHot(state_), false) &&
                      __builtin_expect(!WarmRelease(state_), false))) {
      SiteSlot* slot;
      LOCKCHECK_SITE_SLOT(slot);
      UnlockUncommon(state_, kKind, slot, LOCKCHECK_CALLER());
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
    AnnounceAcquired(&state_);
  }
  LOCKCHECK_ALWAYS_INLINE bool TryLockAt(SiteSlot* slot) noexcept {
    return Announced(TryLockUncommon(state_, kKind, slot, LOCKCHECK_CALLER()));
  }
  LOCKCHECK_ALWAYS_INLINE bool TryLockMemberAt(SiteSlot* slot, uint32_t held) {
    return Announced(
        LockMemberUncommon(state_, kKind, slot, LOCKCHECK_CALLER(), held));
  }
  LOCKCHECK_ALWAYS_INLINE bool Announced(bool taken) {
    if (taken) AnnounceAcquired(&state_);
    return taken;
  }

  State state_;
};

template <LockKind kKind, typename State>
class LOCKCHECK_CAPABILITY("mutex") TimedLock
    : public ExclusiveLock<kKind, State> {
 public:
  using ExclusiveLock<kKind, State>::ExclusiveLock;

  // Blocks for at most `duration`; not at all if it is not positive.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_for(
      const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE(true) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return this->Announced(TimedLockUncommon(this->state_, kKind, slot,
                                             LOCKCHECK_CALLER(),
                                             DeadlineAfter(duration)));
  }

  // Clocks other than steady_clock and system_clock are read again when the
  // corresponding steady time has come, as the standard asks.
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_until(
      const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE(true) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return this->Announced(Until(time, [&](const Deadline& deadline) {
      return TimedLockUncommon(this->state_, kKind, slot, caller, deadline);
    }));
  }
};

struct RecursiveState : LockState {
  uint32_t depth =
      0;  // acquisitions beyond the first; changed by the owner only
  using LockState::LockState;
};

// Re-entry and release of an inner level leave by the uncommon path: only 0 ->
// 1 and 1 -> 0 are ordinary acquire and release.
template <typename Base>
class LOCKCHECK_CAPABILITY("mutex") Recursive : public Base {
  friend struct LockAccess;

 public:
  using Base::Base;
  LOCKCHECK_ALWAYS_INLINE void unlock() LOCKCHECK_RELEASE() {
    AnnounceRelease(&this->state_);
    if (kAnnounce || __builtin_expect(this->state_.depth != 0, false) ||
        (__builtin_expect(!ReleaseHot(this->state_), false) &&
         __builtin_expect(!WarmRelease(this->state_), false))) {
      SiteSlot* slot;
      LOCKCHECK_SITE_SLOT(slot);
      UnlockUncommon(this->state_, Base::kLockKind, slot, LOCKCHECK_CALLER());
    }
  }
};

// Gives guards the operations that carry the guard's own site.
struct LockAccess {
  template <typename Lock>
  LOCKCHECK_ALWAYS_INLINE static void LockAt(Lock& lock, SiteSlot* slot) {
    lock.LockAt(slot);
  }
  template <typename Lock>
  LOCKCHECK_ALWAYS_INLINE static bool TryLockAt(Lock& lock, SiteSlot* slot) {
    return lock.TryLockAt(slot);
  }
  // Of a recursive lock that this thread owns: releases all levels, and
  // returns how many there were beyond the first.
  template <typename Lock>
  static uint32_t UnlockAllLevels(Lock& lock) {
    uint32_t levels;
    if constexpr (requires { lock.state_.guard; }) {
      levels = lock.state_.guard.Depth() - 1;
      lock.state_.guard.SetDepth(1);
    } else {
      levels = std::exchange(lock.state_.depth, 0);
    }
    lock.unlock();
    return levels;
  }
  template <typename Lock>
  static void SetLevels(Lock& lock, uint32_t levels) {
    if constexpr (requires { lock.state_.guard; }) {
      lock.state_.guard.SetDepth(levels + 1);
    } else {
      lock.state_.depth = levels;
    }
  }
  template <typename Lock>
  LOCKCHECK_ALWAYS_INLINE static void LockSharedAt(Lock& lock, SiteSlot* slot) {
    lock.LockSharedAt(slot);
  }
  template <typename Lock>
  LOCKCHECK_ALWAYS_INLINE static bool TryLockMemberAt(Lock& lock,
                                                      SiteSlot* slot,
                                                      uint32_t held) {
    return lock.TryLockMemberAt(slot, held);
  }
};
}  // namespace internal

#define LOCKCHECK_LOCK_CONSTRUCTORS(type)                                     \
 public:                                                                      \
  constexpr type(source_location where = source_location::current()) noexcept \
      : Base(nullptr, where) {}                                               \
  constexpr explicit type(                                                    \
      const char* name,                                                       \
      source_location where = source_location::current()) noexcept            \
      : Base(name, where) {}

class mutex : public internal::ExclusiveLock<internal::LockKind::kMutex,
                                             internal::LockState> {
  using Base =
      internal::ExclusiveLock<internal::LockKind::kMutex, internal::LockState>;
  LOCKCHECK_LOCK_CONSTRUCTORS(mutex)
};
static_assert(sizeof(mutex) <= 40);

class timed_mutex : public internal::TimedLock<internal::LockKind::kTimedMutex,
                                               internal::LockState> {
  using Base =
      internal::TimedLock<internal::LockKind::kTimedMutex, internal::LockState>;
  LOCKCHECK_LOCK_CONSTRUCTORS(timed_mutex)
};

class recursive_mutex
    : public internal::Recursive<internal::ExclusiveLock<
          internal::LockKind::kRecursiveMutex, internal::RecursiveState>> {
  using Base = internal::Recursive<internal::ExclusiveLock<
      internal::LockKind::kRecursiveMutex, internal::RecursiveState>>;
  LOCKCHECK_LOCK_CONSTRUCTORS(recursive_mutex)
};

class recursive_timed_mutex
    : public internal::Recursive<internal::TimedLock<
          internal::LockKind::kRecursiveTimedMutex, internal::RecursiveState>> {
  using Base = internal::Recursive<internal::TimedLock<
      internal::LockKind::kRecursiveTimedMutex, internal::RecursiveState>>;
  LOCKCHECK_LOCK_CONSTRUCTORS(recursive_timed_mutex)
};
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_MUTEX_H_

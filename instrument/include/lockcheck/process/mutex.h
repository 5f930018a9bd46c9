// process::mutex, process::recursive_mutex: locks in memory that processes
// share, which survive the death of their owner.
//
// They must lie in such memory: see process/shared.h. All processes of one
// recording know a lock as one object, so a deadlock between them is found like
// any other.
//
// lock() says whether the previous owner died while it had the lock, however
// that came about: then what the lock protects may be half done. Its new owner
// repairs that and calls consistent(); if it unlocks without, the lock is not
// recoverable, and whoever asks for it from then on gets
// std::system_error(state_not_recoverable), by lock() and by the timed forms; a
// try is false. std::lock_guard ignores what lock() says; owner_died() says it
// again.
//
// Interface, blocking behaviour and exceptions are those of std::timed_mutex
// and std::recursive_timed_mutex else, and misuse is said as of
// lockcheck::mutex. The owner of a recursive one may take it again, and has it
// until it has released it as often; owner_died() is the same at each level.
// unlock() by another thread than the owner throws
// std::system_error(operation_not_permitted), for the kernel knows the owner;
// so does a forked child's of what its parent holds: it holds nothing of that.
//
// The name is copied; 63 bytes are kept. Cost: an uncontended pair is that of a
// robust pthread mutex and a half to two thirds more. Size: 320 bytes. Any
// thread of any process may use it, and signal handlers, as far as pthread's
// may.
#ifndef LOCKCHECK_PROCESS_MUTEX_H_
#define LOCKCHECK_PROCESS_MUTEX_H_

#include <chrono>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/deadline.h"
#include "lockcheck/source_location.h"
#include "lockcheck/thread_annotations.h"

namespace lockcheck::inline LOCKCHECK_ABI::process {

// What lock() found.
enum class previous_owner : uint8_t { released, died };

}  // namespace lockcheck::inline LOCKCHECK_ABI::process

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/process_mutex_disabled.h"
#else
#include "lockcheck/internal/process_lock.h"
#include "lockcheck/internal/tsan.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {
struct LockAccess;

template <LockKind kKind>
class LOCKCHECK_CAPABILITY("mutex") ProcessMutex {
  static constexpr bool kIsRecursive = IsRecursive(kKind);

 public:
  static constexpr LockKind kLockKind = kKind;

  ProcessMutex(const char* name, source_location where) noexcept
      : state_(kKind, name, where) {}
  ProcessMutex(const ProcessMutex&) = delete;
  ProcessMutex& operator=(const ProcessMutex&) = delete;

  LOCKCHECK_ALWAYS_INLINE process::previous_owner lock() LOCKCHECK_ACQUIRE() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    LockAt(slot);
    return state_.owner_died ? process::previous_owner::died
                             : process::previous_owner::released;
  }

  LOCKCHECK_ALWAYS_INLINE bool try_lock() noexcept LOCKCHECK_TRY_ACQUIRE(true) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return TryLockAt(slot);
  }

  // Blocks for at most `duration`; not at all if it is not positive.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_for(
      const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE(true) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return Announced(TimedLockProcessUncommon(state_, slot, LOCKCHECK_CALLER(),
                                              DeadlineAfter(duration)));
  }

  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_until(
      const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE(true) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return Announced(Until(time, [&](const Deadline& deadline) {
      return TimedLockProcessUncommon(state_, slot, caller, deadline);
    }));
  }

  LOCKCHECK_ALWAYS_INLINE void unlock() LOCKCHECK_RELEASE() {
    AnnounceRelease(&state_);
    if (kIsRecursive && IsOwnProcessLock(state_) && LeaveProcessLevel(state_)) {
      return;
    }
    if (kAnnounce || __builtin_expect(!ReleaseProcessHot(state_), false)) {
      SiteSlot* slot;
      LOCKCHECK_SITE_SLOT(slot);
      UnlockProcessUncommon(state_, slot, LOCKCHECK_CALLER());
    }
  }

  // Of its owner: whether the owner before died while it had the lock, and
  // nobody has called consistent() since.
  bool owner_died() const noexcept { return state_.owner_died; }

  // By the owner of one whose previous owner died: what it protects is
  // repaired. Throws std::system_error(invalid_argument) if there is nothing to
  // repair.
  void consistent() {
    if (const int error = state_.guard.MakeConsistent()) {
      ThrowRobust(error,
                  "lockcheck: consistent() of a lock whose previous owner did "
                  "not die");
    }
    state_.owner_died = false;
  }

 private:
  friend struct LockAccess;
  LOCKCHECK_ALWAYS_INLINE void LockAt(SiteSlot* slot) {
    if (kIsRecursive && IsOwnProcessLock(state_) && TakeProcessAgain(state_)) {
      // One level more.
    } else if (kAnnounce ||
               (__builtin_expect(
                    !AcquireProcessHot(state_, slot, LOCKCHECK_CALLER()),
                    false) &&
                !WarmAcquireProcess(state_, slot, LOCKCHECK_CALLER()))) {
      LockProcessUncommon(state_, slot, LOCKCHECK_CALLER());
    }
    AnnounceAcquired(&state_);
  }
  LOCKCHECK_ALWAYS_INLINE bool TryLockAt(SiteSlot* slot) noexcept {
    return Announced(TryLockProcessUncommon(state_, slot, LOCKCHECK_CALLER()));
  }
  LOCKCHECK_ALWAYS_INLINE bool TryLockMemberAt(SiteSlot* slot, uint32_t held) {
    return Announced(
        LockProcessMemberUncommon(state_, slot, LOCKCHECK_CALLER(), held));
  }
  LOCKCHECK_ALWAYS_INLINE bool Announced(bool taken) {
    if (taken) AnnounceAcquired(&state_);
    return taken;
  }

  ProcessState state_;
};

}  // namespace internal

namespace process {

class mutex : public internal::ProcessMutex<internal::LockKind::kProcessMutex> {
 public:
  mutex(source_location where = source_location::current()) noexcept
      : ProcessMutex(nullptr, where) {}
  explicit mutex(const char* name,
                 source_location where = source_location::current()) noexcept
      : ProcessMutex(name, where) {}
};
static_assert(sizeof(mutex) <= 320);

class recursive_mutex : public internal::ProcessMutex<
                            internal::LockKind::kProcessRecursiveMutex> {
 public:
  recursive_mutex(source_location where = source_location::current()) noexcept
      : ProcessMutex(nullptr, where) {}
  explicit recursive_mutex(
      const char* name,
      source_location where = source_location::current()) noexcept
      : ProcessMutex(name, where) {}
};
static_assert(sizeof(recursive_mutex) <= 320);

}  // namespace process
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_PROCESS_MUTEX_H_

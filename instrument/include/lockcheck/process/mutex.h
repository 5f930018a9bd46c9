// process::mutex: a lock in memory that processes share, which survives the
// death of its owner.
//
// It must lie in such memory: see process/shared.h. All processes of one
// recording know it as one object, so a deadlock between them is found like any
// other.
//
// lock() says whether the previous owner died while it had the lock, however
// that came about: then what the lock protects may be half done. Its new owner
// repairs that and calls consistent(); if it unlocks without, the lock is not
// recoverable, and whoever asks for it from then on gets
// std::system_error(state_not_recoverable), by lock() and by the timed forms; a
// try is false. std::lock_guard ignores what lock() says; owner_died() says it
// again.
//
// Interface, blocking behaviour and exceptions are std::timed_mutex's else, and
// misuse is said as of lockcheck::mutex. unlock() by another thread than the
// owner throws std::system_error(operation_not_permitted), for the kernel knows
// the owner; so does a forked child's of what its parent holds: it holds
// nothing of that.
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
}

namespace process {

class LOCKCHECK_CAPABILITY("mutex") mutex {
 public:
  static constexpr internal::LockKind kLockKind =
      internal::LockKind::kProcessMutex;

  mutex(source_location where = source_location::current()) noexcept
      : state_(nullptr, where) {}
  explicit mutex(const char* name,
                 source_location where = source_location::current()) noexcept
      : state_(name, where) {}
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  LOCKCHECK_ALWAYS_INLINE previous_owner lock() LOCKCHECK_ACQUIRE() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    LockAt(slot);
    return state_.owner_died ? previous_owner::died : previous_owner::released;
  }

  LOCKCHECK_ALWAYS_INLINE bool try_lock() noexcept LOCKCHECK_TRY_ACQUIRE(true) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return TryLockAt(slot);
  }

  // Blocks for at most `duration`; not at all if it is not positive.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_for(
      const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE(true) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return Announced(internal::TimedLockProcessUncommon(
        state_, slot, LOCKCHECK_CALLER(), internal::DeadlineAfter(duration)));
  }

  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_until(
      const std::chrono::time_point<Clock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE(true) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const internal::Caller caller = LOCKCHECK_CALLER();
    return Announced(
        internal::Until(time, [&](const internal::Deadline& deadline) {
          return internal::TimedLockProcessUncommon(state_, slot, caller,
                                                    deadline);
        }));
  }

  LOCKCHECK_ALWAYS_INLINE void unlock() LOCKCHECK_RELEASE() {
    internal::AnnounceRelease(&state_);
    if (internal::kAnnounce ||
        __builtin_expect(!internal::ReleaseProcessHot(state_), false)) {
      internal::SiteSlot* slot;
      LOCKCHECK_SITE_SLOT(slot);
      internal::UnlockProcessUncommon(state_, slot, LOCKCHECK_CALLER());
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
      internal::ThrowRobust(error,
                            "lockcheck: consistent() of a lock whose "
                            "previous owner did not die");
    }
    state_.owner_died = false;
  }

 private:
  friend struct internal::LockAccess;
  LOCKCHECK_ALWAYS_INLINE void LockAt(internal::SiteSlot* slot) {
    if (internal::kAnnounce ||
        (__builtin_expect(
             !internal::AcquireProcessHot(state_, slot, LOCKCHECK_CALLER()),
             false) &&
         !internal::WarmAcquireProcess(state_, slot, LOCKCHECK_CALLER()))) {
      internal::LockProcessUncommon(state_, slot, LOCKCHECK_CALLER());
    }
    internal::AnnounceAcquired(&state_);
  }
  LOCKCHECK_ALWAYS_INLINE bool TryLockAt(internal::SiteSlot* slot) noexcept {
    return Announced(
        internal::TryLockProcessUncommon(state_, slot, LOCKCHECK_CALLER()));
  }
  LOCKCHECK_ALWAYS_INLINE bool TryLockMemberAt(internal::SiteSlot* slot,
                                               uint32_t held) {
    return Announced(internal::LockProcessMemberUncommon(
        state_, slot, LOCKCHECK_CALLER(), held));
  }
  LOCKCHECK_ALWAYS_INLINE bool Announced(bool taken) {
    if (taken) internal::AnnounceAcquired(&state_);
    return taken;
  }

  internal::ProcessState state_;
};
static_assert(sizeof(mutex) <= 320);

}  // namespace process
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_PROCESS_MUTEX_H_

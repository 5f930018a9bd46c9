// coroutine::mutex, recorded: its word names the coroutine that holds it, and
// the uncontended way is that of every other lock (hot.h).
#ifndef LOCKCHECK_INTERNAL_COROUTINE_MUTEX_H_
#define LOCKCHECK_INTERNAL_COROUTINE_MUTEX_H_

#include "lockcheck/internal/coroutine_lock.h"
#include "lockcheck/internal/coroutine_run.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/tsan.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

static_assert(kCoroutineWaits == kWaiters);

struct CoroutineLockState : LockState {
  LockWaiters waiters;
  using LockState::LockState;
};

// Where a request is made.
using LockPlace = SiteSlot*;
#define LOCKCHECK_LOCK_PLACE(place)       \
  ::lockcheck::internal::LockPlace place; \
  LOCKCHECK_SITE_SLOT(place)

constexpr LockPlace PlaceOf(SiteSlot* slot) { return slot; }

class CoroutineMutexCore {
 public:
  constexpr CoroutineMutexCore(const char* name, source_location where) noexcept
      : state_(name, where) {}
  ~CoroutineMutexCore() {
    if (state_.tag.load(std::memory_order_relaxed) != 0 ||
        state_.word.load(std::memory_order_relaxed) != 0) {
      DestroyLock(state_, LockKind::kCoroutineMutex);
    }
  }

  std::atomic<uint32_t>& word() { return state_.word; }
  LockWaiters& waiters() { return state_.waiters; }

  LOCKCHECK_ALWAYS_INLINE bool TakeAtOnce(LockPlace place) {
    const bool taken =
        !kAnnounce &&
        (__builtin_expect(AcquireHot(state_, LockKind::kCoroutineMutex, place),
                          true) ||
         WarmAcquire(state_, place));
    return taken;
  }
  // False: it is not free, and a wait for it is recorded.
  bool Request(LockPlace place, Caller caller, How how, CoroutineWait& wait) {
    wait.lock = &state_;
    wait.timed = how == How::kTimed;
    const bool taken = RequestCoroutineLock(state_, how, place, caller,
                                            &wait.site) == CoroutineGot::kLock;
    if (taken) AnnounceAcquired(&state_);
    return taken;
  }
  LOCKCHECK_ALWAYS_INLINE bool Try(LockPlace place, Caller caller) {
    const bool taken = RequestCoroutineLock(state_, How::kTry, place, caller,
                                            nullptr) == CoroutineGot::kLock;
    if (taken) AnnounceAcquired(&state_);
    return taken;
  }
  LOCKCHECK_ALWAYS_INLINE void Release() {
    AnnounceRelease(&state_);
    if (kAnnounce ||
        (__builtin_expect(!ReleaseHot<&HandOver, true>(state_), false) &&
         __builtin_expect(!WarmReleaseHandedOver(state_), false))) {
      SiteSlot* slot;
      LOCKCHECK_SITE_SLOT(slot);
      UnlockUncommon(state_, LockKind::kCoroutineMutex, slot,
                     LOCKCHECK_CALLER());
    }
  }
  static uint32_t Owner() { return CoroutineOwner(); }
  // Of a wait that was recorded.
  void EndWait(Chain& chain, const CoroutineWait& wait, How how,
               CoroutineOutcome outcome) {
    EndCoroutineLockWait(chain.record, state_, how, wait.site, outcome);
    if (outcome == CoroutineOutcome::kAcquired) AnnounceAcquired(&state_);
  }

 private:
  CoroutineLockState state_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_MUTEX_H_

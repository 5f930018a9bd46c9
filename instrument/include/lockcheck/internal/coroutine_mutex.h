// coroutine::mutex and shared_mutex, recorded: the word names the coroutine
// that holds it, or how many read it, and the uncontended way of who does not
// read is that of every other lock (hot.h).
#ifndef LOCKCHECK_INTERNAL_COROUTINE_MUTEX_H_
#define LOCKCHECK_INTERNAL_COROUTINE_MUTEX_H_

#include "lockcheck/internal/coroutine_lock.h"
#include "lockcheck/internal/coroutine_run.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/tsan.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

static_assert(kCoroutineWaits == kWaiters && kCoroutineReads == kReading);

struct CoroutineLockState : SharedState {
  LockWaiters waiters;
  using SharedState::SharedState;
};

// Where a request is made.
using LockPlace = SiteSlot*;
#define LOCKCHECK_LOCK_PLACE(place)       \
  ::lockcheck::internal::LockPlace place; \
  LOCKCHECK_SITE_SLOT(place)

constexpr LockPlace PlaceOf(SiteSlot* slot) { return slot; }

template <LockKind kKind>
class CoroutineLockCore {
 public:
  constexpr CoroutineLockCore(const char* name, source_location where) noexcept
      : state_(name, where) {}
  ~CoroutineLockCore() {
    if (state_.tag.load(std::memory_order_relaxed) != 0 ||
        state_.word.load(std::memory_order_relaxed) != 0) {
      DestroyLock(state_, kKind);
    }
  }
  CoroutineLockCore(const CoroutineLockCore&) = delete;
  CoroutineLockCore& operator=(const CoroutineLockCore&) = delete;

  std::atomic<uint32_t>& word() { return state_.word; }
  LockWaiters& waiters() { return state_.waiters; }

  LOCKCHECK_ALWAYS_INLINE bool TakeAtOnce(LockPlace place, bool reads) {
    const bool taken =
        !kAnnounce && !reads &&
        (__builtin_expect(AcquireHot(state_, kKind, place), true) ||
         WarmAcquire(state_, place));
    return taken;
  }
  // False: it is not free, and a wait for it is recorded.
  bool Request(LockPlace place, Caller caller, How how, bool reads,
               CoroutineWait& wait) {
    wait.lock = &state_;
    wait.shared = IsShared(kKind);
    wait.timed = how == How::kTimed;
    return Ask(place, caller, how, reads, &wait.site);
  }
  LOCKCHECK_ALWAYS_INLINE bool Try(LockPlace place, Caller caller,
                                   bool reads = false) {
    return Ask(place, caller, How::kTry, reads, nullptr);
  }
  LOCKCHECK_ALWAYS_INLINE void Release() {
    AnnounceRelease(&state_);
    if (kAnnounce ||
        (__builtin_expect(!ReleaseHot<&HandOver, true>(state_), false) &&
         __builtin_expect(!WarmReleaseHandedOver(state_), false))) {
      SiteSlot* slot;
      LOCKCHECK_SITE_SLOT(slot);
      UnlockUncommon(state_, kKind, slot, LOCKCHECK_CALLER());
    }
  }
  LOCKCHECK_ALWAYS_INLINE void ReleaseReading() {
    AnnounceRelease(Readers());
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    UnlockCoroutineShared(state_, slot, LOCKCHECK_CALLER());
  }
  static uint32_t Owner() { return CoroutineOwner(); }
  // Of a wait that was recorded.
  void EndWait(Chain& chain, const CoroutineWait& wait, How how, bool reads,
               CoroutineOutcome outcome) {
    EndCoroutineLockWait(chain.record, state_, how, reads, wait.site, outcome);
    if (outcome == CoroutineOutcome::kAcquired) Announced(reads);
  }

 private:
  bool Ask(LockPlace place, Caller caller, How how, bool reads,
           uint32_t* must_wait_at) {
    const bool taken =
        RequestCoroutineLock(state_, kKind, how, reads, place, caller,
                             must_wait_at) == CoroutineGot::kLock;
    if (taken) Announced(reads);
    return taken;
  }
  // See shared_mutex.h.
  void* Readers() { return &state_.last_reader; }
  void Announced(bool reads) {
    AnnounceAcquired(&state_);
    if (!reads) AnnounceAcquired(Readers());
  }

  CoroutineLockState state_;
};

using CoroutineMutexCore = CoroutineLockCore<LockKind::kCoroutineMutex>;
using CoroutineSharedMutexCore =
    CoroutineLockCore<LockKind::kCoroutineSharedMutex>;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_MUTEX_H_

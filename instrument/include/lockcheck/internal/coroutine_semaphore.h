// coroutine::semaphore, recorded: the semaphore of threads (semaphore.h), in
// whose queue coroutines stand.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_SEMAPHORE_H_
#define LOCKCHECK_INTERNAL_COROUTINE_SEMAPHORE_H_

#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/coroutine_signal_wait.h"
#include "lockcheck/internal/hot_permit.h"
#include "lockcheck/internal/semaphore.h"
#include "lockcheck/internal/tsan.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// True: a permit was taken. False: the waiter is in the queue, and its wait is
// recorded.
bool AcquireCoroutinePermit(SemaphoreState& semaphore, Waiter& waiter, How how,
                            SiteSlot* slot, Caller caller) noexcept;
// Of that wait.
void EndCoroutinePermitWait(CoroutineRecord& coroutine,
                            SemaphoreState& semaphore, Waiter& waiter, How how,
                            CoroutineOutcome outcome) noexcept;

template <bool kBounded>
class CoroutineSemaphoreCore {
 public:
  constexpr CoroutineSemaphoreCore(ptrdiff_t permits, const char* name,
                                   source_location where) noexcept
      : state_(static_cast<uint32_t>(permits),
               kBounded ? static_cast<uint32_t>(permits) : kMostPermits, name,
               where, true) {}
  ~CoroutineSemaphoreCore() {
    if (state_.users.load(std::memory_order_acquire) != 0) {
      AwaitUsersEnd(state_.queue, state_.users);
      state_.users.load(std::memory_order_acquire);  // for ThreadSanitizer
    }
    DestroySemaphore(state_);
  }
  CoroutineSemaphoreCore(const CoroutineSemaphoreCore&) = delete;
  CoroutineSemaphoreCore& operator=(const CoroutineSemaphoreCore&) = delete;

  SignalQueue& queue() { return state_.queue; }

  LOCKCHECK_ALWAYS_INLINE bool TakeAtOnce(SiteSlot* slot) {
    return Announced(
        __builtin_expect(AcquirePermitHot<kBounded>(state_, slot), true) ||
        WarmAcquirePermit(state_, slot));
  }
  bool Request(SignalWait& wait, How how, SiteSlot* slot, Caller caller) {
    return Announced(
        AcquireCoroutinePermit(state_, wait.waiter, how, slot, caller));
  }
  bool Try(SiteSlot* slot, Caller caller) noexcept {
    return Announced(TryAcquirePermit(state_, slot, caller));
  }
  void EndWait(SignalWait& wait, How how, CoroutineOutcome outcome) {
    EndCoroutinePermitWait(wait.waiter.chain->record, state_, wait.waiter, how,
                           outcome);
    Announced(outcome == CoroutineOutcome::kAcquired);
  }
  // Of a permit that was handed over to who does not want it any more.
  void GiveBack() { AddPermit(state_); }
  LOCKCHECK_ALWAYS_INLINE void Release(ptrdiff_t count, SiteSlot* slot,
                                       Caller caller) {
    AnnounceRelease(&state_);
    if (count == 1 &&
        (ReleasePermitHot<kBounded>(state_) || WarmReleasePermit(state_))) {
      return;
    }
    ReleasePermits(state_, count, slot, caller);
  }

 private:
  LOCKCHECK_ALWAYS_INLINE bool Announced(bool acquired) {
    if (acquired) AnnounceAcquired(&state_);
    return acquired;
  }
  SemaphoreState state_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_SEMAPHORE_H_

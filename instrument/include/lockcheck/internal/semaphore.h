// What the semaphore types stand on.
//
// Permits and the count of acts on them share one word, so that acts have an
// order. To take a permit is an act, and so is a release that is recorded as
// one, which takes its number before the permits are there: what takes them
// comes behind it. Who finds no permit enters the queue, says so in the word,
// and looks once more; who releases while somebody waits adds permits and then
// hands them to those who wait, longest first.
//
// Who has acquired may destroy the semaphore at once. So a release touches
// nothing any more once its permits are there; unless somebody waits: then it
// is a user from before that on, and the destructor waits until none is left.
#ifndef LOCKCHECK_INTERNAL_SEMAPHORE_H_
#define LOCKCHECK_INTERNAL_SEMAPHORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/wait_queue.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

inline constexpr uint32_t kMostPermits = INT32_MAX;
// Of SemaphoreState::permits: somebody may be in the queue.
inline constexpr uint64_t kPermitsAwaited = uint64_t{1} << 31;
constexpr uint32_t PermitsOf(uint64_t word) {
  return static_cast<uint32_t>(word) & kMostPermits;
}

// Of SemaphoreState::held_tag.
enum HeldTag : uint32_t {
  kHeldOnly = 1,      // bit 0: there is one permit, which makes it a lock
  kHeldNotYet = 2,    // not registered, or its records are wide
  kHeldSignals = 10,  // somebody released what he did not hold
};

struct SemaphoreState : LockState {
  // Low half, with kPermitsAwaited; high half: acts so far. Who is handed a
  // permit is given the word after that act.
  std::atomic<uint64_t> permits;
  // The object's tag while permits are held and short records can say so, with
  // kHeldOnly; from the first kHeldSignals on, permits are no holds any more.
  std::atomic<uint32_t> held_tag;
  uint32_t bound;
  // Of a bounded one: how many were acquired and not released.
  std::atomic<uint32_t> out{0};
  std::atomic<uint32_t> users{0};  // releases that hand permits over
  WaitQueue queue;
  const bool of_coroutines;  // no thread waits for it

  constexpr SemaphoreState(uint32_t initial, uint32_t most, const char* n,
                           source_location where,
                           bool coroutines = false) noexcept
      : LockState(n, where),
        permits(initial),
        held_tag(initial == 0 ? kHeldSignals : kHeldNotYet),
        bound(most),
        queue(n, where, initial),
        of_coroutines(coroutines) {}

  bool IsBounded() const { return bound != kMostPermits; }
  bool Signals() const {
    return held_tag.load(std::memory_order_relaxed) == kHeldSignals;
  }
};

// True: a permit was taken. False: the deadline passed. Null: no deadline.
bool AcquirePermit(SemaphoreState& semaphore, SiteSlot* slot, Caller caller,
                   const Deadline* deadline) noexcept;
bool TryAcquirePermit(SemaphoreState& semaphore, SiteSlot* slot,
                      Caller caller) noexcept;
void ReleasePermits(SemaphoreState& semaphore, ptrdiff_t count, SiteSlot* slot,
                    Caller caller);
void DestroySemaphore(SemaphoreState& semaphore) noexcept;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_SEMAPHORE_H_

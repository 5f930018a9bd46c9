// What the semaphores between processes stand on, recorded.
//
// As long as whoever releases has acquired, permits are held, as in
// semaphore.h; what that needs (last owner, hand-overs) is a LockState in the
// shared memory, written by who has the only permit, and belongs to the
// recording of the object.
#ifndef LOCKCHECK_INTERNAL_PROCESS_SEMAPHORE_H_
#define LOCKCHECK_INTERNAL_PROCESS_SEMAPHORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/process_permits.h"
#include "lockcheck/internal/process_signal.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// In the shared memory.
struct ProcessSemaphoreState : ProcessObject {
  ProcessSemaphoreState(ptrdiff_t permits, ptrdiff_t bound, const char* name,
                        source_location where) noexcept
      : ProcessObject(name, where),
        word(static_cast<uint64_t>(permits)),
        most(static_cast<uint32_t>(bound)),
        initial(static_cast<uint32_t>(permits)),
        is_bounded(bound != static_cast<ptrdiff_t>(kMostProcessPermits)),
        signals(permits == 0),
        held(nullptr, where) {
    held.file = nullptr;  // means nothing in another process
  }

  // The only permit of all: it is a lock.
  bool IsLock() const { return initial == 1; }
  bool Signals() const { return signals.load(std::memory_order_relaxed); }

  PermitWord word;
  const uint32_t most, initial;
  const bool is_bounded;
  // Somebody has released what he did not hold: permits are no holds any more.
  std::atomic<bool> signals;
  LockState held;
};

// True: a permit was taken. False: the deadline passed. Null: no deadline.
bool AcquireProcessPermit(ProcessSemaphoreState& semaphore, SiteSlot* slot,
                          Caller caller, const Deadline* deadline) noexcept;
bool TryAcquireProcessPermit(ProcessSemaphoreState& semaphore, SiteSlot* slot,
                             Caller caller) noexcept;
void ReleaseProcessPermits(ProcessSemaphoreState& semaphore, ptrdiff_t count,
                           SiteSlot* slot, Caller caller);
void DestroyProcessSemaphore(ProcessSemaphoreState& semaphore) noexcept;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_SEMAPHORE_H_

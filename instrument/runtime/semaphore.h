// Semaphores, recorded; see lockcheck/internal/semaphore.h.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_SEMAPHORE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_SEMAPHORE_H_

#include <cstdint>

#include "lockcheck/internal/semaphore.h"

namespace lockcheck::runtime {

struct PermitRequest {
  internal::SemaphoreState* semaphore;
  internal::SiteSlot* slot;
  internal::Caller caller;
  bool may_block;
  const internal::Deadline* deadline;  // null: none
  // Of a coroutine, which is not waited for here: it has entered the queue if
  // there was no permit.
  internal::Waiter* coroutine = nullptr;
  bool timed = false;  // with it
};

// Of the table. True: a permit was taken.
bool DoAcquirePermit(const PermitRequest& request);
// A permit was handed over to a coroutine that waited.
void DoTookPermit(const PermitRequest& request);
// Records the release of permits that are about to be added.
void DoReleasePermits(internal::SemaphoreState& semaphore, uint32_t count,
                      internal::SiteSlot* slot, internal::Caller caller);
void DoOverRelease(internal::SemaphoreState& semaphore,
                   internal::SiteSlot* slot, internal::Caller caller);
void DoDestroySemaphore(internal::SemaphoreState& semaphore);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_SEMAPHORE_H_

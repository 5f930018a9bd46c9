// Semaphores between processes, recorded; see
// lockcheck/internal/process_semaphore.h.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_SEMAPHORE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_SEMAPHORE_H_

#include <cstddef>

#include "instrument/runtime/table.h"
#include "lockcheck/internal/process_semaphore.h"

namespace lockcheck::runtime {

struct ProcessPermitRequest {
  internal::ProcessSemaphoreState* semaphore;
  SiteSlot* slot;
  Caller caller;
  bool may_block;
  const Deadline* deadline;  // null: none
};

// Of the table. True: a permit was taken.
bool DoAcquireProcessPermit(const ProcessPermitRequest& request);
// False: that would be above the bound.
bool DoReleaseProcessPermits(internal::ProcessSemaphoreState& semaphore,
                             ptrdiff_t count, SiteSlot* slot, Caller caller);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_SEMAPHORE_H_

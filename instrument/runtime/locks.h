// The lock operations that the hot path leaves to the runtime, recorded: of the
// table.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LOCKS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LOCKS_H_

#include <cstdint>

#include "instrument/runtime/table.h"

namespace lockcheck::runtime {

Got DoLock(const LockRequest& asked);
void DoTaken(LockState& lock, SiteSlot* slot);
bool DoUnlock(LockState& lock, LockKind kind, SiteSlot* slot, Caller caller);
void DoUnlockShared(LockState& lock, SiteSlot* slot, Caller caller);
bool DoStopReading(LockState& lock, SiteSlot* slot, Caller caller);
void DoSawWaiters(uint32_t tag, uint64_t ticks);
void DoDestroy(LockState& lock, LockKind kind);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LOCKS_H_

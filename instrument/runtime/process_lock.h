// Locks between processes, recorded: lockcheck/internal/process_lock.h.
//
// Whose the lock is, and since when, is written by who has the guard into the
// record beside it, if that belongs to this recording. With mode=live, and
// while a living process of another recording has it, the process keeps a
// record of its own, which knows this process's threads only.
//
// Threading: any.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_LOCK_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_LOCK_H_

#include <cstdint>

#include "instrument/runtime/plain.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/thread.h"

namespace lockcheck::runtime {

using internal::ProcessRecord;
using internal::ProcessSharedState;

// Entries of the table.
Got DoLockProcess(const LockRequest& asked);
void DoTakenProcess(ProcessRecord& lock, SiteSlot* slot, Caller caller,
                    int result);
int DoUnlockProcess(ProcessRecord& lock, SiteSlot* slot, Caller caller);
void DoUnlockSharedProcess(ProcessSharedState& lock, SiteSlot* slot,
                           Caller caller);
void DoDestroyProcess(ProcessRecord& lock);

// Of a thread that is not recorded.
Got PlainProcessRequest(const LockRequest& request);
int PlainProcessUnlock(ProcessRecord& lock);
// The guard is had; the record says nothing of it.
void TakenPlain(ProcessRecord& lock, bool reads);

// A round of waiting, and the last try of who gives up.
Round ProcessRound(const LockRequest& request, const Deadline* deadline);
bool LastProcessTry(const LockRequest& request);

// When recording has begun: locks that are used from now on are its own.
void UseRecordsOfProcessLocks();

// What the object is called, if it is one between processes that can be held
// and that this process has used.
struct ProcessLockName {
  const char* name;  // null: it has none
  const char* file;  // null: not known
  uint32_t line;
};
const ProcessLockName* NameOfProcessLock(uint32_t object);
// Null: it is called nothing any more.
void NameProcessObject(uint32_t object, const ProcessLockName* name);

// In a forked child, of its one thread: its parent's locks are not its own.
void DropProcessLocks(Thread* t);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_LOCK_H_

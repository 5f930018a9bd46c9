// What a thread holds, as the log and the thread's own list are told of it:
// what locks have in common with everything else that is held.
//
// The thread is busy (see Enter()).
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_HOLDING_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_HOLDING_H_

#include <cstdint>

#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/table.h"

namespace lockcheck::runtime {

// Before the lock is asked for: whoever comes first gives it its id. `value`:
// what it begins with, of a semaphore.
void RegisterLock(Thread* t, LockState& lock, LockKind kind, uint32_t site,
                  uint32_t value = 0);

// The lock is taken: keeps its books and writes the acquisition.
void Taken(Thread* t, LockState& lock, uint32_t site, How how, uint32_t group);
// The lock is read. The next writer finds another last actor than itself, so
// its section is counted after this one.
void TakenShared(Thread* t, SharedState& lock, uint32_t site, How how,
                 uint32_t group);
// A permit of a semaphore is taken; `only`: it is the only one there is. Others
// have no order.
void TakenPermit(Thread* t, LockState& lock, uint32_t site, How how, bool only);

void WriteRelease(Thread* t, uint32_t object);
// A hold of this object, if there is one, that another thread's act ended.
void DropStaleHold(Thread* t, uint32_t object);
// From now on every hand-over looks for such a hold.
void NoteUnlockedByOther();
// Ever, any lock: some thread's list of holds may have one that it has no more.
bool WasUnlockedByOther();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_HOLDING_H_

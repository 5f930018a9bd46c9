// Threads come and go: attaching, ending, fork, exit.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_FORK_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_FORK_H_

#include <cstdint>

#include "lib/log/format.h"
#include "lockcheck/internal/hot.h"

namespace lockcheck::runtime {

struct Thread;

// The handlers for fork, and the key whose destructor ends a thread's stream.
void RegisterHandlers();

// Makes the calling thread an actor. `actor` 0: takes a new id.
void AttachThread(log::BeginHow how, uint32_t actor, uint32_t parent);

// The entries of the table.
void DoForkPlace(internal::Caller caller);
uint32_t DoForked(bool in_child);

// Whether the owner of a lock is, or was, a thread of this process. A forked
// child may find locks held by threads that only its parent has.
bool IsOwnerHere(uint32_t owner);

// As misuse, what the thread's actor holds, which ends.
void ReportStillHeld(Thread* t);

// Lets another copy of the runtime share this thread's state.
void AttachPointer(internal::ThreadPointer* pointer);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_FORK_H_

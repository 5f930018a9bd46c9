// What a coroutine does to the thread that carries it, and to the others of its
// context: it is suspended with a lock for which threads sleep, or keeps its
// thread for long.
//
// Problem: neither is a mistake of its own, so each is noted where it happens,
// for the analysis to judge (NoteKind::kHeldAcross, kKeptThread); with
// mode=live it is said once for each place.
//
// How long it ran: between two turns the time-stamp counter is read. If that is
// more than long_run=, the kernel is asked what the thread has used, and what
// it had used at some time before the turn, at most about a millisecond. Only
// what it certainly used since is counted, for a thread that has to wait for a
// processor keeps nobody up itself. Sleep cannot be told from such a wait, and
// counts if it is a hundred times as long.
//
// Cost: of a turn, two readings of the counter; every half millisecond or so,
// two calls of the kernel.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_HAZARD_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_HAZARD_H_

#include <cstdint>

#include "instrument/runtime/thread.h"
#include "lockcheck/internal/coroutine_hooks.h"

namespace lockcheck::runtime {

// Of the object with that id, when it is registered.
void NoteKindOfLock(uint32_t object, model::ObjectKind kind);
// How many of the thread's holds are locks for which threads sleep.
uint32_t CountThreadLocks(Thread* t);

// The coroutine goes on in the thread, which is it already.
void BeginTurn(Thread* t, internal::Carrier& carrier,
               internal::CoroutineRecord& coroutine);
// It is to be suspended, or has ended; the thread is still it.
void EndTurn(Thread* t, internal::Carrier& carrier,
             internal::CoroutineRecord& coroutine, bool has_ended);

uint32_t DoSiteOfAwait(SiteSlot* slot, internal::Caller caller);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_HAZARD_H_

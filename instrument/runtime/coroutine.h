// Coroutines as actors; see lockcheck/internal/coroutine_hooks.h.
//
// A thread that carries coroutines is between two of them most of the time that
// it does not spend in one. There it is its own actor again, with what it holds
// itself, but busy, and without a segment: whoever looks at the log sees one
// coroutine's segment follow another's. A signal handler that takes locks then
// records as an actor of its own.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_H_

#include <cstdint>

#include "instrument/runtime/table.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/internal/coroutine_hooks.h"

namespace lockcheck::runtime {

// Of a coroutine's lock, without a record: false, it is not free.
bool TakeCoroutines(const LockRequest& request, uint32_t owner);
// The same with mode=live.
Got LockLiveCoroutines(Thread* t, const LockRequest& request);

// One more that the coroutine holds while it is suspended.
void AddHeld(Thread* t, internal::CoroutineRecord& coroutine, const Hold& hold);

// Of the table.
void DoForkCoroutine(internal::CoroutineRecord& coroutine);
void DoResumeCoroutine(internal::Carrier& carrier,
                       internal::CoroutineRecord& coroutine);
void DoSuspendCoroutine(internal::Carrier& carrier,
                        internal::CoroutineRecord& coroutine);
void DoEndCoroutine(internal::Carrier& carrier,
                    internal::CoroutineRecord& coroutine);
void DoLeaveCoroutines(internal::Carrier& carrier);
uint32_t DoCoroutineOwner();
void DoBeginCoroutineWait(internal::CoroutineRecord& coroutine,
                          const internal::CoroutineWait& wait);
bool DoIsCoroutineWaitToFail(uint32_t actor, bool can_fail);
void DoCoroutinesAreLeft(internal::CoroutineRecord* const* coroutines,
                         size_t count);
void DoEndCoroutineLockWait(internal::CoroutineRecord& coroutine,
                            LockState& lock, How how, bool reads, uint32_t site,
                            internal::CoroutineOutcome outcome);
void DoBeginCoroutineSignalWait(const internal::Waiter& waiter, bool timed);
void DoEndCoroutineSignalWait(internal::CoroutineRecord& coroutine,
                              internal::CoroutineOutcome outcome);
uint32_t DoBeginCoroutineJoin(uint32_t actor, SiteSlot* slot, Caller caller);
void DoEndCoroutineJoin(internal::CoroutineRecord& coroutine, uint32_t actor,
                        bool has_ended);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_COROUTINE_H_

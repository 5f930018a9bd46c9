// Says that threads wait for each other for ever, and does what
// LOCKCHECK_OPTIONS=on_deadlock= asks for.
//
// The program may hold any lock at all, malloc's too, so nothing here takes one
// or allocates: the text has addresses, and names from the modules' symbol
// tables. With a log, `lockcheck analyze` is started beside the program, which
// knows files and lines; it gets ten seconds.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_DEADLOCK_REPORT_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_DEADLOCK_REPORT_H_

#include <atomic>

#include "instrument/runtime/carrier_deadlock.h"
#include "instrument/runtime/coroutine_deadlock.h"
#include "instrument/runtime/deadlock.h"
#include "instrument/runtime/mixed_deadlock.h"
#include "lockcheck/internal/observe.h"

namespace lockcheck::runtime {

// `t` has just begun to wait, and is busy. If that closes a deadlock that
// nobody has reported yet, reports it, and does not return under
// on_deadlock=abort. True: the request is to fail (on_deadlock=throw), which
// some cannot. A cycle with a timed wait in it is said once, as a hazard.
bool ReportDeadlockOf(Thread* t, bool can_fail);

// The same of threads and coroutines.
bool ReportMixed(const MixedDeadlock& deadlock, bool can_fail);
// The same of what suspended coroutines hold (carrier_deadlock.h).
bool ReportCarriersOf(Thread* t, bool can_fail);
// On a thread of the runtime's own, when nobody moves any more.
void ReportCarriersLeft(const CarrierDeadlock& deadlock);

// The same when `t` has waited for a while for a lock whose owner is gone;
// every request for it is to fail then, under on_deadlock=throw.
bool ReportGoneOwnerOf(Thread* t, const LockRequest& request, bool can_fail);
// The same of coroutines, by whoever runs them, who is busy or not recorded.
bool ReportCoroutines(const CoroutineDeadlock& deadlock, bool can_fail);
// Of a thread that is in a deadlock of several processes (across.h). True: the
// request is to fail.
bool ReportDeadlockAcross(Thread* t, bool can_fail);
// Nobody is left who could end a wait (quiescence.h), and this actor is one of
// those in the way: reports that, on a thread of the runtime's own, and does
// not return under on_deadlock=abort. Nobody closed it, so nothing can throw.
void ReportNobodyLeft(uint32_t actor);
// The same of threads that are in nobody's way: a hazard.
void ReportStall();

// At the end of the program: how many deadlocks and lock orders there were, if
// any.
void SaySummary();

bool AnyDeadlock();
// Whether there is one that no failed request has ended.
bool DoesDeadlockStand();
// Whether a thread that waits is about to say that it is in a deadlock: it may
// throw then.
bool IsReporting();
// Whether the program had deadlocks or misuse.
bool AnyFinding();

// Prints names and addresses. All in it are stuck, so what they wait for stays.
void SayWhoAndWhere(const Deadlock& deadlock);

// See lockcheck/internal/observe.h.
extern std::atomic<internal::DeadlockHook> g_deadlock_hook;
void CountMisuse();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_DEADLOCK_REPORT_H_

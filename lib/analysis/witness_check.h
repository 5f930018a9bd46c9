// Whether a schedule of recorded events is a run, and ends in the deadlock that
// it is said to lead to. No deadlock is called confirmed without it.
//
// Problem: the search for such a schedule is long and clever, and who believes
// it has to read all of it. This is short, shares nothing with it but the
// trace, and knows the rules of the primitives alone:
//   * an actor begins when it is forked, and is joined when it is at its end;
//   * a lock is had by one, or by readers; a once_flag's function runs before
//     anybody passes, and not after;
//   * a permit, an item, room: as many are taken as there are; tasks of a pool
//     begin in the order in which they were submitted;
//   * a flag is found set while it is, or by who waited when it was set;
//   * a variable is read while it has the version that was seen there;
//   * a barrier's phase is over when all arrivals that were recorded in it have
//     been; what is outstanding, when as much has ended as was begun;
//   * a notification wakes who waited before it. A predicate that was found
//     true without waiting is true only after all that was done before under
//     the lock: which of it made it true is not recorded.
// At its end each of those who wait makes the request that it is said to make,
// and they alone are stuck, by the fixpoint of lib/graph/wait_for.h in which
// everybody else may still do anything.
//
// What is not understood is no run. Cost: linear in the schedule, and once in
// the events of the trace. Pure.
#ifndef LOCKCHECK_LIB_ANALYSIS_WITNESS_CHECK_H_
#define LOCKCHECK_LIB_ANALYSIS_WITNESS_CHECK_H_

#include <span>

#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

// What an actor asks for at the end: a lock, or the end of another one.
struct WitnessWait {
  ActorIndex actor = kNone;
  EventKind kind = EventKind::kAcquire;  // or kJoin
  ObjectIndex object = kNone;            // kJoin: the actor
  model::Mode mode = model::Mode::kExclusive;
};

// `schedule`: who does his next event, one after the other.
bool LeadsToDeadlock(const Trace& trace, std::span<const ActorIndex> schedule,
                     std::span<const WitnessWait> waits);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_WITNESS_CHECK_H_

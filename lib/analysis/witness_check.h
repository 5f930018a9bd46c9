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
//   * a variable is read while it has the version that was seen there, and what
//     may have been read again, unrecorded (docs/log-format.md, Repeated
//     reads), has not changed by the next read; one with mixed versions is in
//     no run;
//   * a barrier's phase is over when all arrivals that were recorded in it have
//     been; what is outstanding, when as much has ended as was begun;
//   * a notification wakes who waited before it. A predicate that was found
//     true without waiting is true only after all that was done before under
//     the lock: which of it made it true is not recorded.
// At its end each of those who wait makes the request that it is said to make,
// and they alone are stuck, by the fixpoint of lib/graph/wait_for.h in which
// everybody else may still do anything.
//
// Who waits for a signal is held up by nobody in particular. So if one of them
// does, everybody's wait is judged: one for a lock or an end as ever; one for a
// signal is over if any of those goes on who end such waits later in their own
// events, or did so and may do more than was recorded. Only who has what is
// needed can end a wait for a permit, or for the end of a queue of which each
// ends what it got; and of a barrier all must come who are missing, if nobody
// comes in their place. A condition is waited for only if all sections of its
// lock that came before have been: else its predicate may be true. One that was
// found true is none.
//
// What is not understood is no run. Cost: linear in the schedule, the actors
// and who posts what is waited for, and once in the events of the trace.
#ifndef LOCKCHECK_LIB_ANALYSIS_WITNESS_CHECK_H_
#define LOCKCHECK_LIB_ANALYSIS_WITNESS_CHECK_H_

#include <span>

#include "lib/analysis/trace.h"
#include "lib/analysis/witness_facts.h"

namespace lockcheck::analysis {

// What an actor asks for at the end: a lock, the end of another one, a signal.
struct WitnessWait {
  ActorIndex actor = kNone;
  EventKind kind = EventKind::kAcquire;  // or kJoin, kTake
  ObjectIndex object = kNone;            // kJoin: the actor
  model::Mode mode = model::Mode::kExclusive;
  // It asks for several locks at once, of which this is one: it waits for the
  // first, tries the others, and begins anew with what it held before when one
  // is not to be had.
  bool of_many = false;
};

// Thread safety: none.
class WitnessCheck {
 public:
  explicit WitnessCheck(const Trace& trace) : trace_(trace), facts_(trace) {}

  // `schedule`: who does his next event, one after the other.
  bool LeadsToDeadlock(std::span<const ActorIndex> schedule,
                       std::span<const WitnessWait> waits);

 private:
  const Trace& trace_;
  WitnessFacts facts_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_WITNESS_CHECK_H_

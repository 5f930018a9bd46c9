// The end of the log: who waits, who is stuck, and in which cycle.
//
// Problem: an actor that waits when the log ends is not thereby deadlocked; its
// owner may be running. From each actor's end state comes a wait-for graph,
// whose AND-OR fixpoint (lib/graph/wait_for.h) says who can never go on.
// Owners are those whose own end state holds the object; what the waiter last
// saw is a hint at most, and an object that nobody is known to hold makes
// nobody stuck. Running actors, timed waits and the actor that ends the process
// are live; an actor that ended is no help to those who wait for what it holds,
// nor is a thread that stayed in the parent when its lock was copied by a fork.
//
// Findings: actual deadlocks (rule wait-for, one per cycle and one per lock
// whose owner ended or is not there; rule self for an actor that waits for
// itself; rule carrier for one that coroutines are part of which no thread can
// resume, as the program saw), and hazards: cycles that only a timed wait will
// break (rule timed-cycle), and waits for a notification with a lock held that
// others wait for (rule wait-holding), unless the process is known to run.
// Cost: linear in actors, held locks and waits; for each lock that is held by
// one who waits to be notified, linear in actors.
#ifndef LOCKCHECK_LIB_ANALYSIS_STUCK_H_
#define LOCKCHECK_LIB_ANALYSIS_STUCK_H_

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

void FindStuckActors(const Observations& observations,
                     std::vector<Finding>& findings,
                     std::vector<StandingWait>& standing_waits);

// The same for the moments at which a request was refused: the cycles that it
// had closed. An actor that asked for what it had itself is a misuse only. And
// for those at which a request gave up: the cycles that ended with that.
void FindRefusedDeadlocks(const Observations& observations,
                          std::vector<Finding>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_STUCK_H_

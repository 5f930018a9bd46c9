// Waits that nobody is left to end.
//
// Problem: anybody may post a semaphore, notify a condition or put into a
// queue, so a wait for that is stuck only if all who could are stuck too. A log
// does not know all who could: there may be threads that it never saw, signal
// handlers, other processes. So nothing is said without the runtime's note that
// it has looked (NoteKind::kQuiescent), and unless each actor of the process
// still is in the wait that it was in then.
//
// Processes that share memory could end each other's waits: of those each has
// such a note of its own (NoteKind::kQuiescentAcross), and all that live must
// stand, with every wait begun before the first of their last notes, and no
// actor started that recorded nothing. Assumed then is that no process outside
// of the recording uses the objects. They count as one.
//
// Who sleeps in a wait of std's or a library's then has a note of its own
// (NoteKind::kElsewhere): it waits for an actor's end, or to be signalled.
//
// With the note, such a wait is an OR node whose providers are the actors of
// its process that have not ended, in the graph that locks and ends have given
// AND nodes, and the fixpoint over both (lib/graph/wait_for.h) says who is
// stuck. What a type is called does not matter, only its row in lib/model: a
// wait that the outside ends keeps everybody live.
//
// Findings: an actual deadlock, rule communication, if somebody who waits for a
// signal holds (or, by not ending, keeps up) what others wait for, or has a
// worker of a pool of which tasks have none (NoteKind::kStarved); else, if no
// locks are to blame, if somebody waits for what is owed to it (`owed` in
// lib/model: an answer, the end of a queue's tasks); else a hazard, rule stall:
// everybody waits to be signalled, and may mean to.
// Cost: nothing without a note; else linear in actors, held locks and waits.
#ifndef LOCKCHECK_LIB_ANALYSIS_NOBODY_LEFT_H_
#define LOCKCHECK_LIB_ANALYSIS_NOBODY_LEFT_H_

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"
#include "lib/graph/wait_for.h"

namespace lockcheck::analysis {

// `nodes` is the graph of locks and ends, actors first, and `locked_up` says
// who is stuck in that; lost wake-ups are among the findings already. Returns
// per actor whether its wait can never end.
std::vector<bool> FindNobodyLeft(const Observations& observations,
                                 std::vector<graph::WaitNode> nodes,
                                 const std::vector<bool>& locked_up,
                                 std::vector<Finding>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_NOBODY_LEFT_H_

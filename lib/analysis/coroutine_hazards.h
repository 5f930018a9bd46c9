// What coroutines do to the thread that runs them and to the others of their
// context.
//
//   lock-across-await      suspended with a lock held for which threads sleep:
//                          if the thread that would resume it is one of them,
//                          nobody lets go of the lock
//   blocking-in-coroutine  waits in its thread, as a function does, and so
//   keeps
//                          the others from having their turns
//   long-run               runs for long without being suspended: the same
// All of it happened, so none is a guess; whether it matters is for who knows
// the program to say.
//
// Cost: linear in the places where it happened.
#ifndef LOCKCHECK_LIB_ANALYSIS_COROUTINE_HAZARDS_H_
#define LOCKCHECK_LIB_ANALYSIS_COROUTINE_HAZARDS_H_

#include <span>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"
#include "lib/analysis/piece.h"

namespace lockcheck::analysis {

// `pieces` by actor and in stream order.
void CollectTurns(std::span<const Piece> pieces, Observations& observations);

// A hazard for each place, or pair of places, whoever came there.
void FindCoroutineHazards(const Observations& observations,
                          std::vector<Finding>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_COROUTINE_HAZARDS_H_

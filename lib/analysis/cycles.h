// Cycles of the lock-order graph, each with its verdict: possible, or refuted
// with the first clause that fails.
//
// Problem: a component can have exponentially many cycles, most of which cannot
// deadlock. Two searches share the work. The first extends only what can still
// be a deadlock pattern (see clauses.h) and finds the possible ones, so that a
// bound never cuts them in favour of others. The second lists the remaining
// inversions, bounded, and says why each is refuted.
//
// One finding stands for one cycle of locks with its sites, whoever the actors
// are: five philosophers give one. It is refuted only if no choice of actors
// and phases makes it possible; otherwise it shows one choice that does.
//
// Cost: O(dependencies) without an inversion; else bounded by FindOptions.
#ifndef LOCKCHECK_LIB_ANALYSIS_CYCLES_H_
#define LOCKCHECK_LIB_ANALYSIS_CYCLES_H_

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Appends to the findings and notes, in no particular order; no longer
// `exhaustive` if a bound cut what could have been a deadlock, or under
// Policy::kOrder any cycle.
void FindCycles(const Observations& observations, const FindOptions& options,
                Findings& result);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_CYCLES_H_

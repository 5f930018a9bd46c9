// Locks that are asked for in another order than the program has declared.
//
// Problem: a program that says "index is taken before journal" wants to hear of
// a place that does it the other way round as soon as that is run, and not only
// when somebody else has taken them in the declared order, too.
//
// A declaration is an edge between two locks, and orders add up along paths. A
// dependency <actor, lock asked for, locks held> breaks it if a path leads from
// the lock asked for to one that is held. Requests that give up break nothing,
// nor do those for what the actor holds already. Declarations that make a cycle
// contradict each other; that is reported instead of who breaks one of them,
// for nobody can keep them.
//
// Forked copies of a lock have its id, so the edges are between ids, and those
// of a process count for it and for those forked from it; between locks that
// processes share, for all.
//
// Cost: linear in declarations; then a look for each dependency; a search only
// for pairs that some topological order of the declared locks has the other way
// round, bounded in all.
#ifndef LOCKCHECK_LIB_ANALYSIS_DECLARED_ORDER_H_
#define LOCKCHECK_LIB_ANALYSIS_DECLARED_ORDER_H_

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Adds to result.findings: one for each lock asked for, lock held and pair of
// sites, whoever does it, with one part; one without parts for each group of
// declarations in contradiction.
void FindBrokenOrders(const Observations& observations, Findings& result);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_DECLARED_ORDER_H_

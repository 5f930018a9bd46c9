// Which processes of a recording may still do something at its end.
//
// Problem: who can end a wait for an object between processes may be in any of
// them, but not in one that has ended. That it has is known if its log says so,
// or if somebody has joined it; of one that was killed, and that nobody has
// joined, nothing is known.
// Cost: linear in the actors.
#ifndef LOCKCHECK_LIB_ANALYSIS_LIVING_H_
#define LOCKCHECK_LIB_ANALYSIS_LIVING_H_

#include <set>

#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

std::set<log::ProcessIndex> LivingProcesses(const Observations& observations);

// Whether other processes use the object, too.
bool IsBetweenProcesses(const Observations& observations, ObjectIndex object);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_LIVING_H_

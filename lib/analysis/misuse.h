// Misuses as findings: one for each misuse, object and site, whoever did it and
// however often.
#ifndef LOCKCHECK_LIB_ANALYSIS_MISUSE_H_
#define LOCKCHECK_LIB_ANALYSIS_MISUSE_H_

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Appends to `findings`. parts[0] is who did it first, at which site (kNone of
// a destruction and of an actor's end: not recorded); it holds the object if
// the misuse means so, and wants it only for a self-lock. If another actor
// owned the object, that one is parts[1]. A hold's site is kNone if its owner
// acquired the object at several. `ticks` is the first time, `count` all times.
void FindMisuse(const Observations& observations,
                std::vector<Finding>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_MISUSE_H_

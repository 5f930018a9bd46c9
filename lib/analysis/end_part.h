// An actor's part in what is found at the log's end.
#ifndef LOCKCHECK_LIB_ANALYSIS_END_PART_H_
#define LOCKCHECK_LIB_ANALYSIS_END_PART_H_

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// With what it holds, first what others want of it (kNone: nothing), and what
// it waits for, if it waits.
Part EndPart(const Observations& observations, const std::vector<EndState>& end,
             ActorIndex actor, ObjectIndex wanted_of_it);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_END_PART_H_

// Locks of threads that were held when a process was forked. The child has a
// copy of each: one that another thread held stays locked in it for ever, and
// one that the forking thread held keeps the child out of nothing that its
// parent does. The child's stream begins with what was held; see the runtime's
// fork_held.h.
#ifndef LOCKCHECK_LIB_ANALYSIS_FORK_HELD_H_
#define LOCKCHECK_LIB_ANALYSIS_FORK_HELD_H_

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Of forked children, reads the beginning of their streams again. After the
// requests were merged.
void CollectForkHeld(Observations& observations);

// A hazard for each lock, place where it was taken and place of the fork. Not
// of children that ask for no lock of threads: they may exec, or end.
void FindForkHeld(const Observations& observations,
                  std::vector<Finding>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_FORK_HELD_H_

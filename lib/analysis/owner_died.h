// Processes that died while they held a lock between processes, however that
// came about: what the lock protects may be half done. Whoever has it next is
// told, and says so in the log; if nobody has had it since, the log of the dead
// one ends with the hold, and it is known that it does not run any more. So it
// is of a permit, of which nobody is told: it is not given back.
#ifndef LOCKCHECK_LIB_ANALYSIS_OWNER_DIED_H_
#define LOCKCHECK_LIB_ANALYSIS_OWNER_DIED_H_

#include <span>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"
#include "lib/analysis/piece.h"

namespace lockcheck::analysis {

// `pieces` by actor and in stream order.
void CollectOwnerDeaths(std::span<const Piece> pieces,
                        Observations& observations);

// A hazard for each lock and place.
void FindOwnerDeaths(const Observations& observations,
                     std::vector<Finding>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_OWNER_DIED_H_

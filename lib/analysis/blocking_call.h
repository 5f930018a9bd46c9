// Locks that are held during a call that waits for the outside (a region), and
// that others ask for meanwhile: they wait for the device, too.
//
// No deadlock: the outside ends the call. Cost: one pass over the dependencies;
// more only for what is found.
#ifndef LOCKCHECK_LIB_ANALYSIS_BLOCKING_CALL_H_
#define LOCKCHECK_LIB_ANALYSIS_BLOCKING_CALL_H_

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Appends to `findings`: one for each region, place of the lock and lock,
// whoever was there. parts[0] holds the lock and waits for the outside,
// parts[1] asks for the lock.
void FindBlockingCalls(const Observations& observations,
                       std::vector<Finding>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_BLOCKING_CALL_H_

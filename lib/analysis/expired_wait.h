// Waits for a signal that a time limit ended, while who signalled next waited
// for what was held: a cycle, as long as it lasted.
//
// Problem: a timed request for a lock that another one holds names its owner.
// Who is to post a semaphore, set an event, put an item nobody knows at that
// moment; but the recording has who did it next.
//
// Found only if the wait's time was over while the other actor waited, without
// a time limit, for a lock that the first one held meanwhile, and if the other
// one signalled after that. Not looked for in a log of which something is
// missing or that is too long for a trace (trace.h). Cost: one pass over the
// records, and another one if such a wait was seen.
#ifndef LOCKCHECK_LIB_ANALYSIS_EXPIRED_WAIT_H_
#define LOCKCHECK_LIB_ANALYSIS_EXPIRED_WAIT_H_

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Appends to `findings`: one for each place of such a wait and lock, whoever
// was there. parts[0] gave up, parts[1] waited for the lock, with nothing in
// `holds`; objects are the signal's and the lock.
void FindExpiredWaits(const Observations& observations,
                      std::vector<Finding>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_EXPIRED_WAIT_H_

// What is said of actors that can come to a standstill.
#ifndef LOCKCHECK_LIB_ANALYSIS_COMMUNICATION_FINDING_H_
#define LOCKCHECK_LIB_ANALYSIS_COMMUNICATION_FINDING_H_

#include "lib/analysis/approach.h"
#include "lib/analysis/findings.h"
#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

// `circle`: who waits for a signal waits for itself through the others. If not,
// what was to end that wait is lost.
Finding ToFinding(const Trace& trace, const StandstillQuestion& question,
                  bool circle);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_COMMUNICATION_FINDING_H_

// What is to be known of the versions of a trace's variables before anything is
// made of them. Cost: linear in the events.
#ifndef LOCKCHECK_LIB_ANALYSIS_VARIABLE_VERSIONS_H_
#define LOCKCHECK_LIB_ANALYSIS_VARIABLE_VERSIONS_H_

#include "lib/analysis/trace.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

// What is written before the trace begins, by the parent of a forked process
// for one, is no event of it. If nothing is, the first version is 0, and who
// saw another one whose write is missing saw what the log has lost.
void FindFirstVersions(const log::Recording& recording, Trace& trace);

// What an actor finds and makes of a variable rises. If it does not, some
// records are not in the order of what they say: a signal handler came between
// a write and its record, and read or wrote the same variable. Where one is
// like that another one may be and not show it, so nothing follows from any
// access of that variable.
void FindMixedVersions(Trace& trace);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_VARIABLE_VERSIONS_H_

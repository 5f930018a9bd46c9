// Makes a trace that is cut whole again, by cutting more.
//
// Problem: a bound on what is read cuts each actor where it happens to be, so
// of an object whose acts are numbered some are missing in the middle: a take
// without its post, and the other way round.
//
// Algorithm: of each object the acts count up to the first number that is
// missing, and each actor up to its first act that does not count; again until
// nothing changes. Cost: linear in the events for each round.
#ifndef LOCKCHECK_LIB_ANALYSIS_WHOLE_ACTS_H_
#define LOCKCHECK_LIB_ANALYSIS_WHOLE_ACTS_H_

#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

// Who is cut here is in `cut` then, and has not ended.
void CutToWholeActs(Trace& trace);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_WHOLE_ACTS_H_

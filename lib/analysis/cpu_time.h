// How much processor time a recording took.
//
// Problem: a process tells its processor time at its exit, and that counts from
// its start: loading, and whatever ran before the first lock, would be put down
// to a recording that may have lasted a millisecond. The time at the
// recording's start is in no record, so what is known are bounds: every thread
// that ended told its own time; a thread uses at most the time it lived and did
// not wait; and before the recording the process used at most the time it had
// lived.
//
// Cost: linear in processes and actors.
#ifndef LOCKCHECK_LIB_ANALYSIS_CPU_TIME_H_
#define LOCKCHECK_LIB_ANALYSIS_CPU_TIME_H_

#include <vector>

#include "lib/analysis/statistics.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

struct CpuTime {  // ns, while it was recorded
  double least_ns = 0, most_ns = 0;
};

// Of processes that did not exit only the threads that ended count, and nothing
// bounds what the others used: `least_ns` is 0 then.
CpuTime CpuTimeOf(const log::Recording& recording,
                  const std::vector<ActorUsage>& actors);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_CPU_TIME_H_

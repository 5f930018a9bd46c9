// Folded stacks, one a line, for flame graphs: the lock as "[lock NAME]", then
// the frames from the outermost inwards, then the nanoseconds waited. Read by
// flamegraph.pl, speedscope, inferno.
#ifndef LOCKCHECK_LIB_REPORT_FOLDED_H_
#define LOCKCHECK_LIB_REPORT_FOLDED_H_

#include <string>

#include "lib/report/report.h"

namespace lockcheck::report {

enum class FoldedBy {
  kSuffered,  // stacks of those who waited
  kCaused,    // stacks of those who held meanwhile
};

// Sorted by text, so that two runs can be compared. Waits below 0.5 ns in total
// have no line.
std::string Folded(const Report& report, FoldedBy by);

}  // namespace lockcheck::report

#endif  // LOCKCHECK_LIB_REPORT_FOLDED_H_

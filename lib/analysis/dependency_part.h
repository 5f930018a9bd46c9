// A dependency as a part of a finding.
#ifndef LOCKCHECK_LIB_ANALYSIS_DEPENDENCY_PART_H_
#define LOCKCHECK_LIB_ANALYSIS_DEPENDENCY_PART_H_

#include <cstddef>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// `hold`: which of the locks held matters.
Part ToPart(const Dependency& d, size_t hold);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_DEPENDENCY_PART_H_

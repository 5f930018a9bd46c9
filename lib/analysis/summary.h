// The statistics of a recording from what the scan's threads summed up.
#ifndef LOCKCHECK_LIB_ANALYSIS_SUMMARY_H_
#define LOCKCHECK_LIB_ANALYSIS_SUMMARY_H_

#include <span>

#include "lib/analysis/piece.h"
#include "lib/analysis/statistics.h"

namespace lockcheck::analysis {

// `pieces` by actor and in stream order.
Statistics Summarize(const log::Recording& recording,
                     std::span<const Piece> pieces, Totals totals);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_SUMMARY_H_

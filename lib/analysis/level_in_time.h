// How much there was of something over the time, not over the acts on it.
//
// Problem: an act carries no time, only bounds (level_track.h): it lies between
// two stamps of its stream. So at any time there was what one of several acts
// had left, those that may have been the last one by then. The mean of what
// they left is taken for what there was; the least and the most of it bound the
// mean over the time.
//
// Cost: that of sorting the points of a track. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_LEVEL_IN_TIME_H_
#define LOCKCHECK_LIB_ANALYSIS_LEVEL_IN_TIME_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/analysis/level_track.h"

namespace lockcheck::analysis {

struct LevelInTime {
  uint64_t ticks = 0;  // from the first act to the last, at most
  double mean = 0;
  // The true mean is not farther from it: a bound, no standard error.
  double error = 0;
  uint64_t p50 = 0, p90 = 0, p99 = 0;
  std::vector<double> parts;  // means of equal parts of the time, in order
};

// Empty if the acts are not all there, or all at one moment.
std::optional<LevelInTime> OverTime(const LevelTrack& track,
                                    int64_t begins_with, size_t parts);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_LEVEL_IN_TIME_H_

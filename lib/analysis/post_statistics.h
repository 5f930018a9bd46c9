// What was done to objects that are waited for: acts that end waits, acts that
// took what was there, and how much was there afterwards.
//
// Memory: O(objects that were acted on), see LevelTrack and Histogram. Thread
// safety: none; the results of several threads are merged.
#ifndef LOCKCHECK_LIB_ANALYSIS_POST_STATISTICS_H_
#define LOCKCHECK_LIB_ANALYSIS_POST_STATISTICS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/histogram.h"
#include "lib/analysis/level_in_time.h"
#include "lib/analysis/level_track.h"
#include "lib/analysis/observations.h"
#include "lib/log/decode.h"

namespace lockcheck::analysis {

// How much there was after acts. Of which acts: see docs/analysis.md.
struct Level {
  uint64_t acts = 0;
  // After every so many acts; 1: after each. 0: after those that say it.
  uint64_t every = 0;
  double mean = 0;  // over all acts, or over those that say it
  uint64_t min = 0, p50 = 0, p90 = 0, p99 = 0, max = 0;
  // The means of equal parts of the acts, the first ones first; empty if only
  // some say it.
  std::vector<double> parts;
  std::optional<LevelInTime> in_time;  // if each act is known
};
inline constexpr size_t kLevelParts = 8;

struct PostUsage {
  uint64_t posts = 0;        // all but those that end no wait by their nature
  uint64_t woke_nobody = 0;  // of these: ended no wait by themselves
  // A phase's last arrival, of which its completion, another record, says so.
  uint64_t phase_ends_that_woke = 0;
  uint64_t unsaid = 0;  // of these: whether they did is not in the log
  uint64_t clears = 0;
  uint64_t takes = 0;
  uint64_t unnumbered = 0;  // acts of which the log does not say which they are
  LevelTrack track;         // as far as acts are numbered
  Histogram said;           // the levels that records say

  // `has_level`: its value counts something; see lib/model.
  void Add(const log::PostRecord& post, bool has_level);
  void Add(const log::TakeRecord& take, bool has_level);
  void AddPhaseEnd(const log::PostRecord& post);
  uint64_t WokeNobody() const;
  void Merge(const PostUsage& other);
  // `counts`: each post adds one and each take takes one away. Empty if the log
  // does not say.
  std::optional<Level> LevelOf(uint32_t begins_with, bool counts) const;

 private:
  void Track(uint32_t sequence, int32_t change);
};

using PostTable = absl::flat_hash_map<ObjectIndex, PostUsage>;

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_POST_STATISTICS_H_

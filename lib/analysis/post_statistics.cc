#include "lib/analysis/post_statistics.h"

#include <algorithm>
#include <numeric>
#include <span>

namespace lockcheck::analysis {
namespace {

// Of sorted values, which are not empty: the smallest that so many percent do
// not exceed.
uint64_t Percentile(std::span<const int64_t> sorted, uint64_t p) {
  const size_t rank = (sorted.size() * p + 99) / 100;
  return static_cast<uint64_t>(sorted[std::max<size_t>(rank, 1) - 1]);
}

std::vector<double> Parts(std::span<const int64_t> points) {
  const size_t n = std::min(kLevelParts, points.size());
  std::vector<double> parts;
  for (size_t i = 0; i < n; ++i) {
    const size_t from = i * points.size() / n, to = (i + 1) * points.size() / n;
    const int64_t sum = std::accumulate(
        points.begin() + static_cast<std::ptrdiff_t>(from),
        points.begin() + static_cast<std::ptrdiff_t>(to), int64_t{0});
    parts.push_back(static_cast<double>(sum) / static_cast<double>(to - from));
  }
  return parts;
}

std::optional<Level> FromTrack(const LevelTrack& track, uint32_t begins_with) {
  if (!track.IsWhole()) return std::nullopt;
  std::vector<int64_t> points = track.Points(begins_with);
  Level level;
  level.acts = track.acts();
  level.every = track.every();
  level.mean = track.Mean(begins_with);
  level.parts = Parts(points);
  std::sort(points.begin(), points.end());
  // Then some act is not what it is taken for.
  if (points.front() < 0) return std::nullopt;
  level.min = static_cast<uint64_t>(points.front());
  level.p50 = Percentile(points, 50);
  level.p90 = Percentile(points, 90);
  level.p99 = Percentile(points, 99);
  level.max = static_cast<uint64_t>(points.back());
  level.in_time = OverTime(track, begins_with, kLevelParts);
  return level;
}

std::optional<Level> FromSaid(const Histogram& said) {
  if (said.count() == 0) return std::nullopt;
  Level level;
  level.acts = said.count();
  level.mean = said.mean();
  level.min = said.min();
  level.p50 = said.Percentile(50);
  level.p90 = said.Percentile(90);
  level.p99 = said.Percentile(99);
  level.max = said.max();
  return level;
}

}  // namespace

void PostUsage::Track(uint32_t sequence, int32_t change) {
  if (sequence == 0) {
    ++unnumbered;
  } else {
    track.Add(sequence, change);
  }
}

void PostUsage::Add(const log::PostRecord& post, bool has_level) {
  if (post.post == model::Post::kClear) {
    ++clears;
  } else {
    ++posts;
    if (!post.short_note && post.next_ticket == 0) {
      ++unsaid;
    } else if (post.count == 0) {
      ++woke_nobody;
    }
  }
  // To close changes nothing.
  if (!has_level || post.post == model::Post::kClose) return;
  if (post.post != model::Post::kClear) Track(post.sequence, 1);
  const bool says_it =
      !post.short_note && (post.next_ticket != 0 || post.sequence != 0);
  if (says_it) said.Add(post.value);
}

void PostUsage::Add(const log::TakeRecord& take, bool has_level) {
  ++takes;
  if (!has_level) return;
  Track(take.sequence, -1);
  if (!take.short_note && take.sequence != 0) said.Add(take.value);
}

void PostUsage::AddPhaseEnd(const log::PostRecord& post) {
  if (post.count != 0) ++phase_ends_that_woke;
}

uint64_t PostUsage::WokeNobody() const {
  return woke_nobody - std::min(woke_nobody, phase_ends_that_woke);
}

void PostUsage::Merge(const PostUsage& other) {
  posts += other.posts;
  woke_nobody += other.woke_nobody;
  phase_ends_that_woke += other.phase_ends_that_woke;
  unsaid += other.unsaid;
  clears += other.clears;
  takes += other.takes;
  unnumbered += other.unnumbered;
  track.Merge(other.track);
  said.Merge(other.said);
}

std::optional<Level> PostUsage::LevelOf(uint32_t begins_with,
                                        bool counts) const {
  std::optional<Level> level;
  if (counts && unnumbered == 0) level = FromTrack(track, begins_with);
  if (!level) return FromSaid(said);
  if (level->every > 1 && said.count() != 0) {  // may lie between the points
    level->min = std::min(level->min, said.min());
    level->max = std::max(level->max, said.max());
  }
  return level;
}

}  // namespace lockcheck::analysis

#include "lib/analysis/level_track.h"

#include <algorithm>

namespace lockcheck::analysis {

void LevelTrack::Halve() {
  ++shift_;
  for (size_t i = 0; 2 * i < changes_.size(); ++i) {
    const size_t second = 2 * i + 1;
    changes_[i] =
        changes_[2 * i] + (second < changes_.size() ? changes_[second] : 0);
  }
  changes_.resize((changes_.size() + 1) / 2);
}

void LevelTrack::Add(uint32_t sequence, int32_t change) {
  if (sequence == 0) return;
  while ((sequence - 1) >> shift_ >= kMostPoints) Halve();
  const size_t bucket = (sequence - 1) >> shift_;
  if (bucket >= changes_.size()) changes_.resize(bucket + 1);
  changes_[bucket] += change;
  ++acts_;
  last_ = std::max(last_, sequence);
  weighted_ += static_cast<__int128>(change) * sequence;
}

void LevelTrack::Merge(const LevelTrack& other) {
  while (shift_ < other.shift_) Halve();
  const unsigned finer = shift_ - other.shift_;
  for (size_t i = 0; i < other.changes_.size(); ++i) {
    const size_t bucket = i >> finer;
    if (bucket >= changes_.size()) changes_.resize(bucket + 1);
    changes_[bucket] += other.changes_[i];
  }
  acts_ += other.acts_;
  last_ = std::max(last_, other.last_);
  weighted_ += other.weighted_;
}

// The sum of all levels has each change as often as there are acts from its own
// to the last one.
double LevelTrack::Mean(int64_t begins_with) const {
  if (acts_ == 0) return 0;
  __int128 changes = 0;
  for (const int64_t change : changes_) changes += change;
  const __int128 sum = changes * (static_cast<__int128>(last_) + 1) - weighted_;
  return static_cast<double>(begins_with) +
         static_cast<double>(sum) / static_cast<double>(last_);
}

std::vector<int64_t> LevelTrack::Points(int64_t begins_with) const {
  std::vector<int64_t> points;
  points.reserve(changes_.size());
  int64_t level = begins_with;
  for (const int64_t change : changes_) points.push_back(level += change);
  return points;
}

}  // namespace lockcheck::analysis

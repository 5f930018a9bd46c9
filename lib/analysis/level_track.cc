#include "lib/analysis/level_track.h"

#include <algorithm>

namespace lockcheck::analysis {

namespace {

LevelTrack::Moment Both(const LevelTrack::Moment& a,
                        const LevelTrack::Moment& b) {
  return {std::max(a.least, b.least), std::min(a.most, b.most)};
}

}  // namespace

void LevelTrack::Halve() {
  ++shift_;
  for (size_t i = 0; 2 * i < changes_.size(); ++i) {
    const size_t second = 2 * i + 1;
    changes_[i] = changes_[2 * i];
    bounds_[i] = bounds_[2 * i];
    if (second >= changes_.size()) continue;
    changes_[i] += changes_[second];
    bounds_[i] = Both(bounds_[i], bounds_[second]);
  }
  changes_.resize((changes_.size() + 1) / 2);
  bounds_.resize(changes_.size());
}

size_t LevelTrack::BucketOf(uint32_t sequence) {
  while ((sequence - 1) >> shift_ >= kMostPoints) Halve();
  const size_t bucket = (sequence - 1) >> shift_;
  if (bucket >= changes_.size()) {
    changes_.resize(bucket + 1);
    bounds_.resize(bucket + 1);
  }
  return bucket;
}

void LevelTrack::NotBefore(uint32_t sequence, uint64_t ticks) {
  if (sequence == 0) return;
  Moment& bound = bounds_[BucketOf(sequence)];
  bound.least = std::max(bound.least, ticks);
  begin_ = std::min(begin_, ticks);
}

void LevelTrack::NotAfter(uint32_t sequence, uint64_t ticks) {
  if (sequence == 0) return;
  Moment& bound = bounds_[BucketOf(sequence)];
  bound.most = std::min(bound.most, ticks);
  end_ = std::max(end_, ticks);
}

void LevelTrack::Add(uint32_t sequence, int32_t change) {
  if (sequence == 0) return;
  changes_[BucketOf(sequence)] += change;
  ++acts_;
  last_ = std::max(last_, sequence);
  weighted_ += static_cast<__int128>(change) * sequence;
}

void LevelTrack::Merge(const LevelTrack& other) {
  while (shift_ < other.shift_) Halve();
  const unsigned finer = shift_ - other.shift_;
  for (size_t i = 0; i < other.changes_.size(); ++i) {
    const size_t bucket = i >> finer;
    if (bucket >= changes_.size()) {
      changes_.resize(bucket + 1);
      bounds_.resize(bucket + 1);
    }
    changes_[bucket] += other.changes_[i];
    bounds_[bucket] = Both(bounds_[bucket], other.bounds_[i]);
  }
  acts_ += other.acts_;
  begin_ = std::min(begin_, other.begin_);
  end_ = std::max(end_, other.end_);
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

std::vector<LevelTrack::Moment> LevelTrack::Moments() const {
  std::vector<Moment> moments = bounds_;
  for (size_t i = 1; i < moments.size(); ++i) {
    moments[i].least = std::max(moments[i].least, moments[i - 1].least);
  }
  // What bounds a bucket's own acts need not be after its last one.
  uint64_t most = UINT64_MAX;
  for (size_t i = moments.size(); i-- > 0;) {
    const uint64_t own = moments[i].most;
    if (every() > 1) moments[i].most = most;
    most = std::min(most, own);
    if (every() == 1) moments[i].most = most;
  }
  return moments;
}

}  // namespace lockcheck::analysis

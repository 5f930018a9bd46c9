// How much an object had (items, room, permits) after each of the acts on it.
//
// Problem: the acts of one object stand in the streams of many actors, and most
// of their records do not say what was there afterwards. But all of them have a
// number: level(n) is what it began with plus all changes up to act n. Streams
// are read in any order, so changes are summed up in buckets of equally many
// acts, and the sums of the buckets up to the n-th are the level after the last
// act of the n-th, exactly. When the buckets do not suffice, each two become
// one.
//
// Cost: an addition an act. Memory: kMostPoints numbers, fewer if there were
// fewer acts. Thread safety: none; Merge() tracks of several.
#ifndef LOCKCHECK_LIB_ANALYSIS_LEVEL_TRACK_H_
#define LOCKCHECK_LIB_ANALYSIS_LEVEL_TRACK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lockcheck::analysis {

class LevelTrack {
 public:
  static constexpr size_t kMostPoints = 1024;
  // Act `sequence`, from 1 on, changed the level by that much.
  void Add(uint32_t sequence, int32_t change);
  void Merge(const LevelTrack& other);

  uint64_t acts() const { return acts_; }
  // Acts to a bucket, a power of two: 1 as long as they suffice.
  uint64_t every() const { return uint64_t{1} << shift_; }
  // Every act from the first to the last was added, as far as their number
  // tells. If not, the following mean nothing.
  bool IsWhole() const { return acts_ != 0 && acts_ == last_; }
  // Over all acts, exactly.
  double Mean(int64_t begins_with) const;
  // The level after each bucket's last act, in the order of the acts.
  std::vector<int64_t> Points(int64_t begins_with) const;

 private:
  void Halve();

  uint64_t acts_ = 0;
  uint32_t last_ = 0;  // the largest sequence
  unsigned shift_ = 0;
  std::vector<int64_t> changes_;  // by bucket: (sequence - 1) >> shift_
  __int128 weighted_ = 0;         // sum of change * sequence
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_LEVEL_TRACK_H_

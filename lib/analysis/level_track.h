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
// When an act was is not in its record. But each lies between two stamps of its
// stream, and all are in the order of their numbers: no act was before one with
// a smaller number, nor after one with a larger one.
//
// Cost: an addition an act. Memory: kMostPoints times three numbers, fewer if
// there were fewer acts. Thread safety: none; Merge() tracks of several.
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
  // That act, which was added, was not before, or not after, that moment.
  void NotBefore(uint32_t sequence, uint64_t ticks);
  void NotAfter(uint32_t sequence, uint64_t ticks);
  void Merge(const LevelTrack& other);

  uint64_t acts() const { return acts_; }
  // The earliest and the latest moment that bounds an act, in ticks.
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }
  // Acts to a bucket, a power of two: 1 as long as they suffice.
  uint64_t every() const { return uint64_t{1} << shift_; }
  // Every act from the first to the last was added, as far as their number
  // tells. If not, the following mean nothing.
  bool IsWhole() const { return acts_ != 0 && acts_ == last_; }
  // Over all acts, exactly.
  double Mean(int64_t begins_with) const;
  // The level after each bucket's last act, in the order of the acts.
  std::vector<int64_t> Points(int64_t begins_with) const;
  struct Moment {
    uint64_t least = 0, most = UINT64_MAX;  // ticks
  };
  // When each bucket's last act was.
  std::vector<Moment> Moments() const;

 private:
  void Halve();
  // Makes room for it.
  size_t BucketOf(uint32_t sequence);

  uint64_t acts_ = 0;
  uint32_t last_ = 0;  // the largest sequence
  uint64_t begin_ = UINT64_MAX, end_ = 0;
  unsigned shift_ = 0;
  std::vector<int64_t> changes_;  // by bucket: (sequence - 1) >> shift_
  // By bucket: the latest moment that an act in it was not before, the earliest
  // one that an act in it was not after.
  std::vector<Moment> bounds_;
  __int128 weighted_ = 0;  // sum of change * sequence
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_LEVEL_TRACK_H_

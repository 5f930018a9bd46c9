// How many actors waited for one object at one time, at most.
//
// Problem: waits of different actors are seen in different streams, in any
// order, and there may be millions. Each piece of a stream keeps its waits as
// intervals by object; over a bound, the shortest gaps between waits of the
// same actor are closed, until half of the intervals are left. So the answer is
// exact below the bound and never too small above it.
//
// Memory: at most kMaxIntervals (16 bytes each), or one an object if there are
// more objects than that. Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_WAIT_OVERLAP_H_
#define LOCKCHECK_LIB_ANALYSIS_WAIT_OVERLAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

struct WaitInterval {
  uint64_t begin = 0, end = 0;  // ticks
};

// The waits of one actor. Add() in program order.
class WaitIntervals {
 public:
  static constexpr size_t kMaxIntervals = 16 * 1024;
  void Add(log::ObjectIndex object, uint64_t begin, uint64_t end);
  // Takes from `other`, later waits of the same or waits of another actor.
  void Append(const WaitIntervals& other);

  const absl::flat_hash_map<log::ObjectIndex, std::vector<WaitInterval>>&
  by_object() const {
    return by_object_;
  }

 private:
  void CloseShortGaps();
  absl::flat_hash_map<log::ObjectIndex, std::vector<WaitInterval>> by_object_;
  size_t size_ = 0;
  size_t bound_ = kMaxIntervals;
};

// Largest number of intervals that share an instant. Those that only touch do
// not; an empty interval counts at its instant.
uint32_t MostOverlapping(const std::vector<WaitInterval>& intervals);

// The same instants in ascending intervals that do not touch.
std::vector<WaitInterval> Union(std::vector<WaitInterval> intervals);
// Each up to where the first one of `ends`, in ascending order, begins in it.
std::vector<WaitInterval> EndedBy(std::vector<WaitInterval> intervals,
                                  const std::vector<WaitInterval>& ends);
// What is left of [begin, end] without them. Of what Union() gave.
std::vector<WaitInterval> Without(const std::vector<WaitInterval>& intervals,
                                  uint64_t begin, uint64_t end);
// Of what Union() gave.
uint64_t TotalTicks(const std::vector<WaitInterval>& intervals);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_WAIT_OVERLAP_H_

// Sums and histograms of durations, or of other whole numbers.
//
// Thread safety: none; those of several threads are merged.
#ifndef LOCKCHECK_LIB_ANALYSIS_HISTOGRAM_H_
#define LOCKCHECK_LIB_ANALYSIS_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lockcheck::analysis {

// Count, sum and sum of squares of durations in ns. The sums are exact, so that
// adding is associative and what was added can be taken out again.
struct Moments {
  uint64_t count = 0;
  unsigned __int128 total = 0, squares = 0;

  void Add(uint64_t ns, uint64_t weight = 1);
  Moments& operator+=(const Moments& other);
  Moments& operator-=(const Moments& part);  // `part` was added before
  double mean() const;                       // ns, 0 if empty
  double variance() const;                   // of the values, ns^2
  double sample_variance() const;  // of what they are a sample of; 0 of one
};

// Log-linear histogram of durations in ns: 8 buckets per power of two, so a
// percentile is within 1/16 of the true value. Merging adds. 496 buckets cover
// all of uint64_t; memory is taken only for the span between the smallest and
// the largest value added, as there is one histogram for every object.
class Histogram {
 public:
  static constexpr size_t kBuckets = 496;
  void Add(uint64_t ns, uint64_t weight = 1);
  void Merge(const Histogram& other);
  const Moments& moments() const { return moments_; }
  uint64_t count() const { return moments_.count; }
  double total() const;  // ns
  double mean() const { return moments_.mean(); }
  uint64_t max() const { return max_; }  // ns, exact
  uint64_t min() const { return count() == 0 ? 0 : min_; }
  // p in [0, 100]; never below the minimum or above the maximum.
  uint64_t Percentile(double p) const;

 private:
  void Cover(size_t first, size_t last);

  std::vector<uint32_t> buckets_;  // bucket first_ and those above it; stay at
                                   // their largest value
  size_t first_ = 0;
  uint64_t min_ = UINT64_MAX, max_ = 0;
  Moments moments_;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_HISTOGRAM_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "lib/analysis/statistics.h"
#include "tests/rounds.h"

namespace lockcheck::analysis {
namespace {

// What a histogram approximates, kept exactly.
class Values {
 public:
  void Add(uint64_t v) { values_.push_back(v); }
  uint64_t Percentile(double p) {
    std::sort(values_.begin(), values_.end());
    const auto rank = static_cast<size_t>(
        std::ceil(p / 100 * static_cast<double>(values_.size())));
    return values_[std::max<size_t>(rank, 1) - 1];
  }
  const std::vector<uint64_t>& all() const { return values_; }

 private:
  std::vector<uint64_t> values_;
};

uint64_t AnyDuration(std::mt19937_64& random) {
  return random() >> random() % 64;  // every power of two alike
}

void ExpectSame(const Histogram& a, const Histogram& b) {
  EXPECT_EQ(a.count(), b.count());
  EXPECT_EQ(a.total(), b.total());
  EXPECT_EQ(a.max(), b.max());
  EXPECT_EQ(a.moments().variance(), b.moments().variance());
  for (double p = 0; p <= 100; p += 0.5) {
    EXPECT_EQ(a.Percentile(p), b.Percentile(p)) << p;
  }
}

TEST(HistogramTest, OfNothingIsZero) {
  const Histogram h;
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.total(), 0);
  EXPECT_EQ(h.mean(), 0);
  EXPECT_EQ(h.moments().variance(), 0);
  EXPECT_EQ(h.max(), 0u);
  EXPECT_EQ(h.Percentile(50), 0u);
}

TEST(HistogramTest, IsExactBelowSixteen) {
  Histogram h;
  for (uint64_t v = 1; v < 16; ++v) h.Add(v);
  EXPECT_EQ(h.Percentile(0), 1u);
  EXPECT_EQ(h.Percentile(50), 8u);
  EXPECT_EQ(h.Percentile(100), 15u);
}

TEST(HistogramTest, GivesPercentilesWithinASixteenth) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  Histogram h;
  Values values;
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t v = AnyDuration(random);
    h.Add(v);
    values.Add(v);
  }
  for (double p : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto exact = static_cast<double>(values.Percentile(p));
    EXPECT_NEAR(static_cast<double>(h.Percentile(p)), exact, exact / 16) << p;
    EXPECT_LE(h.Percentile(p), h.max());
  }
}

TEST(HistogramTest, NoPercentileLiesOutsideWhatWasAdded) {
  Histogram one;
  one.Add(50'000'017);
  for (double p : {0.0, 50.0, 99.0, 100.0}) {
    EXPECT_EQ(one.Percentile(p), 50'000'017u);
  }
  Histogram other;
  other.Add(50'000'016);
  one.Merge(other);
  for (double p : {0.0, 50.0, 99.0, 100.0}) {
    EXPECT_GE(one.Percentile(p), 50'000'016u);
    EXPECT_LE(one.Percentile(p), one.max());
  }
}

TEST(HistogramTest, KeepsCountTotalMeanVarianceAndMaximumExactly) {
  Histogram h;
  for (uint64_t v : {1'000'000'000u, 1'000'000'010u, 1'000'000'020u}) h.Add(v);
  EXPECT_EQ(h.count(), 3u);
  EXPECT_EQ(h.total(), 3'000'000'030.0);
  EXPECT_EQ(h.mean(), 1'000'000'010.0);
  EXPECT_NEAR(h.moments().variance(), 200.0 / 3,
              300);  // of 10^18: double's last digits
  EXPECT_EQ(h.max(), 1'000'000'020u);
}

TEST(HistogramTest, CountsAValueOfSomeWeightAsThatManyValues) {
  Histogram weighted, repeated;
  weighted.Add(700, 5);
  weighted.Add(3, 2);
  for (int i = 0; i < 5; ++i) repeated.Add(700);
  for (int i = 0; i < 2; ++i) repeated.Add(3);
  ExpectSame(weighted, repeated);
}

TEST(HistogramTest, TakesTheSmallestAndTheLargestValue) {
  Histogram h;
  h.Add(0);
  h.Add(UINT64_MAX);
  EXPECT_EQ(h.Percentile(50), 0u);
  EXPECT_GE(h.Percentile(100), UINT64_MAX / 16 * 15);
  EXPECT_EQ(h.max(), UINT64_MAX);
}

TEST(HistogramTest, TheSumOfTheLargestValuesDoesNotWrap) {
  Histogram h;
  h.Add(UINT64_MAX);
  h.Add(UINT64_MAX);
  EXPECT_EQ(h.mean(), static_cast<double>(UINT64_MAX));
}

TEST(HistogramTest, MergedIsTheSameAsAddedToOne) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < tests::Rounds(50); ++round) {
    Histogram all;
    std::vector<Histogram> parts(4);
    for (uint64_t n = random() % 200; n > 0; --n) {
      const uint64_t v = AnyDuration(random) >> 24;
      all.Add(v);
      parts[random() % parts.size()].Add(v);
    }
    Histogram merged;
    std::shuffle(parts.begin(), parts.end(), random);
    for (const Histogram& part : parts) merged.Merge(part);
    ExpectSame(all, merged);
  }
}

}  // namespace
}  // namespace lockcheck::analysis

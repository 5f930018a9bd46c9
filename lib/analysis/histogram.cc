#include "lib/analysis/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lockcheck::analysis {
namespace {

// Values below 8 have a bucket each; above, the three bits after the leading
// one say which eighth of the power of two.
size_t BucketOf(uint64_t ns) {
  if (ns < 8) return ns;
  const auto exponent = static_cast<size_t>(std::bit_width(ns)) - 4;
  return exponent * 8 + (ns >> exponent);
}

// The middle of the bucket: at most 1/16 from any value in it.
uint64_t ValueOf(size_t bucket) {
  if (bucket < 16) return bucket;
  const size_t exponent = bucket / 8 - 1;
  const uint64_t low = static_cast<uint64_t>(8 + bucket % 8) << exponent;
  return low + (uint64_t{1} << exponent) / 2;
}

void AddTo(uint32_t& bucket, uint64_t weight) {
  bucket = static_cast<uint32_t>(std::min<uint64_t>(
      bucket + std::min<uint64_t>(weight, UINT32_MAX), UINT32_MAX));
}

}  // namespace

void Moments::Add(uint64_t ns, uint64_t weight) {
  const unsigned __int128 wide = ns;
  count += weight;
  total += wide * weight;
  squares += wide * wide * weight;
}

Moments& Moments::operator+=(const Moments& other) {
  count += other.count;
  total += other.total;
  squares += other.squares;
  return *this;
}

Moments& Moments::operator-=(const Moments& part) {
  count -= part.count;
  total -= part.total;
  squares -= part.squares;
  return *this;
}

double Moments::mean() const {
  return count == 0 ? 0
                    : static_cast<double>(total) / static_cast<double>(count);
}

double Moments::variance() const {
  if (count == 0) return 0;
  const double m = mean();
  return std::max(
      0.0, static_cast<double>(squares) / static_cast<double>(count) - m * m);
}

double Moments::sample_variance() const {
  if (count < 2) return 0;
  const auto n = static_cast<double>(count);
  return variance() * n / (n - 1);
}

void Histogram::Cover(size_t first, size_t last) {
  if (buckets_.empty()) {
    first_ = first;
    buckets_.resize(last - first + 1);
    return;
  }
  if (first < first_) {
    buckets_.insert(buckets_.begin(), first_ - first, 0);
    first_ = first;
  }
  if (last >= first_ + buckets_.size()) buckets_.resize(last - first_ + 1);
}

void Histogram::Add(uint64_t ns, uint64_t weight) {
  if (weight == 0) return;
  const size_t bucket = BucketOf(ns);
  if (bucket - first_ >= buckets_.size()) Cover(bucket, bucket);
  AddTo(buckets_[bucket - first_], weight);
  min_ = std::min(min_, ns);
  max_ = std::max(max_, ns);
  moments_.Add(ns, weight);
}

void Histogram::Merge(const Histogram& other) {
  if (other.count() == 0) return;
  Cover(other.first_, other.first_ + other.buckets_.size() - 1);
  for (size_t i = 0; i < other.buckets_.size(); ++i) {
    AddTo(buckets_[other.first_ - first_ + i], other.buckets_[i]);
  }
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  moments_ += other.moments_;
}

double Histogram::total() const { return static_cast<double>(moments_.total); }

uint64_t Histogram::Percentile(double p) const {
  if (count() == 0) return 0;
  const double rank =
      std::ceil(std::clamp(p, 0.0, 100.0) / 100 * static_cast<double>(count()));
  const auto wanted = std::max<uint64_t>(1, static_cast<uint64_t>(rank));
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::clamp(ValueOf(first_ + i), min_, max_);
  }
  return max_;
}

}  // namespace lockcheck::analysis

#include "lib/symbolize/range_map.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

namespace lockcheck::symbolize {
namespace {

constexpr uint64_t kEnd = 400;
constexpr int64_t kNobody = -1;

// Adds random nested ranges, outer before inner, and remembers the innermost
// one of every address.
class Model {
 public:
  explicit Model(unsigned seed) : random_(seed), innermost_(kEnd, kNobody) {
    Nest(0, kEnd, 0);
    map_.Build();
  }

  const RangeMap& map() const { return map_; }
  int64_t At(uint64_t address) const { return innermost_[address]; }

 private:
  void Nest(uint64_t low, uint64_t high, int depth) {
    uint64_t at = low;
    while (at < high && depth < 5) {
      const uint64_t from = at + random_() % (high - at);
      const uint64_t to = from + random_() % (high - from + 1);
      at = to + 1;
      map_.Add(from, to, next_);
      for (uint64_t i = from; i < to; ++i) innermost_[i] = next_;
      ++next_;
      if (from < to) Nest(from, to, depth + 1);
    }
  }

  std::mt19937 random_;
  RangeMap map_;
  std::vector<int64_t> innermost_;
  uint32_t next_ = 0;
};

TEST(RangeMap, FindsTheInnermostRangeAtEveryAddress) {
  const unsigned first = std::random_device()();
  for (unsigned seed = first; seed < first + 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Model model(seed);
    for (uint64_t address = 0; address < kEnd; ++address) {
      const RangeMap::Range* found = model.map().Find(address);
      ASSERT_EQ(found == nullptr ? kNobody : int64_t{found->value},
                model.At(address))
          << "address " << address;
    }
  }
}

TEST(RangeMap, GivesOneOfTheRangesWhereTheyOverlapWithoutNesting) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<RangeMap::Range> ranges;
  RangeMap map;
  for (uint32_t i = 0; i < 100; ++i) {
    ranges.push_back({random() % kEnd, random() % kEnd, i});
    map.Add(ranges[i].low, ranges[i].high, i);
  }
  map.Build();
  for (uint64_t address = 0; address < kEnd; ++address) {
    const RangeMap::Range* found = map.Find(address);
    if (found == nullptr) continue;
    EXPECT_LE(ranges[found->value].low, address);
    EXPECT_LT(address, ranges[found->value].high);
  }
}

TEST(RangeMap, IsEmptyWithoutRanges) {
  RangeMap map;
  map.Add(5, 5, 1);
  map.Add(7, 3, 2);
  map.Build();
  EXPECT_EQ(map.size(), 0u);
  EXPECT_EQ(map.Find(5), nullptr);
}

}  // namespace
}  // namespace lockcheck::symbolize

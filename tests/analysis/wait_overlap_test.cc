#include "lib/analysis/wait_overlap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/rounds.h"

namespace lockcheck::analysis {
namespace {

constexpr log::ObjectIndex kLock = 7;

uint32_t Most(const WaitIntervals& waits) {
  const auto found = waits.by_object().find(kLock);
  return found == waits.by_object().end() ? 0 : MostOverlapping(found->second);
}

// Counts at every instant at which a wait begins.
uint32_t MostByCounting(const std::vector<WaitInterval>& waits) {
  uint32_t most = 0;
  for (const WaitInterval& at : waits) {
    uint32_t here = 0;
    for (const WaitInterval& w : waits) {
      here += w.begin <= at.begin && at.begin < std::max(w.end, w.begin + 1);
    }
    most = std::max(most, here);
  }
  return most;
}

TEST(WaitOverlapTest, OfNoWaitsIsNone) { EXPECT_EQ(MostOverlapping({}), 0u); }

TEST(WaitOverlapTest, CountsWaitsThatShareAnInstant) {
  EXPECT_EQ(MostOverlapping({{10, 20}, {15, 30}, {19, 21}, {25, 40}}), 3u);
}

TEST(WaitOverlapTest, CountsWaitsThatOnlyTouchOnce) {
  EXPECT_EQ(MostOverlapping({{10, 20}, {20, 30}, {30, 40}}), 1u);
}

TEST(WaitOverlapTest, CountsAWaitOfNoLength) {
  EXPECT_EQ(MostOverlapping({{10, 10}}), 1u);
}

TEST(WaitOverlapTest, SurvivesStampsAtTheEndOfTime) {
  EXPECT_LE(MostOverlapping({{UINT64_MAX, UINT64_MAX}, {UINT64_MAX, 3}}), 2u);
}

TEST(WaitOverlapTest, UnionHasEveryInstantOnce) {
  const auto all = Union({{30, 40}, {10, 20}, {15, 25}, {25, 26}, {50, 50}});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].begin, 10u);
  EXPECT_EQ(all[0].end, 26u);
  EXPECT_EQ(all[1].begin, 30u);
  EXPECT_EQ(TotalTicks(all), 26u);
  EXPECT_TRUE(Union({}).empty());
}

TEST(WaitOverlapTest, AgreesWithCounting) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < tests::Rounds(200); ++round) {
    std::vector<WaitInterval> waits;
    for (uint64_t n = random() % 30; n > 0; --n) {
      const uint64_t begin = random() % 100;
      waits.push_back({begin, begin + random() % 20});
    }
    EXPECT_EQ(MostOverlapping(waits), MostByCounting(waits));
  }
}

TEST(WaitOverlapTest, OverItsBoundIsNeverTooSmall) {
  WaitIntervals all;
  for (uint64_t actor = 0; actor < 3; ++actor) {
    WaitIntervals mine;
    // All three wait at once, once, among very many waits one at a time.
    for (uint64_t i = 0; i < 2 * WaitIntervals::kMaxIntervals; ++i) {
      const uint64_t begin = i == 1000 ? 1'000'000 : 1000 * i + 300 * actor;
      mine.Add(kLock, begin, begin + 100);
    }
    EXPECT_LE(mine.by_object().at(kLock).size(), WaitIntervals::kMaxIntervals);
    all.Append(mine);
  }
  EXPECT_EQ(Most(all), 3u);
}

TEST(WaitOverlapTest, OverItsBoundDoesNotAddUpWaitsThatAreFarApart) {
  WaitIntervals all;
  for (uint64_t actor = 0; actor < 3; ++actor) {
    WaitIntervals mine;
    // The actors take turns of a million ticks.
    for (uint64_t i = 0; i < 2 * WaitIntervals::kMaxIntervals; ++i) {
      const uint64_t begin =
          (i / 10'000 * 3 + actor) * 10'000'000 + i % 10'000 * 100;
      mine.Add(kLock, begin, begin + 10);
    }
    all.Append(mine);
  }
  EXPECT_EQ(Most(all), 1u);
}

TEST(WaitOverlapTest, KeepsAtLeastOneWaitOfEveryObject) {
  WaitIntervals waits;
  for (uint32_t o = 0; o < 3 * WaitIntervals::kMaxIntervals; ++o) {
    waits.Add(o, o, o + 5);
  }
  EXPECT_EQ(waits.by_object().size(), 3 * WaitIntervals::kMaxIntervals);
}

}  // namespace
}  // namespace lockcheck::analysis

#include "lib/analysis/level_track.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "lib/analysis/level_in_time.h"
#include "tests/rounds.h"

namespace lockcheck::analysis {
namespace {

using ::testing::ElementsAre;

// Acts 1, 2, ... in this order.
LevelTrack TrackOf(const std::vector<int32_t>& changes) {
  LevelTrack track;
  uint32_t sequence = 0;
  for (const int32_t change : changes) track.Add(++sequence, change);
  return track;
}

TEST(LevelTrackTest, OfNoActsIsNotWhole) {
  EXPECT_FALSE(LevelTrack().IsWhole());
  EXPECT_TRUE(LevelTrack().Points(7).empty());
}

TEST(LevelTrackTest, HasTheLevelAfterEachAct) {
  const LevelTrack track = TrackOf({+1, +1, -1, +1});
  EXPECT_TRUE(track.IsWhole());
  EXPECT_EQ(track.every(), 1u);
  EXPECT_THAT(track.Points(3), ElementsAre(4, 5, 4, 5));
  EXPECT_DOUBLE_EQ(track.Mean(3), 4.5);
}

TEST(LevelTrackTest, ActsMayComeInAnyOrder) {
  LevelTrack track;
  track.Add(3, -1);
  track.Add(1, +1);
  EXPECT_FALSE(track.IsWhole());
  track.Add(2, +1);
  EXPECT_TRUE(track.IsWhole());
  EXPECT_THAT(track.Points(0), ElementsAre(1, 2, 1));
  EXPECT_DOUBLE_EQ(track.Mean(0), 4.0 / 3);
}

TEST(LevelTrackTest, AnActThatIsMissingIsNoticed) {
  LevelTrack track;
  track.Add(1, +1);
  track.Add(3, -1);
  EXPECT_FALSE(track.IsWhole());
}

TEST(LevelTrackTest, AnActWithoutANumberIsNone) {
  LevelTrack track;
  track.Add(0, +1);
  EXPECT_EQ(track.acts(), 0u);
}

TEST(LevelTrackTest, ManyActsLeaveFewPoints) {
  std::vector<int32_t> changes(5000, +1);
  const LevelTrack track = TrackOf(changes);
  EXPECT_EQ(track.every(), 8u);
  const std::vector<int64_t> points = track.Points(0);
  ASSERT_EQ(points.size(), 625u);
  EXPECT_EQ(points[0], 8);
  EXPECT_EQ(points[624], 5000);
  EXPECT_DOUBLE_EQ(track.Mean(0), 2500.5);
}

TEST(LevelTrackTest, SurvivesTheLargestNumber) {
  LevelTrack track;
  track.Add(UINT32_MAX, +1);
  EXPECT_FALSE(track.IsWhole());
  EXPECT_LE(track.Points(0).size(), LevelTrack::kMostPoints);
}

// Whoever read which acts, in whatever order, the points are the levels.
TEST(LevelTrackTest, AgreesWithAddingUpWhoeverReadTheActs) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < tests::Rounds(100); ++round) {
    const size_t acts = 1 + random() % (round % 2 == 0 ? 50 : 9000);
    std::vector<int64_t> levels;
    std::vector<LevelTrack> readers(1 + random() % 4);
    const int64_t begins_with = static_cast<int64_t>(random() % 100);
    int64_t level = begins_with;
    for (uint32_t sequence = 1; sequence <= acts; ++sequence) {
      const int32_t change = random() % 2 == 0 ? 1 : -1;
      readers[random() % readers.size()].Add(sequence, change);
      levels.push_back(level += change);
    }
    LevelTrack track;
    std::shuffle(readers.begin(), readers.end(), random);
    for (const LevelTrack& reader : readers) track.Merge(reader);
    ASSERT_TRUE(track.IsWhole());
    EXPECT_NEAR(track.Mean(begins_with),
                static_cast<double>(
                    std::accumulate(levels.begin(), levels.end(), int64_t{0})) /
                    static_cast<double>(acts),
                1e-9);
    const std::vector<int64_t> points = track.Points(begins_with);
    ASSERT_EQ(points.size(), (acts + track.every() - 1) / track.every());
    for (size_t i = 0; i < points.size(); ++i) {
      const size_t last = std::min<size_t>((i + 1) * track.every(), acts);
      ASSERT_EQ(points[i], levels[last - 1]) << i;
    }
  }
}

// Acts at random times, each between two stamps of its actor.
TEST(LevelInTimeTest, TheTrueMeanIsWithinTheError) {
  std::mt19937 random(7);
  for (int round = 0; round < tests::Rounds(300); ++round) {
    LevelTrack track;
    uint64_t now = 100;
    int64_t level = 5;
    std::vector<std::pair<uint64_t, int64_t>> after;  // when, how much
    const uint32_t acts = 1 + static_cast<uint32_t>(random() % 200);
    for (uint32_t i = 1; i <= acts; ++i) {
      now += random() % 20;
      const int32_t change = level > 0 && random() % 2 == 0 ? -1 : 1;
      track.Add(i, change);
      if (i == 1 || random() % 3 == 0) track.NotBefore(i, now - random() % 50);
      if (i == acts || random() % 3 == 0) {
        track.NotAfter(i, now + random() % 50);
      }
      after.emplace_back(now, level += change);
    }
    const auto found = OverTime(track, 5, 8);
    if (track.end() == track.begin()) continue;
    ASSERT_TRUE(found);
    double area = 0;
    uint64_t at = track.begin();
    int64_t there = 5;
    after.emplace_back(track.end(), 0);
    for (const auto& [when, what] : after) {
      const uint64_t until = std::max(at, std::min(when, track.end()));
      area += static_cast<double>(there) * static_cast<double>(until - at);
      at = until;
      there = what;
    }
    const double mean = area / static_cast<double>(found->ticks);
    EXPECT_NEAR(found->mean, mean, found->error + 1e-9) << "round " << round;
    EXPECT_EQ(found->parts.size(), 8u);
  }
}

}  // namespace
}  // namespace lockcheck::analysis

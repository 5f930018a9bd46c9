// How long a lock was held in all, from a few measured holds: closer than mean
// x count where sites differ, and never surer of itself than it may be.
#include "lib/analysis/hold_estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/analysis/scanned_log.h"
#include "tests/rounds.h"

namespace lockcheck::analysis {
namespace {

Moments Measured(std::initializer_list<uint64_t> durations) {
  Moments moments;
  for (const uint64_t ns : durations) moments.Add(ns);
  return moments;
}

// A site that acquires this group of locks and nothing else.
SiteShare Own(uint64_t acquisitions, const Moments& measured,
              double blocked_ns = 0) {
  return {acquisitions, blocked_ns, acquisitions, measured};
}

TEST(HoldEstimateTest, EverySiteCountsWithItsOwnMean) {
  const Moments often = Measured({50, 50, 50, 50}), rarely = Measured({5000});
  Moments all = often;
  all += rarely;
  const SiteShare shares[] = {Own(990, often), Own(10, rarely)};
  const HoldEstimate estimate = EstimateHolds(1000, all, shares);
  EXPECT_EQ(estimate.total, 990 * 50 + 10 * 5000);
  EXPECT_EQ(estimate.mean, estimate.total / 1000);
}

TEST(HoldEstimateTest, SitesOfSeveralLocksAreEstimatedTogether) {
  // At the second site other locks were measured too: its mean says nothing.
  const Moments own = Measured({100}), mixed = Measured({10, 9000});
  Moments all = own;
  all += Measured({10});
  const SiteShare shares[] = {
      Own(5, own),
      {.acquisitions = 20, .all_acquisitions = 90, .measured = mixed}};
  EXPECT_EQ(EstimateHolds(25, all, shares).total, 5 * 100 + 20 * 10);
}

TEST(HoldEstimateTest, NothingMeasuredIsNoEstimate) {
  const HoldEstimate estimate = EstimateHolds(100, {}, {});
  EXPECT_EQ(estimate.total, 0);
  EXPECT_EQ(estimate.error, 0);
}

TEST(HoldEstimateTest, WhatWasMeasuredWhollyIsExact) {
  const HoldEstimate estimate = EstimateHolds(3, Measured({1, 50, 900}), {});
  EXPECT_EQ(estimate.total, 951);
  EXPECT_EQ(estimate.error, 0);
}

TEST(HoldEstimateTest, OneMeasuredHoldOfManyIsAsUncertainAsItIsLong) {
  const HoldEstimate estimate = EstimateHolds(1000, Measured({40}), {});
  EXPECT_EQ(estimate.total, 40'000);
  EXPECT_NEAR(estimate.error, 40, 1);
}

TEST(HoldEstimateTest, TheErrorIsTheSpreadWithinSites) {
  const Moments a = Measured({100, 100}), b = Measured({9000, 9000});
  Moments all = a;
  all += b;
  const SiteShare shares[] = {Own(500, a), Own(500, b)};
  EXPECT_EQ(EstimateHolds(1000, all, shares).error, 0);
  EXPECT_GT(EstimateHolds(1000, all, {}).error, 2000);
}

TEST(HoldEstimateTest, AnUnmeasuredSiteCountsWithWhatOthersWaitedForIt) {
  const Moments measured = Measured({50, 60, 40, 50});
  const SiteShare quiet[] = {Own(996, measured), Own(4, {})};
  EXPECT_EQ(EstimateHolds(1000, measured, quiet).total, 50'000);
  const SiteShare blocking[] = {Own(996, measured), Own(4, {}, 80e6)};
  const HoldEstimate estimate = EstimateHolds(1000, measured, blocking);
  EXPECT_EQ(estimate.total, 996 * 50 + 80e6);
  EXPECT_NEAR(estimate.error, 80e6 / 1000, 1);
}

// One lock: short holds at one site, rare and a thousand times longer ones at
// another, one in sixteen measured.
struct Population {
  double truth = 0;
  Moments all;
  std::vector<SiteShare> shares;

  explicit Population(std::mt19937_64& random) {
    const auto add_site = [&](uint64_t holds, double mean) {
      std::exponential_distribution<double> length(1 / mean);
      Moments measured;
      for (uint64_t i = 0; i < holds; ++i) {
        const auto ns = static_cast<uint64_t>(length(random)) + 1;
        truth += static_cast<double>(ns);
        if (random() % 16 == 0) measured.Add(ns);
      }
      all += measured;
      shares.push_back(Own(holds, measured));
    };
    add_site(5000, 100);
    add_site(400, 100'000);
  }
  uint64_t holds() const { return 5400; }
};

TEST(HoldEstimateTest,
     RareLongHoldsAreCloserThanMeanTimesCountAndTheErrorHolds) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  double by_site = 0, by_mean = 0, expected = 0;  // squared errors
  for (int round = 0; round < tests::Rounds(400); ++round) {
    const Population p(random);
    const HoldEstimate e = EstimateHolds(p.holds(), p.all, p.shares);
    const auto holds = static_cast<double>(p.holds());
    by_site += std::pow(e.total - p.truth, 2);
    by_mean += std::pow(p.all.mean() * holds - p.truth, 2);
    expected += std::pow(e.error * holds, 2);
  }
  EXPECT_LT(by_site, by_mean);
  EXPECT_GT(expected, by_site / 2);
  EXPECT_LT(expected, by_site * 2);
}

class ScannedHoldsTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kLock = 1, kOften = 8, kRarely = 9;
  ScannedHoldsTest() {
    b.NsPerTick(1.0).At(0).Process(1).Actor(1, log::BeginHow::kMain);
    b.Object(kLock, model::ObjectKind::kMutex)
        .Site(kOften, {})
        .Site(kRarely, {});
  }
  void Hold(uint32_t site, uint64_t ns) {
    b.Section(1, kLock, site, {.start = now_, .end = now_ + ns});
    now_ += ns;
  }
  void HoldUntimed(uint32_t site, int times) {
    for (int i = 0; i < times; ++i) b.Section(1, kLock, site);
  }

  log::testing::LogBuilder b;
  uint64_t now_ = 1000;
};

TEST_F(ScannedHoldsTest, TheTotalOfALockIsTheSumOfItsSites) {
  Hold(kOften, 10);
  Hold(kRarely, 4000);
  HoldUntimed(kOften, 97);
  HoldUntimed(kRarely, 1);
  const testing::ScannedLog log(b);
  EXPECT_EQ(log.of_object(kLock).hold_estimate_ns, 98 * 10 + 2 * 4000);
  ASSERT_EQ(log.statistics().shares.size(), 2u);
  for (const ObjectAtSite& share : log.statistics().shares) {
    EXPECT_EQ(share.acquisitions, share.site == log.site(kOften) ? 98u : 2u);
  }
}

TEST_F(ScannedHoldsTest, AHoldIsAtLeastAsLongAsOneActorWaitedForIt) {
  b.Actor(2, log::BeginHow::kForeign).Actor(3, log::BeginHow::kForeign);
  Hold(kOften, 10);
  b.At(2000).Open(1, kLock, kRarely);
  b.Block(2, kLock, kOften, 1, kRarely).At(2500);
  b.Block(3, kLock, kOften, 1, kRarely).At(9000).Unblock(2).Unblock(3);
  b.Section(2, kLock, kOften).Section(3, kLock, kOften).Close(1);
  const testing::ScannedLog log(b);
  for (const ObjectAtSite& share : log.statistics().shares) {
    EXPECT_EQ(share.blocked_ns, share.site == log.site(kRarely) ? 7000 : 0);
  }
  EXPECT_EQ(log.of_object(kLock).hold_estimate_ns, 3 * 10 + 7000);
}

}  // namespace
}  // namespace lockcheck::analysis

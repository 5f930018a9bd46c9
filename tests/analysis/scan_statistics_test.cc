// What the scan counts and measures of acquisitions and holds, for each lock,
// place and actor.
#include <gtest/gtest.h>

#include "lib/analysis/statistics.h"
#include "tests/analysis/scan_test.h"
#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {
namespace {

TEST_F(ScanTest, AcquisitionsAndHandoversAreCountedForLockSiteAndActor) {
  Start(2);
  b.Section(1, kA, kP).Section(1, kA, kP, {.handover = 4});
  b.Open(1, kB, kP, {.handover = 9}).SectionThenClose(1, kA, kQ);
  b.Section(2, kA, kP);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_object(kA).acquisitions, 4u);
  EXPECT_EQ(log.of_object(kA).owner_changes, 1u);
  EXPECT_EQ(log.of_object(kA).actors, 2u);
  EXPECT_EQ(log.of_object(kB).actors, 1u);
  EXPECT_EQ(log.of_object(kC).actors, 0u);
  EXPECT_EQ(log.of_site(kP).acquisitions, 4u);
  EXPECT_EQ(log.of_site(kP).owner_changes, 2u);
  EXPECT_EQ(log.of_actor(1).acquisitions, 4u);
  EXPECT_EQ(log.of_actor(2).acquisitions, 1u);
}

TEST_F(ScanTest, EveryRecordIsAnEventAndASectionTwo) {
  // Begin, section, open, section and close, block, unblock, section.
  b.Section(1, kA, kP).Open(1, kA, kP).SectionThenClose(1, kB, kQ);
  b.Block(1, kC, kP, 2, kQ).Unblock(1).Section(1, kC, kP);
  EXPECT_EQ(ScannedLog(b).statistics().events, 1u + 2 + 1 + 3 + 1 + 1 + 2);
}

TEST_F(ScanTest, TimedHoldsAreMeasuredAndTheOthersEstimated) {
  b.NsPerTick(2.0);
  b.Section(1, kA, kP, {.start = 100, .end = 150});
  b.Open(1, kA, kP, {.start = 200}).Section(1, kB, kQ);
  b.Close(1, 0, {.end = 350});
  b.Section(1, kA, kP).Section(1, kA, kP).NewBlock(1).At(1'000'000);
  b.NewBlock(1);
  const ScannedLog log(b);
  const ObjectUsage& a = log.of_object(kA);
  EXPECT_EQ(a.hold.count(), 2u);
  EXPECT_EQ(a.hold.total(), 400);
  EXPECT_EQ(a.hold.max(), 300u);
  EXPECT_EQ(a.hold_estimate_ns, 800);
  EXPECT_EQ(log.of_site(kP).hold.total(), 400);
  EXPECT_EQ(log.of_actor(1).hold.total(), 400);
  EXPECT_EQ(log.of_object(kB).hold.count(), 0u);
}

TEST_F(ScanTest, AnEndWithoutAStartIsNoTimedHold) {
  b.Open(1, kA, kP).Section(1, kB, kQ).SawWaiters(1, kB);
  b.Close(1, 0, {.end = 350});
  EXPECT_EQ(ScannedLog(b).of_object(kA).hold.count(), 0u);
}

TEST_F(ScanTest, ALengthIsATimedHoldWhereverItBegan) {
  b.Open(1, kA, kP, {.start = 100}).Open(1, kB, kQ);
  b.Close(1, 1, {.length = 250}).Close(1);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_object(kA).hold.total(), 250);
  EXPECT_EQ(log.of_object(kB).hold.count(), 0u);
}

TEST_F(ScanTest, WithoutAnExitTheEndedActorsGiveTheCpuTime) {
  Start(2);
  b.At(1000).End(2, 700);
  EXPECT_EQ(ScannedLog(b).statistics().cpu_ns, 700);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

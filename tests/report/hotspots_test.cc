// What a hotspot costs: the speed-up at most without it, the share of the run
// that is serial because of it, and how many actors could run at once.
#include "tests/report/hotspots_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/report/text.h"

namespace lockcheck::report::testing {
namespace {

using model::Mode;
using model::ObjectKind;
using model::Outcome;
using ::testing::HasSubstr;

// ---- The speed-up at most ----

TEST_F(HotspotsTest, TimeForWhichSeveralWaitedBoundsTheSpeedUpOnce) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  Wait(2, kA, 100, 300);
  Wait(3, kA, 200, 400);
  Wait(2, kA, 500, 600);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.wait.total, 500);
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 400);
  EXPECT_DOUBLE_EQ(usage.crowd.value(), 500.0 / 400);
  EXPECT_DOUBLE_EQ(usage.serial.value(), 0.4);  // at least: nothing was timed
  EXPECT_DOUBLE_EQ(usage.speed_up.value(), 1000.0 / 600);
}

TEST_F(HotspotsTest, AClassIsRemovedAsAWhole) {
  b_.Object(kA, ObjectKind::kMutex, "a").Object(kB, ObjectKind::kMutex, "a");
  Wait(2, kA, 100, 300);
  Wait(3, kB, 200, 400);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 300);
  EXPECT_DOUBLE_EQ(usage.speed_up.value(), 1000.0 / 700);
}

TEST_F(HotspotsTest, ALockThatNobodyWaitedForGainsNothing) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.Section(1, kA, kSite, {.start = 0, .end = 1000});
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 0);
  EXPECT_FALSE(usage.crowd);
  EXPECT_DOUBLE_EQ(usage.speed_up.value(), 1);
}

TEST_F(HotspotsTest, AWaitThatStandsLastsUpToTheEnd) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.At(600).Block(2, kA, kSite, 1, kSite);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 400);
  EXPECT_DOUBLE_EQ(usage.speed_up.value(), 1000.0 / 600);
}

TEST_F(HotspotsTest, IfSomebodyAlwaysWaitedThereIsNoBound) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.At(0).Block(2, kA, kSite, 1, kSite);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 1000);
  EXPECT_FALSE(usage.speed_up);
}

TEST_F(HotspotsTest, AsManyAsAskForALockAreNotQuickerThanAllOfThemAtOnce) {
  b_.Object(kA, ObjectKind::kMutex, "a").Section(1, kA, kSite);
  Wait(2, kA, 10, 990);
  EXPECT_DOUBLE_EQ(Class(Made(), "a").usage.speed_up.value(), 2);
}

TEST_F(HotspotsTest, OneWhoWaitsForAnotherMakesTwoWhoAsk) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  Wait(2, kA, 10, 990);
  Wait(3, kA, 10, 990);
  b_.Section(1, kA, kSite);
  EXPECT_DOUBLE_EQ(Class(Made(), "a").usage.speed_up.value(), 3);
}

TEST_F(HotspotsTest, ARunThatEndedInADeadlockHasNoSpeedUp) {
  b_.Object(kA, ObjectKind::kMutex, "a").Object(kB, ObjectKind::kMutex, "b");
  b_.Open(2, kA, kSite).Open(3, kB, kSite);
  Wait(1, kA, 100, 300);
  b_.At(400)
      .Block(2, kB, kSite, 3, kSite)
      .At(500)
      .Block(3, kA, kSite, 2, kSite);
  const Report report = Opened();
  EXPECT_EQ(Summarize(report).actual, 1u);
  EXPECT_FALSE(Class(report, "a").usage.speed_up);
  EXPECT_FALSE(Class(report, "b").usage.speed_up);
}

TEST_F(HotspotsTest, ASignalCannotBeRemoved) {
  b_.Object(kA, ObjectKind::kConditionVariable, "a");
  Wait(2, kA, 100, 300);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 200);
  EXPECT_FALSE(usage.speed_up);
  EXPECT_FALSE(usage.serial);
}

// ---- The serial share ----

TEST_F(HotspotsTest, SerialIsTheShareOfTheLockThatWasHeldForLongest) {
  b_.Note(1, log::NoteKind::kTiming, 2);
  b_.Object(kA, ObjectKind::kMutex, "a").Object(kB, ObjectKind::kMutex, "a");
  b_.Section(1, kA, kSite, {.start = 100, .end = 350});
  b_.Section(2, kB, kSite, {.start = 100, .end = 250});
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.serial.value(), 0.25);
  EXPECT_DOUBLE_EQ(usage.serial_error.value(), 0);
}

TEST_F(HotspotsTest, SampledHoldsMakeItAnEstimate) {
  // Two of three were measured: 100 and 200, so 450 +- ...
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.Section(1, kA, kSite, {.start = 100, .end = 200});
  b_.Section(1, kA, kSite, {.start = 300, .end = 500});
  b_.Section(1, kA, kSite);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_NEAR(usage.serial.value(), 0.45, 0.001);
  EXPECT_GT(usage.serial_error.value(), 0);
}

TEST_F(HotspotsTest, SamplesThatMissTheLongHoldsDoNotHideIt) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.Section(1, kA, kSite, {.start = 0, .end = 10});
  Wait(2, kA, 100, 700);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.serial.value(), 0.6);
  EXPECT_FALSE(usage.serial_error);
}

TEST_F(HotspotsTest, ItIsAtLeastTheTimeUpToTheReleaseThatSawWaiters) {
  b_.Object(kA, ObjectKind::kMutex, "a").Section(1, kA, kSite);
  b_.At(100).Block(2, kA, kSite, 1, kSite);
  b_.At(300).SawWaiters(1, kA);  // and it took 2 until 900 to be woken
  b_.At(900).Unblock(2).Section(2, kA, kSite, {.handover = 1});
  const Report report = Made();
  const UsageRow usage = Class(report, "a").usage;
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 800);
  EXPECT_DOUBLE_EQ(usage.serial.value(), 0.2);
  EXPECT_FALSE(usage.serial_error);
  EXPECT_THAT(Text(report, {}), HasSubstr(">20%"));
}

TEST_F(HotspotsTest, NorIsItHeldBeforeItsOwnerWasWoken) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.At(100).Block(2, kA, kSite, 1, 0).At(900).Unblock(2);
  EXPECT_FALSE(Class(Made(), "a").usage.serial);
}

TEST_F(HotspotsTest, AHoldBetweenAWaitAndAReleaseThatSawWaitersIsMeasured) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  Wait(2, kA, 0, 400, Outcome::kAcquired);
  b_.Section(2, kA, kSite, {.handover = 1}).At(900).SawWaiters(2, kA);
  // One of the two others was sampled.
  b_.Section(1, kA, kSite, {.start = 950, .end = 970});
  b_.Section(1, kA, kSite);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_EQ(usage.hold.n, 2u);
  EXPECT_NEAR(usage.hold.total, 500 + 2 * 20, 0.1);
  EXPECT_EQ(usage.hold.max, 20u);  // of the sample
  EXPECT_EQ(usage.hold.p50, 20u);
}

TEST_F(HotspotsTest, WhatIsBothSampledAndStampedCountsOnce) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  Wait(2, kA, 0, 400, Outcome::kAcquired);
  b_.Section(2, kA, kSite, {.start = 400, .end = 900});
  b_.At(900).SawWaiters(2, kA);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_EQ(usage.hold.n, 1u);
  EXPECT_NEAR(usage.hold.total, 500, 0.5);
  EXPECT_EQ(usage.hold.error, 0);
}

TEST_F(HotspotsTest, HoldsUnderContentionSayNothingOfTheOthers) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  Wait(2, kA, 0, 400, Outcome::kAcquired);
  b_.Open(2, kA, kSite).Close(2).At(900).SawWaiters(2, kA);
  b_.Section(1, kA, kSite).Section(1, kA, kSite);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_EQ(usage.hold.n, 0u);
  EXPECT_DOUBLE_EQ(usage.serial.value(), 0.9);  // 2 waited for 1, and held it
  EXPECT_FALSE(usage.serial_error);
}

TEST_F(HotspotsTest, SharedHoldsAreNotSerial) {
  b_.Object(kA, ObjectKind::kSharedMutex, "a");
  b_.Section(1, kA, kSite, {.start = 100, .end = 350});
  b_.Section(2, kA, kSite,
             {.mode = Mode::kShared, .handover = 0, .start = 400, .end = 500});
  EXPECT_FALSE(Class(Made(), "a").usage.serial);
}

// ---- How many could run at once ----

TEST_F(HotspotsTest, WhoWaitsCannotRun) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.At(0).JoinBlock(1, 2, kSite);
  b_.At(1).Block(2, kA, kSite, 3, kSite);
  b_.At(400).End(3).At(500).Unblock(2).At(700).End(2);
  b_.At(800).Unblock(1).Join(1, 2);
  EXPECT_EQ(Made().most_runnable, 2u);  // 2 and 3, until 1
}

TEST_F(HotspotsTest, WhoDoesNotWaitCan) {
  b_.At(900).End(2).End(3);
  EXPECT_EQ(Made().most_runnable, 3u);
}

}  // namespace
}  // namespace lockcheck::report::testing

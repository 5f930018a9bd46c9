// A wait for a notification with a lock held that somebody else waits for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/log/recording.h"
#include "tests/analysis/found_in_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using model::How;
using model::ObjectKind;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kOuter = 1, kReady = 2, kSite = 8, kOtherSite = 9;

// Actor 1 takes the outer lock and waits to be notified.
class WaitHolding : public ::testing::Test {
 protected:
  WaitHolding() {
    b_.At(0).Process(1).Actor(1, BeginHow::kMain, {.hot = true});
    b_.Object(kOuter, ObjectKind::kMutex, "outer");
    b_.Object(kReady, ObjectKind::kConditionVariable, "ready");
    b_.Actor(2, BeginHow::kForeign, {.hot = true});
    b_.Actor(3, BeginHow::kForeign, {.hot = true});
  }
  void HoldAndWait(How how = How::kBlocking) {
    b_.Open(1, kOuter, kSite);
    b_.At(10).Block(1, kReady, kSite, 0, 0, {.how = how});
  }
  void AskForOuter(uint32_t actor, How how = How::kBlocking) {
    b_.At(20).Block(actor, kOuter, kOtherSite, 1, kSite, {.how = how});
  }
  std::vector<Finding> Found(log::Liveness liveness = log::Liveness::kGone) {
    return FoundIn(b_, liveness);
  }

  log::testing::LogBuilder b_;
};

TEST_F(WaitHolding, IsAHazardIfAnotherWaitsForTheLock) {
  HoldAndWait();
  AskForOuter(2);
  AskForOuter(3);
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, Kind::kHazard);
  EXPECT_EQ(found[0].rule, Rule::kWaitHolding);
  EXPECT_EQ(found[0].verdict, std::nullopt);
  EXPECT_EQ(found[0].count, 2u);
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[0].holds[0].object, found[0].objects[0]);
  EXPECT_EQ(found[0].parts[1].wants, found[0].objects[0]);
}

class WaitHoldingFor : public WaitHolding,
                       public ::testing::WithParamInterface<ObjectKind> {};

TEST_P(WaitHoldingFor, WhatNobodyHoldsIsAHazardToo) {
  constexpr uint32_t kWaited = 3;
  b_.Object(kWaited, GetParam(), "waited for");
  b_.Open(1, kOuter, kSite);
  b_.At(10).Block(1, kWaited, kSite, 0, 0);
  AskForOuter(2);
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].rule, Rule::kWaitHolding);
}
INSTANTIATE_TEST_SUITE_P(Kinds, WaitHoldingFor,
                         ::testing::Values(ObjectKind::kSemaphore,
                                           ObjectKind::kEvent,
                                           ObjectKind::kLatch,
                                           ObjectKind::kBarrier,
                                           ObjectKind::kFuture));

TEST_F(WaitHolding, IsNothingIfNobodyWaitsForTheLock) {
  HoldAndWait();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(WaitHolding, IsNothingWhileTheProcessRuns) {
  HoldAndWait();
  AskForOuter(2);
  EXPECT_THAT(Found(log::Liveness::kRunning), IsEmpty());
  EXPECT_THAT(Found(log::Liveness::kNotKnown), SizeIs(1));
}

TEST_F(WaitHolding, IsNothingIfOneOfThemGivesUp) {
  HoldAndWait(How::kTimed);
  AskForOuter(2);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(WaitHolding, IsNothingIfTheOtherGivesUp) {
  HoldAndWait();
  AskForOuter(2, How::kTimed);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(WaitHolding, IsNothingAfterTheProcessHasExited) {
  HoldAndWait();
  AskForOuter(2);
  b_.Exit(3);
  EXPECT_THAT(Found(), IsEmpty());
}

// Whoever holds the lock of a mutex can end a wait for it, so that is stuck.
TEST_F(WaitHolding, IsNothingOfAWaitForALock) {
  b_.Object(3, ObjectKind::kMutex, "inner").Open(3, 3, kSite);
  b_.Open(1, kOuter, kSite).Block(1, 3, kSite, 3, kSite);
  AskForOuter(2);
  EXPECT_THAT(Found(), IsEmpty());
}

// It is a blocking call, and nobody's notification.
TEST_F(WaitHolding, IsNothingIfTheOutsideEndsTheWait) {
  constexpr uint32_t kRegion = 7;
  b_.In(1).Object(kRegion, ObjectKind::kRegion, "read");
  b_.Open(1, kOuter, kSite);
  b_.At(10).Block(1, kRegion, kSite, 0, 0);
  AskForOuter(2);
  for (const Finding& finding : Found()) {
    EXPECT_EQ(finding.rule, Rule::kBlockingCall);
  }
}

}  // namespace
}  // namespace lockcheck::analysis::testing

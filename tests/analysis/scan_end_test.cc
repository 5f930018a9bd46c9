// How the scan leaves each actor at the end of the log: what it holds, what it
// waits for, and whether it is there at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/analysis/scan_test.h"
#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::NoteKind;
using log::StackReason;
using log::testing::LogBuilder;
using model::How;
using model::Misuse;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST_F(ScanTest, AnActorWithoutAnEndIsRunningAndHoldsWhatItHeld) {
  b.Open(1, kA, kP).Section(1, kB, kQ);
  const ScannedLog log(b);
  EXPECT_EQ(log.end(1).state, ActorState::kRunning);
  EXPECT_FALSE(log.end(1).wait);
  EXPECT_THAT(log.HeldAtEnd(1), ElementsAre(HeldId{kA, kP}));
}

TEST_F(ScanTest, AKilledActorsLastAcquisitionIsHeld) {
  b.Actor(2, BeginHow::kForeign, {.hot = true});
  b.Open(2, kA, kP).Open(2, kB, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kA, kP}, HeldId{kB, kQ}));
  EXPECT_THAT(log.dependencies(), ElementsAre(Asking{2, kB, kQ, {{kA, kP}}}));
  EXPECT_EQ(log.of_object(kB).acquisitions, 1u);
}

TEST_F(ScanTest, ABlockedActorSaysWhatItWaitsForAndWhoHadItLast) {
  b.Actor(2, BeginHow::kForeign).Actor(3, BeginHow::kForeign);
  b.Stack(9, {StackReason::kWait, kB, kQ}, {4, 5});
  b.Open(1, kA, kP).At(500).Block(1, kB, kQ, 2, kR, {.how = How::kTimed});
  b.WaitStack(1, 9).At(700).Wake(1, 3, kS);
  b.Note(1, NoteKind::kDropped, 0);
  const ScannedLog log(b);
  const EndState& end = log.end(1);
  EXPECT_EQ(end.state, ActorState::kBlocked);
  EXPECT_THAT(log.HeldAtEnd(1), ElementsAre(HeldId{kA, kP}));
  ASSERT_TRUE(end.wait);
  EXPECT_EQ(log.ObjectId(end.wait->object), kB);
  EXPECT_EQ(end.wait->how, How::kTimed);
  EXPECT_EQ(log.SiteId(end.wait->site), kQ);
  EXPECT_EQ(end.wait->stack, log.recording().FindStack(9));
  EXPECT_EQ(log.ActorId(end.wait->owner), 3u);
  EXPECT_EQ(log.SiteId(end.wait->owner_site), kS);
  EXPECT_EQ(end.wait->since_ticks, LogBuilder::kStartTicks + 500);
}

TEST_F(ScanTest, AWaitThatWasGivenUpDoesNotStand) {
  b.Block(1, kA, kP, 2, kQ).Section(1, kB, kQ);
  const ScannedLog log(b);
  EXPECT_EQ(log.end(1).state, ActorState::kRunning);
  EXPECT_THAT(log.requests(),
              UnorderedElementsAre(Asking{1, kA, kP}, Asking{1, kB, kQ}));
}

TEST_F(ScanTest, AnEndedActorWaitsForNothingButMayHoldItsLocks) {
  Start(2);
  b.Open(2, kA, kP).End(2);
  const ScannedLog log(b);
  EXPECT_EQ(log.end(2).state, ActorState::kEnded);
  EXPECT_FALSE(log.end(2).wait);
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kA, kP}));
}

TEST_F(ScanTest, AtANormalExitActorsAreGoneAndTheirWaitsAreKept) {
  Start(2);
  b.Open(1, kA, kP).Block(2, kA, kQ, 1, kP).Exit(1);
  const ScannedLog log(b);
  EXPECT_EQ(log.end(1).state, ActorState::kGone);
  EXPECT_TRUE(log.end(1).exiting);
  EXPECT_EQ(log.end(2).state, ActorState::kGone);
  EXPECT_FALSE(log.end(2).exiting);
  ASSERT_TRUE(log.end(2).wait);
  EXPECT_EQ(log.ObjectId(log.end(2).wait->object), kA);
}

TEST_F(ScanTest, AnExitThatBlocksAgainIsNotExiting) {
  b.Exit(1).Section(1, kB, kQ).Block(1, kA, kP, 2, kQ);
  const ScannedLog log(b);
  EXPECT_FALSE(log.end(1).exiting);
  EXPECT_TRUE(log.end(1).wait);
}

TEST_F(ScanTest, AnUnlockByAnotherEndsTheHoldOfAnActorThatNeverActsAgain) {
  Start(2);
  b.At(10).Open(2, kA, kP).Open(2, kB, kP).Section(2, kC, kP);
  b.At(50).Misuse(1, Misuse::kUnlockByOther, kA, kQ, 2);
  EXPECT_THAT(ScannedLog(b).HeldAtEnd(2), ElementsAre(HeldId{kB, kP}));
}

TEST_F(ScanTest, AnUnlockByAnotherDoesNotEndALaterHold) {
  Start(2);
  b.At(10).Open(2, kA, kP).Open(2, kB, kP);
  b.At(50).Misuse(1, Misuse::kUnlockByOther, kA, kQ, 2);
  b.At(90).ReleasedByOther(2, kA).NewBlock(2).Open(2, kA, kP);
  b.Section(2, kC, kP);
  EXPECT_THAT(ScannedLog(b).HeldAtEnd(2),
              ElementsAre(HeldId{kB, kP}, HeldId{kA, kP}));
}

}  // namespace
}  // namespace lockcheck::analysis::testing

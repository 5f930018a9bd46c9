// Waits that nobody is left to end, and each way in which somebody is.
#include "lib/analysis/nobody_left.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "lib/analysis/findings.h"
#include "tests/analysis/found_in_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::NoteKind;
using model::How;
using model::ObjectKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kMain = 1, kOther = 2, kThird = 3, kWatch = 9;
constexpr uint32_t kLock = 1, kSignal = 2, kPermit = 3, kOtherPermit = 4,
                   kPool = 5, kOwed = 6;
constexpr uint32_t kSite = 8, kOtherSite = 9, kThirdSite = 10;

MATCHER(IsCommunication, "") {
  return arg.kind == Kind::kDeadlock && arg.rule == Rule::kCommunication &&
         arg.verdict == Verdict::kActual;
}
MATCHER(IsStall, "") {
  return arg.kind == Kind::kHazard && arg.rule == Rule::kStall &&
         !arg.verdict.has_value();
}
MATCHER_P(HasRule, rule, "") { return arg.rule == rule; }

class NobodyLeft : public ::testing::Test {
 protected:
  NobodyLeft() {
    b_.At(0).Process(1).Actor(kMain, BeginHow::kMain, {.hot = true});
    b_.Object(kLock, ObjectKind::kMutex, "lock");
    b_.Object(kSignal, ObjectKind::kEvent, "signal");
    b_.Object(kPermit, ObjectKind::kSemaphore, "permit");
    b_.Object(kOtherPermit, ObjectKind::kSemaphore, "other permit");
    b_.Actor(kOther, BeginHow::kForeign, {.hot = true});
  }
  void Third() { b_.Actor(kThird, BeginHow::kForeign, {.hot = true}); }
  void Wait(uint32_t actor, uint32_t object, uint32_t site = kSite,
            How how = How::kBlocking) {
    b_.At(20).Block(actor, object, site, 0, 0, {.how = how});
  }
  // Main holds the lock and waits for the signal, another one for the lock.
  void HolderWaits(How how = How::kBlocking) {
    b_.At(10).Open(kMain, kLock, kSite);
    Wait(kMain, kSignal, kSite, how);
    Wait(kOther, kLock, kOtherSite);
  }
  // Main waits for what a task signals, or would.
  void TaskWaits(uint32_t task) {
    b_.Actor(task, BeginHow::kTask, {.tid = 1000 + kOther, .hot = true});
    b_.JoinBlock(kOther, task, kOtherSite);
    Wait(task, kSignal, kThirdSite);
    Wait(kMain, kPermit);
  }
  // The runtime has looked.
  void Note(uint64_t ticks = 100) {
    b_.At(ticks).Actor(kWatch, BeginHow::kForeign, {.hot = true});
    b_.Note(kWatch, NoteKind::kQuiescent,
            log::testing::LogBuilder::kStartTicks + ticks);
  }
  std::vector<Finding> Found() { return FoundIn(b_, log::Liveness::kNotKnown); }

  log::testing::LogBuilder b_;
};

TEST_F(NobodyLeft, WhoHoldsWhatTheSignallerNeedsIsInADeadlock) {
  HolderWaits();
  Note();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsCommunication()));
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[0].actor, kMain - 1);
  EXPECT_EQ(found[0].parts[0].holds[0].object, found[0].parts[1].wants);
  EXPECT_EQ(found[0].parts[1].actor, kOther - 1);
  EXPECT_THAT(found[0].objects, SizeIs(2));
  EXPECT_THAT(found[0].assumes, IsEmpty());
}

// The runtime has seen that there are later tasks.
TEST_F(NobodyLeft, WhoHasTheWorkerThatALaterTaskNeedsIsInADeadlock) {
  b_.Object(kPool, ObjectKind::kThreadPool, "pool");
  TaskWaits(kThird);
  Note();
  b_.Note(kWatch, NoteKind::kStarved, uint64_t{kPool} << 32 | kThird);
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsCommunication()));
  ASSERT_THAT(found[0].parts, SizeIs(1));
  EXPECT_EQ(found[0].parts[0].actor, kThird - 1);
  EXPECT_EQ(found[0].parts[0].holds[0].object, kPool - 1);
  EXPECT_EQ(found[0].parts[0].wants, kSignal - 1);
}

TEST_F(NobodyLeft, AWorkerWaitsForItsTaskWithoutNeedingIt) {
  TaskWaits(kThird);
  Note();
  EXPECT_THAT(Found(), ElementsAre(IsStall()));
}

TEST_F(NobodyLeft, WhoJoinsTheWorkerNeedsItsTask) {
  TaskWaits(kThird);
  b_.Actor(4, BeginHow::kForeign, {.hot = true}).JoinBlock(4, kOther, kSite);
  Note();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsCommunication()));
  // And main, which waits to be signalled, too: it may be who was to signal.
  EXPECT_THAT(found[0].parts, SizeIs(4));
}

TEST_F(NobodyLeft, IsNotSaidWithoutTheNote) {
  HolderWaits();
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitHolding)));
}

TEST_F(NobodyLeft, IsNotSaidIfSomebodyRuns) {
  HolderWaits();
  Third();
  Note();
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitHolding)));
}

TEST_F(NobodyLeft, IsNotSaidIfSomebodyBeganToWaitLater) {
  HolderWaits();
  Note();
  Third();
  b_.At(110).Block(kThird, kSignal, kThirdSite, 0, 0);
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitHolding)));
}

TEST_F(NobodyLeft, IsNotSaidIfAWaitHasEndedSince) {
  HolderWaits();
  Note();
  b_.At(110).Unblock(kMain, model::Outcome::kSignalled);
  b_.At(120).Block(kMain, kSignal, kSite, 0, 0);
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitHolding)));
}

TEST_F(NobodyLeft, WhoEndedBeforeIsNoHelp) {
  HolderWaits();
  Third();
  b_.At(30).End(kThird);
  Note();
  EXPECT_THAT(Found(), ElementsAre(IsCommunication()));
}

TEST_F(NobodyLeft, IsNotSaidIfSomebodyEndedSince) {
  HolderWaits();
  Third();
  Note();
  b_.At(110).End(kThird);
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitHolding)));
}

TEST_F(NobodyLeft, IsNotSaidIfAWaitHasATimeLimit) {
  HolderWaits(How::kTimed);
  Note();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(NobodyLeft, IsNotSaidIfSomebodyWaitsForTheOutside) {
  for (const ObjectKind kind : {ObjectKind::kRegion, ObjectKind::kOperation}) {
    constexpr uint32_t kOutside = 7;
    b_ = log::testing::LogBuilder();
    b_.At(0).Process(1).Actor(kMain, BeginHow::kMain, {.hot = true});
    b_.Object(kLock, ObjectKind::kMutex).Object(kSignal, ObjectKind::kEvent);
    b_.Object(kOutside, kind);
    b_.Actor(kOther, BeginHow::kForeign, {.hot = true});
    HolderWaits();
    Third();
    Wait(kThird, kOutside);
    Note();
    EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitHolding)));
  }
}

// The one that runs is no thread of this process.
TEST_F(NobodyLeft, AnotherProcessDoesNotMatter) {
  HolderWaits();
  Note();
  b_.Process(2).Actor(kThird, BeginHow::kMain, {.hot = true});
  EXPECT_THAT(Found(), ElementsAre(IsCommunication()));
}

TEST_F(NobodyLeft, WhoJoinsTheOneThatWaitsIsInADeadlock) {
  Wait(kOther, kSignal);
  b_.JoinBlock(kMain, kOther, kOtherSite);
  Note();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsCommunication()));
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[0].actor, kOther - 1);
  EXPECT_EQ(found[0].parts[0].holds[0].object, found[0].parts[1].wants);
}

// Third waits for other, who waits for main's lock.
TEST_F(NobodyLeft, WhoWaitsForThoseIsPartOfIt) {
  HolderWaits();
  Third();
  b_.JoinBlock(kThird, kOther, kThirdSite);
  Note();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsCommunication()));
  EXPECT_THAT(found[0].parts, SizeIs(3));
}

// Main joins other; it is third who would have signalled.
TEST_F(NobodyLeft, WhoWasToSignalIsNamedIfOnlyAnEndIsWaitedFor) {
  Wait(kOther, kSignal);
  Third();
  Wait(kThird, kPermit, kThirdSite);
  b_.JoinBlock(kMain, kOther, kOtherSite);
  Note();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsCommunication()));
  ASSERT_THAT(found[0].parts, SizeIs(3));
  EXPECT_EQ(found[0].parts[0].actor, kOther - 1);
  EXPECT_EQ(found[0].parts[1].actor, kThird - 1);
  EXPECT_EQ(found[0].parts[2].actor, kMain - 1);
}

TEST_F(NobodyLeft, IdleOnesAreNotNamedIfALockIsWaitedFor) {
  HolderWaits();
  Third();
  Wait(kThird, kPermit, kThirdSite);
  Note();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsCommunication()));
  EXPECT_THAT(found[0].parts, SizeIs(2));
}

TEST_F(NobodyLeft, PermitsInBothOrdersAreADeadlock) {
  b_.At(10).Open(kMain, kPermit, kSite).Open(kOther, kOtherPermit, kSite);
  Wait(kMain, kOtherPermit, kOtherSite);
  Wait(kOther, kPermit, kThirdSite);
  Note();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsCommunication()));
  EXPECT_EQ(found[0].parts[0].wants, found[0].parts[1].holds[0].object);
  EXPECT_EQ(found[0].parts[1].wants, found[0].parts[0].holds[0].object);
}

TEST_F(NobodyLeft, WhoAllWaitForSignalsAreAHazard) {
  Wait(kMain, kSignal);
  Wait(kOther, kPermit, kOtherSite);
  Note();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsStall()));
  EXPECT_THAT(found[0].parts, SizeIs(2));
}

TEST_F(NobodyLeft, OneThatIsAloneIsAHazardToo) {
  Wait(kMain, kSignal);
  b_.At(30).End(kOther);
  Note();
  EXPECT_THAT(Found(), ElementsAre(IsStall()));
}

TEST_F(NobodyLeft, WorkersThatWaitAlikeAreOnePart) {
  for (const uint32_t actor : {kMain, kOther}) Wait(actor, kSignal);
  Third();
  Wait(kThird, kSignal);
  Note();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsStall()));
  EXPECT_THAT(found[0].parts, SizeIs(1));
  EXPECT_EQ(found[0].count, 3u);
}

// A barrier waits for all who are to arrive, and nobody holds it.
TEST_F(NobodyLeft, WhatCannotBeHeldIsSignalledByAnybody) {
  b_.In(kMain).Object(kOwed, ObjectKind::kBarrier, "barrier");
  Wait(kMain, kOwed);
  Wait(kOther, kSignal);
  Note();
  EXPECT_THAT(Found(), ElementsAre(IsStall()));
}

// Nobody waits for these because it is idle.
TEST_F(NobodyLeft, WhoWaitsForWhatIsOwedToItIsInADeadlock) {
  for (const ObjectKind kind : {ObjectKind::kFuture, ObjectKind::kQueueDone,
                                ObjectKind::kQueueSlots, ObjectKind::kLatch}) {
    SCOPED_TRACE(model::PrimitiveOf(kind).name);
    b_ = log::testing::LogBuilder();
    b_.At(0).Process(1).Actor(kMain, BeginHow::kMain, {.hot = true});
    b_.Object(kOwed, kind);
    Wait(kMain, kOwed);
    Note();
    const std::vector<Finding> found = Found();
    ASSERT_THAT(found, ElementsAre(IsCommunication()));
    ASSERT_THAT(found[0].parts, SizeIs(1));
    EXPECT_EQ(found[0].parts[0].wants, 0u);  // the only object
  }
}

// Any of them may be who owes it.
TEST_F(NobodyLeft, WhoWaitsBesideOneToWhomSomethingIsOwedIsNamedToo) {
  b_.In(kMain).Object(kOwed, ObjectKind::kFuture, "answer");
  Wait(kMain, kSignal);
  Wait(kOther, kOwed, kOtherSite);
  Note();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsCommunication()));
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[0].actor, kOther - 1);
  EXPECT_EQ(found[0].parts[1].actor, kMain - 1);
}

TEST_F(NobodyLeft, WhatIsOwedMayStillComeIfSomebodyRuns) {
  b_.In(kMain).Object(kOwed, ObjectKind::kFuture, "answer");
  Wait(kMain, kOwed);
  Note();
  EXPECT_THAT(Found(), IsEmpty());
}

// Who owes it may be one of those whom the locks hold up.
TEST_F(NobodyLeft, WhatIsOwedIsNotSaidIfOthersAreToBlame) {
  b_.In(kMain).Object(kOwed, ObjectKind::kFuture, "answer");
  HolderWaits();
  Third();
  Wait(kThird, kOwed, kThirdSite);
  Note();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsCommunication()));
  EXPECT_THAT(found[0].parts, SizeIs(2));
}

TEST_F(NobodyLeft, LocksThatAreToBlameAreSaidAlone) {
  constexpr uint32_t kOtherLock = 7;
  b_.In(kMain).Object(kOwed, ObjectKind::kFuture, "answer");
  b_.In(kMain).Object(kOtherLock, ObjectKind::kMutex, "other lock");
  b_.At(10).Open(kMain, kLock, kSite).Open(kOther, kOtherLock, kSite);
  Wait(kMain, kOtherLock, kOtherSite);
  Wait(kOther, kLock, kThirdSite);
  Third();
  Wait(kThird, kOwed);
  Note();
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitFor)));
}

TEST_F(NobodyLeft, ALostWakeupSaysMoreThanAStall) {
  constexpr uint32_t kCondition = 7;
  b_.In(kMain).Object(kCondition, ObjectKind::kConditionVariable, "ready");
  b_.At(10).Post(kOther, kCondition, kSite, 0, 0, 1).End(kOther);
  b_.At(20).Block(kMain, kCondition, kSite, 0, 0, {.ticket = 1});
  Note();
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kLostWakeup)));
}

// What the exiting thread leaves behind was no deadlock.
TEST_F(NobodyLeft, IsNotSaidAfterTheProcessHasExited) {
  Wait(kOther, kSignal);
  Note();
  b_.At(110).Exit(kMain);
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kNeverSignalled)));
}

}  // namespace
}  // namespace lockcheck::analysis::testing

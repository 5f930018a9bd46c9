// Waits that stand when the program ends, for what nobody has signalled in all
// of the run; and each way in which that is not so, or is no news.
#include "lib/analysis/never_signalled.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "lib/analysis/findings.h"
#include "tests/analysis/found_in_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using model::How;
using model::ObjectKind;
using model::Outcome;
using model::Post;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kMain = 1, kWaiter = 2, kOther = 3;
constexpr uint32_t kEvent = 1, kFuture = 2, kLatch = 3, kJobs = 4, kDone = 5,
                   kMutex = 6, kUsual = 10;
constexpr uint32_t kWaitSite = 9, kOtherSite = 10;

// Main returns while the others do whatever they do.
class NeverSignalled : public ::testing::Test {
 protected:
  NeverSignalled() {
    b_.At(0).Process(1).Actor(kMain, BeginHow::kMain, {.hot = true});
    b_.Object(kEvent, ObjectKind::kEvent, "never");
    b_.Object(kFuture, ObjectKind::kFuture, "answer");
    b_.Object(kLatch, ObjectKind::kLatch, "all", 0, 0, 0, 2);
    b_.Object(kJobs, ObjectKind::kQueue, "jobs");
    b_.Object(kDone, ObjectKind::kQueueDone, "jobs (end)", 0, 0, 0, kJobs);
    b_.Object(kMutex, ObjectKind::kMutex, "mutex");
    b_.Actor(kWaiter, BeginHow::kForeign, {.hot = true});
    b_.Actor(kOther, BeginHow::kForeign, {.hot = true});
  }

  void Waits(uint32_t object, How how = How::kBlocking,
             uint32_t actor = kWaiter, uint32_t site = kWaitSite) {
    b_.At(10).Block(actor, object, site, 0, 0, {.how = how, .ticket = 1});
  }
  // Finds nobody who waits.
  void Acts(Post post, uint32_t object, uint32_t value = 1) {
    b_.Act(kOther, post, object, kOtherSite, {.sequence = 1, .value = value});
  }
  void OtherEnds() { b_.At(20).End(kOther); }
  std::vector<Finding> Found() {
    b_.At(30).Exit(kMain);
    return FoundIn(b_);
  }
  std::vector<Finding> FoundWhenOtherHasEnded() {
    OtherEnds();
    return Found();
  }
  // Of a wait for such an object.
  std::vector<Finding> FoundOf(ObjectKind kind) {
    b_.In(kMain).Object(kUsual, kind, "usual");
    Waits(kUsual);
    return FoundWhenOtherHasEnded();
  }

  log::testing::LogBuilder b_;
};

TEST_F(NeverSignalled, OfAnEventIsAHazardThatNamesWhoWaits) {
  Waits(kEvent);
  const std::vector<Finding> found = FoundWhenOtherHasEnded();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, Kind::kHazard);
  EXPECT_EQ(found[0].rule, Rule::kNeverSignalled);
  EXPECT_EQ(found[0].verdict, std::nullopt);
  EXPECT_THAT(found[0].assumes, SizeIs(1));
  EXPECT_THAT(found[0].objects, ElementsAre(kEvent - 1));
  EXPECT_EQ(found[0].count, 1u);
  ASSERT_THAT(found[0].parts, SizeIs(1));
  EXPECT_EQ(found[0].parts[0].actor, kWaiter - 1);
  EXPECT_EQ(found[0].parts[0].wants, kEvent - 1);
  EXPECT_NE(found[0].parts[0].site, kNone);
}

TEST_F(NeverSignalled, OfAFutureIsOne) {
  Waits(kFuture);
  EXPECT_THAT(FoundWhenOtherHasEnded(), SizeIs(1));
}

TEST_F(NeverSignalled, OfALatchIsOne) {
  Waits(kLatch);
  EXPECT_THAT(FoundWhenOtherHasEnded(), SizeIs(1));
}

TEST_F(NeverSignalled, OfAJoinedQueueIsOneThoughThereWereItems) {
  b_.Act(kMain, Post::kPut, kJobs, kOtherSite, {.sequence = 1, .value = 1});
  b_.Take(kOther, kJobs, kOtherSite, 2, 0);
  Waits(kDone);
  const std::vector<Finding> found = FoundWhenOtherHasEnded();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].objects, ElementsAre(kDone - 1));
}

TEST_F(NeverSignalled, SaysWhatIsHeldMeanwhile) {
  b_.Open(kWaiter, kMutex, kOtherSite);
  Waits(kEvent);
  const std::vector<Finding> found = FoundWhenOtherHasEnded();
  ASSERT_THAT(found, SizeIs(1));
  ASSERT_THAT(found[0].parts[0].holds, SizeIs(1));
  EXPECT_EQ(found[0].parts[0].holds[0].object, kMutex - 1);
}

TEST_F(NeverSignalled, OfManyWhoWaitAlikeIsOne) {
  Waits(kEvent);
  Waits(kEvent, How::kBlocking, kOther);
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].count, 2u);
  EXPECT_THAT(found[0].parts, SizeIs(1));
}

TEST_F(NeverSignalled, OfTwoPlacesIsTwo) {
  Waits(kEvent);
  Waits(kEvent, How::kBlocking, kOther, kOtherSite);
  EXPECT_THAT(Found(), SizeIs(2));
}

// The process did not wait for them either.
TEST_F(NeverSignalled, IsOneIfOthersAreIdle) {
  Waits(kFuture);
  Waits(kJobs, How::kBlocking, kOther);
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].objects, ElementsAre(kFuture - 1));
}

TEST_F(NeverSignalled, OfAnEventThatIsOnlyClearedIsOne) {
  Acts(Post::kClear, kEvent, 0);
  Waits(kEvent);
  EXPECT_THAT(FoundWhenOtherHasEnded(), SizeIs(1));
}

// Each a twin of the above that is silent.

TEST_F(NeverSignalled, IsNothingIfTheEventWasSetEver) {
  Acts(Post::kSet, kEvent);
  Acts(Post::kClear, kEvent, 0);
  Waits(kEvent);
  EXPECT_THAT(FoundWhenOtherHasEnded(), IsEmpty());
}

TEST_F(NeverSignalled, IsNothingIfTheEventWasSetWhenTheProgramEnded) {
  Waits(kEvent);
  b_.Act(kMain, Post::kSet, kEvent, kOtherSite,
         {.first = 1, .count = 1, .next_ticket = 2, .sequence = 1, .value = 1});
  EXPECT_THAT(FoundWhenOtherHasEnded(), IsEmpty());
}

TEST_F(NeverSignalled, IsNothingIfThePromiseWasFulfilled) {
  Waits(kFuture);
  Acts(Post::kFulfil, kFuture);
  EXPECT_THAT(FoundWhenOtherHasEnded(), IsEmpty());
}

// The others may be late.
TEST_F(NeverSignalled, IsNothingIfSomebodyHasArrived) {
  Acts(Post::kArrive, kLatch);
  Waits(kLatch);
  EXPECT_THAT(FoundWhenOtherHasEnded(), IsEmpty());
}

TEST_F(NeverSignalled, IsNothingIfSomebodyIsDoneWithAnItem) {
  Acts(Post::kTaskDone, kDone);
  Waits(kDone);
  EXPECT_THAT(FoundWhenOtherHasEnded(), IsEmpty());
}

TEST_F(NeverSignalled, IsNothingIfTheWaitIsOver) {
  Waits(kEvent);
  b_.At(20).Unblock(kWaiter, Outcome::kSignalled);
  EXPECT_THAT(FoundWhenOtherHasEnded(), IsEmpty());
}

// while (!stop.wait_for(1s)) ...
TEST_F(NeverSignalled, IsNothingIfTheWaitHasATimeLimit) {
  Waits(kEvent, How::kTimed);
  EXPECT_THAT(FoundWhenOtherHasEnded(), IsEmpty());
}

TEST_F(NeverSignalled, IsNothingOfWhoMayHaveNothingToDo) {
  Waits(kJobs);
  EXPECT_THAT(FoundWhenOtherHasEnded(), IsEmpty());
}
TEST_F(NeverSignalled, IsNothingOfACondition) {
  EXPECT_THAT(FoundOf(ObjectKind::kConditionVariable), IsEmpty());
}
TEST_F(NeverSignalled, IsNothingOfASemaphore) {
  EXPECT_THAT(FoundOf(ObjectKind::kSemaphore), IsEmpty());
}
TEST_F(NeverSignalled, IsNothingOfRoomInAQueue) {
  EXPECT_THAT(FoundOf(ObjectKind::kQueueSlots), IsEmpty());
}
TEST_F(NeverSignalled, IsNothingOfABarrier) {
  EXPECT_THAT(FoundOf(ObjectKind::kBarrier), IsEmpty());
}
TEST_F(NeverSignalled, IsNothingOfAPool) {
  EXPECT_THAT(FoundOf(ObjectKind::kThreadPool), IsEmpty());
}
TEST_F(NeverSignalled, IsNothingOfTheOutside) {
  EXPECT_THAT(FoundOf(ObjectKind::kOperation), IsEmpty());
}
TEST_F(NeverSignalled, IsNothingOfALock) {
  EXPECT_THAT(FoundOf(ObjectKind::kMutex), IsEmpty());
}

TEST_F(NeverSignalled, IsNothingOfAThreadThatIsJoined) {
  b_.At(10).JoinBlock(kWaiter, kOther, kWaitSite);
  EXPECT_THAT(Found(), IsEmpty());
}

// Of a process that was killed, or crashed, nothing is known of what it would
// have done.
TEST_F(NeverSignalled, IsNothingIfTheProcessDidNotExit) {
  Waits(kEvent);
  OtherEnds();
  EXPECT_THAT(FoundIn(b_), IsEmpty());
}

TEST_F(NeverSignalled, IsNothingIfTheProcessRuns) {
  Waits(kEvent);
  OtherEnds();
  EXPECT_THAT(FoundIn(b_, log::Liveness::kRunning), IsEmpty());
}

TEST_F(NeverSignalled, IsNothingIfRecordsAreMissing) {
  b_.Dropped(1);
  Waits(kEvent);
  EXPECT_THAT(FoundWhenOtherHasEnded(), IsEmpty());
}

TEST_F(NeverSignalled, IsNothingIfRecordingHadStopped) {
  Waits(kEvent);
  b_.At(15).Stopped(log::StopReason::kMaxLog);
  EXPECT_THAT(FoundWhenOtherHasEnded(), IsEmpty());
}

TEST_F(NeverSignalled, IsNothingIfOnlyWhatWasNewIsThere) {
  b_.Note(kMain, log::NoteKind::kLive, 0);
  Waits(kEvent);
  EXPECT_THAT(FoundWhenOtherHasEnded(), IsEmpty());
}

// It may have been about to fulfil it.
TEST_F(NeverSignalled, OfWhatIsOwedIsNothingIfSomebodyWasAtWork) {
  Waits(kFuture);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(NeverSignalled, OfWhatIsOwedIsNothingIfSomebodyWaitedForTheOutside) {
  b_.In(kMain).Object(kUsual, ObjectKind::kRegion, "read");
  Waits(kFuture);
  Waits(kUsual, How::kBlocking, kOther);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(NeverSignalled, OfAnEventIsOneThoughSomebodyWasAtWork) {
  Waits(kEvent);
  EXPECT_THAT(Found(), SizeIs(1));
}

// Who would have set it may be one of them.
TEST_F(NeverSignalled, IsNothingBesideAnActualDeadlock) {
  constexpr uint32_t kFirst = 4, kSecond = 5, kOne = 11, kTwo = 12;
  b_.In(kMain).Object(kOne, ObjectKind::kMutex, "one");
  b_.Object(kTwo, ObjectKind::kMutex, "two");
  b_.Actor(kFirst, BeginHow::kForeign, {.hot = true});
  b_.Actor(kSecond, BeginHow::kForeign, {.hot = true});
  b_.Open(kFirst, kOne, kOtherSite).Open(kSecond, kTwo, kOtherSite);
  b_.At(5).Block(kFirst, kTwo, kOtherSite, kSecond, kOtherSite);
  b_.At(6).Block(kSecond, kOne, kOtherSite, kFirst, kOtherSite);
  Waits(kEvent);
  const std::vector<Finding> found = FoundWhenOtherHasEnded();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].verdict, Verdict::kActual);
}

TEST_F(NeverSignalled, IsNothingIfItWasDestroyedWhileWaitedFor) {
  Waits(kEvent);
  b_.At(20).Misuse(kMain, model::Misuse::kDestroyWaited, kEvent, kOtherSite);
  b_.Destroy(kMain, kEvent);
  const std::vector<Finding> found = FoundWhenOtherHasEnded();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, Kind::kMisuse);
}

// Each process has an event of its own.
TEST_F(NeverSignalled, IsOneIfOnlyAnotherProcessHasSetItsOwn) {
  constexpr uint32_t kChild = 7;
  Waits(kEvent);
  b_.Process(2, {.parent = 1});
  b_.Actor(kChild, BeginHow::kForkChild, {.process = 2, .hot = true});
  b_.Act(kChild, Post::kSet, kEvent, kOtherSite, {.sequence = 1, .value = 1});
  b_.At(20).Exit(kChild);
  EXPECT_THAT(FoundWhenOtherHasEnded(), SizeIs(1));
}

}  // namespace
}  // namespace lockcheck::analysis::testing

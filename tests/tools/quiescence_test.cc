// A program in which nobody is left who could end a wait says so, once, and so
// does its log; one in which somebody is left says nothing. Recorded, and with
// mode=live.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/count.h"
#include "tests/tools/looked_at.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Count;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// The end of the report.
constexpr char kSuppress[] = "suppress   communication:";

bool AllSleep(pid_t pid) {
  for (const auto& task : Tasks(pid)) {
    const std::string stat = FirstLine(task / "stat");
    const size_t state = stat.rfind(')');
    if (state == stat.npos || stat.compare(state, 3, ") S") != 0) return false;
  }
  return true;
}

class QuiescenceTest : public LookedAtTest {
 protected:
  QuiescenceTest() : LookedAtTest("quiescence_program") {}

  // What the log says; with mode=live there is none.
  void ExpectActualInLog(const std::string& message) {
    if (GetParam() == "live") return;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
    EXPECT_THAT(ran.out,
                AllOf(HasSubstr("ACTUAL DEADLOCK  communication"),
                      HasSubstr(message), Not(HasSubstr("wait-holding"))));
  }
  void ExpectActual(const std::string& story, const std::string& message) {
    if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
    const Finished f = KilledAfter(story, kSuppress);
    EXPECT_EQ(Count(f.err, kDeadlock), 1) << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr("ACTUAL DEADLOCK  communication"),
                             HasSubstr(message), Not(HasSubstr(kStall))));
    ExpectActualInLog(message);
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, QuiescenceTest, InEachMode(), ModeOf);

TEST_P(QuiescenceTest, WhoHoldsWhatThePosterNeedsIsInADeadlock) {
  ExpectActual("holder-waits", "holds mutex and waits for posted");
}

TEST_P(QuiescenceTest, WhoWaitsToBeNotifiedUnderAnOuterLockIsInADeadlock) {
  ExpectActual("condition", "holds mutex and waits for changed");
}

TEST_P(QuiescenceTest, WhoJoinsAThreadThatOnlyHeWouldSignalIsInADeadlock) {
  ExpectActual("joins-who-waits", " waits for posted and so does not end");
}

TEST_P(QuiescenceTest, AProgramWhoseMainThreadHasLeftIsLookedAtToo) {
  ExpectActual("without-main", "holds mutex and waits for posted");
}

TEST_P(QuiescenceTest, PermitsInBothOrdersAreADeadlock) {
  ExpectActual("permits-in-both-orders", "holds one and waits for other");
}

// A task that waits for a later one of its pool, as does each other one.
TEST_P(QuiescenceTest, APoolWhoseTasksAllWaitForLaterOnesIsInADeadlock) {
  ExpectActual("starved-pool",
               "has a worker of crew, which later tasks need, and waits for "
               "crew");
}

TEST_P(QuiescenceTest, APoolWhoseTasksAllWaitForLaterOnesMayAbort) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  const Finished f = RunStory("starved-pool", "on_deadlock=abort:command=none");
  EXPECT_EQ(f.signal(), SIGABRT) << f;
  EXPECT_THAT(f.err, AllOf(HasSubstr(kDeadlock), Not(HasSubstr(kStall))));
}

TEST_P(QuiescenceTest, APoolWithAWorkerForTheTaskThatIsWaitedForGoesOn) {
  ExpectSilence(RunStory("pool-with-room", "quiescence=1"));
}

TEST_P(QuiescenceTest, WhoWaitsForTheAnswerOfATaskThatWaitsIsInADeadlock) {
  ExpectActual("answer-of-who-waits", "A1 (main) waits for crew (future)");
}

TEST_P(QuiescenceTest, WhoWaitsForAPromiseOfItsOwnIsInADeadlock) {
  ExpectActual("own-promise", "A1 (main) waits for answer; nobody is left");
}

TEST_P(QuiescenceTest, WhoJoinsAQueueOfWhichATaskIsNeverDoneIsInADeadlock) {
  ExpectActual("never-done", "A1 (main) waits for jobs (end); nobody is left");
}

TEST_P(QuiescenceTest, WhatIsOwedMayAbort) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  for (const char* story : {"own-promise", "never-done"}) {
    const Finished f = Child("quiescence_program", {story})
                           .Options(Options("on_deadlock=abort:command=none"))
                           .Run();
    EXPECT_EQ(f.signal(), SIGABRT) << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr(kDeadlock), Not(HasSubstr(kStall))));
  }
}

// The wait is a long one by then, and nothing else begins.
TEST_P(QuiescenceTest, ItIsLookedAtWhenTheLastThreadThatRanHasEnded) {
  ExpectActual("last-one-ends", "one");
}

TEST_P(QuiescenceTest, EverybodysWaitForSignalsIsAHazard) {
  ExpectStall("all-wait-for-signals", "waits  never");
}

// Its worker waits for the task's end, and nobody for the worker's.
TEST_P(QuiescenceTest, AWaitInAPoolForWhichNothingIsWaitingIsAHazard) {
  ExpectStall("pool-of-who-waits", "waits  posted");
}

TEST_P(QuiescenceTest, WithoutTheCommandALineForEachWaitWillDo) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  const Finished f =
      KilledAfter("holder-waits", "waits for a signal (", "command=none");
  EXPECT_THAT(f.err, AllOf(HasSubstr(kDeadlock), HasSubstr("A2 poster")));
}

TEST_P(QuiescenceTest, ItMayAbort) { ExpectAbort("holder-waits"); }

// Its parent's log is no memory that others write to.
TEST_P(QuiescenceTest, AForkedChildLooksForItself) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  const Finished f = RunStory("in-a-child", "on_deadlock=abort:command=none");
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(Count(f.err, kDeadlock), 1) << f;
  ExpectActualInLog("holds mutex and waits for posted");
}

// Nobody closed it, so nobody throws.
TEST_P(QuiescenceTest, ItCannotThrow) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  const Finished f =
      KilledAfter("holder-waits", kSuppress, "on_deadlock=throw");
  EXPECT_THAT(f.err, HasSubstr(kDeadlock));
}

TEST_P(QuiescenceTest, ItMayBeLeftOut) {
  Child child("quiescence_program", {"holder-waits"});
  child.Options(Options("quiescence=off")).Start();
  Await(child,
        [&] { return child.Said() == "ready\n" && AllSleep(child.pid()); });
  EXPECT_EQ(Looks(child.pid()), 0);
  child.Signal(SIGKILL);
  EXPECT_EQ(child.Wait().err, "");
}

TEST_P(QuiescenceTest, APlainThreadMayPost) {
  ExpectSilence(GoesOnWhen("plain-thread", &IsLookedAt));
}

TEST_P(QuiescenceTest, APlainThreadMayBeWhoOwesIt) {
  ExpectSilence(GoesOnWhen("done-in-the-end", &IsLookedAt));
}

TEST_P(QuiescenceTest, ASignalHandlerMayPost) {
  ExpectSilence(GoesOnWhen("handler", &IsLookedAt));
}

TEST_P(QuiescenceTest, AnotherPosterMayPost) {
  ExpectSilence(GoesOnWhen("second-poster", &AllSleep));
}

TEST_P(QuiescenceTest, AnotherProcessMayWriteToSharedMemory) {
  Child child("quiescence_program", {"shared-memory"});
  child.Options(Options("")).Start();
  Await(child, [&] { return IsLookedAt(child.pid()); });
  child.Signal(SIGKILL);
  EXPECT_EQ(child.Wait().err, "");
  if (GetParam() == "record") {
    EXPECT_THAT(Analyze().out, Not(HasSubstr("communication")));
  }
}

// Which the log tells of: only the time limit ended it.
TEST_P(QuiescenceTest, ATimeLimitEndsAWait) {
  const Finished f = RunStory("timed");
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(f.err, "") << f;
  if (GetParam() == "live") return;
  EXPECT_THAT(Analyze().out, AllOf(HasSubstr("FINDINGS  1 hazard\n"),
                                   HasSubstr("HAZARD  timed-cycle")));
}

TEST_P(QuiescenceTest, WhoIsBeingWokenDoesNotWait) {
  ExpectSilence(RunStory("ping-pong", "quiescence=1"));
}

}  // namespace
}  // namespace lockcheck::tools::testing

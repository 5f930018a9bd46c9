// A wait in what is none of lockcheck's counts where nobody is left who could
// end one, whoever waits in it; what may go on by itself is no such wait.
// Recorded, and with mode=live.
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

// The end of a report.
constexpr char kSuppress[] = "suppress   ";

class ElsewhereTest : public LookedAtTest {
 protected:
  ElsewhereTest() : LookedAtTest("elsewhere_program") {}

  void ExpectReport(const Finished& f, const std::string& rule,
                    const std::string& message) {
    EXPECT_EQ(Count(f.err, kDeadlock), 1) << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr("ACTUAL DEADLOCK  " + rule),
                             HasSubstr(message), Not(HasSubstr(kStall))));
    if (GetParam() == "live") return;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("FINDINGS  1 actual deadlock"),
                               HasSubstr("ACTUAL DEADLOCK  " + rule),
                               HasSubstr(message)));
  }
  void ExpectActual(const std::string& story, const std::string& rule,
                    const std::string& message) {
    if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
    ExpectReport(KilledAfter(story, kSuppress), rule, message);
  }
  // Looked at often, it goes on.
  void ExpectSilence(const std::string& story) {
    LookedAtTest::ExpectSilence(GoesOnWhen(story, &IsLookedAt));
  }
};

INSTANTIATE_TEST_SUITE_P(Modes, ElsewhereTest, InEachMode(), ModeOf);

TEST_P(ElsewhereTest, WhoJoinsAThreadThatNeedsItsLockIsInADeadlock) {
  ExpectActual("join", "wait-for",
               "A1 (main) holds mutex and waits for the end of A2 (worker)");
}

TEST_P(ElsewhereTest, WhoWaitsForWhatStdRunsIsInADeadlock) {
  ExpectActual("async", "wait-for",
               "A1 (main) holds mutex and waits for the end of A2 (worker)");
}

TEST_P(ElsewhereTest, WhoWaitsForANotificationUnderALockIsInADeadlock) {
  ExpectActual("condition", "communication",
               "A1 (main) holds mutex and waits for something that lockcheck "
               "does not see");
}

TEST_P(ElsewhereTest, AThreadThatNobodyKnowsMayWaitBesides) {
  ExpectActual("unknown-sleeper", "communication",
               "holds mutex and waits for posted");
}

TEST_P(ElsewhereTest, WhoJoinsWhoWaitsForASignalIsInADeadlock) {
  ExpectActual("joins-the-idle", "communication",
               "waits for posted and so does not end");
}

TEST_P(ElsewhereTest, WhoIsJoinedMayWaitElsewhere) {
  ExpectActual("end-of-a-sleeper", "communication",
               "A2 (worker) waits for something that lockcheck does not see "
               "and so does not end");
}

TEST_P(ElsewhereTest, InNobodysWayItIsAHazard) {
  ExpectStall("idle", "waits  posted");
}

// Nothing that lockcheck sees begins then.
TEST_P(ElsewhereTest, ItIsSeenWhenTheOthersHaveWaitedForLong) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  Child child("elsewhere_program", {"joins-later"});
  child.Options(Options("")).Start();
  Await(child, [&] { return IsLookedAt(child.pid()); });
  EXPECT_EQ(child.SaidToError(), "");
  child.Signal(SIGUSR1);
  ExpectReport(KilledAfter(child, kSuppress), "wait-for",
               "A1 (main) holds mutex and waits for the end of A2 (worker)");
}

TEST_P(ElsewhereTest, WithoutTheCommandALineForEachWaitWillDo) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  Finished f = KilledAfter("join", "waits for the end of A2", "command=none");
  EXPECT_THAT(f.err, AllOf(HasSubstr(kDeadlock), HasSubstr("A2 worker")));
  f = KilledAfter("condition", "waits for something that lockcheck does not",
                  "command=none");
  EXPECT_THAT(f.err, AllOf(HasSubstr(kDeadlock), HasSubstr("A2 worker")));
}

TEST_P(ElsewhereTest, ItMayAbort) { ExpectAbort("join"); }

TEST_P(ElsewhereTest, WhatADescriptorOrASignalMayEndIsNoSuchWait) {
  ExpectSilence("in-poll");
  ExpectSilence("in-read");
  ExpectSilence("in-sigwait");
}

TEST_P(ElsewhereTest, WhatATimeLimitEndsIsNoSuchWait) {
  ExpectSilence("in-sleep");
  ExpectSilence("in-timed-condition");
}

TEST_P(ElsewhereTest, AThreadThatNobodyKnowsMayGoOn) {
  ExpectSilence("joins-who-goes-on");
}

// A program that closes a descriptor and opens a file in the next line knows
// its number, if no other thread opens one in between.
TEST_P(ElsewhereTest, WhoBeginsToWaitOpensNoFileOfTheKernels) {
  ExpectSilence("joins-beside");
}
TEST_P(ElsewhereTest, NoFileOfTheKernelsIsOpenedWhileSomebodyRuns) {
  LookedAtTest::ExpectSilence(RunStory("runs-beside", "quiescence=500"));
}

TEST_P(ElsewhereTest, ForTheJoinOfAThreadThatHasEndedNobodyLooks) {
  LookedAtTest::ExpectSilence(RunStory("joins-the-ended", "quiescence=500"));
}

TEST_P(ElsewhereTest, WhoSleepsWithTheLockGoesOn) {
  LookedAtTest::ExpectSilence(RunStory("owner-sleeps"));
}

TEST_P(ElsewhereTest, WhoIsBeingWokenDoesNotWait) {
  LookedAtTest::ExpectSilence(RunStory("hand-overs", "quiescence=1"));
}

}  // namespace
}  // namespace lockcheck::tools::testing

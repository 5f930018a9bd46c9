// Locks and joins between processes: one log for all of them, in which what
// happened is actual, what might have happened is possible, and what cannot
// happen is not said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "tests/count.h"
#include "tests/tools/hung_stories.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Count;
using lockcheck::testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ProcessesTest : public HungStoriesTest {
 protected:
  ProcessesTest() : HungStoriesTest("processes_program") {}
};

TEST_F(ProcessesTest, ADeadlockOfTwoIsActualWhenBothAreKilled) {
  const Ran ran = AnalyzeHung("abba-hangs");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("1 actual deadlock"));
  // Who comes first in it depends on who was first to lock.
  EXPECT_THAT(ran.out, HasSubstr("A2 (one) holds a and waits for b"));
  EXPECT_THAT(ran.out, HasSubstr("A3 (other) holds b and waits for a"));
  const auto pid_and_tid = ::testing::ContainsRegex("pid [0-9]+, tid [0-9]+");
  EXPECT_THAT(ran.out, pid_and_tid);
}

TEST_F(ProcessesTest, AndWhileTheyHangItIsThereToSee) {
  LetHang("abba-hangs", "log=" + log_ + ":quiescence=off");
  const Ran status = RunCommand({"status", log_});
  EXPECT_THAT(status.out, HasSubstr("3 stuck"));
  EXPECT_THAT(status.out, ::testing::ContainsRegex("held by A2 one of pid "));
  const Ran analyzed = Analyze();
  EXPECT_EQ(analyzed.status, 1);
  EXPECT_THAT(analyzed.out, HasSubstr("1 actual deadlock"));
}

TEST_F(ProcessesTest, ADeadlockThatDidNotHappenIsPossible) {
  ExpectPossible("abba-latent");
}

TEST_F(ProcessesTest, SafeOrdersAreSilent) {
  ExpectSilent("abba-safe");
  ExpectSilent("abba-one-after-the-other");
  ExpectSilent("abba-under-a-third");
}

TEST_F(ProcessesTest, LocksOfThreadsMayBePartOfIt) {
  const Ran ran = AnalyzeHung("mixed-hangs");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("1 actual deadlock"));
  for (const char* const part :
       {"A1 main ", "A2 child ", "A3 thread ", "holds    mutex, acquired in",
        "holds    a, acquired in", "holds    b, acquired in"}) {
    EXPECT_THAT(ran.out, HasSubstr(part));
  }
  ExpectPossible("mixed-latent");
}

TEST_F(ProcessesTest, AJoinUnderALockThatTheChildNeedsIsADeadlock) {
  const Ran ran = AnalyzeHung("join-hangs");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("1 actual deadlock"));
  EXPECT_THAT(ran.out,
              HasSubstr("A1 (main) holds a and waits for the end of A2 "
                        "(worker), while A2 (worker) waits for a"));
  ExpectPossible("join-latent");
}

TEST_F(ProcessesTest, AJoinUnderAnotherLockIsSilent) {
  ExpectSilent("join-safe");
}

TEST_F(ProcessesTest, TheJoinOfOneThatWasKilledWaitsForNothing) {
  const Finished f = Told("killed-under-lock", "log=" + log_);
  EXPECT_THAT(f.err, IsEmpty());
  EXPECT_THAT(Analyze().out, Not(HasSubstr("DEADLOCK")));
}

// That it is asked to end is no sign that it hangs.
TEST_F(ProcessesTest, OneThatItsParentEndsSaysNothing) {
  const Finished f = Told("ended-while-it-waits", "log=" + log_);
  EXPECT_THAT(f.err, IsEmpty()) << f;
}

TEST_F(ProcessesTest, TheDeathOfAnOwnerIsAHazardThatNamesItAndTheNextOne) {
  const Finished f = Recorded("owner-dies");
  EXPECT_THAT(f.err, HasSubstr("hazard owner-died: \"a\" is had from A2, which "
                               "died while it had it"));
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("1 hazard"));
  EXPECT_THAT(ran.out, HasSubstr("HAZARD  owner-died"));
  EXPECT_THAT(ran.out, HasSubstr("A2 (owner) died while it held a; A1 (main) "
                                 "had it next, and was told"));
  EXPECT_THAT(ran.out, ::testing::ContainsRegex("holds +a, acquired in"));
  EXPECT_THAT(ran.out, HasSubstr("DieWithA"));
  EXPECT_THAT(ran.out, HasSubstr("OwnerDies"));
}

TEST_F(ProcessesTest, SoItIsIfNobodyHasHadTheLockSince) {
  const Finished f = Recorded("owner-dies-and-nobody-comes");
  EXPECT_EQ(f.err, "");
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("A2 (owner) died while it held a; nobody has "
                                 "had it since"));
}

TEST_F(ProcessesTest, WhoDiesWithoutALockIsSilent) {
  ExpectSilent("owner-lets-go");
}

TEST_F(ProcessesTest, ThreadsThatComeToALockFirstAtOnceHaveOneRecordOfIt) {
  EXPECT_EQ(SaidLive("first-uses-at-once"), "");
  ExpectSilent("first-uses-at-once");
}

// ---- While it hangs ---------------------------------------------------------
class HangingProcessesTest : public ProcessesTest,
                             public ::testing::WithParamInterface<const char*> {
 protected:
  // What is said until all of it is said, if anything is.
  std::string SaidUntilItEnds(const std::string& story,
                              const std::string& options) {
    child_.emplace(program_, std::vector<std::string>{story});
    child_
        ->Options("log=" + log_ + ":command=" LOCKCHECK_COMMAND +
                  (":" + options))
        .Before([] { setpgid(0, 0); })
        .Start();
    while (!child_->HasEnded() && !Holds(child_->SaidToError(), "suppress ")) {
      usleep(10'000);
    }
    return child_->SaidToError();
  }
  static bool Holds(const std::string& text, const char* words) {
    return text.find(words) != text.npos;
  }
};

TEST_P(HangingProcessesTest, OneOfThemSaysItOnce) {
  const std::string said = SaidUntilItEnds(GetParam(), "on_deadlock=report");
  ASSERT_FALSE(child_->HasEnded()) << said;
  // All have looked again.
  usleep(1'500'000);
  const std::string all = child_->SaidToError();
  EXPECT_EQ(Count(all, "DEADLOCK: threads of 2 processes wait for each other"),
            1)
      << all;
  EXPECT_EQ(Count(all, "ACTUAL DEADLOCK"), 1) << all;
}

INSTANTIATE_TEST_SUITE_P(Stories, HangingProcessesTest,
                         ::testing::Values("abba-hangs", "mixed-hangs",
                                           "join-hangs"),
                         [](const auto& info) {
                           const std::string name = info.param;
                           return name.substr(0, name.find('-'));
                         });

TEST_F(ProcessesTest, AbortEndsOneOfThemAndTheOthersGoOn) {
  const Finished f =
      Child(program_, {"abba-hangs"})
          .Options("log=" + log_ + ":command=none:on_deadlock=abort")
          .Run();
  EXPECT_EQ(f.signal(), 0) << f;
  EXPECT_EQ(Count(f.err, "DEADLOCK: threads of 2 processes"), 1) << f;
  EXPECT_THAT(f.err, HasSubstr("hazard owner-died"));
}

TEST_F(ProcessesTest, ThrowRefusesTheRequestOfOneOfThem) {
  const Finished f =
      Child(program_, {"abba-hangs"})
          .Options("log=" + log_ + ":command=none:on_deadlock=throw")
          .Run();
  EXPECT_EQ(f.exit_status(), 0) << f;
  EXPECT_EQ(Count(f.err, "DEADLOCK: threads of 2 processes"), 1) << f;
  EXPECT_EQ(Count(f.err, "this wait closes a deadlock"), 1) << f;
}

}  // namespace
}  // namespace lockcheck::tools::testing

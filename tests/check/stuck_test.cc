// A program of tests never hangs: whatever is waited for that will not come,
// the test fails, and the program ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "tests/check/watched_test.h"
#include "tests/count.h"

namespace lockcheck::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class StuckTest : public WatchedTest {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer has a thread, which might end the wait";
#endif
  }
};

TEST_F(StuckTest, ATestThatWaitsForASignalThatNobodyIsLeftToGiveFails) {
  for (const char* test : {"Semaphore", "Event", "Queue", "IdleWorker"}) {
    const Finished f = Run(std::string("NobodyLeft.") + test + ":Later.Passes",
                           {"--gtest_output=xml:" + (folder_ / "result.xml")});
    EXPECT_EQ(f.exit_status(), 1) << f;
    EXPECT_THAT(f.err, HasSubstr("nobody is left who could do it, in "
                                 "NobodyLeft."));
    EXPECT_THAT(f.err, HasSubstr("HAZARD  stall"));
    EXPECT_THAT(f.out,
                HasSubstr(std::string("[  FAILED  ] NobodyLeft.") + test));
    EXPECT_THAT(Read("result.xml"), HasSubstr("HAZARD  stall"));
    EXPECT_THAT(
        Read("result.xml"),
        ContainsRegex("testcase name=\"Passes\"[^>]* status=\"notrun\""));
  }
}

TEST_F(StuckTest, ALostWakeupFailsTheTestAndIsNamed) {
  const Finished f = Run("NobodyLeft.LostWakeup");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("HAZARD  lost-wakeup"));
}

TEST_F(StuckTest, ATestThatWaitsInStdForWhoWaitsForItFails) {
  for (const char* test : {"Join", "Async", "ConditionOfAnUnknownThread",
                           "EndOfAnUnknownThread"}) {
    const Finished f =
        Run(std::string("StdWaits.") + test + ":Later.Passes",
            {"--gtest_output=xml:" + (folder_ / "result.xml")}, "quiescence=5");
    EXPECT_EQ(f.exit_status(), 1) << f;
    EXPECT_THAT(f.out, HasSubstr(std::string("[  FAILED  ] StdWaits.") + test));
    EXPECT_EQ(Count(Read("result.xml"), "<failure message="), 1u) << f;
    EXPECT_THAT(
        Read("result.xml"),
        ContainsRegex("testcase name=\"Passes\"[^>]* status=\"notrun\""));
  }
}

TEST_F(StuckTest, ATestThatWaitsInStdForWhatComesPasses) {
  const Finished f = Run("StdWaitsThatEnd.*", {}, "quiescence=5");
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(f.err, "") << f;
}

TEST_F(StuckTest, UnderThrowToo) {
  const Finished f = Run("NobodyLeft.Event", {}, "on_deadlock=throw");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] NobodyLeft.Event"));
}

TEST_F(StuckTest, UnderThrowWhatCannotThrowEndsTheProgram) {
  for (const char* test : {"Join", "TheLockThatAWaitTakesAgain"}) {
    const Finished f = Run(std::string("DoesNotThrow.") + test + ":Later.*", {},
                           "on_deadlock=throw");
    EXPECT_EQ(f.exit_status(), 1) << f;
    EXPECT_THAT(f.err, HasSubstr("ACTUAL DEADLOCK"));
    EXPECT_THAT(f.out, HasSubstr(std::string("[  FAILED  ] DoesNotThrow.") +
                                 test + " (it locked up)"));
  }
}

TEST_F(StuckTest, AfterADeadlockThatThrewAHopelessWaitIsSeenStill) {
  const Finished f =
      Run("Watched.LocksItselfUp:NobodyLeft.Event", {}, "on_deadlock=throw");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Watched.LocksItselfUp"));
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] NobodyLeft.Event"));
}

TEST_F(StuckTest, ABlockThatLocksUpInThatWayIsAnActualDeadlock) {
  EXPECT_TRUE(Passes("NobodyLeft.InABlock"));
}

// Whichever test runs then: no other one fails, and all say the same.
TEST_F(StuckTest, ADeadlockOfOtherThreadsFailsOneTestAndNoOtherRuns) {
  for (const char* test : {"One", "Two", "One", "Two"}) {
    const Finished f = Run(std::string("Besides.") + test + ":BesidesThen.*",
                           {"--gtest_output=xml:" + (folder_ / "result.xml")});
    EXPECT_EQ(f.exit_status(), 1) << f;
    EXPECT_EQ(Count(f.out, "[  FAILED  ] "), 1u) << f;
    EXPECT_EQ(Count(f.err, "lockcheck: a deadlock happened "), 1u) << f;
    const std::string xml = Read("result.xml");
    EXPECT_EQ(Count(xml, "<failure message="), Count(f.err, "ACTUAL DEADLOCK"))
        << xml;
    std::smatch said, failed;
    ASSERT_TRUE(std::regex_search(
        f.err, said, std::regex("a deadlock happened (in )?(.*)\n")));
    EXPECT_THAT(f.out,
                HasSubstr("[  FAILED  ] " + said[2].str() + " (it locked up)"));
  }
}

TEST_F(StuckTest, ADeadlockBetweenTestsIsThatOfNoTest) {
  const Finished f = Run("Earlier.*:SuiteThatLocksUp.*",
                         {"--gtest_output=xml:" + (folder_ / "result.xml")});
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.err, HasSubstr("a deadlock happened outside of any test\n"));
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] outside of any test"));
  const std::string xml = Read("result.xml");
  EXPECT_EQ(Count(xml, "<failure message="), 1u) << xml;
  EXPECT_THAT(xml, ContainsRegex("name=\"NonTestSuiteFailure\" tests=\"1\" "
                                 "failures=\"1\""));
  EXPECT_THAT(xml, ContainsRegex("testcase name=\"NeverBegins\"[^>]* "
                                 "status=\"notrun\""));
}

TEST_F(StuckTest, AChildOfATestIsItsParentsBusiness) {
  EXPECT_TRUE(Run("NobodyLeft.InAChildThatIsKilled").Succeeded());
}

}  // namespace
}  // namespace lockcheck::testing

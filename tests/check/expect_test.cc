// Blocks that are judged for themselves: LOCKCHECK_EXPECT_DEADLOCK and
// LOCKCHECK_EXPECT_NO_DEADLOCK.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/check/watched_test.h"

namespace lockcheck::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class ExpectTest : public WatchedTest {
 protected:
  // Of a test whose block should have locked up.
  void FailsSaying(const std::string& test, const std::string& how) {
    const Finished f = Run("Child." + test);
    EXPECT_EQ(f.exit_status(), 1) << f;
    EXPECT_THAT(f.out, ContainsRegex("expecting_program.cc:[0-9]+: Failure\n"
                                     "Failed\nno deadlock happened: " +
                                     how))
        << f;
    EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Child." + test));
  }
};

TEST_F(ExpectTest, ABlockThatThrowsInItsProcessDoesNotGoOnWithTheTests) {
  FailsSaying("Throws", "the block threw: boom");
  FailsSaying("ThrowsNoException",
              "the block threw: what is no std::exception");
  const Finished f = Run("Child.Throws:ChildThen.*");
  const std::string said = "[ RUN      ] ChildThen.Runs";
  const size_t first = f.out.find(said);
  ASSERT_NE(first, f.out.npos) << f;
  EXPECT_EQ(f.out.find(said, first + 1), f.out.npos) << f;
}

TEST_F(ExpectTest, NoStatusAndNoSignalOfItsProcessIsADeadlock) {
  FailsSaying("EndsItsProcess", "it ended its process with status 66");
  FailsSaying("IsKilled", "a signal killed it: Killed");
}

TEST_F(ExpectTest, AnAssertionThatFailsInABlocksProcessFailsTheTest) {
  const Finished f = Run("Child.FailsAndLocksUp");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, ContainsRegex("expecting_program.cc:[0-9]+: Failure"));
  EXPECT_THAT(f.out, HasSubstr("in the block"));
  EXPECT_THAT(f.out, Not(HasSubstr("no deadlock happened")));
}

TEST_F(ExpectTest, ALockThatAThreadOfTheTestHoldsIsNoDeadlockOfTheBlock) {
  FailsSaying("WaitsForWhatAThreadOfTheTestHolds",
              "the block waits for a lock that another thread of the test "
              "held when it began");
}

TEST_F(ExpectTest, ABlockThatDoesNotEndIsKilledWhateverSignalsItTakes) {
  FailsSaying("RunsForEverAndTakesNoAlarm", "it did not end within 300 ms");
}

TEST_F(ExpectTest, ADeadlockIsSeenWhereChildrenLeaveNoStatus) {
  EXPECT_TRUE(Passes("Child.LocksUpWhereNobodyWaitsForChildren"));
}

TEST_F(ExpectTest, AnExpectedDeadlockExcusesNoMisuse) {
  const Finished f = Run("Block.ExpectsADeadlockAndShowsMisuse");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("MISUSE  unlock-unheld"));
  EXPECT_THAT(f.out, Not(HasSubstr("DEADLOCK")));
}

TEST_F(ExpectTest, ACycleWithOneHalfInABlockIsTheTests) {
  const Finished f = Run("Block.HasOneHalfOfACycle");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("CONFIRMED DEADLOCK"));
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Block.HasOneHalfOfACycle"));
  EXPECT_EQ(f.err, "");
}

TEST_F(ExpectTest, ABlockInABlockIsJudgedForItselfToo) {
  EXPECT_TRUE(Passes("Block.ExpectsNoneInOneThatExpectsOne"));
  EXPECT_TRUE(Passes("Block.ExpectsOneInOneThatExpectsNone"));
  EXPECT_TRUE(Passes("Block.HasOneHalfOfACycleInABlock"));
}

TEST_F(ExpectTest, WhatABlockDidThatThrewIsTheTests) {
  const Finished f = Run("Block.ThrowsAfterADeadlock");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("CONFIRMED DEADLOCK"));
}

TEST_F(ExpectTest, WithoutInstallABlockFailsItsTest) {
  const Finished f =
      RunProgram(LOCKCHECK_UNWATCHED_PROGRAM, "Block.*InOneThat*:Child.Throws");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("main() has not called "
                               "lockcheck::testing::Install()"));
  EXPECT_THAT(f.out, HasSubstr(" 3 FAILED TESTS"));
  EXPECT_TRUE(RunProgram(LOCKCHECK_UNWATCHED_PROGRAM,
                         "Block.*InOneThat*:Child.Throws", {}, "mode=off")
                  .Succeeded());
}

TEST_F(ExpectTest, ABuildWithoutLockcheckSaysSoAndPasses) {
  const Finished f = RunProgram(LOCKCHECK_DISABLED_PROGRAM, "*");
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(f.err,
            "lockcheck: built with LOCKCHECK_DISABLED, so nothing is "
            "checked\n");
}

}  // namespace
}  // namespace lockcheck::testing

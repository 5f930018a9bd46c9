// A program of tests that lockcheck watches fails where it should, says so as
// GoogleTest does, and never hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/check/watched_test.h"
#include "tests/documented_tests.h"

namespace lockcheck::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class GTestTest : public WatchedTest {};

TEST_F(GTestTest, ATestFailsForADeadlockThatCanHappen) {
  const Finished f = Run("Watched.BothOrders");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("CONFIRMED DEADLOCK  lock-order"));
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Watched.BothOrders"));
  // Where: in the two functions of the test's fixture.
  EXPECT_THAT(f.out, HasSubstr("Pair::AThenB"));
  EXPECT_THAT(f.out, HasSubstr("Pair::BThenA"));
}

TEST_F(GTestTest, SafeTwinsPass) {
  EXPECT_TRUE(Passes("Watched.OneOrder"));
  EXPECT_TRUE(Passes("Watched.OneThread"));
  EXPECT_TRUE(Passes("Watched.OneAfterTheOther"));
}

TEST_F(GTestTest, WhatABoundLeftOutIsSaid) {
  const Finished f = Run("Watched.AVeryLongRing");
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_THAT(f.err, HasSubstr("lockcheck: Watched.AVeryLongRing: a bound cut "
                               "the search: lock order: "));
  EXPECT_THAT(f.err, HasSubstr("lockcheck: all tests: a bound cut the search"));
  EXPECT_THAT(Run("Watched.OneOrder").err, Not(HasSubstr("bound")));
}

TEST_F(GTestTest, OnlyThatTestFails) {
  const Finished f = Run("Watched.One*:Watched.BothOrders");
  EXPECT_EQ(f.exit_status(), 1);
  EXPECT_THAT(f.out, HasSubstr("[       OK ] Watched.OneOrder"));
  EXPECT_THAT(f.out, HasSubstr("[       OK ] Watched.OneThread"));
  EXPECT_THAT(f.out, HasSubstr(" 1 FAILED TEST"));
}

TEST_F(GTestTest, ATestFailsForMisuse) {
  const Finished f = Run("Watched.Misuse");
  EXPECT_EQ(f.exit_status(), 1);
  EXPECT_THAT(f.out, HasSubstr("MISUSE  unlock-unheld"));
}

TEST_F(GTestTest, ATestFailsForAnOrderThatWasDeclaredBefore) {
  const Finished f = Run("Watched.BrokenOrder");
  EXPECT_EQ(f.exit_status(), 1);
  EXPECT_THAT(f.out, HasSubstr("MISUSE  declared-order"));
  EXPECT_TRUE(Passes("Watched.KeptOrder"));
}

TEST_F(GTestTest, TheXmlHasTheFindingsId) {
  Run("Watched.BothOrders", {"--gtest_output=xml:" + (folder_ / "result.xml")});
  EXPECT_THAT(
      Read("result.xml"),
      ContainsRegex("name=\"lockcheck_finding\" value=\"[0-9a-f]{12}\""));
}

// Which tests ran before, and with which locks, is nothing to a finding.
TEST_F(GTestTest, TheIdsOfUnnamedGlobalLocksAreTheSameWhateverElseRuns) {
  const auto ids = [&](const std::string& filter,
                       std::vector<std::string> more = {}) {
    more.push_back("--gtest_output=xml:" + (folder_ / "result.xml"));
    Run(filter, more);
    const std::string xml = Read("result.xml");
    const std::regex property("lockcheck_finding\" value=\"([0-9a-f]{12})\"");
    std::set<std::string> found;
    for (std::sregex_iterator i(xml.begin(), xml.end(), property), end;
         i != end; ++i) {
      found.insert((*i)[1]);
    }
    return found;
  };
  const std::set<std::string> one_two = ids("Globals.OneAndTwo");
  const std::set<std::string> two_three = ids("Globals.TwoAndThree");
  EXPECT_THAT(one_two, SizeIs(1));
  EXPECT_THAT(two_three, SizeIs(1));
  EXPECT_NE(one_two, two_three);
  EXPECT_EQ(ids("Globals.One:Globals.TwoAndThree"), two_three);
  std::set<std::string> both = one_two;
  both.insert(two_three.begin(), two_three.end());
  for (const char* seed : {"1", "2", "3"}) {
    EXPECT_EQ(ids("Globals.*", {"--gtest_shuffle",
                                std::string("--gtest_random_seed=") + seed}),
              both);
  }
}

TEST_F(GTestTest, ATestThatLocksUpFailsAndTheProgramEnds) {
  const Finished f = Run("Watched.LocksUp:Watched.OneOrder",
                         {"--gtest_output=xml:" + (folder_ / "result.xml")});
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.err, HasSubstr("ACTUAL DEADLOCK  wait-for"));
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Watched.LocksUp"));
  EXPECT_THAT(Read("result.xml"), HasSubstr("ACTUAL DEADLOCK"));
  EXPECT_THAT(Read("result.xml"), HasSubstr("lockcheck_finding"));
}

TEST_F(GTestTest, WhateverATestWaitsForItNeverHangs) {
  for (const char* test : {"LocksItselfUp", "LocksUpWithThisThread",
                           "JoinsAThreadThatWantsWhatItHolds"}) {
    const Finished f = Run(std::string("Watched.") + test);
    EXPECT_EQ(f.exit_status(), 1) << f;
    EXPECT_THAT(f.err, HasSubstr("ACTUAL DEADLOCK"));
    EXPECT_THAT(f.out, HasSubstr(std::string("[  FAILED  ] Watched.") + test));
  }
}

TEST_F(GTestTest, ATestThatNobodyIsLeftToEndFails) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer has a thread, which might end the wait";
#endif
  for (const char* options : {"", "on_deadlock=throw"}) {
    const Finished f =
        Run("Watched.WaitsForAPostThatNeedsWhatItHolds", {}, options);
    EXPECT_EQ(f.exit_status(), 1) << f;
    EXPECT_THAT(f.err, HasSubstr("ACTUAL DEADLOCK  communication"));
    EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Watched.WaitsForAPost"));
  }
}

TEST_F(GTestTest, ATestFailsForADeadlockThroughSignalsThatCanHappen) {
  for (const char* test : {"MayWaitForAPostThatNeedsWhatItHolds",
                           "MayWaitForAPostUnderAnOldLock"}) {
    const Finished f = Run(std::string("Watched.OneOrder:Watched.") + test);
    EXPECT_EQ(f.exit_status(), 1) << f;
    EXPECT_THAT(f.out, HasSubstr("CONFIRMED DEADLOCK  communication"));
    EXPECT_THAT(f.out, HasSubstr(std::string("[  FAILED  ] Watched.") + test));
    EXPECT_THAT(f.out, HasSubstr(" 1 FAILED TEST"));
    EXPECT_EQ(f.err, "") << f;
  }
  EXPECT_TRUE(Passes("Watched.WaitsForAPostWithEmptyHands"));
  EXPECT_TRUE(Passes("Watched.APostIsKept:Watched.WaitsForAPostThatIsThere"));
}

TEST_F(GTestTest, ADeadlockOutsideOfAnyTestEndsTheProgramToo) {
  const Finished f = Run("LockedUpSuite.*");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] outside of any test"));
}

TEST_F(GTestTest, TheXmlOfAProgramThatLockedUpSaysWhatDidNotRun) {
  Run("Watched.OneOrder:Watched.LocksUp:Last.Passes",
      {"--gtest_output=xml:" + (folder_ / "result.xml")});
  const std::string xml = Read("result.xml");
  EXPECT_THAT(xml, ContainsRegex("testcase name=\"OneOrder\"[^>]* "
                                 "status=\"run\" result=\"completed\""));
  EXPECT_THAT(xml, ContainsRegex("testcase name=\"LocksUp\"[^>]* "
                                 "status=\"run\" result=\"completed\""));
  EXPECT_THAT(xml, ContainsRegex("testcase name=\"Passes\"[^>]* "
                                 "status=\"notrun\" result=\"suppressed\""));
  Run("Watched.LocksUp:Last.Passes",
      {"--gtest_output=json:" + (folder_ / "result.json")});
  EXPECT_THAT(Read("result.json"), HasSubstr("\"NOTRUN\""));
}

TEST_F(GTestTest, UnderThrowTheProgramGoesOn) {
  const Finished f =
      Run("Watched.LocksItselfUp:Last.Passes", {}, "on_deadlock=throw");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Watched.LocksItselfUp"));
  EXPECT_THAT(f.out, HasSubstr("[       OK ] Last.Passes"));
}

TEST_F(GTestTest, UnderThrowAnExceptionThatLeavesAThreadEndsTheProgram) {
  const Finished f =
      Run("Watched.LocksUp:Watched.OneOrder", {}, "on_deadlock=throw");
  EXPECT_EQ(f.signal(), SIGABRT) << f;
  EXPECT_THAT(f.err, HasSubstr("this wait closes a deadlock"));
}

TEST_F(GTestTest, ATestThatEndsTheProgramFailsIt) {
  const Finished f = Run("Watched.Misuse:Exits.WithZero:Last.Passes",
                         {"--gtest_output=xml:" + (folder_ / "result.xml")});
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Exits.WithZero"));
  EXPECT_THAT(f.out, HasSubstr("ended by exit(0) before its tests were done"));
  const std::string xml = Read("result.xml");
  EXPECT_THAT(xml, HasSubstr("MISUSE  unlock-unheld"));
  EXPECT_THAT(xml, ContainsRegex("testcase name=\"Passes\"[^>]* "
                                 "status=\"notrun\" result=\"suppressed\""));
  // Even if none had failed: those behind it never ran.
  EXPECT_EQ(Run("Exits.WithZero").exit_status(), 1);
  EXPECT_EQ(Run("Exits.WithSeven").exit_status(), 7);
}

TEST_F(GTestTest, WhatADeathTestsChildEndsWithIsItsOwn) {
  EXPECT_TRUE(Run("Exits.InADeathTest").Succeeded());
}

TEST_F(GTestTest, AMainOfOnesOwnDoesAllOfThat) {
  const auto status = [&](const char* filter) {
    return RunProgram(LOCKCHECK_OWN_MAIN_PROGRAM, filter).exit_status();
  };
  EXPECT_EQ(status("Watched.OneOrder"), 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  EXPECT_EQ(status("Watched.BothOrders"), 1);
  EXPECT_EQ(status("Watched.LocksUp"), 1);
  EXPECT_EQ(status("Half.*"), 1);
}

TEST_F(GTestTest, WhatIsExpectedDoesNotFail) {
  EXPECT_TRUE(Passes("Watched.ExpectsWhatIsThere"));
}

TEST_F(GTestTest, PossibleDeadlocksAreExpectedInPlaceActualOnesInAChild) {
  const Finished f = Run("Watched.WritesInBlocks");
  EXPECT_TRUE(f.Succeeded()) << f;
}

TEST_F(GTestTest, ABlockIsJudgedForItselfAndTheTestForTheRest) {
  const Finished f = Run("Watched.FailsBeforeABlock");
  EXPECT_EQ(f.exit_status(), 1);
  EXPECT_THAT(f.out, HasSubstr("CONFIRMED DEADLOCK"));
}

TEST_F(GTestTest, WhatIsExpectedAndNotThereFails) {
  const Finished f = Run("Watched.ExpectsWhatIsNotThere");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out,
              ContainsRegex("watched_program.cc:[0-9]+: Failure\nFailed\n"
                            "no deadlock is possible"));
  EXPECT_THAT(f.out,
              ContainsRegex("watched_program.cc:[0-9]+: Failure\nFailed\n"
                            "no deadlock happened"));
  EXPECT_THAT(f.out,
              ContainsRegex("watched_program.cc:[0-9]+: Failure\nFailed\n"
                            "\\[1\\] CONFIRMED DEADLOCK"));
}

TEST_F(GTestTest, AThreadKnowsWhatItHolds) {
  EXPECT_TRUE(Passes("Watched.KnowsWhatItHolds:Watched.HoldsNoLockButPermits"));
  const Finished f = Run("Watched.DoesNotKnowWhatItHolds");
  EXPECT_THAT(f.out, HasSubstr("the calling thread holds locks"));
  EXPECT_THAT(f.out, HasSubstr("the calling thread does not hold the lock"));
}

TEST_F(GTestTest, WhatOnlyTwoTestsShowFailsTheProgramAndNamesBoth) {
  const Finished f = Run("Half.*");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("[  PASSED  ] 2 tests."));
  EXPECT_THAT(f.err, HasSubstr("(Half.TheWorkerTakesAThenB, "
                               "Half.ThisThreadTakesBThenA)"));
  EXPECT_THAT(f.err, HasSubstr("POSSIBLE DEADLOCK"));
  EXPECT_TRUE(Passes("Half.TheWorkerTakesAThenB"));
  EXPECT_TRUE(Passes("Half.ThisThreadTakesBThenA"));
}

TEST_F(GTestTest, WhatOnlyTwoRunsOfOneTestShowIsSaidSo) {
  const Finished f = Run("HalfEachTime.*", {"--gtest_repeat=2"});
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.err,
              HasSubstr("no single run of a test shows this, but several "
                        "of HalfEachTime.AThenBOrBThenA together do"));
}

TEST_F(GTestTest, WhatAnyThreadDidCountsThoughItStillRuns) {
  const Finished f = Run("WithTheWorker.*");
  EXPECT_EQ(f.exit_status(), 1);
  EXPECT_THAT(f.out,
              HasSubstr("[  FAILED  ] WithTheWorker.BothOrdersInOneTest"));
}

TEST_F(GTestTest, WhatAnEarlierTestHasShownFailsTheNextOneThatDoesIt) {
  const Finished f = Run("Again.*");
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Again.First"));
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Again.Second"));
}

TEST_F(GTestTest, WhatWasHeldWhenATestBeganCounts) {
  const Finished f = Run("Held.*");
  EXPECT_THAT(f.out, HasSubstr("[       OK ] Held.FromOneTest"));
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Held.ToTheNext"));
}

TEST_F(GTestTest, NeitherOrderNorRepetitionChangesAVerdict) {
  for (int seed = 1; seed <= 5; ++seed) {
    const Finished f =
        Run("Watched.One*:Watched.BothOrders:Watched.Misuse:Watched.Knows*",
            {"--gtest_shuffle", "--gtest_random_seed=" + std::to_string(seed),
             "--gtest_repeat=3"});
    EXPECT_EQ(f.exit_status(), 1);
    for (const char* test : {"BothOrders", "Misuse"}) {
      const std::string failed =
          std::string("[  FAILED  ] Watched.") + test + " (";
      size_t count = 0;
      for (size_t at = 0; (at = f.out.find(failed, at)) != f.out.npos; ++at) {
        ++count;
      }
      EXPECT_EQ(count, 3u) << test << " with seed " << seed;
    }
    EXPECT_THAT(f.out, Not(HasSubstr("FAILED  ] Watched.One")));
  }
}

TEST_F(GTestTest, NorTheVerdictOnAllOfThem) {
  for (int seed = 1; seed <= 5; ++seed) {
    const Finished f =
        Run("Half.*:Watched.OneThread",
            {"--gtest_shuffle", "--gtest_random_seed=" + std::to_string(seed),
             "--gtest_repeat=2"});
    EXPECT_EQ(f.exit_status(), 1) << "seed " << seed;
    EXPECT_THAT(f.out, Not(HasSubstr("FAILED")));
    EXPECT_THAT(f.err, HasSubstr("(Half.TheWorkerTakesAThenB, "
                                 "Half.ThisThreadTakesBThenA)"));
  }
}

TEST_F(GTestTest, ASuppressedFindingDoesNotFail) {
  std::ofstream(folder_ / "known") << "lock-order:a -> b  # known\n";
  const Finished f =
      Run("Watched.BothOrders", {}, "suppressions=" + (folder_ / "known"));
  EXPECT_TRUE(f.Succeeded()) << f;
}

TEST_F(GTestTest, AFindingOfTheBaselineDoesNotFail) {
  // The command makes the file, from the log of an earlier run.
  const std::string log = folder_ / "run.log";
  EXPECT_EQ(Run("Watched.BothOrders", {}, "log=" + log).exit_status(), 1);
  const std::string known = folder_ / "known";
  Child analyze(LOCKCHECK_COMMAND, {"analyze", log, "--write-baseline", known});
  EXPECT_EQ(analyze.Run().exit_status(), 1);
  EXPECT_THAT(Read("known"), ContainsRegex("^[0-9a-f]{12}  # confirmed "
                                           "lock-order: a -> b\n$"));
  const Finished f =
      Run("Watched.BothOrders:Watched.Misuse", {}, "baseline=" + known);
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("[       OK ] Watched.BothOrders"));
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Watched.Misuse"));
}

TEST_F(GTestTest, AWrongBaselineIsSaidAtOnce) {
  const Finished f = Run("Watched.OneOrder", {}, "baseline=/no/such/file");
  EXPECT_EQ(f.exit_status(), 2) << f;
  EXPECT_THAT(f.err, HasSubstr("/no/such/file: cannot read the baseline: "));
}

TEST_F(GTestTest, AWrongSuppressionsFileIsSaidAtOnce) {
  const Finished f = Run("Watched.OneOrder", {}, "suppressions=/no/such/file");
  EXPECT_EQ(f.exit_status(), 2) << f;
  EXPECT_THAT(f.err, HasSubstr("/no/such/file"));
}

TEST_F(GTestTest, ItsOwnLogIsGoneAfterwardsTheUsersStays) {
  Run("Watched.OneOrder");
  EXPECT_THAT(
      std::distance(std::filesystem::directory_iterator(folder_.path()), {}),
      0);
  Run("Watched.OneOrder", {}, "max_log=1G");  // says nothing of the place
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  Run("Watched.OneOrder", {}, "log=" + (folder_ / "mine"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "mine"));
}

TEST_F(GTestTest, WithoutRecordingNothingIsCheckedAndThatIsSaid) {
  const Finished f = Run("Watched.BothOrders", {}, "mode=off");
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_THAT(f.err, HasSubstr("nothing is recorded, so nothing is checked"));
}

TEST_F(GTestTest, LiveModeRecordsNothingSoItIsNoSuccess) {
  const Finished f = Run("Watched.OneOrder", {}, "mode=live");
  EXPECT_EQ(f.exit_status(), 2) << f;
  EXPECT_THAT(f.err, HasSubstr("tests need a log, as mode=record writes"));
}

TEST_F(GTestTest, WhatCannotBeRecordedIsNoSuccess) {
  const Finished f = Run("Watched.OneOrder", {}, "log=/proc/nope/log");
  EXPECT_EQ(f.exit_status(), 2) << f;
  EXPECT_THAT(f.err, HasSubstr("cannot write the log /proc/nope/log: "));
  EXPECT_THAT(f.err, Not(HasSubstr("working directory")));
}

TEST_F(GTestTest, WhereRecordingHasStoppedTestsFail) {
  const Finished f = Run("Watched.OneOrder:Long.F*", {}, "max_log=256K");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("[       OK ] Watched.OneOrder"));
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Long.Fills"));
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Long.Follows"));
  EXPECT_THAT(f.out, HasSubstr("lockcheck: recording has stopped"));
  // The log is removed.
  EXPECT_THAT(f.err, HasSubstr("reached max_log; the program goes on\n"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  EXPECT_THAT(
      Run("Long.Fills", {}, "max_log=256K:log=" + (folder_ / "mine")).err,
      HasSubstr("mine keeps what was recorded"));
}

TEST_F(GTestTest, WhatARingHasForgottenFailsItsTestAndNoOther) {
  const Finished f =
      Run("Watched.OneOrder:Long.Fo*:-Long.Fi*", {}, "ring=256K");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("[       OK ] Watched.OneOrder"));
  EXPECT_THAT(f.out, HasSubstr("[       OK ] Long.Follows"));
  EXPECT_THAT(f.out, HasSubstr("[  FAILED  ] Long.ForgetsHowItBegan"));
  EXPECT_THAT(f.out, HasSubstr("ring= is too small for one test"));
  // Five times that overwrites earlier tests only.
  EXPECT_TRUE(Run("Long.Fills", {"--gtest_repeat=5"}, "ring=2M").Succeeded());
}

TEST_F(GTestTest, WhereNothingIsRecordedAssertionsDoNotFail) {
  EXPECT_TRUE(Run("Watched.KnowsWhatItHolds", {}, "mode=off").Succeeded());
}

TEST_F(GTestTest, AnAssertionThatFailsIsTheCallers) {
  EXPECT_THAT(Run("Watched.DoesNotKnowWhatItHolds").out,
              ContainsRegex("watched_program.cc:[0-9]+: Failure\nFailed\n"
                            "lockcheck: the calling thread holds locks"));
}

// docs/gtest.md has a table of promises, and of the tests that hold it to them.
TEST_F(GTestTest, EveryPromiseOfTheDocumentHasATestAndEveryTestIsThere) {
  std::set<std::string> tests;
  const auto& suite = *::testing::UnitTest::GetInstance()->current_test_suite();
  for (int i = 0; i < suite.total_test_count(); ++i) {
    tests.insert(suite.GetTestInfo(i)->name());
  }
  size_t promises = 0;
  for (const DocumentedRow& row : DocumentedRows(LOCKCHECK_DOCS "/gtest.md")) {
    EXPECT_FALSE(row.tests.empty()) << row.text;
    ++promises;
    for (const std::string& test : row.tests) {
      // Those with a dot are of other programs.
      EXPECT_TRUE(test.find('.') != test.npos || tests.count(test) == 1)
          << test;
    }
  }
  EXPECT_GT(promises, 20u);
}

TEST_F(GTestTest, SuppressionsOfTestsThatDidNotRunAreNotCalledUnused) {
  std::ofstream(folder_ / "known") << "lock-order:a -> b  # known\n";
  const Finished f =
      Run("Watched.OneOrder", {}, "suppressions=" + (folder_ / "known"));
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(f.err, "");
}

}  // namespace
}  // namespace lockcheck::testing

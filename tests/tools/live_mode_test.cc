// mode=live says what can deadlock when it comes about, once, and keeps quiet
// about everything else; its memory is that of what differs.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/count.h"
#include "tests/rounds.h"
#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"
#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Count;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using ::testing::HasSubstr;
using ::testing::Not;

Finished RunLive(std::vector<std::string> words, const std::string& more = "",
                 const std::string& command = LOCKCHECK_COMMAND) {
  return Child("live_program", std::move(words))
      .Options("mode=live:command=" + command + more)
      .Run();
}

int Reports(const Finished& f) { return Count(f.err, "POSSIBLE DEADLOCK"); }

long LiveBytes(const Finished& f) {
  const size_t at = f.out.find("live log ");
  EXPECT_NE(at, f.out.npos) << f;
  return at == f.out.npos ? 0 : std::atol(f.out.c_str() + at + 9);
}

void ExpectSilence(std::vector<std::string> words) {
  const Finished f = RunLive(std::move(words), ":exitcode=66");
  EXPECT_EQ(f.exit_status(), 0) << f;
  EXPECT_EQ(f.err, "") << f;
}

TEST(LiveModeTest, ALockOrderIsReportedWithWhoAndWhere) {
  const Finished f = RunLive({"abba"});
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(Reports(f), 1) << f;
  EXPECT_THAT(
      f.err,
      HasSubstr("A2 holds a and asks for b, while A3 holds b and asks for a"));
  EXPECT_THAT(f.err,
              HasSubstr("nothing but locks and the start and join of threads"));
  EXPECT_THAT(f.err, HasSubstr("holds    b, acquired in"));
  EXPECT_THAT(f.err, HasSubstr("Abba()"));
  EXPECT_THAT(f.err, HasSubstr("came about now, in A3; the program goes on"));
  EXPECT_THAT(f.err, HasSubstr("were found 1 time, see above"));
}

TEST(LiveModeTest, OnceHoweverOftenItHappens) {
  EXPECT_EQ(Reports(RunLive({"abba-many", "200"})), 1);
}

TEST(LiveModeTest, TheSecondOneComesWithoutTheFirst) {
  const Finished f = RunLive({"two"});
  EXPECT_EQ(Reports(f), 2) << f;
  EXPECT_EQ(Count(f.err, "holds    a, acquired"), 1) << f;
  EXPECT_EQ(Count(f.err, "holds    c, acquired"), 1) << f;
}

TEST(LiveModeTest, ExitcodeMakesItFail) {
  EXPECT_EQ(RunLive({"abba"}, ":exitcode=66").exit_status(), 66);
}

// With a command that ends only when the program has gone on.
TEST(LiveModeTest, NoThreadWaitsForTheReport) {
  const Folder folder;
  const std::string word = folder / "word", command = folder / "command";
  ASSERT_EQ(mkfifo(word.c_str(), 0600), 0);
  std::ofstream(command) << "#!/bin/sh\n"
                         << "read word < " << word << "\n"
                         << "echo it said $word >&2\n"
                         << "exit 177\n";
  ASSERT_EQ(chmod(command.c_str(), 0700), 0);
  constexpr int kDescriptor = 200;
  const Finished f =
      Child("live_program", {"abba-and-then-a-word", "200"})
          .Options("mode=live:exitcode=66:command=" + command)
          .Before([&] { dup2(open(word.c_str(), O_RDWR), kDescriptor); })
          .Run();
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_THAT(f.err, HasSubstr("it said go"));
  EXPECT_THAT(f.err, HasSubstr("came about now, in A3; the program goes on"));
}

TEST(LiveModeTest, TheReporterDoesNotKeepTheProcessAlive) {
  const Finished f = RunLive({"abba-without-main"});
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(Reports(f), 1) << f;
}

TEST(LiveModeTest, ADeadlockIsNotCalledPossibleFirst) {
  const Finished f =
      RunLive({"abba-at-once"}, ":on_deadlock=throw:exitcode=66");
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_EQ(Count(f.err, "ACTUAL DEADLOCK"), 1) << f;
  EXPECT_EQ(Reports(f), 0) << f;
}

// ---- Each finding counts once ----

Finished RunThrowing(const std::string& scenario, const std::string& command) {
  return RunLive({scenario}, ":on_deadlock=throw:exitcode=66", command);
}

TEST(LiveModeTest, WhatCouldHappenAndThenDoesCountsAsWhatHappened) {
  for (const std::string command : {LOCKCHECK_COMMAND, "none"}) {
    const Finished f = RunThrowing("could-then-does", command);
    EXPECT_EQ(f.exit_status(), 66) << f;
    EXPECT_THAT(f.err, HasSubstr("in this program 1 deadlock happened"));
    EXPECT_THAT(f.err, Not(HasSubstr("in this program lock orders"))) << f;
  }
}

// Of those who come as they like, one may be found to close the cycle of orders
// before the other one waits.
TEST(LiveModeTest, EveryDeadlockIsReportedAndNotCalledPossibleFirst) {
  for (int round = 0; round < tests::Rounds(100); ++round) {
    const bool first_waits = round % 2 == 0;
    const Finished f =
        RunLive({first_waits ? "abba-at-once" : "abba-as-they-come"},
                ":on_deadlock=abort", "none");
    ASSERT_EQ(f.signal(), SIGABRT) << "round " << round << ": " << f;
    ASSERT_EQ(Count(f.err, "DEADLOCK: 2 threads wait for each other"), 1) << f;
    if (first_waits) {
      ASSERT_EQ(Count(f.err, "possible"), 0) << f;
    }
  }
}

TEST(LiveModeTest, WhatHasHappenedIsNotSaidToBePossible) {
  const Finished f = RunThrowing("does-then-could", LOCKCHECK_COMMAND);
  EXPECT_EQ(Count(f.err, "ACTUAL DEADLOCK"), 1) << f;
  // The other one that is in the program.
  EXPECT_EQ(Reports(f), 1) << f;
  EXPECT_THAT(f.err, HasSubstr("in this program 1 deadlock happened"));
  EXPECT_THAT(f.err, HasSubstr("were found 1 time, see above"));
}

TEST(LiveModeTest, ARequestIsNotToldTwice) {
  EXPECT_THAT(RunLive({"abba"}).err, Not(HasSubstr(" times")));
}

TEST(LiveModeTest, OneWriterAtEachLockIsEnough) {
  EXPECT_EQ(Reports(RunLive({"readers-and-writers"})), 1);
}

TEST(LiveModeTest, TheSameOrderBesideTheOtherThreadCounts) {
  EXPECT_EQ(Reports(RunLive({"again-later"})), 1);
}

TEST(LiveModeTest, ARequestForTwoIsMadeUnderWhatIsHeld) {
  EXPECT_EQ(Reports(RunLive({"two-under-a-third"})), 1);
}

TEST(LiveModeTest, WhatWasAskedForTogetherIsNotKnownAsNested) {
  EXPECT_EQ(Reports(RunLive({"together-then-nested"})), 1);
}

TEST(LiveModeTest, SafeTwinsAreSilent) {
  for (const char* scenario : {"gated", "one-thread", "joined-between",
                               "readers", "tried", "all-at-once"}) {
    SCOPED_TRACE(scenario);
    ExpectSilence({scenario});
  }
}

TEST(LiveModeTest, WhatIsRepeatedTakesNoMemory) {
  const long few = LiveBytes(RunLive({"often", "10"}));
  EXPECT_EQ(LiveBytes(RunLive({"often", "300000"})), few);
}

TEST(LiveModeTest, NorDoContentionAndWaits) {
  // The header, and a block for each of five threads.
  EXPECT_LE(LiveBytes(RunLive({"fought", "100000"})), 6 * 65536);
}

TEST(LiveModeTest, OfAThreadLittleIsKept) {
  const long one = LiveBytes(RunLive({"many-threads", "1"}));
  EXPECT_LT(LiveBytes(RunLive({"many-threads", "5001"})) - one, 5000 * 400);
}

TEST(LiveModeTest, WhatComesAfterAMillionEventsIsFoundAllTheSame) {
  EXPECT_EQ(Reports(RunLive({"often-then-abba", "100000"})), 1);
}

TEST(LiveModeTest, AForkedChildHasItsOwn) {
  const Finished f = RunLive({"in-a-child"});
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(Reports(f), 1) << f;
}

TEST(LiveModeTest, ThousandsOfDependenciesAreNoTrouble) {
  EXPECT_EQ(Reports(RunLive({"wide", "150"})), 1);
}

TEST(LiveModeTest, NorAreManyLocksAtOnce) {
  EXPECT_EQ(Reports(RunLive({"deep", "300"})), 1);
}

// With a, it is one more.
TEST(LiveModeTest, OuterOnesThatMakeNoOrdersAreSaidOnce) {
  const auto said = [](const std::string& locks) {
    const Finished f = RunLive({"under-many", locks});
    EXPECT_EQ(Reports(f), 1) << f;
    return Count(f.err, "holds more than 48 locks at once");
  };
  EXPECT_EQ(said("47"), 0);
  EXPECT_EQ(said("48"), 1);
  EXPECT_EQ(said("1000"), 1);
}

TEST(LiveModeTest, AndStillKeepOthersApart) {
  const Finished f = RunLive({"under-many-gated", "300"}, ":exitcode=66");
  EXPECT_EQ(f.exit_status(), 0) << f;
  EXPECT_EQ(Reports(f), 0) << f;
}

// ---- Locks that are gone ----

long NumberAfter(const std::string& text, const std::string& words) {
  const size_t at = text.find(words);
  EXPECT_NE(at, text.npos) << text;
  return at == text.npos ? LONG_MAX : std::atol(&text[at + words.size()]);
}

TEST(LiveModeTest, LocksThatAreGoneTakeNoMemory) {
  const Finished f = RunLive({"short-lived", "400000"});
  // One of them alone would take some hundred bytes.
  EXPECT_LE(NumberAfter(f.out, "second half "), 512) << f;
  EXPECT_EQ(f.err, "");
}

TEST(LiveModeTest, AfterAMillionOfThemACycleOfLivingOnesIsFound) {
  EXPECT_EQ(Reports(RunLive({"short-lived-then-abba", "1000000"})), 1);
}

TEST(LiveModeTest, ACycleThatWasFoundIsReportedThoughItsLocksAreGone) {
  const Finished f = RunLive({"gone-afterwards"});
  EXPECT_EQ(Reports(f), 3) << f;
  EXPECT_THAT(f.err, HasSubstr("holds p1 and asks for q1"));
  EXPECT_THAT(f.err, HasSubstr("holds p3 and asks for q3"));
  EXPECT_THAT(f.err, Not(HasSubstr("did not occur")));
}

TEST(LiveModeTest, ALockThatIsGoneStandsForNoOther) {
  ExpectSilence({"gone-before"});
}

TEST(LiveModeTest, WhatWasDoneUnderItCounts) {
  EXPECT_EQ(Reports(RunLive({"under-one-that-is-gone"})), 1);
  EXPECT_EQ(Reports(RunLive({"under-two-that-are-gone"})), 1);
}

TEST(LiveModeTest, AndThatItKeptOthersApart) {
  ExpectSilence({"gated-by-one-that-is-gone"});
}

TEST(LiveModeTest, WithoutTheCommandItIsSaidAllTheSame) {
  const Finished f = RunLive({"abba"}, ":exitcode=66", "none");
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_EQ(Count(f.err, "possible deadlock: a lock made at"), 1) << f;
}

TEST(LiveModeTest, AProgramThatClosesAllDescriptorsGoesOn) {
  const Finished f = RunLive({"closed-descriptors"});
  EXPECT_TRUE(f.Succeeded()) << f;
  // If it closes those of a report that is on its way, a line is left of that.
  EXPECT_GE(Reports(f) + Count(f.err, "possible deadlock: a lock made at"), 1)
      << f;
}

TEST(LiveModeTest, ThereIsNoLog) {
  const Finished f = RunLive({"abba"});
  EXPECT_THAT(f.err, Not(HasSubstr(".log")));
  EXPECT_THAT(f.err, Not(HasSubstr("the log")));
  EXPECT_THAT(f.err, HasSubstr("it has not happened so far"));
}

// Nor does anybody know its descriptors.
TEST(LiveModeTest, ItsTableOfWaitsIsCalledByTheProgram) {
  Child child("live_program", {"hang"});
  child.Options("mode=live:command=" LOCKCHECK_COMMAND).Start();
  UntilItStands(child);
  const std::string pid = std::to_string(child.pid());
  const Ran ran = RunCommand({"status", pid});
  child.Signal(SIGTERM);
  const Finished f = child.Wait();
  for (const std::string& said : {ran.out, f.err}) {
    EXPECT_THAT(said, HasSubstr("lockcheck  live_program, pid " + pid + "\n"));
    EXPECT_THAT(said, HasSubstr("STATUS  1 standing wait"));
    EXPECT_THAT(said, Not(HasSubstr("/proc/")));
  }
}

// Where there can be no log, deadlocks are found all the same.
TEST(LiveModeTest, AProgramWhoseLogCannotBeWrittenRunsWithIt) {
  const Folder folder;
  std::ofstream(folder / "file") << "text";
  for (const std::string& log :
       {std::string("/proc/self/log"), folder / "file/log", folder.path()}) {
    const Finished f =
        Child("live_program", {"abba"})
            .Options("exitcode=66:log=" + log + ":command=" + LOCKCHECK_COMMAND)
            .Run();
    EXPECT_EQ(f.exit_status(), 66) << f;
    EXPECT_EQ(Count(f.err, "lockcheck: cannot write the log " + log), 1) << f;
    EXPECT_EQ(Count(f.err, "; the program goes on with mode=live\n"), 1) << f;
    EXPECT_EQ(Reports(f), 1) << f;
  }
}

TEST(LiveModeTest, ALogThatWasAskedForBesidesIsSaidToBeIgnored) {
  const Folder folder;
  const Finished f = RunLive({"abba"}, ":log=" + (folder / "log"));
  EXPECT_EQ(Reports(f), 1) << f;
  EXPECT_EQ(Count(f.err, "log=" + (folder / "log") + " is ignored: mode=live"),
            1)
      << f;
  EXPECT_FALSE(std::filesystem::exists(folder / "log"));
  EXPECT_THAT(RunLive({"abba"}).err, Not(HasSubstr("is ignored")));
}

}  // namespace
}  // namespace lockcheck::tools::testing

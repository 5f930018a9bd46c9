// A program that has locked up has the command say so, with files, lines and
// stacks, beside itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <string>

#include "tests/count.h"
#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Count;
using lockcheck::testing::Folder;
using ::testing::HasSubstr;
using ::testing::Not;

// What the program has said when it has said `last`; it is stuck then.
std::string ReportOf(const std::string& scenario, const std::string& last,
                     const std::string& mode = "record") {
  Folder folder;
  Child child("deadlock_program", {scenario});
  child
      .Options((mode == "live" ? "mode=live" : "log=" + (folder / "log")) +
               ":command=" + std::string(LOCKCHECK_COMMAND))
      .Start();
  std::string said;
  // The child's own time limit ends this.
  while ((said = child.SaidToError()).find(last) == said.npos &&
         !child.HasEnded()) {
    sched_yield();
  }
  child.Signal(SIGKILL);
  EXPECT_EQ(child.Wait().signal(), SIGKILL) << said;
  return said;
}

TEST(DeadlockReportTest, TheCommandTellsTheWholeStory) {
  const std::string said = ReportOf("join", "suppress ");
  EXPECT_THAT(said, HasSubstr("DEADLOCK: 2 threads wait for each other"));
  EXPECT_THAT(said, HasSubstr("[1] ACTUAL DEADLOCK  wait-for"));
  EXPECT_THAT(said, HasSubstr("waits    the end of A2 (worker), in"));
  EXPECT_THAT(said, HasSubstr("JoinWhileHolding"));
  // Not twice.
  EXPECT_THAT(said, Not(HasSubstr("lockcheck:     and waits for")));
}

TEST(DeadlockReportTest, OfReadersToo) {
  const std::string said = ReportOf("readers-write", "suppress ");
  EXPECT_THAT(said, HasSubstr("[1] ACTUAL DEADLOCK  wait-for"));
  EXPECT_THAT(said, HasSubstr("(shared), acquired in"));
}

// Whether the one that asks first is said to wait for itself, or both for each
// other: it is one deadlock, and one report.
TEST(DeadlockReportTest, OfReadersOfOneLockThatBothWantToWrite) {
  for (const char* mode : {"record", "live"}) {
    const std::string said =
        ReportOf("readers-of-one-write", "suppress ", mode);
    EXPECT_EQ(Count(said, "DEADLOCK:"), 1) << said;
    EXPECT_EQ(Count(said, "ACTUAL DEADLOCK"), 1) << said;
    EXPECT_THAT(said, HasSubstr("release the shared hold before asking"));
    const bool both = Count(said, "hold cache shared, and each asks for") == 1;
    // The log may have the second one's request by the time it is read.
    if (said.find("2 threads wait for each other") != said.npos) {
      EXPECT_TRUE(both) << said;
    }
    EXPECT_EQ(Count(said, "cache, which it already holds"), both ? 0 : 1)
        << said;
  }
}

TEST(DeadlockReportTest, OfAnOwnerThatHasEnded) {
  for (const char* mode : {"record", "live"}) {
    const std::string said = ReportOf("gone-owner", "suppress ", mode);
    EXPECT_THAT(said,
                HasSubstr("DEADLOCK: a thread waits for a lock whose owner has "
                          "ended"));
    EXPECT_THAT(said, HasSubstr("[1] ACTUAL DEADLOCK  wait-for"));
    EXPECT_THAT(said, HasSubstr("A2 (ended) has ended and still holds m"));
    EXPECT_THAT(said, Not(HasSubstr("lockcheck:     and A2")));
  }
}

TEST(DeadlockReportTest, WhatWasRefusedHappenedTheLogSays) {
  Folder folder;
  const std::string log = folder / "log";
  Child("deadlock_program", {"ring", "3"})
      .Options("on_deadlock=throw:command=none:log=" + log)
      .Run();
  const auto run = RunCommand({"analyze", log});
  EXPECT_EQ(run.status, 1) << run.err;
  EXPECT_THAT(run.out, HasSubstr("1 actual deadlock"));
  EXPECT_THAT(run.out, HasSubstr("one of the requests was refused"));
  EXPECT_THAT(run.out, Not(HasSubstr("POSSIBLE")));
}

}  // namespace
}  // namespace lockcheck::tools::testing

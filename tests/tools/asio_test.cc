// Coroutines of Boost.Asio in a report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <string>

#include "tests/count.h"
#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Count;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class AsioTest : public StoriesTest {
 protected:
  AsioTest() : StoriesTest("asio_program") {}
};

TEST_F(AsioTest, EachIsAnActorOfItsOwn) {
  ExpectConfirmed("order");
  EXPECT_THAT(Analyze().out, AllOf(HasSubstr("(first)"), HasSubstr("(second)"),
                                   HasSubstr("asio_program.cc:")));
}

TEST_F(AsioTest, WhatIsSafeIsSilent) {
  for (const char* story :
       {"one-order", "one-after-the-other", "across-runs", "on-threads"}) {
    ExpectSilent(story);
  }
}

// Whoever runs it, and though nothing else is left to do.
TEST_F(AsioTest, WhoIsLeftInAContextThatWasStoppedIsNoDeadlock) {
  for (const char* story :
       {"stopped", "stopped-by-handler", "asio-stopped-by-handler",
        "stopped-by-thread", "asio-stopped-by-thread"}) {
    ExpectSilent(story);
  }
}

// A request that may be cancelled gives up, as far as is known.
TEST_F(AsioTest, WhoMayBeCancelledIsInNoDeadlock) {
  for (const std::string& mode : {"log=" + log_, std::string("mode=live")}) {
    const Finished f = Told("cancelled", mode + ":command=none");
    EXPECT_THAT(f.err, Not(HasSubstr("DEADLOCK"))) << f;
  }
  Told("cancelled", "log=" + log_ + ":command=none");
  EXPECT_THAT(Analyze().out, Not(HasSubstr("ACTUAL")));
}

TEST_F(AsioTest, WhoWaitForEachOtherSayWhereTheyAwait) {
  for (const char* mode : {"record", "live"}) {
    const bool live = mode == std::string("live");
    const Finished f = Told("abba", (live ? "mode=live" : "log=" + log_) +
                                        ":command=" LOCKCHECK_COMMAND);
    EXPECT_EQ(f.out, "2 left\n");
    EXPECT_EQ(Count(f.err, " DEADLOCK: 2 coroutines wait for each other"), 1)
        << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr("first"), HasSubstr("second"),
                             HasSubstr("NestedSlowly")));
  }
  Told("abba", "log=" + log_ + ":command=none");
  EXPECT_THAT(Analyze().out, AllOf(HasSubstr("1 actual deadlock"),
                                   HasSubstr("ACTUAL DEADLOCK  wait-for")));
}

TEST_F(AsioTest, WhoIsLeftSuspendedIsToldWhenTheContextHasRunOut) {
  const Finished f = Told("nobody-sets", "log=" + log_ + ":command=none");
  EXPECT_EQ(f.out, "1 left\n");
  EXPECT_THAT(f.err, HasSubstr("DEADLOCK: 1 coroutine is suspended")) << f;
  EXPECT_THAT(Analyze().out, HasSubstr("ACTUAL DEADLOCK  communication"));
}

TEST_F(AsioTest, ALockHeldAcrossAnAwaitIsTold) {
  const Ran ran = Analyzed("lock-across-await");
  EXPECT_THAT(ran.out, AllOf(HasSubstr("[1] HAZARD  lock-across-await"),
                             HasSubstr("(holder) is suspended with of threads "
                                       "held"),
                             Not(HasSubstr("[2]"))));
}

TEST_F(AsioTest, AndTheThreadThatWouldResumeTheHolder) {
  Child child(program_, {"carrier"});
  child.Options("log=" + log_ + ":command=" LOCKCHECK_COMMAND).Start();
  while (child.SaidToError().find("suppress ") == std::string::npos &&
         !child.HasEnded()) {
    sched_yield();
  }
  child.Signal(SIGKILL);
  const Finished f = child.Wait();
  EXPECT_EQ(f.signal(), SIGKILL) << f;
  EXPECT_THAT(f.err, HasSubstr("ACTUAL DEADLOCK  carrier"));
}

}  // namespace
}  // namespace lockcheck::tools::testing

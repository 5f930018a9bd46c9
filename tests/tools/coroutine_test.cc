// Coroutines in a report: each is an actor of its own, which holds what it took
// across suspensions and threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "lib/log/recording.h"
#include "tests/count.h"
#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Count;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CoroutineTest : public StoriesTest {
 protected:
  CoroutineTest() : StoriesTest("coroutine_program") {}

  void ExpectMisuse(const std::string& story, const std::string& rule) {
    const Finished f = Recorded(story);
    EXPECT_THAT(f.err, HasSubstr("misuse (" + rule + ")")) << story;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 1) << story << ran.out;
    EXPECT_THAT(ran.out, AllOf(HasSubstr(rule), HasSubstr("careless")))
        << story;
  }
};

TEST_F(CoroutineTest, LocksInBothOrdersByTwoCoroutinesArePossible) {
  ExpectConfirmed("order");
  EXPECT_THAT(Analyze().out,
              AllOf(HasSubstr("(first)"), HasSubstr("(second)")));
}

TEST_F(CoroutineTest, WhatIsSafeIsSilent) {
  for (const char* story :
       {"one-order", "one-after-the-other", "across-runs",
        "thread-after-coroutine", "work", "given-up", "let-go-by-thread",
        "sets-from-outside", "sets-between-runs", "set-in-time"}) {
    ExpectSilent(story);
  }
}

TEST_F(CoroutineTest, MisuseIsReported) {
  ExpectMisuse("unlock-free", "unlock-unheld");
  ExpectMisuse("unlock-others", "unlock-by-other");
  ExpectMisuse("end-holding", "exit-holding");
}

TEST_F(CoroutineTest, WhoWaitForEachOtherSayWhereTheyAwait) {
  for (const char* mode : {"record", "live"}) {
    const bool live = mode == std::string("live");
    const Finished f = Told("abba", (live ? "mode=live" : "log=" + log_) +
                                        ":command=" LOCKCHECK_COMMAND);
    EXPECT_EQ(f.out, "2 left\n");
    EXPECT_THAT(f.err, HasSubstr("DEADLOCK: 2 coroutines wait for each other"));
    EXPECT_EQ(Count(f.err, " DEADLOCK: "), 1) << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr("first"), HasSubstr("second"),
                             HasSubstr("NestedSlowly")));
    if (live) {
      EXPECT_THAT(f.err,
                  AllOf(HasSubstr("awaits \"b\""), HasSubstr("awaits \"a\"")));
    } else {
      EXPECT_THAT(f.err, HasSubstr("ACTUAL DEADLOCK  wait-for"));
    }
  }
}

// Also when the context has destroyed them since.
TEST_F(CoroutineTest, TheLogSaysTheSameOfDeadlocks) {
  for (const char* story : {"abba", "ring-of-three", "join-under-mutex"}) {
    const Finished f = Told(story, "log=" + log_ + ":command=none");
    EXPECT_EQ(Count(f.err, " DEADLOCK: "), 1) << story << f;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 1) << story << ran.out;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("1 actual deadlock"),
                               HasSubstr("ACTUAL DEADLOCK  wait-for")))
        << story;
  }
}

TEST_F(CoroutineTest, AMemberThatJoinsItsOwnGroupIsADeadlockInTheLogToo) {
  const Finished f = Told("joins-itself", "log=" + log_ + ":command=none");
  EXPECT_EQ(Count(f.err, " DEADLOCK: "), 1) << f;
  EXPECT_THAT(f.err, HasSubstr("DEADLOCK: a coroutine waits for itself"));
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 actual deadlock"),
                             HasSubstr("ACTUAL DEADLOCK  self")));
}

TEST_F(CoroutineTest, WhoWaitsForItselfOrForWhoHasEndedIsToldAndIsMisuse) {
  const auto expect = [&](const std::string& story, const std::string& said,
                          const std::string& rule) {
    const Finished f = Told(story, "log=" + log_ + ":command=none");
    EXPECT_EQ(Count(f.err, " DEADLOCK: "), 1) << story << f;
    EXPECT_THAT(f.err, HasSubstr("DEADLOCK: a coroutine waits for " + said))
        << story;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 1) << story << ran.out;
    EXPECT_THAT(ran.out, HasSubstr("MISUSE  " + rule)) << story;
  };
  expect("locks-twice", "itself", "self-lock");
  expect("owner-ends", "a lock whose owner has ended", "exit-holding");
}

TEST_F(CoroutineTest, WhoIsLeftSuspendedIsTold) {
  for (const char* mode : {"record", "live"}) {
    const bool live = mode == std::string("live");
    const Finished f =
        Told("nobody-sets", (live ? "mode=live" : "log=" + log_) +
                                ":command=" LOCKCHECK_COMMAND);
    EXPECT_EQ(f.out, "2 left\n");
    EXPECT_EQ(Count(f.err, " DEADLOCK: "), 1) << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr("DEADLOCK: 2 coroutines are suspended"),
                             HasSubstr("holder"), HasSubstr("other")));
    if (!live) {
      EXPECT_THAT(f.err, HasSubstr("ACTUAL DEADLOCK  communication"));
    }
  }
  // Also when the context has destroyed them since.
  Told("nobody-sets", "log=" + log_ + ":command=none");
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 actual deadlock"),
                             HasSubstr("ACTUAL DEADLOCK  communication"),
                             HasSubstr("never"), HasSubstr("context::work")));
}

TEST_F(CoroutineTest, OnSeveralThreadsTheLastToWaitSaysIt) {
  Child child(program_, {"abba-on-two-threads"});
  child.Options("log=" + log_ + ":command=" LOCKCHECK_COMMAND).Start();
  while (child.SaidToError().find("suppress ") == std::string::npos &&
         !child.HasEnded()) {
    sched_yield();
  }
  child.Signal(SIGKILL);
  const Finished f = child.Wait();
  EXPECT_EQ(f.signal(), SIGKILL) << f;
  EXPECT_EQ(Count(f.err, " DEADLOCK: "), 1) << f;
  EXPECT_THAT(f.err, HasSubstr("ACTUAL DEADLOCK  wait-for"));
  const Ran ran = Analyze();
  EXPECT_THAT(ran.out, HasSubstr("1 actual deadlock"));
  const Ran status = RunCommand({"status", log_});
  EXPECT_THAT(status.out, AllOf(HasSubstr("first"), HasSubstr("second"),
                                HasSubstr("stuck")));
}

TEST_F(CoroutineTest, ARequestThatClosesADeadlockMayBeRefused) {
  for (const std::string& mode : {"log=" + log_, std::string("mode=live")}) {
    const Finished f =
        Told("refused", mode + ":on_deadlock=throw:command=none");
    EXPECT_EQ(f.out, "refused\nrefused\n") << f;
    EXPECT_EQ(Count(f.err, " DEADLOCK: "), 2) << f;
  }
}

// On one thread, with a turn for the others in the midst of each.
TEST_F(CoroutineTest, TenThousandTakeAtMostTwoHundredBytesOfLogEach) {
  const auto size_after = [&](const std::string& story) {
    Recorded(story);
    auto opened = log::Recording::Open(log_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    uint64_t words = 0;
    for (const log::Actor& actor : (*opened)->actors) {
      for (const log::Segment& segment : actor.segments) {
        words += segment.words.size();
      }
    }
    return words * 4;
  };
  const uint64_t few = size_after("one-order");
  EXPECT_LE((size_after("many") - few) / 10'000, 200u);
}

}  // namespace
}  // namespace lockcheck::tools::testing

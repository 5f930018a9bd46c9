// What coroutines do to the threads that run them, in a report and with
// mode=live.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/count.h"
#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Count;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CoroutineHazardTest : public StoriesTest {
 protected:
  CoroutineHazardTest() : StoriesTest("coroutine_hazard_program") {}

  // The report of a story in which this hazard is all that there is.
  std::string HazardOf(const std::string& story, const std::string& rule) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 1) << story << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("[1] HAZARD  " + rule)) << story;
    EXPECT_THAT(ran.out, Not(HasSubstr("[2]"))) << story << ran.out;
    return ran.out;
  }
};

TEST_F(CoroutineHazardTest, ALockHeldAcrossAnAwaitIsToldWithBothPlaces) {
  EXPECT_THAT(HazardOf("across-yield", "lock-across-await"),
              AllOf(HasSubstr("(holder) is suspended with m held"),
                    HasSubstr("holds    m, acquired in"),
                    HasSubstr("awaits   in"), HasSubstr("YieldWithLock"),
                    HasSubstr("coroutine_hazard_program.cc:47"),
                    HasSubstr("coroutine_hazard_program.cc:48")));
  EXPECT_THAT(HazardOf("across-sleep", "lock-across-await"),
              AllOf(HasSubstr("shared"), HasSubstr("SleepReading"),
                    HasSubstr("coroutine_hazard_program.cc:54")));
  EXPECT_THAT(HazardOf("across-mutex", "lock-across-await"),
              AllOf(HasSubstr("m held"), HasSubstr("AwaitMutexWithLock"),
                    HasSubstr("coroutine_hazard_program.cc:60")));
}

TEST_F(CoroutineHazardTest, EachPairOfPlacesIsToldOnce) {
  const Ran ran = Analyzed("across-two-awaits");
  EXPECT_EQ(Count(ran.out, "HAZARD  lock-across-await"), 1) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("6 alike"));
}

TEST_F(CoroutineHazardTest, AndThatItWasLetGoOfInAnotherThread) {
  EXPECT_THAT(HazardOf("in-another-thread", "lock-across-await"),
              AllOf(HasSubstr("in another thread than the one that took it"),
                    HasSubstr("std::mutex")));
}

TEST_F(CoroutineHazardTest, LiveSaysItOnceForEachPairOfPlaces) {
  const std::string said = SaidLive("across-two-awaits");
  EXPECT_EQ(Count(said, "hazard lock-across-await: "), 2) << said;
  EXPECT_THAT(said, AllOf(HasSubstr(" holder is suspended, in "),
                          HasSubstr(", taken in ")));
  // To live the thread owns the lock, and another one unlocks it.
  EXPECT_THAT(SaidLive("in-another-thread"),
              HasSubstr("misuse (unlock-by-other)"));
}

TEST_F(CoroutineHazardTest, AWaitInTheThreadIsToldWithWhoWasReady) {
  EXPECT_THAT(HazardOf("blocking-event", "blocking-in-coroutine"),
              AllOf(HasSubstr("(waits) waits for ready in its thread"),
                    HasSubstr("2 others of its context were ready"),
                    HasSubstr("WaitForEvent")));
  EXPECT_THAT(HazardOf("blocking-call", "blocking-in-coroutine"),
              AllOf(HasSubstr("device"), HasSubstr("2 others"),
                    HasSubstr("ReadDevice")));
  EXPECT_THAT(HazardOf("blocking-join", "blocking-in-coroutine"),
              AllOf(HasSubstr("the end of"), HasSubstr("JoinThread")));
}

TEST_F(CoroutineHazardTest, ALongRunIsToldWithWhereItBegan) {
  EXPECT_THAT(
      HazardOf("long-run", "long-run"),
      AllOf(HasSubstr("(waits) kept its thread for"), HasSubstr("ComputeLong"),
            HasSubstr("ran      when it had gone on in")));
  EXPECT_THAT(HazardOf("long-from-beginning", "long-run"),
              AllOf(HasSubstr("2 others of its context were ready"),
                    HasSubstr("ComputeFromBeginningToEnd")));
  EXPECT_THAT(HazardOf("long-sleep", "long-run"), HasSubstr("SleepInThread"));
  EXPECT_THAT(SaidLive("long-from-beginning"),
              AllOf(HasSubstr("hazard long-run: "),
                    HasSubstr("ComputeFromBeginningToEnd"),
                    HasSubstr("2 others were ready")));
}

TEST_F(CoroutineHazardTest, WhatIsLongIsAnOption) {
  for (const char* option : {":long_run=off", ":long_run=60000"}) {
    Told("long-run", "log=" + log_ + option);
    EXPECT_THAT(Analyze().out, Not(HasSubstr("HAZARD")));
  }
  Told("short-runs", "log=" + log_);
}

TEST_F(CoroutineHazardTest, WhatKeepsNoThreadIsSilent) {
  for (const char* story :
       {"not-across", "threads-own", "not-blocking", "short-runs"}) {
    ExpectSilent(story);
  }
}

}  // namespace
}  // namespace lockcheck::tools::testing

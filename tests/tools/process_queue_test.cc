// Queues between processes in a log: what may deadlock through them is found in
// one log for all processes, what cannot is silent, and who waits for somebody
// who is dead is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/tools/hung_stories.h"

namespace lockcheck::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ProcessQueueStoriesTest : public HungStoriesTest {
 protected:
  ProcessQueueStoriesTest() : HungStoriesTest("process_queue_program") {}
};

TEST_F(ProcessQueueStoriesTest, APutUnderAMutexThatTheGetterNeedsIsPossible) {
  ExpectPossible("put-under-mutex-latent");
}

TEST_F(ProcessQueueStoriesTest, AndIsActualWhereItHangs) {
  const Ran ran = AnalyzeHung("put-under-mutex-hangs", "1 actual deadlock");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(
      ran.out,
      AllOf(HasSubstr("1 actual deadlock"),
            HasSubstr("(producer) holds mutex and waits for jobs (room)"),
            HasSubstr("(consumer) waits for mutex")));
}

TEST_F(ProcessQueueStoriesTest, WhatIsSafeIsSilent) {
  for (const char* const story :
       {"put-under-mutex-safe", "put-under-mutex-safe-keeps-up",
        "put-under-mutex-safe-after", "put-under-mutex-safe-after-keeps-up",
        "queues-safe", "pipeline", "inside-locks"}) {
    ExpectSilent(story);
  }
}

TEST_F(ProcessQueueStoriesTest, WhoWaitsForADeadPutterIsFound) {
  const Ran ran = AnalyzeHung("putter-dies", "stall");
  EXPECT_THAT(ran.out, AllOf(HasSubstr("A1 (main)"), HasSubstr("jobs")));
}

TEST_F(ProcessQueueStoriesTest, WhoJoinsWhatADeadGetterHasIsFound) {
  const Ran ran = AnalyzeHung("getter-dies", "1 actual deadlock");
  EXPECT_THAT(ran.out, HasSubstr("jobs (end)"));
}

}  // namespace
}  // namespace lockcheck::tools::testing

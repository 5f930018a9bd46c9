// Queues between processes in a log: what may deadlock through them is found in
// one log for all processes, what cannot is silent, and who waits for somebody
// who is dead is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/tools/process_stories.h"

namespace lockcheck::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ProcessQueueStoriesTest : public ProcessStoriesTest {
 protected:
  ProcessQueueStoriesTest() : ProcessStoriesTest("process_queue_program") {}
};

TEST_F(ProcessQueueStoriesTest, APutUnderAMutexThatTheGetterNeedsIsPossible) {
  ExpectPossible("put-under-mutex-latent");
}

TEST_F(ProcessQueueStoriesTest, AndIsFoundWhereItHangs) {
  const Ran ran = AnalyzeHung("put-under-mutex-hangs");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("actual deadlock"));
}

TEST_F(ProcessQueueStoriesTest, WhatIsSafeIsSilent) {
  for (const char* const story :
       {"put-under-mutex-safe", "put-under-mutex-safe-keeps-up",
        "put-under-mutex-safe-after", "put-under-mutex-safe-after-keeps-up",
        "queues-safe", "pipeline", "inside-locks"}) {
    ExpectSilent(story);
  }
}

TEST_F(ProcessQueueStoriesTest, WhoWaitsForADeadPutterIsShown) {
  LetHang("putter-dies", "log=" + log_ + ":quiescence=off");
  const Ran status = RunCommand({"status", log_});
  EXPECT_THAT(status.out,
              AllOf(HasSubstr("waits  jobs in"), HasSubstr("putter")));
  Kill();
  const Ran ran = Analyze();
  EXPECT_THAT(ran.out, AllOf(HasSubstr("WAITS AT"), HasSubstr("jobs ")));
}

TEST_F(ProcessQueueStoriesTest, WhoJoinsWhatADeadGetterHasIsShown) {
  const Ran ran = AnalyzeHung("getter-dies");
  EXPECT_THAT(ran.out, AllOf(HasSubstr("WAITS AT"), HasSubstr("jobs (end)")));
}

}  // namespace
}  // namespace lockcheck::tools::testing

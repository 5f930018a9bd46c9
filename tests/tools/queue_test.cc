// Queues in a log: who waits for what is shown by name, nobody is said to be
// stuck for certain, and the lock over the items is no lock of the program's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class QueueTest : public StoriesTest {
 protected:
  QueueTest() : StoriesTest("queue_program") {}
};

TEST_F(QueueTest, TwoThatFillEachOthersQueueAreStandingWaits) {
  RunUntilItStands("queues-hangs", "log=" + log_);
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("WAITS AT"), HasSubstr("left"),
                             HasSubstr("right"), Not(HasSubstr("STUCK"))));
  const Ran status = RunCommand({"status", log_});
  EXPECT_THAT(status.out,
              AllOf(HasSubstr("waits  left (room)"),
                    HasSubstr("waits  right (room)"), HasSubstr("0 stuck")));
}

TEST_F(QueueTest, AGetAndAJoinThatStandAreShownByTheQueuesName) {
  const std::pair<const char*, const char*> waits[] = {
      {"empty-get", "jobs "}, {"unfinished", "jobs (end) "}};
  for (const auto& [story, name] : waits) {
    RunUntilItStands(story, "log=" + log_);
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("WAITS AT"), HasSubstr(name),
                               Not(HasSubstr("STUCK"))));
    const Ran status = RunCommand({"status", log_});
    EXPECT_THAT(status.out, HasSubstr(std::string("waits  ") + name + " in"));
  }
}

TEST_F(QueueTest, WhatStandsIsNoDeadlockWithModeLiveEither) {
  for (const char* story : {"queues-hangs", "empty-get", "unfinished"}) {
    RunUntilItStands(story, "mode=live:command=none");
  }
}

TEST_F(QueueTest, WhatIsSafeIsSilent) {
  for (const char* story : {"pipeline", "inside-locks"}) {
    EXPECT_EQ(Recorded(story).err, "") << story;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_EQ(SaidLive(story), "") << story;
  }
}

TEST_F(QueueTest, MisuseIsRefusedAndReported) {
  const Finished f = Recorded("misuses");
  EXPECT_EQ(f.out, "refused task_done\nrefused put\n");
  EXPECT_THAT(f.err, AllOf(HasSubstr("misuse (task-done-too-often)"),
                           HasSubstr("misuse (use-after-close)"),
                           HasSubstr("\"bounded\"")));
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("task-done-too-often"),
                             HasSubstr("use-after-close")));
}

// mode=live does not know what that puts in order.
TEST_F(QueueTest, WhatAllPutOrAreDoneWithComesBefore) {
  for (const char* story : {"all-results", "done-after-locks"}) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("1 refuted")) << story;
    EXPECT_THAT(SaidLive(story),
                AllOf(HasSubstr("POSSIBLE DEADLOCK"), HasSubstr("queues")))
        << story;
  }
  ExpectConfirmed("one-result");
  ExpectConfirmed("done-before-locks");
}

// Puts and gets are there in their order, with the acts' numbers.
TEST_F(QueueTest, TheDumpHasEachAct) {
  Recorded("inside-locks");
  const Ran ran = RunCommand({"dump", log_});
  EXPECT_THAT(ran.out, AllOf(HasSubstr("put queue"), HasSubstr("took queue"),
                             HasSubstr(", act 1, then 1"),
                             HasSubstr(", act 4, then 0")));
}

TEST_F(QueueTest, WhoReportsMisuseIsInNobodysWay) {
  EXPECT_EQ(Recorded("reports-nobody-reads").out, "closed 1\nclosed\n");
}

}  // namespace
}  // namespace lockcheck::tools::testing

// A semaphore is a lock as long as only those release it who have acquired it;
// else it is a signal, and makes no order. Recorded, and with mode=live.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"
#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class SemaphoreTest : public StoriesTest {
 protected:
  SemaphoreTest() : StoriesTest("semaphore_program") {}
};

TEST_F(SemaphoreTest, TwoInBothOrdersArePossible) {
  const Ran ran = Analyzed("semaphores-latent");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 confirmed deadlock"),
                             HasSubstr("nobody releases a semaphore that he "
                                       "has not acquired")));
  EXPECT_THAT(SaidLive("semaphores-latent"), HasSubstr("POSSIBLE DEADLOCK"));
}

TEST_F(SemaphoreTest, WhatIsSafeIsSilent) {
  for (const char* story : {"handed-on"}) {
    ExpectSilent(story);
  }
}

// Anybody may release it, so nobody is stuck for certain, unless the runtime
// has looked (see quiescence_test).
TEST_F(SemaphoreTest, AWaitForOnesOwnPermitAloneIsNoActualDeadlock) {
  for (const std::string& options :
       {"log=" + log_, std::string("mode=live:command=none")}) {
    RunUntilItStands("twice", options);
  }
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("WAITS AT"), HasSubstr("one"),
                             Not(HasSubstr("STUCK"))));
}

// mode=live does not know what that puts in order.
TEST_F(SemaphoreTest, WhatAllPostedComesBeforeWhoTookItAll) {
  const Ran ran = Analyzed("all-posts");
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("1 refuted"));
  EXPECT_THAT(SaidLive("all-posts"),
              AllOf(HasSubstr("POSSIBLE DEADLOCK"), HasSubstr("semaphores")));
  ExpectConfirmed("one-post");
}

// In their order, with what each leaves.
TEST_F(SemaphoreTest, TheDumpHasEachActOnASignal) {
  Recorded("acts");
  const Ran ran = RunCommand({"dump", log_});
  EXPECT_THAT(ran.out,
              ContainsRegex("release semaphore[^,]*, nobody waits, 3 permits, "
                            "act 1, then 3\n"
                            ".*took semaphore[^,]*, act 2, then 2\n"
                            ".*release semaphore[^,]*, nobody waits, act 3, "
                            "then 3\n"
                            ".*took semaphore[^,]*, try, act 4, then 2\n"));
}

TEST_F(SemaphoreTest, AnOverReleaseIsRefusedAndReported) {
  const Finished f = Recorded("over-release");
  EXPECT_EQ(f.out, "refused\n") << f;
  EXPECT_THAT(f.err, AllOf(HasSubstr("misuse (over-release)"),
                           HasSubstr("\"bounded\"")));
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("over-release"));
}

}  // namespace
}  // namespace lockcheck::tools::testing

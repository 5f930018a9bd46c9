// A semaphore is a lock as long as only those release it who have acquired it;
// else it is a signal, and makes no order. Recorded, and with mode=live.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

bool IsAsleep(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string word;
  for (int i = 0; i < 3; ++i) status >> word;  // pid, (name), state
  return word == "S";
}

class SemaphoreTest : public ::testing::Test {
 protected:
  ~SemaphoreTest() override { std::remove(log_.c_str()); }

  Ran Analyzed(const std::string& story) {
    const Finished f =
        Child("semaphore_program", {story}).Options("log=" + log_).Run();
    EXPECT_TRUE(f.Succeeded()) << f;
    EXPECT_EQ(f.err, "") << f;
    return Analyze();
  }
  Ran Analyze() {
    return RunCommand({"analyze", "--fail-on", "deadlock,misuse,hazard", log_});
  }
  std::string SaidLive(const std::string& story) {
    const Finished f = Child("semaphore_program", {story})
                           .Options("mode=live:command=" LOCKCHECK_COMMAND)
                           .Run();
    EXPECT_TRUE(f.Succeeded()) << f;
    return f.err;
  }

  const std::string log_ =
      ::testing::TempDir() + "semaphores." + std::to_string(getpid());
};

TEST_F(SemaphoreTest, TwoInBothOrdersArePossible) {
  const Ran ran = Analyzed("order");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 possible deadlock"),
                             HasSubstr("nobody releases a semaphore that he "
                                       "has not acquired")));
  EXPECT_THAT(SaidLive("order"), HasSubstr("POSSIBLE DEADLOCK"));
}

TEST_F(SemaphoreTest, OneAndAMutexInBothOrdersArePossible) {
  const Ran ran = Analyzed("and-mutex");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("1 possible deadlock"));
  EXPECT_THAT(SaidLive("and-mutex"), HasSubstr("POSSIBLE DEADLOCK"));
}

TEST_F(SemaphoreTest, WhatIsSafeIsSilent) {
  for (const char* story : {"counting", "gate", "signal", "handed-on"}) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_EQ(SaidLive(story), "") << story;
  }
}

// Anybody may release it, so nobody is stuck for certain, unless the runtime
// has looked (see quiescence_test).
TEST_F(SemaphoreTest, AWaitForOnesOwnPermitAloneIsNoActualDeadlock) {
  for (const std::string& options :
       {"log=" + log_, std::string("mode=live:command=none")}) {
    Child child("semaphore_program", {"twice"});
    child.Options(options + ":quiescence=off").Start();
    while (!child.HasEnded() &&
           (child.Said().empty() || !IsAsleep(child.pid()))) {
      sched_yield();
    }
    child.Signal(SIGKILL);
    const Finished f = child.Wait();
    EXPECT_EQ(f.signal(), SIGKILL) << f;
    EXPECT_EQ(f.err, "") << f;
  }
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("WAITS AT"), HasSubstr("one"),
                             Not(HasSubstr("STUCK"))));
}

TEST_F(SemaphoreTest, AnOverReleaseIsRefusedAndReported) {
  const Finished f =
      Child("semaphore_program", {"over-release"}).Options("log=" + log_).Run();
  EXPECT_EQ(f.out, "refused\n") << f;
  EXPECT_THAT(f.err, AllOf(HasSubstr("misuse (over-release)"),
                           HasSubstr("\"bounded\"")));
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("over-release"));
}

}  // namespace
}  // namespace lockcheck::tools::testing

// The gil and a mutex: both orders can deadlock, what an interpreter does
// cannot, and a deadlock that happens is said while it does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using ::testing::AllOf;
using ::testing::HasSubstr;

class GilTest : public ::testing::Test {
 protected:
  Finished Recorded(const std::string& story, const std::string& more = "") {
    return Child("gil_program", {story}).Options("log=" + log_ + more).Run();
  }
  Finished Live(const std::string& story, const std::string& more = "") {
    return Child("gil_program", {story})
        .Options("mode=live:command=" LOCKCHECK_COMMAND + more)
        .Run();
  }
  Ran Analyze() {
    return RunCommand({"analyze", "--fail-on", "deadlock,misuse,hazard", log_});
  }

  Folder folder_;
  const std::string log_ = folder_ / "log";
};

TEST_F(GilTest, BothOrdersArePossible) {
  EXPECT_TRUE(Recorded("both-orders").Succeeded());
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("1 possible deadlock"), HasSubstr("holds    gil"),
                    HasSubstr("asks     m")));
  EXPECT_THAT(Live("both-orders").err, HasSubstr("POSSIBLE DEADLOCK"));
}

TEST_F(GilTest, WhatAnInterpreterDoesIsSafe) {
  for (const char* story : {"interpreter", "interpreter-waits"}) {
    const Finished f = Recorded(story);
    EXPECT_TRUE(f.Succeeded()) << f;
    EXPECT_EQ(f.err, "");
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_EQ(Live(story).err, "") << story;
  }
}

TEST_F(GilTest, ADeadlockThatHappensIsSaid) {
  const Finished f =
      Recorded("hang", ":on_deadlock=abort:command=" LOCKCHECK_COMMAND);
  EXPECT_EQ(f.signal(), SIGABRT) << f;
  EXPECT_THAT(f.err, HasSubstr("ACTUAL DEADLOCK"));
  EXPECT_EQ(Analyze().status, 1);
  const Finished live = Live("hang", ":on_deadlock=abort");
  EXPECT_EQ(live.signal(), SIGABRT) << live;
  EXPECT_THAT(live.err, HasSubstr("ACTUAL DEADLOCK"));
}

TEST_F(GilTest, LettingGoOfAnothersIsRefusedAndReported) {
  const Finished f = Recorded("released-by-other");
  EXPECT_EQ(f.out, "refused\ndone\n") << f;
  EXPECT_THAT(f.err, AllOf(HasSubstr("misuse (release-by-other)"),
                           HasSubstr("\"gil\"")));
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("release-by-other"));
}

}  // namespace
}  // namespace lockcheck::tools::testing

// What the command says of waits for what nobody holds: events, latches,
// barriers, futures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>
#include <string>

#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"
#include "tests/tools/standing_child.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What is waited for; its name in the stories is "ready".
class WaitsTest : public ::testing::TestWithParam<const char*> {
 protected:
  ~WaitsTest() override { std::remove(log_.c_str()); }

  std::string Story(const std::string& story) const {
    return std::string(GetParam()) + "-" + story;
  }
  Ran Analyze() {
    return RunCommand({"analyze", "--fail-on", "deadlock,misuse,hazard", log_});
  }
  // What the command says of its log while it stands, and after its death.
  void LetStand(const std::string& story) {
    Child child("waits_program", {Story(story)});
    child.Options("log=" + log_).Start();
    UntilItStands(child);
    status_ = RunCommand({"status", log_});
    child.Signal(SIGKILL);
    finished_ = child.Wait();
    EXPECT_EQ(finished_.signal(), SIGKILL) << finished_;
    EXPECT_EQ(finished_.err, "") << finished_;
    analyzed_ = Analyze();
  }

  const std::string log_ =
      ::testing::TempDir() + "waits." + std::to_string(getpid());
  Finished finished_;
  Ran status_, analyzed_;
};

TEST_P(WaitsTest, AStandingWaitIsShownByItsName) {
  LetStand("stands");
  EXPECT_EQ(status_.status, 0) << status_.err;
  EXPECT_THAT(status_.out,
              AllOf(HasSubstr("waits  ready"), HasSubstr("blocked")));
  EXPECT_EQ(analyzed_.status, 0) << analyzed_.out << analyzed_.err;
  EXPECT_THAT(analyzed_.out, AllOf(HasSubstr("WAITS AT"), HasSubstr("ready"),
                                   Not(HasSubstr("STUCK"))));
}

TEST_P(WaitsTest, WithALockHeldThatAnotherWaitsForItIsAHazard) {
  LetStand("stands-holding");
  EXPECT_EQ(analyzed_.status, 1) << analyzed_.out << analyzed_.err;
  EXPECT_THAT(analyzed_.out,
              AllOf(HasSubstr("wait-holding"), HasSubstr("holds mutex"),
                    HasSubstr("ready")));
}

TEST_P(WaitsTest, WhatEndsLeavesNothing) {
  for (const char* story : {"times-out", "ends"}) {
    const Finished f =
        Child("waits_program", {Story(story)}).Options("log=" + log_).Run();
    EXPECT_TRUE(f.Succeeded()) << f;
    EXPECT_EQ(f.out + f.err, "") << f;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_THAT(ran.out, Not(HasSubstr("WAITS AT"))) << story;
    const Finished live = Child("waits_program", {Story(story)})
                              .Options("mode=live:command=" LOCKCHECK_COMMAND)
                              .Run();
    EXPECT_TRUE(live.Succeeded()) << live;
    EXPECT_EQ(live.err, "") << live;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, WaitsTest, ::testing::Values("event"),
                         [](const auto& type) { return type.param; });

}  // namespace
}  // namespace lockcheck::tools::testing

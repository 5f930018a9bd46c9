// What the command says of waits for what nobody holds: events, latches,
// barriers, futures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>
#include <regex>
#include <set>
#include <string>

#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"
#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class WaitStories : public StoriesTest {
 protected:
  WaitStories() : StoriesTest("waits_program") {}
};

// What is waited for; its name in the stories is "ready".
class WaitsTest : public WaitStories,
                  public ::testing::WithParamInterface<const char*> {
 protected:
  std::string Story(const std::string& story) const {
    return std::string(GetParam()) + "-" + story;
  }
  // What the command says of its log while it stands, and after its death.
  void LetStand(const std::string& story) {
    Child child("waits_program", {Story(story)});
    child.Options("log=" + log_ + ":quiescence=off").Start();
    UntilItStands(child);
    status_ = RunCommand({"status", log_});
    child.Signal(SIGKILL);
    const Finished finished = child.Wait();
    EXPECT_EQ(finished.signal(), SIGKILL) << finished;
    EXPECT_EQ(finished.err, "") << finished;
    analyzed_ = Analyze();
  }

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
  // Of a barrier there is another round.
  const bool is_once = GetParam() != std::string("barrier");
  for (const std::string& said : {status_.out, analyzed_.out}) {
    EXPECT_EQ(said.find("nobody has ") != said.npos, is_once) << said;
  }
}

TEST_P(WaitsTest, WithALockHeldThatAnotherWaitsForItIsAHazard) {
  LetStand("stands-holding");
  EXPECT_EQ(analyzed_.status, 1) << analyzed_.out << analyzed_.err;
  EXPECT_THAT(analyzed_.out,
              AllOf(HasSubstr("wait-holding"), HasSubstr("holds mutex"),
                    HasSubstr("ready")));
}

TEST_P(WaitsTest, WhatEndsLeavesNothing) { ExpectSilent(Story("ends")); }

INSTANTIATE_TEST_SUITE_P(Types, WaitsTest,
                         ::testing::Values("event", "latch", "barrier",
                                           "future"),
                         [](const auto& type) { return type.param; });

TEST_F(WaitStories, ATimedWaitThatGivesUpLeavesNothing) {
  ExpectSilent("event-times-out");
  ExpectSilent("future-times-out");
}

// What is recorded says that the flag was passed, with whatever held;
// mode=live does not know what that puts in order.
TEST_F(WaitStories, AfterAOnceFlagItsFunctionIsOver) {
  for (const char* story :
       {"once-orders", "once-orders-who-waits", "once-latent-later"}) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("1 refuted")) << story;
    EXPECT_THAT(SaidLive(story),
                AllOf(HasSubstr("POSSIBLE DEADLOCK"), HasSubstr("once_flag")))
        << story;
  }
}

TEST_F(WaitStories, WhoFindsAQueueClosedComesAfterTheClose) {
  for (const char* story : {"close-orders", "close-orders-who-waits"}) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("1 refuted")) << story;
  }
}

TEST_F(WaitStories, WhoDoesNotNeedAnothersCloseIsNotAfterIt) {
  ExpectConfirmed("close-not-found");
  ExpectPossible("close-again");
}

TEST_F(WaitStories, WhoHasNotPassedAOnceFlagIsNotAfterIt) {
  ExpectConfirmed("once-not-passed");
  ExpectConfirmed("once-after-locks");
  ExpectConfirmed("once-throws");
}

TEST_F(WaitStories, WithNothingHeldAThreadsFirstPassIsInTheLog) {
  Recorded("once-again");
  const Ran ran = RunCommand({"dump", log_});
  const std::string pass = ", shared";
  const size_t first = ran.out.find(pass);
  ASSERT_NE(first, ran.out.npos) << ran.out;
  EXPECT_EQ(ran.out.find(pass, first + 1), ran.out.npos) << ran.out;
}

// Joins are no part of what mode=live looks for.
TEST_F(WaitStories, AWaitForAnAsyncResultIsAJoin) {
  ExpectConfirmed("async-under-lock");
  ExpectSilent("async-without-lock");
}

// Whoever used it first, and whatever for.
TEST_F(WaitStories, AFutureOfAsyncIsNamedByTheLineThatMadeIt) {
  Recorded("async-thrice");
  const std::string report = RunCommand({"analyze", log_}).out;
  std::set<int> lines;
  static const std::regex kName("future@waits_program[.]cc:([0-9]+) ");
  for (auto it = std::sregex_iterator(report.begin(), report.end(), kName);
       it != std::sregex_iterator(); ++it) {
    lines.insert(std::stoi((*it)[1]));
  }
  ASSERT_EQ(lines.size(), 3u) << report;
  // Lines of their making: the first one, and the two that follow the wait.
  EXPECT_THAT(lines, ElementsAre(*lines.begin(), *lines.begin() + 3,
                                 *lines.begin() + 4));
}

}  // namespace
}  // namespace lockcheck::tools::testing

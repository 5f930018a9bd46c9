// Threads that a variable orders: a deadlock that it rules out is refuted, and
// the same program with an order that nobody records has a confirmed one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class VariableTest : public StoriesTest {
 protected:
  VariableTest() : StoriesTest("variable_program") {}

  void ExpectRuledOut(const std::string& story) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_THAT(RunCommand({"analyze", "--all", log_}).out,
                AllOf(HasSubstr("REFUTED"), HasSubstr("(history)")))
        << story;
  }
};

TEST_F(VariableTest, WhatAFlagRulesOutIsRefuted) {
  for (const char* story : {"atomic", "atomic-count", "shared", "macros"}) {
    ExpectRuledOut(story);
  }
}

TEST_F(VariableTest, WhatNobodyRecordedRulesNothingOut) {
  for (const char* story : {"std-atomic", "unseen", "read-before"}) {
    ExpectConfirmed(story);
  }
}

TEST_F(VariableTest, AVariableIsNoHotspot) {
  const Ran ran = Analyzed("atomic");
  EXPECT_THAT(ran.out, Not(HasSubstr("SIGNALS"))) << ran.out;
}

TEST_F(VariableTest, ModeLiveKnowsNothingOfVariables) {
  EXPECT_THAT(SaidLive("atomic"), HasSubstr("POSSIBLE DEADLOCK"));
  EXPECT_THAT(SaidLive("repeats"), Not(HasSubstr("lockcheck:")));
}

}  // namespace
}  // namespace lockcheck::tools::testing

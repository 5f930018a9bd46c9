// Threads that a variable orders: a deadlock that it rules out is refuted, and
// the same program with an order that nobody records has a confirmed one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "nlohmann/json.hpp"
#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class VariableTest : public StoriesTest {
 protected:
  VariableTest() : StoriesTest("variable_program") {}

  // Of the only finding.
  std::string Refutation() {
    const Ran ran = RunCommand({"analyze", log_, "--json", "-"});
    return nlohmann::json::parse(ran.out)["findings"][0]["why"];
  }
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

TEST_F(VariableTest, WhatRulesItOutIsNamed) {
  Analyzed("shared");
  EXPECT_THAT(Refutation(),
              ContainsRegex("in every order A2 comes before A3, for A2 writes "
                            "ready .* only after that, and A3 reads that "
                            "first, as long as each read of ready finds"));
}

TEST_F(VariableTest, AVariableThatDoesNotRuleItOutIsNotNamed) {
  ExpectRuledOut("latch");
  EXPECT_THAT(Refutation(),
              AllOf(ContainsRegex("A2 signals opened .* only after that, and "
                                  "A3 waits for it first"),
                    Not(HasSubstr("as long as"))));
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

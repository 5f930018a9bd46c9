// What std::lock and std::scoped_lock take together is judged as one request,
// whatever the compiler made of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"
#include "tests/variants.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class StdLockTest : public ::testing::TestWithParam<std::string> {
 protected:
  ~StdLockTest() override { std::remove(log_.c_str()); }

  Ran Analyzed(const std::string& story) {
    const Finished f = Child(GetParam(), {story}).Options("log=" + log_).Run();
    EXPECT_TRUE(f.Succeeded()) << f;
    return RunCommand({"analyze", "--all", log_});
  }

 private:
  const std::string log_ =
      ::testing::TempDir() + "std_lock." + std::to_string(getpid());
};

TEST_P(StdLockTest, UnderALockThatAnotherTakesInsideAMemberIsPossible) {
  const Ran ran = Analyzed("scoped");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 possible deadlock"),
                             HasSubstr("b (among others, by trying"),
                             HasSubstr("std::lock goes on trying"),
                             Not(HasSubstr("REFUTED"))));
}

TEST_P(StdLockTest, ThreeGuardsAtOnceAreOneRequest) {
  const Ran ran = Analyzed("deferred");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 possible deadlock"),
                             HasSubstr("c (among others, by trying"),
                             Not(HasSubstr("REFUTED"))));
}

TEST_P(StdLockTest, WhatItGotIsHeldByTheNext) {
  const Ran ran = Analyzed("within");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("1 possible deadlock"));
}

TEST_P(StdLockTest, ItsMembersHaveNoOrder) {
  for (const char* story : {"crossed", "one by one"}) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("FINDINGS  none")) << story;
  }
}

TEST_P(StdLockTest, UnderAGateItIsRefuted) {
  const Ran ran = Analyzed("gate");
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 refuted"), HasSubstr("(gate")));
}

TEST_P(StdLockTest, ATryOfSeveralGivesUp) {
  const Ran ran = Analyzed("try");
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("2 refuted"), HasSubstr("(try")));
}

INSTANTIATE_TEST_SUITE_P(Levels, StdLockTest,
                         ::testing::ValuesIn(lockcheck::testing::Variants(
                             LOCKCHECK_STD_LOCK_VARIANTS)),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace lockcheck::tools::testing

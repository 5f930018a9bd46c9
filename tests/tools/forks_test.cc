// Locks of threads that are held when a process is forked: a hazard, if the
// child goes on with such locks, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "tests/count.h"
#include "tests/tools/stories.h"

// As in tests/instrument/process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Count;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ForksTest : public StoriesTest {
 protected:
  ForksTest() : StoriesTest("forks_program") {}

  std::string HazardOf(const std::string& story) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 1) << ran.out;
    EXPECT_THAT(ran.out, HasSubstr("1 hazard"));
    return ran.out;
  }
};

TEST_F(ForksTest, ALockThatAnotherThreadHoldsIsNamedWithBothPlaces) {
  EXPECT_THAT(
      HazardOf("held-by-another"),
      AllOf(HasSubstr("HAZARD  fork-while-held"),
            HasSubstr("(holder) held held when A1 (main) forked a child: the "
                      "child's copy of it stays locked"),
            HasSubstr("holds    held, acquired in"), HasSubstr("WhileItIsHeld"),
            HasSubstr("forks    A3"), HasSubstr("ForkHere"),
            HasSubstr("suppress   fork-while-held:held")));
}

TEST_F(ForksTest, SoItIsIfTheChildIsAProcessChild) {
  EXPECT_THAT(HazardOf("held-by-another-child"),
              AllOf(HasSubstr("HAZARD  fork-while-held"),
                    HasSubstr("HeldByAnotherChild")));
}

TEST_F(ForksTest, AReaderLeavesItLockedToo) {
  EXPECT_THAT(HazardOf("read-by-another"),
              AllOf(HasSubstr("HAZARD  fork-while-held"),
                    HasSubstr("(holder) held read when")));
}

TEST_F(ForksTest, WhoWaitsForItIsADeadlockAndTheHazardIsNotSaidBeside) {
  RunUntilItStands("held-by-another-hangs", "log=" + log_);
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 actual deadlock"),
                             HasSubstr("held when the process was forked"),
                             Not(HasSubstr("HAZARD"))));
}

TEST_F(ForksTest, SafeForksAreSilent) {
  ExpectSilent("let-go");
  ExpectSilent("execs");
  ExpectSilent("uses-none");
  ExpectSilent("atfork");
}

TEST_F(ForksTest, AChildThatGoesOnUnderItsCopyIsAHazard) {
  EXPECT_THAT(
      HazardOf("inherited"),
      AllOf(HasSubstr("HAZARD  inherited-lock"),
            HasSubstr("goes on under its copy of held, which A1 (main) held "
                      "when it forked: it asks for other"),
            HasSubstr("forks    A2"), HasSubstr("Inherited"),
            HasSubstr("suppress   inherited-lock:held")));
  EXPECT_THAT(
      HazardOf("inherited-child"),
      AllOf(HasSubstr("HAZARD  inherited-lock"), HasSubstr("InheritedChild")));
}

TEST_F(ForksTest, AChildThatLetsGoOfItFirstIsSilent) {
  ExpectSilent("inherited-and-left");
  ExpectSilent("inherited-and-unused");
}

}  // namespace
}  // namespace lockcheck::tools::testing
#endif  // !__SANITIZE_THREAD__

// A pool of processes in the log: its tasks are actors, in whichever process
// they run, and who waits for a result waits for the task's end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/tools/hung_stories.h"

// As in tests/instrument/process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class ProcessPoolsTest : public HungStoriesTest {
 protected:
  ProcessPoolsTest() : HungStoriesTest("process_pools_program") {}

  void ExpectDeadlock(const std::string& story) {
    const Ran ran = AnalyzeHung(story);
    EXPECT_EQ(ran.status, 1) << ran.out;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("1 actual deadlock"),
                               HasSubstr("A1 (main) holds a and waits for the "
                                         "end of"),
                               ContainsRegex("A[0-9]+ \\(pool task\\) waits "
                                             "for a")));
  }
};

TEST_F(ProcessPoolsTest, AResultUnderALockThatTheTaskNeedsIsADeadlock) {
  ExpectDeadlock("result-hangs");
}
TEST_F(ProcessPoolsTest, SoItIsOfApply) { ExpectDeadlock("apply-hangs"); }
TEST_F(ProcessPoolsTest, SoItIsOfAMap) { ExpectDeadlock("map-hangs"); }
TEST_F(ProcessPoolsTest, SoItIsOfAJoin) { ExpectDeadlock("join-hangs"); }

TEST_F(ProcessPoolsTest, OneThatDidNotHappenIsPossible) {
  ExpectConfirmed("result-latent");
  ExpectConfirmed("tasks-latent");
}

TEST_F(ProcessPoolsTest, SafeOrdersAreSilent) {
  ExpectSilent("result-before");
  ExpectSilent("result-under-another");
  ExpectSilent("join-safe");
  ExpectSilent("tasks-in-one-order");
  ExpectSilent("tasks-one-after-the-other");
}

TEST_F(ProcessPoolsTest, AWorkersDeathIsSaidOfTheLockThatItHeld) {
  const Finished f = Recorded("worker-dies");
  EXPECT_THAT(f.err, HasSubstr("hazard owner-died: \"a\" is had from A"));
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 hazard"),
                             ContainsRegex("A[0-9]+ \\(pool task\\) died while "
                                           "it held a; A[0-9]+ \\(pool task\\) "
                                           "had it next")));
}

}  // namespace
}  // namespace lockcheck::tools::testing
#endif  // !__SANITIZE_THREAD__

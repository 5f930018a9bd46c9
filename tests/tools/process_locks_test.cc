// process::shared_mutex and process::recursive_mutex in the one log of several
// processes: who reads and who writes counts, and of several levels the first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/count.h"
#include "tests/tools/hung_stories.h"

// As in tests/instrument/process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Count;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ProcessLocksTest : public HungStoriesTest {
 protected:
  ProcessLocksTest() : HungStoriesTest("process_locks_program") {}

  std::string DeadlockOf(const std::string& story) {
    const Ran ran = AnalyzeHung(story);
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.out, HasSubstr("1 actual deadlock"));
    return ran.out;
  }
};

TEST_F(ProcessLocksTest, WritersThatWaitForEachOtherAreADeadlock) {
  EXPECT_THAT(DeadlockOf("writers-hang"),
              AllOf(HasSubstr("waits    a, in"), HasSubstr("waits    b, in")));
}

TEST_F(ProcessLocksTest, SoAreReadersThatWaitToWrite) {
  EXPECT_THAT(
      DeadlockOf("readers-that-write-hang"),
      AllOf(HasSubstr("a (shared), acquired in"), HasSubstr("waits    a, in")));
}

TEST_F(ProcessLocksTest, WhatDidNotHappenIsPossible) {
  ExpectPossible("readers-that-write-latent");
  ExpectPossible("writers-that-read-latent");
}

TEST_F(ProcessLocksTest, ReadersKeepNobodyOut) { ExpectSilent("readers-safe"); }

TEST_F(ProcessLocksTest, AWritersDeathIsSaidOnce) {
  const Finished f = Recorded("writer-dies");
  EXPECT_EQ(Count(f.err, "hazard owner-died: \"a\" is had from A2"), 1);
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 hazard"), HasSubstr("owner-died"),
                             HasSubstr("A2 died while it held a; A1 (main) had "
                                       "it next, and was told")));
}

TEST_F(ProcessLocksTest, AReadersDeathIsNone) { ExpectSilent("reader-dies"); }

TEST_F(ProcessLocksTest, OnlyTheFirstLevelOfARecursiveOneOrdersAnything) {
  ExpectSilent("taken-again-safe");
  ExpectPossible("taken-again-latent");
}

}  // namespace
}  // namespace lockcheck::tools::testing
#endif  // !__SANITIZE_THREAD__

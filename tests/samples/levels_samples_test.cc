// Samples of what tells processes, threads and coroutines apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/samples/recorded_sample.h"

namespace lockcheck::samples::testing {
namespace {

using ::testing::HasSubstr;

TEST(ProcessIsolation, AThreadChangesAGlobalForAllAndAChildForItself) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("process_isolation"), 0);
  EXPECT_THAT(sample.Output(),
              HasSubstr("a thread added 1: the counter is 1\n"));
  EXPECT_THAT(sample.Output(),
              HasSubstr("a child added 10: it is 11 there, and 1 here\n"));
}

TEST(ProcessIsolation, AChildThatCrashesLeavesItsParentRunning) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("process_isolation"), 0);
  EXPECT_THAT(
      sample.Output(),
      HasSubstr("a child crashed, by signal 6; this process goes on\n"));
  const Json report = sample.Analyze();
  EXPECT_EQ(sample.status, 0);
  EXPECT_TRUE(report["findings"].empty());
  // The crashed one has recorded no end, and that is said.
  EXPECT_EQ(report["log"]["complete"], false);
}

TEST(TaskOrder, ThreadsGiveResultsAsTheyEndAndAGroupAsItSpawned) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("task_order"), 0);
  EXPECT_EQ(sample.Output(),
            "threads:    3 1 2\n"
            "coroutines: ended 3 1 2; the group gives 1 2 3\n");
  EXPECT_TRUE(sample.Analyze()["findings"].empty());
  EXPECT_EQ(sample.status, 0);
}

}  // namespace
}  // namespace lockcheck::samples::testing

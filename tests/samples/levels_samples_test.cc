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

std::string RuleOf(const Json& report) {
  return report["findings"].size() == 1
             ? report["findings"][0]["rule"].get<std::string>()
             : "findings: " + report["findings"].dump();
}

TEST(MutexAcrossAwait, IsAHazardAndADeadlockIfTheOtherOneComesMeanwhile) {
  RecordedSample lucky;
  ASSERT_EQ(lucky.Run("mutex_across_await"), 0);
  EXPECT_EQ(RuleOf(lucky.Analyze()), "lock-across-await");
  RecordedSample hangs;
  hangs.Start("mutex_across_await", {"--hang"});
  ASSERT_TRUE(hangs.AwaitStuck(1));
  hangs.Kill();
  const Json report = hangs.Analyze();
  EXPECT_EQ(hangs.status, 1);
  EXPECT_EQ(RuleOf(report), "carrier");
  EXPECT_EQ(report["findings"][0]["verdict"], "actual");
}

TEST(MutexAcrossAwait, FixedByALockOfCoroutinesHasNoFinding) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("mutex_across_await", {"--fixed"}), 0);
  EXPECT_EQ(sample.Output(), "balance 120\n");
  EXPECT_TRUE(sample.Analyze()["findings"].empty());
}

TEST(EchoServer, ServesAllClientsAndHasNoFinding) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("echo_server"), 0);
  EXPECT_EQ(sample.Output(), "served 8 clients, 400 lines\n");
  const Json report = sample.Analyze({"--fail-on", "deadlock,misuse"});
  EXPECT_EQ(sample.status, 0);
  for (const Json& finding : report["findings"]) {
    // On a slow machine a turn may be a long one.
    EXPECT_EQ(finding["rule"], "long-run") << finding;
  }
}

TEST(ProcessPool, TheFifthTaskBeginsWhenAnotherHasEnded) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("process_pool"), 0);
  EXPECT_THAT(sample.Output(),
              HasSubstr("task 4 begins\ntask 5 waits\ntask 2 gives 20\n"
                        "task 5 begins\n"));
  EXPECT_TRUE(sample.Analyze()["findings"].empty());
}

TEST(ProcessPool, AWorkerThatIsKilledFailsItsTaskAlone) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("process_pool", {"--crash"}), 0);
  EXPECT_THAT(sample.Output(),
              HasSubstr("task 2 fails: its worker was ended by signal 9\n"
                        "task 5 begins\n"
                        "task 1 gives 10\ntask 3 gives 30\n"
                        "task 4 gives 40\ntask 5 gives 50\n"));
}

TEST(Levels, AreMeasuredOneByOne) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("levels"), 0);
  for (const char* const row : {"| process | ", "| thread | ", "| coroutine | ",
                                "| coroutine and thread_pool | "}) {
    EXPECT_THAT(sample.Output(), HasSubstr(row));
  }
  for (const Json& finding : sample.Analyze()["findings"]) {
    // What the level costs that has one thread: it computes, and writes files.
    EXPECT_EQ(finding["rule"], "long-run") << finding;
  }
}

}  // namespace
}  // namespace lockcheck::samples::testing

// What is known of the processor time that a recording took.
#include "lib/analysis/cpu_time.h"

#include <gtest/gtest.h>

#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;

// A recording of 2 s (a tick is a nanosecond) of one process with one thread.
class CpuTimeTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kSecond = 1'000'000'000;

  // In clock ticks since boot; the recording begins 7 ms after boot.
  void Started(uint64_t start_time) {
    b_.Process(1, {.start_time = start_time}).Actor(1, BeginHow::kMain);
    b_.Fork(1, 2).Actor(2, BeginHow::kStarted, {.parent = 1});
  }
  void Ends(uint64_t thread_cpu, uint64_t process_cpu) {
    b_.At(2 * kSecond).End(2, thread_cpu).Exit(1, process_cpu);
    ScannedLog log(b_);
    cpu_ = CpuTimeOf(log.recording(), log.statistics().actors);
    cores_ = log.statistics().cores_used;
  }

  LogBuilder b_;
  CpuTime cpu_;
  double cores_ = 0;
};

constexpr uint64_t kJustStarted = 1, kOld = 5000;

TEST_F(CpuTimeTest, AProcessHardlyOlderThanItsRecordingUsedItsTimeInIt) {
  Started(kJustStarted);
  Ends(kSecond, 3 * kSecond);
  EXPECT_NEAR(cpu_.most_ns, 3e9, 1e6);
  EXPECT_NEAR(cpu_.least_ns, 3e9, 2e7);
  EXPECT_NEAR(cores_, 1.5, 0.01);
}

// Three cores used by two threads, it said.
TEST_F(CpuTimeTest, WhatWasUsedBeforeTheRecordingIsNotPutDownToIt) {
  Started(kOld);
  Ends(kSecond, 6 * kSecond);
  EXPECT_NEAR(cpu_.most_ns, 3e9, 1e6);
  EXPECT_NEAR(cpu_.least_ns, 1e9, 1e6);
  EXPECT_EQ(cores_, 0);
}

TEST_F(CpuTimeTest, WhoWaitsUsesNothing) {
  Started(kOld);
  b_.JoinBlock(1, 2, 8).At(2 * kSecond).Unblock(1);
  Ends(2 * kSecond, 6 * kSecond);
  EXPECT_NEAR(cpu_.most_ns, 2e9, 1e6);
  EXPECT_NEAR(cores_, 1, 0.01);
}

TEST_F(CpuTimeTest, AThreadUsesNoMoreThanTheTimeItLived) {
  Started(kOld);
  Ends(60 * kSecond, 60 * kSecond);
  EXPECT_NEAR(cpu_.most_ns, 4e9, 1e6);
}

TEST_F(CpuTimeTest, OfAProcessThatWasKilledItIsNotKnown) {
  Started(kJustStarted);
  b_.At(2 * kSecond).End(2, kSecond);
  const ScannedLog log(b_);
  EXPECT_EQ(log.statistics().cpu_ns, 1e9);
  EXPECT_EQ(log.statistics().cores_used, 0);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

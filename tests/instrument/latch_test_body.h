// The rules of latch, for the recorded type and for its plain twin: included by
// a test of each, which names its suites.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_LATCH_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_LATCH_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "lockcheck/latch.h"
#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Sleeper;

constinit latch g_constant_initialized(2);
static_assert(!std::is_copy_constructible_v<latch> &&
              !std::is_copy_assignable_v<latch>);
static_assert(noexcept(g_constant_initialized.try_wait()));
static_assert(latch::max() >= 1'000'000);

// What std's does, too.
template <typename Latch>
class ANY_LATCH_TEST : public ::testing::Test {};
using Kinds = ::testing::Types<latch, std::latch>;
TYPED_TEST_SUITE(ANY_LATCH_TEST, Kinds);

TYPED_TEST(ANY_LATCH_TEST, IsOpenWhenAllHaveArrived) {
  TypeParam l(2);
  EXPECT_FALSE(l.try_wait());
  l.count_down();
  EXPECT_FALSE(l.try_wait());
  l.count_down();
  EXPECT_TRUE(l.try_wait());
  for (int i = 0; i < 3; ++i) l.wait();
}

TYPED_TEST(ANY_LATCH_TEST, CountsSeveralAtOnceOrNone) {
  TypeParam l(5);
  l.count_down(3);
  l.count_down(0);
  EXPECT_FALSE(l.try_wait());
  l.count_down(2);
  EXPECT_TRUE(l.try_wait());
}

TYPED_TEST(ANY_LATCH_TEST, OfNobodyIsOpen) {
  TypeParam l(0);
  EXPECT_TRUE(l.try_wait());
  l.wait();
  l.arrive_and_wait(0);
}

TYPED_TEST(ANY_LATCH_TEST, BlocksUntilTheLastHasArrived) {
  TypeParam l(2);
  std::atomic<int> through = 0;
  Sleeper one([&] {
    l.wait();
    ++through;
  });
  Sleeper two([&] {
    l.arrive_and_wait();
    ++through;
  });
  ASSERT_TRUE(one.UntilAsleep());
  ASSERT_TRUE(two.UntilAsleep());
  EXPECT_EQ(through, 0);
  l.count_down();
  one.Join();
  two.Join();
  EXPECT_EQ(through, 2);
}

TYPED_TEST(ANY_LATCH_TEST, WhatIsWrittenBeforeAnArrivalIsSeenAfterAWait) {
  constexpr int kThreads = 4, kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    TypeParam l(kThreads);
    int written[kThreads] = {};
    std::vector<thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        written[i] = 1;
        if (i % 2 == 0) {
          l.count_down();
        } else {
          l.arrive_and_wait();
          for (const int one : written) EXPECT_EQ(one, 1);
        }
      });
    }
    l.wait();
    for (const int one : written) EXPECT_EQ(one, 1);
    for (thread& t : threads) t.join();
  }
}

// ---- Ours -------------------------------------------------------------------

// Undefined in the twin, as in std.
#if !defined(LOCKCHECK_DISABLED)
TEST(LATCH_TEST, TooManyArrivalsAreRefusedAndChangeNothing) {
  latch l(2);
  EXPECT_THROW(l.count_down(3), std::logic_error);
  EXPECT_THROW(l.count_down(-1), std::logic_error);
  EXPECT_THROW(l.arrive_and_wait(3), std::logic_error);
  EXPECT_FALSE(l.try_wait());
  l.count_down(2);
  EXPECT_TRUE(l.try_wait());
  EXPECT_THROW(l.count_down(), std::logic_error);
  EXPECT_TRUE(l.try_wait());
}
#endif

TEST(LATCH_TEST, TimedWaitsGiveUpInTime) {
  latch l(1);
  EXPECT_FALSE(l.try_wait_for(std::chrono::milliseconds(0)));
  EXPECT_FALSE(l.try_wait_for(std::chrono::seconds(-5)));
  EXPECT_FALSE(l.try_wait_until(steady_clock::now() - std::chrono::hours(1)));
  EXPECT_FALSE(
      l.try_wait_until(std::chrono::system_clock::now() + milliseconds(2)));
  const auto begin = steady_clock::now();
  EXPECT_FALSE(l.try_wait_until(begin + milliseconds(20)));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(20));
  l.count_down();
  EXPECT_TRUE(l.try_wait_for(std::chrono::seconds(-5)));
  EXPECT_TRUE(l.try_wait_until(steady_clock::now() - std::chrono::hours(1)));
}

TEST(LATCH_TEST, TimedWaitsAreEndedByTheLastArrival) {
  latch l(2);
  bool open_for = false, open_until = false;
  Sleeper one([&] { open_for = l.try_wait_for(std::chrono::hours(1)); });
  Sleeper other([&] {
    open_until = l.try_wait_until(std::chrono::system_clock::now() +
                                  std::chrono::hours(1));
  });
  ASSERT_TRUE(one.UntilAsleep());
  ASSERT_TRUE(other.UntilAsleep());
  l.count_down();
  ASSERT_TRUE(one.UntilAsleep());
  l.count_down();
  one.Join();
  other.Join();
  EXPECT_TRUE(open_for);
  EXPECT_TRUE(open_until);
}

TEST(LATCH_TEST, WhoHasWaitedMayDestroyIt) {
  for (int i = 0; i < 2'000; ++i) {
    auto done = std::make_unique<latch>(1);
    thread other([raw = done.get()] { raw->count_down(); });
    done->wait();
    done.reset();
    other.join();
  }
}

TEST(LATCH_TEST, IsMadeByTheCompilerWithOrWithoutAName) {
  static constinit latch named(1, "name");
  EXPECT_FALSE(named.try_wait());
  EXPECT_FALSE(g_constant_initialized.try_wait());
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_LATCH_TEST_BODY_H_

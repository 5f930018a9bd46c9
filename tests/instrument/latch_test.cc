// The rules of latch.
#include "lockcheck/latch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using testing::Sleeper;

constinit latch g_constant_initialized(2);
static_assert(!std::is_copy_constructible_v<latch> &&
              !std::is_copy_assignable_v<latch>);
static_assert(noexcept(g_constant_initialized.try_wait()));
static_assert(latch::max() >= 1'000'000);

// What std's does, too.
template <typename Latch>
class AnyLatch : public ::testing::Test {};
using Kinds = ::testing::Types<latch, std::latch>;
TYPED_TEST_SUITE(AnyLatch, Kinds);

TYPED_TEST(AnyLatch, IsOpenWhenAllHaveArrived) {
  TypeParam l(2);
  EXPECT_FALSE(l.try_wait());
  l.count_down();
  EXPECT_FALSE(l.try_wait());
  l.count_down();
  EXPECT_TRUE(l.try_wait());
  for (int i = 0; i < 3; ++i) l.wait();
}

TYPED_TEST(AnyLatch, CountsSeveralAtOnceOrNone) {
  TypeParam l(5);
  l.count_down(3);
  l.count_down(0);
  EXPECT_FALSE(l.try_wait());
  l.count_down(2);
  EXPECT_TRUE(l.try_wait());
}

TYPED_TEST(AnyLatch, OfNobodyIsOpen) {
  TypeParam l(0);
  EXPECT_TRUE(l.try_wait());
  l.wait();
  l.arrive_and_wait(0);
}

TYPED_TEST(AnyLatch, BlocksUntilTheLastHasArrived) {
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

TYPED_TEST(AnyLatch, WhatIsWrittenBeforeAnArrivalIsSeenAfterAWait) {
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

TEST(Latch, TooManyArrivalsAreRefusedAndChangeNothing) {
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

TEST(Latch, WhoHasWaitedMayDestroyIt) {
  for (int i = 0; i < 2'000; ++i) {
    auto done = std::make_unique<latch>(1);
    thread other([raw = done.get()] { raw->count_down(); });
    done->wait();
    done.reset();
    other.join();
  }
}

TEST(Latch, IsMadeByTheCompilerWithOrWithoutAName) {
  static constinit latch named(1, "name");
  EXPECT_FALSE(named.try_wait());
  EXPECT_FALSE(g_constant_initialized.try_wait());
}

}  // namespace
}  // namespace lockcheck

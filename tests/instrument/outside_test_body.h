// The rules of what waits for the outside, for the recorded types and for their
// plain twins: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_OUTSIDE_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_OUTSIDE_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>

#include "lockcheck/async_operation.h"
#include "lockcheck/blocking_region.h"
#include "lockcheck/mutex.h"

namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

static_assert(!std::is_copy_constructible_v<async_operation> &&
              !std::is_copy_assignable_v<async_operation> &&
              !std::is_copy_constructible_v<blocking_region> &&
              !std::is_copy_assignable_v<blocking_region>);

TEST(OUTSIDE_TEST_NAME, WhatWasNotStartedIsNotWaitedFor) {
  async_operation op("op");
  EXPECT_TRUE(op.is_done());
  op.wait();
  EXPECT_TRUE(op.wait_for(seconds(0)));
}

TEST(OUTSIDE_TEST_NAME, AWaitBlocksUntilItIsOver) {
  async_operation op("op");
  op.start();
  EXPECT_FALSE(op.is_done());
  EXPECT_FALSE(op.wait_for(seconds(0)));
  EXPECT_FALSE(op.wait_until(steady_clock::now()));
  int reply = 0;
  std::jthread outside([&] {
    reply = 42;
    op.complete();
  });
  op.wait();
  EXPECT_EQ(reply, 42);
  EXPECT_TRUE(op.is_done());
}

TEST(OUTSIDE_TEST_NAME, ACancelEndsItToo) {
  async_operation op;
  op.start();
  std::jthread outside([&] { op.cancel(); });
  EXPECT_TRUE(op.wait_for(hours(1)));
}

TEST(OUTSIDE_TEST_NAME, TimesMayBeOfAnyClock) {
  async_operation op;
  op.start();
  std::jthread outside([&] { op.complete(); });
  EXPECT_TRUE(op.wait_until(system_clock::now() + hours(1)));
}

TEST(OUTSIDE_TEST_NAME, OfSeveralTheLastIsWaitedFor) {
  async_operation op;
  op.start();
  op.start();
  op.complete();
  EXPECT_FALSE(op.is_done());
  op.complete();
  EXPECT_TRUE(op.is_done());
  op.start();
  EXPECT_FALSE(op.is_done());
  op.cancel();
}

TEST(OUTSIDE_TEST_NAME, WhatWasNotStartedCannotEnd) {
  async_operation op;
  EXPECT_THROW(op.complete(), std::logic_error);
  EXPECT_THROW(op.cancel(), std::logic_error);
  op.start();
  op.complete();
  EXPECT_THROW(op.complete(), std::logic_error);
  EXPECT_TRUE(op.is_done());
}

TEST(OUTSIDE_TEST_NAME, ManyRoundsLoseNoEnd) {
  async_operation op;
  constexpr int kRounds = 2000;
  std::atomic<int> started = 0;
  std::jthread outside([&] {
    for (int i = 1; i <= kRounds; ++i) {
      while (started.load() < i) std::this_thread::yield();
      op.complete();
    }
  });
  for (int i = 1; i <= kRounds; ++i) {
    op.start();
    started = i;
    op.wait();
  }
  EXPECT_TRUE(op.is_done());
}

TEST(OUTSIDE_TEST_NAME, LocksWorkInsideARegion) {
  mutex m("m");
  {
    const blocking_region outer("outer");
    const std::lock_guard lock(m);
    const blocking_region inner("inner");
  }
  EXPECT_TRUE(m.try_lock());
  m.unlock();
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_OUTSIDE_TEST_BODY_H_

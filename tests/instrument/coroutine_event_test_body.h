// The rules of coroutine::event, for the recorded type and for its plain twin:
// included by a test of each, which names its suites.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_EVENT_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_EVENT_TEST_BODY_H_

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "lockcheck/coroutine/event.h"
#include "lockcheck/coroutine/task_group.h"

namespace lockcheck {
namespace {

using coroutine::context;
using coroutine::event;
using coroutine::task;
using coroutine::task_group;
using coroutine::yield;
using std::chrono::milliseconds;

constinit event g_constant_initialized("constant");
static_assert(!std::is_copy_constructible_v<event>);

TEST(COROUTINE_EVENT_TEST_NAME, StartsClearAndIsSetUntilItIsCleared) {
  event e;
  EXPECT_FALSE(e.is_set());
  e.set();
  EXPECT_TRUE(e.is_set());
  e.set();
  EXPECT_TRUE(e.is_set());
  e.clear();
  EXPECT_FALSE(e.is_set());
}

TEST(COROUTINE_EVENT_TEST_NAME, ReleasesAllThatWaitInTheirOrder) {
  context c;
  event e("go");
  std::string order;
  const auto wait = [&](char name) -> task<> {
    co_await e.wait();
    order += name;
  };
  for (const char name : {'a', 'b', 'c'}) c.spawn(wait(name));
  const auto set = [&]() -> task<> {
    co_await yield();
    order += '|';
    e.set();
    co_return;
  };
  c.spawn(set());
  EXPECT_EQ(c.run(), 0u);
  EXPECT_EQ(order, "|abc");
}

TEST(COROUTINE_EVENT_TEST_NAME, WhoFindsItSetIsNotSuspended) {
  context c;
  event e;
  e.set();
  std::string order;
  const auto wait = [&]() -> task<> {
    co_await e.wait();
    order += "wait";
  };
  const auto other = [&]() -> task<> {
    order += "other";
    co_return;
  };
  c.spawn(wait());
  c.spawn(other());
  EXPECT_EQ(c.run(), 0u);
  EXPECT_EQ(order, "waitother");
}

TEST(COROUTINE_EVENT_TEST_NAME, ASetCountsEvenIfAClearFollowsAtOnce) {
  context c;
  event e;
  int released = 0;
  const auto wait = [&]() -> task<> {
    co_await e.wait();
    ++released;
  };
  c.spawn(wait());
  c.spawn(wait());
  const auto pulse = [&]() -> task<> {
    e.set();
    e.clear();
    co_return;
  };
  c.spawn(pulse());
  EXPECT_EQ(c.run(), 0u);
  EXPECT_EQ(released, 2);
  EXPECT_FALSE(e.is_set());
}

TEST(COROUTINE_EVENT_TEST_NAME, AWaitWithATimeSaysWhetherItWasSet) {
  context c;
  event e, never;
  std::vector<bool> said;
  const auto wait = [&]() -> task<> {
    said.push_back(co_await never.wait_for(milliseconds(2)));
    said.push_back(co_await e.wait_for(std::chrono::hours(1)));
    said.push_back(co_await e.wait_for(milliseconds(-1)));
    said.push_back(co_await never.wait_until(std::chrono::system_clock::now()));
  };
  const auto set = [&]() -> task<> {
    while (said.empty()) co_await yield();
    e.set();
  };
  c.spawn(wait());
  c.spawn(set());
  EXPECT_EQ(c.run(), 0u);
  EXPECT_EQ(said, (std::vector<bool>{false, true, true, false}));
}

TEST(COROUTINE_EVENT_TEST_NAME, AThreadWithWorkMaySetIt) {
  context c;
  event e;
  bool released = false;
  const auto wait = [&]() -> task<> {
    co_await e.wait();
    released = true;
  };
  c.spawn(wait());
  auto work = std::make_unique<context::work>(c);
  std::thread setter([&] {
    e.set();
    work.reset();
  });
  EXPECT_EQ(c.run(), 0u);
  setter.join();
  EXPECT_TRUE(released);
}

TEST(COROUTINE_EVENT_TEST_NAME, WhoIsDestroyedWaitsNoMore) {
  event e;
  {
    context c;
    const auto wait = [&]() -> task<> { co_await e.wait(); };
    c.spawn_background(wait());
    c.spawn_background(wait());
    EXPECT_EQ(c.run(), 0u);
  }
  e.set();
  EXPECT_TRUE(e.is_set());
}

// Each wait is for one set, whoever comes first.
TEST(COROUTINE_EVENT_TEST_NAME, NoSetIsLostOnSeveralThreads) {
  context c;
  event ping, pong;
  int rounds = 0;
  const auto serve = [&]() -> task<> {
    for (int i = 0; i < 500; ++i) {
      co_await ping.wait();
      ping.clear();
      pong.set();
    }
  };
  const auto play = [&]() -> task<> {
    for (int i = 0; i < 500; ++i) {
      ping.set();
      while (!co_await pong.wait_for(std::chrono::microseconds(i % 3 * 20))) {
      }
      pong.clear();
      ++rounds;
    }
  };
  c.spawn(serve());
  c.spawn(play());
  std::thread other([&] { EXPECT_EQ(c.run(), 0u); });
  EXPECT_EQ(c.run(), 0u);
  other.join();
  EXPECT_EQ(rounds, 500);
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_EVENT_TEST_BODY_H_

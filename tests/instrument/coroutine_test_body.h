// Coroutines, tasks, groups and contexts, for the recorded types and for their
// plain twins: included by a test of each, which names its suites.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/coroutine/task.h"
#include "lockcheck/coroutine/task_group.h"

namespace lockcheck {
namespace {

using coroutine::context;
using coroutine::sleep_for;
using coroutine::task;
using coroutine::task_group;
using coroutine::yield;
using std::chrono::milliseconds;

static_assert(!std::is_copy_constructible_v<task<int>> &&
              std::is_nothrow_move_constructible_v<task<int>>);
static_assert(!std::is_copy_constructible_v<context> &&
              !std::is_copy_constructible_v<task_group<int>>);

// Runs `story`, a coroutine without parameters, to its end.
template <typename Story>
void RunStory(Story story) {
  context c;
  c.spawn(story());
  EXPECT_EQ(c.run(), 0u);
}

task<int> Give(int value) { co_return value; }
task<int> Fail(const char* what) {
  throw std::runtime_error(what);
  co_return 0;
}
// Gives others `turns` turns before.
task<int> GiveAfter(int turns, int value) {
  for (int i = 0; i < turns; ++i) co_await yield();
  co_return value;
}

TEST(COROUTINE_TEST_NAME, ATaskGivesItsValueToWhoAwaitsIt) {
  RunStory([]() -> task<> {
    EXPECT_EQ(co_await Give(7), 7);
    auto text = []() -> task<std::string> { co_return "text"; };
    EXPECT_EQ(co_await text(), "text");
    auto owned = []() -> task<std::unique_ptr<int>> {
      co_return std::make_unique<int>(3);
    };
    EXPECT_EQ(*co_await owned(), 3);
  });
}

TEST(COROUTINE_TEST_NAME, ATaskMayGiveAReference) {
  RunStory([]() -> task<> {
    int place = 1;
    auto get = [&]() -> task<int&> { co_return place; };
    co_await get() = 2;
    EXPECT_EQ(place, 2);
  });
}

TEST(COROUTINE_TEST_NAME, ATaskBeginsWhenItIsAwaited) {
  RunStory([]() -> task<> {
    bool has_begun = false;
    auto begin = [&]() -> task<> {
      has_begun = true;
      co_return;
    };
    task<> t = begin();
    EXPECT_FALSE(has_begun);
    co_await std::move(t);
    EXPECT_TRUE(has_begun);
  });
}

TEST(COROUTINE_TEST_NAME, WhatATaskThrowsWhoAwaitsItGets) {
  RunStory([]() -> task<> {
    std::string what;
    try {
      co_await Fail("it");
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    EXPECT_EQ(what, "it");
  });
}

TEST(COROUTINE_TEST_NAME, CoroutinesGoOnInTurnInTheOrderOfTheirSpawning) {
  context c;
  std::string order;
  const auto say = [&order](char name) -> task<> {
    for (int i = 0; i < 3; ++i) {
      order += name;
      co_await yield();
    }
  };
  for (const char name : {'a', 'b', 'c'}) c.spawn(say(name));
  EXPECT_EQ(order, "");
  EXPECT_EQ(c.run(), 0u);
  EXPECT_EQ(order, "abcabcabc");
}

TEST(COROUTINE_TEST_NAME, RunThrowsWhatACoroutineThrewThatNobodyAwaits) {
  context c;
  c.spawn(Fail("nobody"));
  bool has_run = false;
  const auto run = [&]() -> task<> {
    has_run = true;
    co_return;
  };
  c.spawn(run());
  EXPECT_THROW(c.run(), std::runtime_error);
  EXPECT_TRUE(has_run);
  EXPECT_EQ(c.run(), 0u);
}

// Of those that sleep before the first time has come, for which a slow machine
// needs longer times.
TEST(COROUTINE_TEST_NAME, SleepersGoOnInTheOrderOfTheirTimes) {
  using std::chrono::steady_clock;
  bool in_time = false;
  for (milliseconds time(1); !in_time; time *= 2) {
    context c;
    std::string order;
    const auto begin = steady_clock::now();
    const auto sleep = [&order](milliseconds ms, char name) -> task<> {
      co_await sleep_for(ms);
      order += name;
    };
    const auto look = [&]() -> task<> {
      in_time = steady_clock::now() < begin + time;
      co_return;
    };
    c.spawn(sleep(2 * time, 'b'));
    c.spawn(sleep(time, 'a'));
    c.spawn(look());
    EXPECT_EQ(c.run(), 0u);
    EXPECT_EQ(order.size(), 2u);
    if (in_time) {
      EXPECT_EQ(order, "ab");
    }
  }
}

TEST(COROUTINE_TEST_NAME, AGroupGivesValuesInTheOrderOfSpawning) {
  RunStory([]() -> task<> {
    task_group<int> group;
    std::vector<int> ended;
    const auto work = [&](int turns, int value) -> task<int> {
      const int done = co_await GiveAfter(turns, value);
      ended.push_back(done);
      co_return done;
    };
    group.spawn(work(1, 1));
    group.spawn(work(2, 2));
    group.spawn(work(0, 3));
    {
      const std::vector<int> values = co_await group.join();
      EXPECT_EQ(values, (std::vector<int>{1, 2, 3}));
    }
    EXPECT_EQ(ended, (std::vector<int>{3, 1, 2}));
  });
}

TEST(COROUTINE_TEST_NAME, AGroupMayRunInAnotherContext) {
  context own, other;
  std::vector<int> values;
  const auto join = [&]() -> task<> {
    task_group<int> group(other);
    group.spawn(Give(1));
    values = co_await group.join();
  };
  own.spawn(join());
  EXPECT_EQ(own.run(), 1u);
  EXPECT_EQ(other.run(), 0u);
  EXPECT_EQ(own.run(), 0u);
  EXPECT_EQ(values, (std::vector<int>{1}));
}

TEST(COROUTINE_TEST_NAME, AnEmptyGroupIsJoinedAtOnceAndAGroupMayBeUsedAgain) {
  RunStory([]() -> task<> {
    task_group<int> group;
    EXPECT_TRUE((co_await group.join()).empty());
    group.spawn(Give(1));
    {
      const std::vector<int> values = co_await group.join();
      EXPECT_EQ(values, (std::vector<int>{1}));
    }
    group.spawn(Give(2));
    {
      const std::vector<int> values = co_await group.join();
      EXPECT_EQ(values, (std::vector<int>{2}));
    }
  });
}

TEST(COROUTINE_TEST_NAME, AGroupThrowsTheFirstFailureWhenAllHaveEnded) {
  RunStory([]() -> task<> {
    task_group<> group;
    int ended = 0;
    const auto work = [&](int turns, const char* failure) -> task<> {
      for (int i = 0; i < turns; ++i) co_await yield();
      ++ended;
      if (failure != nullptr) throw std::runtime_error(failure);
    };
    group.spawn(work(3, "first"));
    group.spawn(work(0, "second"));
    group.spawn(work(5, nullptr));
    std::string what;
    try {
      co_await group.join();
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    EXPECT_EQ(what, "first");
    EXPECT_EQ(ended, 3);
  });
}

TEST(COROUTINE_TEST_NAME, TasksOfAGroupThatIsDestroyedGoOn) {
  context c;
  bool has_ended = false;
  const auto work = [&]() -> task<> {
    co_await yield();
    has_ended = true;
  };
  {
    task_group<> group(c);
    group.spawn(work());
  }
  EXPECT_EQ(c.run(), 0u);
  EXPECT_TRUE(has_ended);
}

TEST(COROUTINE_TEST_NAME, ThousandsOfCoroutinesRunOnOneThread) {
  RunStory([]() -> task<> {
    task_group<int> group;
    for (int i = 0; i < 5000; ++i) group.spawn(GiveAfter(1, i));
    const std::vector<int> values = co_await group.join();
    int wrong = 0;
    for (int i = 0; i < 5000; ++i) wrong += values[static_cast<size_t>(i)] != i;
    EXPECT_EQ(wrong, 0);
  });
}

// No more than a hint.
TEST(COROUTINE_TEST_NAME, AContextMayBeToldHowManyThreadsRunIt) {
  context c(1);
  int turns = 0;
  const auto count = [&]() -> task<> {
    ++turns;
    co_await yield();
    ++turns;
  };
  c.spawn(count());
  EXPECT_EQ(c.run(), 0u);
  EXPECT_EQ(turns, 2);
}

TEST(COROUTINE_TEST_NAME, SeveralThreadsRunTheCoroutinesOfOneContext) {
  context c;
  std::atomic<int> turns{0};
  const auto work = [&]() -> task<> {
    for (int i = 0; i < 200; ++i) {
      turns.fetch_add(1);
      co_await yield();
    }
  };
  for (int i = 0; i < 20; ++i) c.spawn(work());
  std::thread other([&] { EXPECT_EQ(c.run(), 0u); });
  EXPECT_EQ(c.run(), 0u);
  other.join();
  EXPECT_EQ(turns, 20 * 200);
}

TEST(COROUTINE_TEST_NAME, RunWaitsForWorkOutside) {
  context c;
  auto work = std::make_unique<context::work>(c);
  std::promise<void> begun;
  std::thread runner([&] {
    begun.set_value();
    EXPECT_EQ(c.run(), 0u);
  });
  begun.get_future().wait();
  bool has_run = false;
  const auto run = [&]() -> task<> {
    has_run = true;
    co_return;
  };
  c.spawn(run());
  work.reset();
  runner.join();
  EXPECT_EQ(c.run(), 0u);
  EXPECT_TRUE(has_run);
}

// What never runs is not begun by its destruction.
TEST(COROUTINE_TEST_NAME, AContextDestroysWhatHasNotBegun) {
  bool has_begun = false;
  {
    context c;
    const auto begin = [&]() -> task<> {
      has_begun = true;
      co_return;
    };
    c.spawn(begin());
  }
  EXPECT_FALSE(has_begun);
}

TEST(COROUTINE_TEST_NAME, WhatIsAwaitedOutsideOfAContextThrows) {
  EXPECT_THROW(yield().await_ready(), std::logic_error);
}

TEST(COROUTINE_TEST_NAME, WhatIsNoneOfLockchecksLeavesWhoAwaitsItWhereItIs) {
  bool goes_on = false;
  const auto wait = [&]() -> task<> {
    co_await std::suspend_always();
    goes_on = true;
  };
  context c;
  c.spawn(wait());
  EXPECT_THROW(c.run(), std::logic_error);
  EXPECT_EQ(c.run(), 1u);
  EXPECT_FALSE(goes_on);
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_TEST_BODY_H_

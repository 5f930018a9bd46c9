// The rules of thread_pool.
#include "lockcheck/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::Sleeper;

int Square(int n) { return n * n; }

TEST(ThreadPool, IsNeitherCopiedNorMoved) {
  EXPECT_FALSE(std::is_copy_constructible_v<thread_pool>);
  EXPECT_FALSE(std::is_move_constructible_v<thread_pool>);
}

TEST(ThreadPool, HasAsManyThreadsAsProcessorsThatMayBeUsed) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_EQ(thread_pool().size(), static_cast<size_t>(CPU_COUNT(&before)));
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(thread_pool("name").size(), 1u);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

TEST(ThreadPool, IsMadeWithASizeANameAndAPlace) {
  EXPECT_EQ(thread_pool(3).size(), 3u);
  EXPECT_EQ(thread_pool(3, "name").size(), 3u);
  EXPECT_EQ(thread_pool(3, source_location::current()).size(), 3u);
  EXPECT_GE(thread_pool(0).size(), 1u);
}

TEST(ThreadPool, GivesTheAnswerOfATask) {
  thread_pool pool(2);
  auto answer = pool.submit(Square, 7);
  ASSERT_TRUE(answer.valid());
  EXPECT_EQ(answer.get(), 49);
  EXPECT_FALSE(answer.valid());
  auto nothing = pool.submit([] {});
  nothing.get();
  int number = 5;
  auto reference = pool.submit([&]() -> int& { return number; });
  EXPECT_EQ(&reference.get(), &number);
}

TEST(ThreadPool, TakesAndGivesWhatCanOnlyBeMoved) {
  thread_pool pool(1);
  auto answer = pool.submit(
      [](std::unique_ptr<int> n) {
        ++*n;
        return n;
      },
      std::make_unique<int>(1));
  EXPECT_EQ(*answer.get(), 2);
}

TEST(ThreadPool, WhatATaskThrowsGetThrows) {
  thread_pool pool(1);
  auto answer = pool.submit([]() -> int { throw std::domain_error("no"); });
  EXPECT_THROW(answer.get(), std::domain_error);
  EXPECT_EQ(pool.submit(Square, 2).get(), 4);
}

TEST(ThreadPool, AFutureIsWaitedForAndTold) {
  thread_pool pool(1);
  std::latch gate(1);
  auto answer = pool.submit([&] {
    gate.wait();
    return 3;
  });
  EXPECT_EQ(answer.wait_for(milliseconds(1)), std::future_status::timeout);
  EXPECT_EQ(answer.wait_until(std::chrono::system_clock::now()),
            std::future_status::timeout);
  Sleeper waiter([&] { answer.wait(); });
  ASSERT_TRUE(waiter.UntilAsleep());
  gate.count_down();
  waiter.Join();
  EXPECT_EQ(answer.wait_for(hours(0)), std::future_status::ready);
  EXPECT_EQ(answer.wait_until(std::chrono::steady_clock::now() + hours(1)),
            std::future_status::ready);
  EXPECT_EQ(answer.get(), 3);
}

TEST(ThreadPool, AFutureWithoutATaskIsNotValid) {
  thread_pool::future<int> none;
  EXPECT_FALSE(none.valid());
  thread_pool pool(1);
  auto first = pool.submit(Square, 1);
  auto second = std::move(first);
  EXPECT_FALSE(first.valid());
  EXPECT_EQ(second.get(), 1);
}

TEST(ThreadPool, AFutureThatIsNotWaitedForMayGo) {
  std::atomic<bool> ran = false;
  {
    thread_pool pool(1);
    (void)pool.submit([&] { ran = true; });
  }
  EXPECT_TRUE(ran);
}

// Size 4, five tasks at a gate.
TEST(ThreadPool, RunsAsManyAtOnceAsItHasThreads) {
  thread_pool pool(4);
  std::latch four_begun(4);
  std::atomic<int> begun = 0;
  std::latch gates[2] = {std::latch(1), std::latch(1)};
  std::vector<thread_pool::future<void>> ended;
  for (int i = 0; i < 5; ++i) {
    ended.push_back(pool.submit([&, i] {
      if (begun++ < 4) four_begun.count_down();
      gates[i == 0 ? 0 : 1].wait();
    }));
  }
  four_begun.wait();
  EXPECT_EQ(begun, 4);
  EXPECT_EQ(ended[0].wait_for(milliseconds(1)), std::future_status::timeout);
  gates[0].count_down();
  ended[0].get();
  while (begun != 5) sched_yield();
  gates[1].count_down();
  for (int i = 1; i < 5; ++i) ended[static_cast<size_t>(i)].get();
}

TEST(ThreadPool, OneThreadRunsTasksInTheirOrder) {
  std::vector<int> order;
  {
    thread_pool pool(1);
    for (int i = 0; i < 50; ++i) {
      (void)pool.submit([&order, i] { order.push_back(i); });
    }
  }
  EXPECT_EQ(order.size(), 50u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

// ---- Maps -------------------------------------------------------------------

TEST(ThreadPool, MapAnswersInTheOrderOfTheItems) {
  thread_pool pool(3);
  // The first item's task ends last.
  std::latch others(3);
  const auto answers = pool.map(
      [&](int n) {
        if (n == 0) {
          others.wait();
        } else {
          others.count_down();
        }
        return n * 10;
      },
      std::vector<int>({0, 1, 2, 3}));
  EXPECT_EQ(answers, std::vector<int>({0, 10, 20, 30}));
}

TEST(ThreadPool, MapUnorderedAnswersInTheOrderInWhichTheyCome) {
  thread_pool pool(2);
  std::latch third(1);
  const auto answers = pool.map_unordered(
      [&](int n) {
        if (n == 1) third.wait();
        if (n == 3) third.count_down();
        return n * 10;
      },
      std::vector<int>({1, 2, 3}));
  // The first may come before the third, which lets it go on.
  EXPECT_EQ(answers.at(0), 20);
  EXPECT_EQ(answers.size(), 3u);
}

TEST(ThreadPool, MapsTakeNoItemsAndTasksWithoutAnswers) {
  thread_pool pool(2);
  const std::vector<int> none, some = {1, 2, 3};
  EXPECT_TRUE(pool.map(Square, none).empty());
  EXPECT_TRUE(pool.map_unordered(Square, none).empty());
  std::atomic<int> sum = 0;
  pool.map([&](int n) { sum += n; }, some);
  EXPECT_EQ(sum, 6);
  pool.map_unordered([&](int n) { sum += n; }, some);
  EXPECT_EQ(sum, 12);
}

TEST(ThreadPool, MapsThrowWhatTheFirstTaskThrows) {
  thread_pool pool(2);
  const auto refuse = [](int n) {
    if (n == 2) throw std::domain_error("no");
    return n;
  };
  const std::vector<int> items = {1, 2, 3};
  EXPECT_THROW(pool.map(refuse, items), std::domain_error);
  EXPECT_THROW(pool.map_unordered(refuse, items), std::domain_error);
  EXPECT_EQ(pool.map(Square, items), std::vector<int>({1, 4, 9}));
}

// ---- The end ----------------------------------------------------------------

TEST(ThreadPool, AfterCloseWhatWasSubmittedIsRun) {
  thread_pool pool(2);
  std::atomic<int> ran = 0;
  for (int i = 0; i < 20; ++i) (void)pool.submit([&] { ++ran; });
  pool.close();
  pool.close();
  EXPECT_THROW(pool.submit(Square, 1), std::logic_error);
  EXPECT_THROW(pool.map(Square, std::vector<int>({1})), std::logic_error);
  pool.join();
  EXPECT_EQ(ran, 20);
  pool.join();
}

TEST(ThreadPool, JoinBeforeCloseThrows) {
  thread_pool pool(1);
  EXPECT_THROW(pool.join(), std::logic_error);
  EXPECT_EQ(pool.submit(Square, 3).get(), 9);
}

TEST(ThreadPool, JoinByItsOwnTaskThrows) {
  thread_pool pool(1);
  auto answer = pool.submit([&] {
    pool.close();
    pool.join();
  });
  EXPECT_THROW(answer.get(), std::logic_error);
  pool.join();
}

TEST(ThreadPool, ATaskMayJoinAnotherPool) {
  thread_pool outer(1);
  const auto inner_sum = [] {
    thread_pool inner(2);
    int sum = 0;
    for (const int n : inner.map(Square, std::vector<int>({1, 2, 3}))) sum += n;
    inner.close();
    inner.join();
    return sum;
  };
  EXPECT_EQ(outer.submit(inner_sum).get(), 14);
}

TEST(ThreadPool, MayBeJoinedByManyAtOnce) {
  thread_pool pool(2);
  std::latch gate(1);
  std::atomic<bool> ended = false;
  (void)pool.submit([&] {
    gate.wait();
    ended = true;
  });
  pool.close();
  const auto join = [&] {
    pool.join();
    EXPECT_TRUE(ended);
  };
  Sleeper first(join), second(join), third(join);
  ASSERT_TRUE(first.UntilAsleep() && second.UntilAsleep() &&
              third.UntilAsleep());
  gate.count_down();
}

TEST(ThreadPool, TerminateDropsWhatHasNotBegun) {
  thread_pool pool(1);
  std::latch begun(1), gate(1);
  auto running = pool.submit([&] {
    begun.count_down();
    gate.wait();
    return 1;
  });
  const auto held = std::make_shared<int>(2);
  auto dropped = pool.submit([held] { return *held; });
  begun.wait();
  pool.terminate();
  EXPECT_EQ(held.use_count(), 1);
  try {
    dropped.get();
    FAIL() << "a dropped task has an answer";
  } catch (const std::future_error& error) {
    EXPECT_EQ(error.code(), std::future_errc::broken_promise);
  }
  EXPECT_THROW(pool.submit(Square, 1), std::logic_error);
  gate.count_down();
  EXPECT_EQ(running.get(), 1);
  pool.join();
}

TEST(ThreadPool, TerminateEndsTheMapsOfOthers) {
  for (const bool ordered : {true, false}) {
    thread_pool pool(1);
    std::latch begun(1), gate(1);
    Sleeper mapper([&] {
      const auto wait = [&](int n) {
        if (n == 0) begun.count_down();
        gate.wait();
        return n;
      };
      const std::vector<int> items = {0, 1, 2};
      EXPECT_THROW(
          ordered ? pool.map(wait, items) : pool.map_unordered(wait, items),
          std::future_error);
    });
    begun.wait();
    ASSERT_TRUE(mapper.UntilAsleep());
    pool.terminate();
    gate.count_down();
  }
}

TEST(ThreadPool, WhatATaskCarriesIsGoneWhenItHasEnded) {
  thread_pool pool(1);
  const auto carried = std::make_shared<int>(1);
  auto answer = pool.submit([carried] { return *carried; });
  EXPECT_EQ(answer.get(), 1);
#if !defined(LOCKCHECK_DISABLED)
  EXPECT_EQ(carried.use_count(), 1);
#endif
}

TEST(ThreadPool, TasksMaySubmitTasks) {
  thread_pool pool(2);
  auto outer = pool.submit([&] { return pool.submit(Square, 5); });
  EXPECT_EQ(outer.get().get(), 25);
}

TEST(ThreadPool, NoTaskIsLostOrRunTwice) {
  constexpr int kThreads = 4, kTasks = 500;
  std::vector<std::atomic<int>> runs(kThreads * kTasks);
  {
    thread_pool pool(3);
    std::vector<jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kTasks; ++i) {
          const int n = t * kTasks + i;
          auto answer = pool.submit([&runs, n] {
            ++runs[static_cast<size_t>(n)];
            return n;
          });
          if (i % 3 == 0) {
            EXPECT_EQ(answer.get(), n);
          }
          if (i % 3 == 1) (void)answer.wait_for(std::chrono::microseconds(3));
        }
      });
    }
  }
  for (const std::atomic<int>& times : runs) EXPECT_EQ(times, 1);
}

}  // namespace
}  // namespace lockcheck

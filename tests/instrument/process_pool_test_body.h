// What process::pool makes of its tasks, for the recorded type and for its
// plain twin: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_TEST_BODY_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/process.h"
#include "tests/instrument/process_pool_tasks.h"

// As in process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace pool_test {

// A type with a serializer of its own.
struct Name {
  explicit Name(std::string its_text) : text(std::move(its_text)) {}
  std::string text;
};

}  // namespace pool_test

template <>
struct lockcheck::process::serializer<pool_test::Name> {
  static void write(byte_writer& out, const pool_test::Name& name) {
    out.write(name.text);
  }
  static pool_test::Name read(byte_reader& in) {
    return pool_test::Name(in.read<std::string>());
  }
};

namespace lockcheck {
namespace {

using process::pool;
using process::remote_error;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class PROCESS_POOL_TEST : public PoolTasks {};

TEST_F(PROCESS_POOL_TEST, IsNeitherCopiedNorMoved) {
  EXPECT_FALSE(std::is_copy_constructible_v<pool>);
  EXPECT_FALSE(std::is_move_constructible_v<pool>);
  EXPECT_FALSE(std::is_copy_constructible_v<pool::future<int>>);
  EXPECT_TRUE(std::is_move_constructible_v<pool::future<int>>);
}

TEST_F(PROCESS_POOL_TEST, HasAsManyProcessesAsProcessorsThatMayBeUsed) {
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  EXPECT_EQ(pool().size(), static_cast<size_t>(CPU_COUNT(&set)));
  EXPECT_EQ(pool("named").size(), static_cast<size_t>(CPU_COUNT(&set)));
  EXPECT_EQ(pool(3).size(), 3u);
  EXPECT_EQ(pool(3, "named").size(), 3u);
}

TEST_F(PROCESS_POOL_TEST, RunsTasksInProcessesOfTheirOwn) {
  pool p(2);
  const auto await = [](Step* step, Step* go) {
    ArriveAndAwait(step, go, 1);
    return getpid();
  };
  auto one = p.apply_async(await, &step_, &go_);
  auto two = p.submit(await, &step_, &go_);
  Reach(step_, 2);
  go_ = 1;
  const std::set<pid_t> pids = {one.get(), two.get(), getpid()};
  EXPECT_EQ(pids.size(), 3u);
}

TEST_F(PROCESS_POOL_TEST, RunsAsManyAtOnceAsItHasProcesses) {
  pool p(4);
  std::vector<pool::future<int>> tasks;
  for (int i = 0; i < 5; ++i) {
    tasks.push_back(p.apply_async(&ArriveAndAwait, &step_, &go_, i + 1));
  }
  Reach(step_, 4);
  EXPECT_EQ(tasks[4].wait_for(milliseconds(20)), std::future_status::timeout);
  EXPECT_EQ(step_, 4);
  go_ = 1;
  Reach(step_, 5);
  go_ = 5;
  EXPECT_EQ(tasks[4].get(), 5);
}

TEST_F(PROCESS_POOL_TEST, TasksBeginInTheirOrder) {
  pool p(1);
  std::vector<pool::future<int>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(p.submit(&Arrive, &step_));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(tasks[i].get(), i + 1);
}

TEST_F(PROCESS_POOL_TEST, FunctionsAndLambdasAndAllThatIsSerializable) {
  pool p(2);
  EXPECT_EQ(p.apply(Add, 1, 2), 3);
  EXPECT_EQ(p.apply(&Add, 1, 2), 3);
  EXPECT_EQ(p.apply([](std::string text) { return text + "!"; }, "hi"), "hi!");
  EXPECT_THAT(p.apply(
                  [](std::vector<std::string> texts) {
                    texts.push_back("c");
                    return texts;
                  },
                  std::vector<std::string>{"a", "b"}),
              ElementsAre("a", "b", "c"));
  using Pair = std::pair<std::string, int>;
  EXPECT_EQ(p.apply([](Pair pair) { return Pair(pair.first + "x", 2); },
                    Pair("a", 1)),
            Pair("ax", 2));
  using Tuple = std::tuple<int, std::string, std::vector<bool>>;
  const Tuple tuple(1, "b", {true, false});
  EXPECT_EQ(p.apply([](const Tuple& same) { return same; }, tuple), tuple);
  EXPECT_EQ(p.apply(
                 [](pool_test::Name name) {
                   return pool_test::Name(name.text + "z");
                 },
                 pool_test::Name("y"))
                .text,
            "yz");
  const std::optional<std::string> none;
  EXPECT_EQ(p.apply([](std::optional<std::string> o) { return o; }, none),
            none);
  p.apply([](Step* step) { ++*step; }, &step_);
  EXPECT_EQ(step_, 1);
}

TEST_F(PROCESS_POOL_TEST, AWorkerChangesItsOwnMemory) {
  static int value = 1;
  pool p(1);
  value = 2;
  EXPECT_EQ(p.apply([] { return ++value; }), 2);
  EXPECT_EQ(value, 2);
}

TEST_F(PROCESS_POOL_TEST, MuchGoesEitherWay) {
  pool p(2);
  const std::string text(10'000'000, 'x');
  const auto twice = [](const std::string& t) { return t + t; };
  auto one = p.submit(twice, text);
  auto two = p.submit(twice, text);
  EXPECT_EQ(one.get().size(), 2 * text.size());
  EXPECT_EQ(two.get(), text + text);
}

TEST_F(PROCESS_POOL_TEST, NoTaskIsLostOrRunTwice) {
  pool p(3);
  std::vector<int> items(1'000);
  std::iota(items.begin(), items.end(), 0);
  const auto same = [](int i) { return i; };
  EXPECT_EQ(p.map(same, items), items);
  std::vector<int> answers = p.map_unordered(same, items);
  std::sort(answers.begin(), answers.end());
  EXPECT_EQ(answers, items);
}

// ---- What a task throws -----------------------------------------------------
TEST_F(PROCESS_POOL_TEST, WhatATaskThrowsArrivesWithItsTypeAndText) {
  pool p(1);
  const auto error = Thrown<remote_error>([&] {
    p.apply([]() -> int { throw std::invalid_argument("on purpose"); });
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_STREQ(error->what(), "on purpose");
  EXPECT_EQ(error->type_name(), "std::invalid_argument");
  const auto number = Thrown<remote_error>([&] { p.apply([] { throw 7; }); });
  ASSERT_TRUE(number.has_value());
  EXPECT_EQ(number->type_name(), "int");
  EXPECT_EQ(p.apply(&Add, 1, 1), 2);
}

// ---- Futures ----------------------------------------------------------------
TEST_F(PROCESS_POOL_TEST, AFutureIsWaitedForAndTold) {
  pool p(1);
  pool::future<int> f = p.submit(&ArriveAndAwait, &step_, &go_, 1);
  EXPECT_TRUE(f.valid());
  EXPECT_EQ(f.wait_for(milliseconds(1)), std::future_status::timeout);
  EXPECT_EQ(f.wait_until(steady_clock::now() + milliseconds(1)),
            std::future_status::timeout);
  go_ = 1;
  f.wait();
  EXPECT_EQ(f.wait_for(hours(1)), std::future_status::ready);
  EXPECT_EQ(f.get(), 1);
  EXPECT_FALSE(f.valid());
  EXPECT_THROW(f.get(), std::future_error);
  EXPECT_THROW(pool::future<void>().wait(), std::future_error);
}

TEST_F(PROCESS_POOL_TEST, AFutureThatIsNotWaitedForMayGo) {
  {
    pool p(1);
    (void)p.submit(&Arrive, &step_);
  }
  EXPECT_EQ(step_, 1);
}

// ---- Maps -------------------------------------------------------------------
// The first item waits until the last has come.
int SlowFirst(std::tuple<Step*, int> item) {
  const auto [step, i] = item;
  if (i != 0) return ++*step, i;
  while (*step < 3) sched_yield();
  return i;
}

TEST_F(PROCESS_POOL_TEST, MapAnswersInTheOrderOfTheItems) {
  pool p(2);
  std::vector<std::tuple<Step*, int>> items;
  for (int i = 0; i < 4; ++i) items.emplace_back(&step_, i);
  EXPECT_THAT(p.map(&SlowFirst, items), ElementsAre(0, 1, 2, 3));
}

TEST_F(PROCESS_POOL_TEST, MapUnorderedAnswersInTheOrderInWhichTheyCome) {
  pool p(2);
  std::vector<std::tuple<Step*, int>> items;
  for (int i = 0; i < 4; ++i) items.emplace_back(&step_, i);
  const std::vector<int> answers = p.map_unordered(&SlowFirst, items);
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[0], 1);
  EXPECT_EQ(answers[1], 2);
  EXPECT_THAT(std::vector(answers.begin() + 2, answers.end()),
              UnorderedElementsAre(0, 3));
}

TEST_F(PROCESS_POOL_TEST, MapsTakeNoItemsAndTasksWithoutAnswers) {
  pool p(2);
  EXPECT_THAT(p.map([](int i) { return i; }, std::vector<int>()), IsEmpty());
  EXPECT_THAT(p.map_unordered([](int i) { return i; }, std::vector<int>()),
              IsEmpty());
  const std::vector<Step*> steps(3, &step_);
  p.map([](Step* step) { ++*step; }, steps);
  p.map_unordered([](Step* step) { ++*step; }, steps);
  EXPECT_EQ(step_, 6);
}

TEST_F(PROCESS_POOL_TEST, MapsThrowWhatTheFirstTaskThrows) {
  pool p(2);
  const auto odd = [](int i) {
    if (i % 2 != 0) throw std::runtime_error(std::to_string(i));
    return i;
  };
  const std::vector<int> items = {0, 1, 2, 3};
  const auto error = Thrown<remote_error>([&] { p.map(odd, items); });
  ASSERT_TRUE(error.has_value());
  EXPECT_STREQ(error->what(), "1");
  EXPECT_THROW(p.map_unordered(odd, items), remote_error);
}

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_TEST_BODY_H_

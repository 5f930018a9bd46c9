// The rules of process::pool, for the recorded type and for its plain twin:
// included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_TEST_BODY_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/process.h"

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
using process::worker_died;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using Step = std::atomic<int>;

// In memory that was shared before the pool was made.
int Arrive(Step* step) { return ++*step; }
int ArriveAndAwait(Step* step, Step* go, int until) {
  const int mine = ++*step;
  while (*go < until) sched_yield();
  return mine;
}
int Add(int a, int b) { return a + b; }

class PROCESS_POOL_TEST : public ::testing::Test {
 protected:
  void Reach(Step& step, int n) {
    while (step < n) sched_yield();
  }
  process::shared<Step> shared_step_{0}, shared_go_{0};
  Step& step_ = *shared_step_;
  Step& go_ = *shared_go_;
};

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
template <typename Error, typename Act>
std::optional<Error> Thrown(Act act) {
  try {
    act();
  } catch (const Error& e) {
    return e;
  }
  return std::nullopt;
}

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

// ---- Its end ----------------------------------------------------------------
TEST_F(PROCESS_POOL_TEST, AfterCloseWhatWasSubmittedIsRun) {
  pool p(2);
  std::vector<pool::future<int>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(p.submit(&Arrive, &step_));
  p.close();
  p.close();
  EXPECT_THROW(p.submit(&Arrive, &step_), std::logic_error);
  EXPECT_THROW(p.apply(&Arrive, &step_), std::logic_error);
  EXPECT_THROW(p.map(&Arrive, std::vector<Step*>{&step_}), std::logic_error);
  p.join();
  p.join();
  EXPECT_EQ(step_, 5);
  for (pool::future<int>& task : tasks) EXPECT_GT(task.get(), 0);
}

TEST_F(PROCESS_POOL_TEST, JoinBeforeCloseThrows) {
  pool p(1);
  EXPECT_THROW(p.join(), std::logic_error);
  EXPECT_THROW((void)p.join_for(milliseconds(1)), std::logic_error);
  EXPECT_EQ(p.apply(&Add, 1, 1), 2);
}

TEST_F(PROCESS_POOL_TEST, ATimedJoinGivesUpInTimeOrIsEndedByTheLastTask) {
  pool p(1);
  (void)p.submit(&ArriveAndAwait, &step_, &go_, 1);
  p.close();
  EXPECT_FALSE(p.join_for(milliseconds(1)));
  EXPECT_FALSE(p.join_for(milliseconds(-1)));
  EXPECT_FALSE(p.join_until(steady_clock::now() + milliseconds(1)));
  go_ = 1;
  EXPECT_TRUE(p.join_for(hours(1)));
  EXPECT_TRUE(p.join_for(milliseconds(0)));
}

TEST_F(PROCESS_POOL_TEST, MayBeJoinedByManyAtOnce) {
  pool p(2);
  (void)p.submit(&ArriveAndAwait, &step_, &go_, 1);
  p.close();
  std::vector<std::thread> joiners;
  for (int i = 0; i < 3; ++i) joiners.emplace_back([&] { p.join(); });
  go_ = 1;
  for (std::thread& joiner : joiners) joiner.join();
  EXPECT_EQ(step_, 1);
}

TEST_F(PROCESS_POOL_TEST, TerminateDropsWhatHasNotBegunAndEndsWhatRuns) {
  pool p(1);
  pool::future<int> runs = p.submit(&ArriveAndAwait, &step_, &go_, 1);
  pool::future<int> waits = p.submit(&Arrive, &step_);
  Reach(step_, 1);
  p.terminate();
  EXPECT_THROW(waits.get(), std::future_error);
  const auto error = Thrown<worker_died>([&] { runs.get(); });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->status(), -SIGTERM);
  EXPECT_THROW(p.submit(&Arrive, &step_), std::logic_error);
  p.join();
  EXPECT_EQ(step_, 1);
}

TEST_F(PROCESS_POOL_TEST, LeavesNoProcessBehind) {
  {
    pool p(3);
    p.apply(&Add, 1, 1);
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

// ---- Death ------------------------------------------------------------------
int StatusOfDeath(pool& p, void (*die)()) {
  const auto error =
      Thrown<worker_died>([&] { p.apply([](void (*act)()) { act(); }, die); });
  return error ? error->status() : 1'000;
}

TEST_F(PROCESS_POOL_TEST, AWorkerThatDiesIsReportedAndAnotherOneComes) {
  pool p(2);
  EXPECT_EQ(StatusOfDeath(p, [] { raise(SIGKILL); }), -SIGKILL);
  EXPECT_EQ(StatusOfDeath(p, [] { _exit(3); }), 3);
  EXPECT_EQ(StatusOfDeath(p, [] { _exit(0); }), 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(StatusOfDeath(p, [] { raise(SIGKILL); }), -SIGKILL);
  }
  // There are two still.
  std::vector<pool::future<int>> both;
  for (int i = 0; i < 2; ++i) {
    both.push_back(p.submit(&ArriveAndAwait, &step_, &go_, 1));
  }
  Reach(step_, 2);
  go_ = 1;
  EXPECT_EQ(both[0].get() + both[1].get(), 3);
}

TEST_F(PROCESS_POOL_TEST, OnlyTheTaskThatItRanFails) {
  pool p(2);
  pool::future<int> other = p.submit(&ArriveAndAwait, &step_, &go_, 1);
  pool::future<void> dies = p.submit([] { raise(SIGKILL); });
  std::vector<pool::future<int>> later;
  for (int i = 0; i < 5; ++i) later.push_back(p.submit(&Add, i, 1));
  EXPECT_THROW(dies.get(), worker_died);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(later[i].get(), i + 1);
  go_ = 1;
  EXPECT_EQ(other.get(), 1);
}

TEST_F(PROCESS_POOL_TEST, OneThatDiesWhileItHasNothingToDoHarmsNobody) {
  pool p(1);
  const pid_t worker = p.apply(&getpid);
  kill(worker, SIGKILL);
  while (kill(worker, 0) == 0) sched_yield();
  EXPECT_NE(p.apply(&getpid), worker);
}

TEST_F(PROCESS_POOL_TEST, WithoutItsServerTasksFail) {
  pool p(1);
  pool::future<int> runs = p.submit(&ArriveAndAwait, &step_, &go_, 1);
  Reach(step_, 1);
  // The one child that this process has.
  const pid_t server = [&] {
    const std::string path = "/proc/" + std::to_string(getpid()) + "/task/" +
                             std::to_string(gettid()) + "/children";
    FILE* const file = fopen(path.c_str(), "r");
    int pid = 0;
    if (file == nullptr || fscanf(file, "%d", &pid) != 1) pid = 0;
    if (file != nullptr) fclose(file);
    return pid;
  }();
  ASSERT_GT(server, 0);
  kill(server, SIGKILL);
  EXPECT_THROW(runs.get(), worker_died);
  go_ = 1;
  EXPECT_THROW(p.apply(&Add, 1, 1), worker_died);
  p.close();
  p.join();
}

TEST_F(PROCESS_POOL_TEST, ItsProcessesEndWithTheProcessThatMadeIt) {
  process::shared<std::atomic<pid_t>> worker(0);
  process::child maker([&] {
    pool p(1);
    std::atomic<pid_t>* const its = worker.get();
    (void)p.submit(
        [](std::atomic<pid_t>* pid) {
          *pid = getpid();
          while (true) pause();
        },
        its);
    while (*its == 0) sched_yield();
    raise(SIGKILL);
  });
  maker.join();
  EXPECT_EQ(maker.exit_status(), -SIGKILL);
  while (kill(*worker, 0) == 0) sched_yield();
}

// ---- Elsewhere --------------------------------------------------------------
pool* g_pool = nullptr;

std::string TypeThrownIn(pool& p, void (*act)()) {
  const auto error =
      Thrown<remote_error>([&] { p.apply([](void (*a)()) { a(); }, act); });
  return error ? error->type_name() : "";
}

TEST_F(PROCESS_POOL_TEST, ATaskMayAskNothingOfItsOwnPool) {
  alignas(pool) static char memory[sizeof(pool)];
  g_pool = reinterpret_cast<pool*>(memory);
  pool& p = *new (memory) pool(2);
  EXPECT_EQ(TypeThrownIn(p, [] { g_pool->apply(&Add, 1, 1); }),
            "std::logic_error");
  EXPECT_EQ(TypeThrownIn(p, [] { g_pool->join(); }), "std::logic_error");
  EXPECT_EQ(TypeThrownIn(p,
                         [] {
                           g_pool->close();
                           g_pool->terminate();
                         }),
            "");
  EXPECT_EQ(p.apply(&Add, 1, 1), 2);
  p.~pool();
}

TEST_F(PROCESS_POOL_TEST, ATaskMayHaveAPoolOfItsOwn) {
  pool p(1);
  EXPECT_EQ(p.apply([] { return pool(2).apply(&Add, 1, 2); }), 3);
}

TEST_F(PROCESS_POOL_TEST, AForkedChildMayNotUseItAndLeavesItAlone) {
  auto p = std::make_unique<pool>(1);
  process::child child([&] {
    try {
      p->apply(&Add, 1, 1);
    } catch (const std::logic_error&) {
      p.reset();
      return 1;
    }
    return 0;
  });
  child.join();
  EXPECT_EQ(child.exit_status(), 1);
  EXPECT_EQ(p->apply(&Add, 1, 1), 2);
}

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_TEST_BODY_H_

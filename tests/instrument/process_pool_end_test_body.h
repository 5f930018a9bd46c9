// How process::pool ends, by close() or by the death of a process, and who may
// not use it; for the recorded type and for its plain twin: included by a test
// of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_END_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_END_TEST_BODY_H_

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "lockcheck/process.h"
#include "tests/instrument/process_pool_tasks.h"

// As in process_test_body.h.
#if !defined(__SANITIZE_THREAD__)

namespace lockcheck {
namespace {

using process::pool;
using process::remote_error;
using process::worker_died;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

class PROCESS_POOL_TEST : public PoolTasks {};

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

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_END_TEST_BODY_H_

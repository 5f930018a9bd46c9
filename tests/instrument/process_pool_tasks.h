// Tasks of process::pool for its tests, which see in shared memory how far
// these are.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_TASKS_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_TASKS_H_

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <optional>

#include "lockcheck/process.h"

// As in process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck {
namespace {

using Step = std::atomic<int>;

// In memory that was shared before the pool was made.
int Arrive(Step* step) { return ++*step; }
int ArriveAndAwait(Step* step, Step* go, int until) {
  const int mine = ++*step;
  while (*go < until) sched_yield();
  return mine;
}
int Add(int a, int b) { return a + b; }

class PoolTasks : public ::testing::Test {
 protected:
  void Reach(Step& step, int n) {
    while (step < n) sched_yield();
  }
  process::shared<Step> shared_step_{0}, shared_go_{0};
  Step& step_ = *shared_step_;
  Step& go_ = *shared_go_;
};

// What a call throws of this type, if it does.
template <typename Error, typename Act>
std::optional<Error> Thrown(Act act) {
  try {
    act();
  } catch (const Error& e) {
    return e;
  }
  return std::nullopt;
}

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_POOL_TASKS_H_

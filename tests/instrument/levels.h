// The levels at which one test body runs: its actors are threads, or coroutines
// of one thread.
//
// A body is written for coroutines: what may wait is awaited. What a thread
// waits for it has waited for when the call returns, so there it is awaited as
// something that is there already (Done).
#ifndef LOCKCHECK_TESTS_INSTRUMENT_LEVELS_H_
#define LOCKCHECK_TESTS_INSTRUMENT_LEVELS_H_

#include <gtest/gtest.h>
#include <sched.h>

#include <coroutine>
#include <optional>
#include <utility>
#include <vector>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/coroutine/task.h"
#include "lockcheck/coroutine/task_group.h"
#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck::testing {

using coroutine::task;

template <typename T = void>
struct Done : std::suspend_never {
  explicit Done(T v) : value(std::move(v)) {}
  T await_resume() { return std::move(value); }
  T value;
};
template <>
struct Done<void> : std::suspend_never {};

// What `act` gives, when it is done.
template <typename Act>
auto DoneWith(Act act) {
  if constexpr (std::is_void_v<decltype(act())>) {
    act();
    return Done<>();
  } else {
    return Done<decltype(act())>(act());
  }
}

// One that never suspends, to its end.
inline void RunTask(const task<>& t) {
  const auto handle = internal::TaskAccess::HandleOf(t);
  handle.resume();
  EXPECT_TRUE(handle.done());
  handle.promise().answer.Take();
}

struct Threads {
  template <typename Story>
  static void Run(Story story) {
    RunTask(story());
  }
  // All at a time.
  static void RunAll(std::vector<task<>> tasks) {
    std::vector<thread> threads;
    for (const task<>& t : tasks) threads.emplace_back([&] { RunTask(t); });
    for (thread& t : threads) t.join();
  }
  static Done<> Turn() {
    sched_yield();
    return {};
  }

  class Actor {
   public:
    explicit Actor(task<> t)
        : task_(std::move(t)), sleeper_([this] { RunTask(task_); }) {}
    // False: it has ended.
    Done<bool> UntilItWaits() { return Done<bool>(sleeper_.UntilAsleep()); }
    Done<> UntilItEnds() {
      sleeper_.Join();
      return {};
    }

   private:
    const task<> task_;
    Sleeper sleeper_;
  };
};

struct Coroutines {
  template <typename Story>
  static void Run(Story story) {
    coroutine::context c;
    c.spawn(story());
    EXPECT_EQ(c.run(), 0u);
  }
  static void RunAll(std::vector<task<>> tasks) {
    coroutine::context c;
    for (task<>& t : tasks) c.spawn(std::move(t));
    std::vector<thread> others;
    for (int i = 0; i < 2; ++i) {
      others.emplace_back([&] { EXPECT_EQ(c.run(), 0u); });
    }
    EXPECT_EQ(c.run(), 0u);
    for (thread& other : others) other.join();
  }
  static auto Turn() { return coroutine::yield(); }

  class Actor {
   public:
    explicit Actor(task<> t) { group_.spawn(RunToItsEnd(std::move(t))); }
    // On one thread who does not wait has its turns meanwhile.
    task<bool> UntilItWaits() {
      for (int i = 0; i < 3; ++i) co_await coroutine::yield();
      co_return !has_ended_;
    }
    auto UntilItEnds() { return group_.join(); }

   private:
    task<> RunToItsEnd(task<> t) {
      co_await std::move(t);
      has_ended_ = true;
    }
    bool has_ended_ = false;
    coroutine::task_group<> group_;
  };
};

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_INSTRUMENT_LEVELS_H_

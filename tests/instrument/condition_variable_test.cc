// The rules of condition_variable_any beside those of conditions of all levels
// (any_condition_test_body.h).
#include "lockcheck/condition_variable.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include "lockcheck/guards.h"
#include "lockcheck/mutex.h"
#include "lockcheck/shared_lock.h"
#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::milliseconds;
using testing::Sleeper;

TEST(ConditionAny, AllLevelsOfARecursiveLockAreReleasedAndTakenAgain) {
  recursive_mutex m;
  condition_variable_any condition;
  const auto is_free = [&] {
    bool got = false;
    thread([&] {
      got = m.try_lock();
      if (got) m.unlock();
    }).join();
    return got;
  };
  int levels_after = 0;
  Sleeper waiter([&] {
    m.lock();
    m.lock();
    unique_lock guard(m);
    condition.wait(guard);
    guard.unlock();
    while (!is_free()) {
      m.unlock();
      ++levels_after;
    }
  });
  ASSERT_TRUE(waiter.UntilAsleep());
  EXPECT_TRUE(is_free());
  condition.notify_one();
  waiter.Join();
  EXPECT_EQ(levels_after, 2);
}

TEST(ConditionAny, TakesAnyLockThatCanBeReleased) {
  shared_mutex m;
  condition_variable_any condition;
  shared_lock guard(m);
  EXPECT_EQ(condition.wait_for(guard, milliseconds(1)), cv_status::timeout);
  EXPECT_TRUE(guard.owns_lock());
  timed_mutex plain;
  plain.lock();
  EXPECT_EQ(condition.wait_for(plain, milliseconds(1)), cv_status::timeout);
  EXPECT_FALSE(plain.try_lock());
  plain.unlock();
}

TEST(ConditionAny, AStopThatWasRequestedBeforeOnlyAsksThePredicate) {
  mutex m;
  condition_variable_any condition;
  std::stop_source stop;
  stop.request_stop();
  unique_lock guard(m);
  EXPECT_FALSE(condition.wait(guard, stop.get_token(), [] { return false; }));
  EXPECT_TRUE(condition.wait(guard, stop.get_token(), [] { return true; }));
  EXPECT_FALSE(condition.wait_for(guard, stop.get_token(), milliseconds(1),
                                  [] { return false; }));
  EXPECT_TRUE(guard.owns_lock());
}

TEST(ConditionAny, AStopEndsTheWait) {
  mutex m;
  condition_variable_any condition;
  bool result = true;
  std::stop_source stop;
  Sleeper waiter([&] {
    unique_lock guard(m);
    result = condition.wait(guard, stop.get_token(), [] { return false; });
  });
  ASSERT_TRUE(waiter.UntilAsleep());
  stop.request_stop();
  waiter.Join();
  EXPECT_FALSE(result);
  unique_lock guard(m);
  EXPECT_FALSE(condition.wait(guard, stop.get_token(), [] { return false; }));
  EXPECT_TRUE(condition.wait_for(guard, std::stop_token(), milliseconds(1),
                                 [] { return true; }));
  EXPECT_FALSE(condition.wait_for(guard, std::stop_token(), milliseconds(1),
                                  [] { return false; }));
}

TEST(ConditionAny, AStopReleasesAllLevelsMeanwhile) {
  recursive_mutex m;
  condition_variable_any condition;
  std::stop_source stop;
  bool unlocked_twice = false;
  Sleeper waiter([&] {
    unique_lock guard(m);
    m.lock();
    condition.wait(guard, stop.get_token(), [] { return false; });
    m.unlock();
    unlocked_twice = true;
  });
  ASSERT_TRUE(waiter.UntilAsleep());
  ASSERT_TRUE(m.try_lock());
  m.unlock();
  stop.request_stop();
  waiter.Join();
  EXPECT_TRUE(unlocked_twice);
  EXPECT_TRUE(m.try_lock());
  m.unlock();
}

TEST(ConditionAny, ForEverIsNotOver) {
  mutex m;
  condition_variable_any condition;
  bool ready = false, held = false;
  Sleeper waiter([&] {
    unique_lock guard(m);
    held = condition.wait_for(guard, std::stop_token(),
                              std::chrono::hours::max(), [&] { return ready; });
  });
  ASSERT_TRUE(waiter.UntilAsleep());
  {
    lock_guard guard(m);
    ready = true;
  }
  condition.notify_one();
  waiter.Join();
  EXPECT_TRUE(held);
}

// Who is stopped while he is being notified has left his frame only when the
// notifier is done with his node: the address sanitizer looks.
TEST(ConditionAny, AStopAmidNotificationsLeavesNothingBehind) {
  mutex m;
  condition_variable_any condition;
  for (int round = 0; round < 300; ++round) {
    std::stop_source stop;
    std::atomic<bool> over = false;
    std::atomic<int> begun = 0;
    thread notifier([&] {
      while (!over) condition.notify_all();
    });
    thread waiter([&] {
      ++begun;
      unique_lock guard(m);
      condition.wait(guard, stop.get_token(), [] { return false; });
    });
    while (begun == 0) std::this_thread::yield();
    stop.request_stop();
    waiter.join();
    over = true;
    notifier.join();
  }
}

struct ThrowsAtUnlock {
  void lock() { mine.lock(); }
  void unlock() {
    if (throws) throw std::runtime_error("no");
    mine.unlock();
  }
  mutex mine;
  bool throws = false;
};

TEST(ConditionAny, AnUnlockThatThrowsLeavesNobodyInTheQueue) {
  ThrowsAtUnlock m;
  condition_variable_any condition;
  m.lock();
  m.throws = true;
  EXPECT_THROW(condition.wait(m), std::runtime_error);
  EXPECT_THROW(
      condition.wait(m, std::stop_source().get_token(), [] { return false; }),
      std::runtime_error);
  // Both nodes are gone from the stack: the address sanitizer looks.
  condition.notify_all();
  m.throws = false;
  m.unlock();
}

}  // namespace
}  // namespace lockcheck

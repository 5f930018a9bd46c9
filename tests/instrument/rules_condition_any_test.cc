// The rules of condition_variable_any that condition_variable has not: stops,
// and any lock that can be released. std's own is held to them too.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <stop_token>

#include "lockcheck/condition_variable.h"
#include "lockcheck/guards.h"
#include "lockcheck/shared_lock.h"
#include "lockcheck/thread.h"
#include "tests/instrument/other_thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

// Can be locked and unlocked, and no more: BasicLockable.
struct Door {
  void lock() {
    inside.lock();
    ++locked;
  }
  void unlock() {
    ++unlocked;
    inside.unlock();
  }
  mutex inside;
  int locked = 0, unlocked = 0;
};

template <typename Variable>
class AnyRules : public ::testing::Test {
 protected:
  static bool Never() { return false; }
  static bool Always() { return true; }
  mutex mutex_;
  Variable condition_;
};
using Variables =
    ::testing::Types<condition_variable_any, std::condition_variable_any>;
TYPED_TEST_SUITE(AnyRules, Variables);

TYPED_TEST(AnyRules, TakesWhatCanBeLockedAndUnlocked) {
  Door door;
  bool ready = false;
  Sleeper waiter([&] {
    door.lock();
    this->condition_.wait(door, [&] { return ready; });
    door.unlock();
  });
  ASSERT_TRUE(waiter.UntilAsleep());
  door.lock();
  EXPECT_EQ(door.unlocked, 1);
  ready = true;
  door.unlock();
  this->condition_.notify_one();
  waiter.Join();
  EXPECT_EQ(door.locked, 3);
  EXPECT_EQ(door.unlocked, 3);
}

TYPED_TEST(AnyRules, TakesALockItselfInsteadOfAGuard) {
  timed_mutex m;
  m.lock();
  EXPECT_EQ(this->condition_.wait_for(m, milliseconds(1)), cv_status::timeout);
  EXPECT_FALSE(OtherGets(m));
  m.unlock();
}

TYPED_TEST(AnyRules, AReaderWaitsWithItsSharedLock) {
  shared_mutex m;
  bool ready = false, read_after = false;
  Sleeper waiter([&] {
    shared_lock guard(m);
    this->condition_.wait(guard, [&] { return ready; });
    read_after = guard.owns_lock() && OtherReads(m) && !OtherGets(m);
  });
  ASSERT_TRUE(waiter.UntilAsleep());
  {
    // While it waits it does not read: a writer gets in.
    const lock_guard guard(m);
    ready = true;
  }
  this->condition_.notify_all();
  waiter.Join();
  EXPECT_TRUE(read_after);
  EXPECT_TRUE(OtherGets(m));
}

TYPED_TEST(AnyRules, AStopEndsTheWaitAndThePredicateIsTheResult) {
  for (const bool result : {false, true}) {
    std::stop_source stop;
    bool got = !result, held = false;
    Sleeper waiter([&] {
      unique_lock guard(this->mutex_);
      got = this->condition_.wait(guard, stop.get_token(), [&] {
        return stop.stop_requested() && result;
      });
      held = guard.owns_lock() && !OtherGets(this->mutex_);
    });
    ASSERT_TRUE(waiter.UntilAsleep());
    EXPECT_TRUE(stop.request_stop());
    waiter.Join();
    EXPECT_EQ(got, result);
    EXPECT_TRUE(held);
  }
}

TYPED_TEST(AnyRules, AStopEndsTimedWaitsToo) {
  for (const bool until : {false, true}) {
    std::stop_source stop;
    bool got = true;
    Sleeper waiter([&] {
      unique_lock guard(this->mutex_);
      got = until ? this->condition_.wait_until(guard, stop.get_token(),
                                                steady_clock::now() + hours(1),
                                                this->Never)
                  : this->condition_.wait_for(guard, stop.get_token(), hours(1),
                                              this->Never);
    });
    ASSERT_TRUE(waiter.UntilAsleep());
    stop.request_stop();
    waiter.Join();
    EXPECT_FALSE(got);
  }
}

TYPED_TEST(AnyRules, AStopThatWasRequestedBeforeLeavesNothingToWaitFor) {
  std::stop_source stop;
  stop.request_stop();
  unique_lock guard(this->mutex_);
  EXPECT_FALSE(this->condition_.wait(guard, stop.get_token(), this->Never));
  EXPECT_TRUE(this->condition_.wait(guard, stop.get_token(), this->Always));
  EXPECT_FALSE(this->condition_.wait_for(guard, stop.get_token(), hours(1),
                                         this->Never));
  EXPECT_TRUE(this->condition_.wait_until(
      guard, stop.get_token(), system_clock::now() + hours(1), this->Always));
  EXPECT_FALSE(OtherGets(this->mutex_));
}

TYPED_TEST(AnyRules, ATokenThatNobodyCanStopIsNoHindrance) {
  unique_lock guard(this->mutex_);
  EXPECT_TRUE(this->condition_.wait(guard, std::stop_token(), this->Always));
  EXPECT_FALSE(this->condition_.wait_for(guard, std::stop_token(),
                                         milliseconds(1), this->Never));
  EXPECT_FALSE(this->condition_.wait_until(
      guard, std::stop_token(), steady_clock::now() + milliseconds(1),
      this->Never));
  EXPECT_TRUE(this->condition_.wait_until(
      guard, std::stop_token(), steady_clock::time_point(), this->Always));
}

TYPED_TEST(AnyRules, ANotificationEndsAStoppableWait) {
  std::stop_source stop;
  bool ready = false, got = false;
  Sleeper waiter([&] {
    unique_lock guard(this->mutex_);
    got = this->condition_.wait(guard, stop.get_token(), [&] { return ready; });
  });
  ASSERT_TRUE(waiter.UntilAsleep());
  {
    const lock_guard guard(this->mutex_);
    ready = true;
  }
  this->condition_.notify_one();
  waiter.Join();
  EXPECT_TRUE(got);
  EXPECT_FALSE(stop.stop_requested());
}

TYPED_TEST(AnyRules, AJthreadsEndEndsItsWait) {
  bool stopped = false;
  {
    std::atomic<bool> begun = false;
    const jthread waiter([&](std::stop_token token) {
      unique_lock guard(this->mutex_);
      begun = true;
      this->condition_.wait(guard, token, this->Never);
      stopped = token.stop_requested();
    });
    while (!begun) this_thread::yield();
  }
  EXPECT_TRUE(stopped);
}

struct ThrowsWhenTakenAgain : Door {
  void lock() {
    if (unlocked > 0) throw 1;
    Door::lock();
  }
};

// The standard asks for the end of the program; libstdc++ does not, nor do we.
TYPED_TEST(AnyRules, WhatTheLockThrowsWhenItIsTakenAgainLeavesTheWait) {
  ThrowsWhenTakenAgain door;
  door.lock();
  EXPECT_THROW(this->condition_.wait_for(door, milliseconds(1)), int);
  EXPECT_TRUE(OtherGets(door.inside));
}

// std releases one level, so that the others cannot get in. Python's Condition
// releases all of an RLock, and takes them again; so does ours.
TEST(OwnAnyRules, AGuardOfARecursiveLockLetsAllLevelsGo) {
  recursive_timed_mutex m;
  condition_variable_any condition;
  for (const bool notified : {false, true}) {
    bool ready = false;
    Sleeper waiter([&] {
      m.lock();
      {
        std::unique_lock guard(m);
        if (notified) {
          condition.wait(guard, [&] { return ready; });
        } else {
          condition.wait_until(guard, steady_clock::now() + milliseconds(5));
        }
      }
      EXPECT_FALSE(OtherGets(m)) << "the outer level is held again";
      m.unlock();
    });
    if (notified) {
      EXPECT_TRUE(waiter.UntilAsleep());
      const lock_guard guard(m);
      ready = true;
      condition.notify_all();
    }
    waiter.Join();
    EXPECT_TRUE(OtherGets(m));
  }
}

}  // namespace
}  // namespace lockcheck::testing

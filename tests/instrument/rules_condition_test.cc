// The rules of waiting and notifying, for every pair of a condition and a guard
// that it takes, std's own among them.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <vector>

#include "lockcheck/condition_variable.h"
#include "lockcheck/guards.h"
#include "lockcheck/mutex.h"
#include "tests/instrument/other_thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

template <typename V, typename G>
struct With {
  using Variable = V;
  using Guard = G;
};

template <typename Types>
class ConditionRules : public ::testing::Test {
 protected:
  using Guard = typename Types::Guard;
  bool IsFree() { return OtherGets(mutex_); }
  // Has `act(guard)` wait in another thread, until it sleeps.
  template <typename Act>
  std::unique_ptr<Sleeper> Waiting(Act act) {
    auto waiter = std::make_unique<Sleeper>([this, act] {
      Guard guard(mutex_);
      act(guard);
    });
    EXPECT_TRUE(waiter->UntilAsleep());
    return waiter;
  }
  void Set(bool& flag) {
    const Guard guard(mutex_);
    flag = true;
  }
  typename Guard::mutex_type mutex_;
  typename Types::Variable condition_;
};
using AllTypes = ::testing::Types<
    With<condition_variable, unique_lock<mutex>>,
    With<condition_variable, std::unique_lock<mutex>>,
    With<condition_variable_any, unique_lock<mutex>>,
    With<condition_variable_any, std::unique_lock<timed_mutex>>,
    With<condition_variable_any, unique_lock<recursive_mutex>>,
    With<condition_variable_any, std::unique_lock<std::mutex>>,
    With<std::condition_variable_any, unique_lock<mutex>>,
    With<std::condition_variable_any, std::unique_lock<std::mutex>>,
    With<std::condition_variable, std::unique_lock<std::mutex>>>;
TYPED_TEST_SUITE(ConditionRules, AllTypes);

TYPED_TEST(ConditionRules, AWaitLetsTheLockGoAndHasItAgainWhenItReturns) {
  bool ready = false, held = false;
  auto waiter = this->Waiting([&](auto& guard) {
    while (!ready) this->condition_.wait(guard);
    held = guard.owns_lock() && !this->IsFree();
  });
  EXPECT_TRUE(this->IsFree());
  this->Set(ready);
  this->condition_.notify_one();
  waiter->Join();
  EXPECT_TRUE(held);
}

// Nobody can come between the release and the wait: who has the lock after the
// waiter is seen by it.
TYPED_TEST(ConditionRules, ReleaseAndWaitAreOneStep) {
  int turn = 0;
  const auto play = [&](int me) {
    typename TestFixture::Guard guard(this->mutex_);
    for (int i = 0; i < 1'000; ++i) {
      this->condition_.wait(guard, [&] { return turn == me; });
      turn = 1 - me;
      this->condition_.notify_one();
    }
  };
  thread other([&] { play(1); });
  play(0);
  other.join();
  EXPECT_EQ(turn, 0);
}

TYPED_TEST(ConditionRules, ANotificationNeedsNoLockAndMayBeGivenWithIt) {
  for (const bool locked : {false, true}) {
    bool ready = false;
    auto waiter = this->Waiting([&](auto& guard) {
      this->condition_.wait(guard, [&] { return ready; });
    });
    {
      typename TestFixture::Guard guard(this->mutex_);
      ready = true;
      if (!locked) guard.unlock();
      this->condition_.notify_one();
      // Who was notified still waits for the lock.
      if (locked) {
        EXPECT_TRUE(waiter->UntilAsleep());
      }
    }
    waiter->Join();
  }
}

TYPED_TEST(ConditionRules, NotifyOneEndsAtLeastOneWait) {
  std::atomic<int> woken = 0;
  int tickets = 0;
  std::vector<std::unique_ptr<Sleeper>> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(this->Waiting([&](auto& guard) {
      this->condition_.wait(guard, [&] { return tickets > 0; });
      --tickets;
      ++woken;
    }));
  }
  for (int i = 1; i <= 3; ++i) {
    {
      const typename TestFixture::Guard guard(this->mutex_);
      ++tickets;
    }
    this->condition_.notify_one();
    while (woken < i) this_thread::yield();
  }
  EXPECT_EQ(tickets, 0);
}

TYPED_TEST(ConditionRules, NotifyAllEndsAllWaits) {
  bool ready = false;
  std::vector<std::unique_ptr<Sleeper>> waiters;
  for (int i = 0; i < 5; ++i) {
    waiters.push_back(this->Waiting([&](auto& guard) {
      this->condition_.wait(guard, [&] { return ready; });
    }));
  }
  this->Set(ready);
  this->condition_.notify_all();
  for (const auto& waiter : waiters) waiter->Join();
  EXPECT_TRUE(this->IsFree());
}

TYPED_TEST(ConditionRules, ANotificationThatNobodyWaitsForIsLost) {
  this->condition_.notify_one();
  this->condition_.notify_all();
  typename TestFixture::Guard guard(this->mutex_);
  EXPECT_FALSE(
      this->condition_.wait_for(guard, milliseconds(5), [] { return false; }));
}

TYPED_TEST(ConditionRules, AWaitWithAPredicateGoesOnUntilItHolds) {
  int asked = 0;
  bool ready = false, held_when_asked = true;
  auto waiter = this->Waiting([&](auto& guard) {
    this->condition_.wait(guard, [&] {
      ++asked;
      held_when_asked = held_when_asked && guard.owns_lock();
      return ready;
    });
  });
  this->condition_.notify_all();
  // It asked again, and sleeps again.
  for (bool again = false; !again; this_thread::yield()) {
    const typename TestFixture::Guard guard(this->mutex_);
    again = asked >= 2;
    this->condition_.notify_all();
  }
  EXPECT_TRUE(waiter->UntilAsleep());
  this->Set(ready);
  this->condition_.notify_one();
  waiter->Join();
  EXPECT_TRUE(held_when_asked);
}

TYPED_TEST(ConditionRules, APredicateThatHoldsIsAskedOnceAndNothingIsReleased) {
  typename TestFixture::Guard guard(this->mutex_);
  int asked = 0;
  const auto holds = [&] {
    ++asked;
    return !this->IsFree();
  };
  this->condition_.wait(guard, holds);
  EXPECT_TRUE(this->condition_.wait_for(guard, hours(1), holds));
  EXPECT_TRUE(this->condition_.wait_until(guard, steady_clock::now() + hours(1),
                                          holds));
  EXPECT_EQ(asked, 3);
}

TYPED_TEST(ConditionRules, ATimeoutIsSaidAndNotBeforeItsTime) {
  typename TestFixture::Guard guard(this->mutex_);
  const auto steady = steady_clock::now() + milliseconds(10);
  while (this->condition_.wait_until(guard, steady) != cv_status::timeout) {
  }
  EXPECT_GE(steady_clock::now(), steady);
  const auto system = system_clock::now() + milliseconds(10);
  EXPECT_FALSE(
      this->condition_.wait_until(guard, system, [] { return false; }));
  EXPECT_GE(system_clock::now(), system);
  const auto start = steady_clock::now();
  EXPECT_FALSE(
      this->condition_.wait_for(guard, milliseconds(10), [] { return false; }));
  EXPECT_GE(steady_clock::now() - start, milliseconds(10));
  EXPECT_TRUE(guard.owns_lock());
  EXPECT_FALSE(this->IsFree());
}

TYPED_TEST(ConditionRules, ATimeThatIsOverIsATimeoutWithTheLockHeld) {
  typename TestFixture::Guard guard(this->mutex_);
  EXPECT_EQ(this->condition_.wait_for(guard, milliseconds(-1)),
            cv_status::timeout);
  EXPECT_EQ(
      this->condition_.wait_until(guard, steady_clock::now() - milliseconds(1)),
      cv_status::timeout);
  EXPECT_EQ(this->condition_.wait_until(guard, system_clock::time_point()),
            cv_status::timeout);
  EXPECT_FALSE(this->IsFree());
}

TYPED_TEST(ConditionRules, ANotificationInTimeIsNoTimeout) {
  for (const bool until : {false, true}) {
    bool ready = false;
    auto status = cv_status::timeout;
    auto waiter = this->Waiting([&](auto& guard) {
      while (!ready) {
        status = until ? this->condition_.wait_until(
                             guard, system_clock::now() + hours(1))
                       : this->condition_.wait_for(guard, hours(1));
      }
    });
    this->Set(ready);
    this->condition_.notify_one();
    waiter->Join();
    EXPECT_EQ(status, cv_status::no_timeout);
  }
}

TYPED_TEST(ConditionRules, WhatAPredicateThrowsLeavesTheLockHeld) {
  bool ready = false, held = false;
  auto waiter = this->Waiting([&](auto& guard) {
    try {
      this->condition_.wait(guard, [&] {
        if (ready) throw 1;
        return false;
      });
    } catch (int) {
      held = guard.owns_lock() && !this->IsFree();
    }
  });
  this->Set(ready);
  this->condition_.notify_one();
  waiter->Join();
  EXPECT_TRUE(held);
  EXPECT_TRUE(this->IsFree());
}

// Whoever was notified may still be on the way out: std asks no more than that
// all have been notified.
TYPED_TEST(ConditionRules,
           ItMayGoWhenAllWereNotifiedThoughTheyAreStillLeaving) {
  for (int round = 0; round < 20; ++round) {
    auto condition = std::make_unique<typename TypeParam::Variable>();
    bool ready = false;
    std::vector<std::unique_ptr<Sleeper>> waiters;
    for (int i = 0; i < 2; ++i) {
      waiters.push_back(this->Waiting([&](auto& guard) {
        while (!ready) condition->wait(guard);
      }));
    }
    {
      const typename TestFixture::Guard guard(this->mutex_);
      ready = true;
      condition->notify_all();
      condition.reset();
    }
    for (const auto& waiter : waiters) waiter->Join();
  }
}

// What std leaves open or undefined.
template <typename Types>
class OwnConditionRules : public ConditionRules<Types> {};
using OwnTypes = ::testing::Types<
    With<condition_variable, unique_lock<mutex>>,
    With<condition_variable, std::unique_lock<mutex>>,
    With<condition_variable_any, unique_lock<timed_mutex>>,
    With<condition_variable_any, std::unique_lock<recursive_mutex>>>;
TYPED_TEST_SUITE(OwnConditionRules, OwnTypes);

TYPED_TEST(OwnConditionRules, AWaitWithoutTheLockThrowsBeforeItReleases) {
  auto& c = this->condition_;
  const auto never = [] { return false; };
  int refused = 0;
  const auto refuse = [&](auto act) {
    if (ErrorOf(act) == std::errc::operation_not_permitted) ++refused;
  };
  // Who has the lock keeps it.
  const lock_guard held(this->mutex_);
  thread([&] {
    typename TestFixture::Guard guard(this->mutex_, std::defer_lock);
    refuse([&] { c.wait(guard); });
    refuse([&] { c.wait(guard, never); });
    refuse([&] { c.wait_for(guard, hours(1)); });
    refuse([&] { c.wait_for(guard, hours(1), never); });
    refuse([&] { c.wait_until(guard, steady_clock::now() + hours(1)); });
    refuse([&] { c.wait_until(guard, system_clock::now() + hours(1), never); });
    EXPECT_FALSE(guard.owns_lock());
  }).join();
  EXPECT_EQ(refused, 6);
  EXPECT_FALSE(this->IsFree());
}

TYPED_TEST(OwnConditionRules, NotifyOneEndsOneWaitAndNoMore) {
  std::atomic<int> woken = 0;
  std::vector<std::unique_ptr<Sleeper>> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(this->Waiting([&](auto& guard) {
      this->condition_.wait(guard);
      ++woken;
    }));
  }
  for (int i = 0; i < 3; ++i) {
    this->condition_.notify_one();
    waiters[static_cast<size_t>(i)]->Join();
    EXPECT_EQ(woken, i + 1);
    for (size_t k = static_cast<size_t>(i) + 1; k < waiters.size(); ++k) {
      EXPECT_TRUE(waiters[k]->UntilAsleep());
    }
  }
}

TYPED_TEST(OwnConditionRules, TheLongestTimesAreForEver) {
  const auto ends_with_the_notification = [&](auto wait) {
    bool ready = false;
    auto waiter = this->Waiting([&](auto& guard) {
      while (!ready) EXPECT_EQ(wait(guard), cv_status::no_timeout);
    });
    this->Set(ready);
    this->condition_.notify_one();
  };
  auto& c = this->condition_;
  ends_with_the_notification(
      [&](auto& guard) { return c.wait_for(guard, hours::max()); });
  ends_with_the_notification(
      [&](auto& guard) { return c.wait_for(guard, nanoseconds::max()); });
  ends_with_the_notification([&](auto& guard) {
    return c.wait_until(guard, steady_clock::time_point::max());
  });
  ends_with_the_notification([&](auto& guard) {
    return c.wait_until(guard, system_clock::time_point::max());
  });
}

}  // namespace
}  // namespace lockcheck::testing

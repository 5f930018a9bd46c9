// The rules of condition_variable and condition_variable_any, one by one.
#include "lockcheck/condition_variable.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <system_error>
#include <thread>
#include <vector>

#include "lockcheck/guards.h"
#include "lockcheck/mutex.h"
#include "lockcheck/shared_lock.h"
#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Sleeper;

template <typename Types>
class Condition : public ::testing::Test {
 protected:
  using Guard = typename Types::Guard;
  // Whether another thread gets the lock.
  bool IsFree() {
    bool got = false;
    thread([&] {
      got = mutex_.try_lock();
      if (got) mutex_.unlock();
    }).join();
    return got;
  }
  mutex mutex_;
  typename Types::Variable condition_;
};

template <typename V, typename G>
struct With {
  using Variable = V;
  using Guard = G;
};
using AllTypes =
    ::testing::Types<With<condition_variable, std::unique_lock<mutex>>,
                     With<condition_variable, unique_lock<mutex>>,
                     With<condition_variable_any, std::unique_lock<mutex>>,
                     With<condition_variable_any, unique_lock<mutex>>>;
TYPED_TEST_SUITE(Condition, AllTypes);

TYPED_TEST(Condition, AWaitReleasesTheLockAndHoldsItAgainAfterwards) {
  bool ready = false, held_after = false;
  Sleeper waiter([&] {
    typename TestFixture::Guard guard(this->mutex_);
    while (!ready) this->condition_.wait(guard);
    held_after = guard.owns_lock() && !this->IsFree();
  });
  ASSERT_TRUE(waiter.UntilAsleep());
  EXPECT_TRUE(this->IsFree());
  {
    const lock_guard guard(this->mutex_);
    ready = true;
  }
  this->condition_.notify_one();
  waiter.Join();
  EXPECT_TRUE(held_after);
  EXPECT_TRUE(this->IsFree());
}

TYPED_TEST(Condition, NotifyOneWakesOneAndTheLongestWaiting) {
  int woken = 0;
  std::vector<std::unique_ptr<Sleeper>> waiters;
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(std::make_unique<Sleeper>([&, i] {
      typename TestFixture::Guard guard(this->mutex_);
      this->condition_.wait(guard);
      ++woken;
      order.push_back(i);
    }));
    ASSERT_TRUE(waiters.back()->UntilAsleep());
  }
  for (int i = 0; i < 3; ++i) {
    this->condition_.notify_one();
    waiters[static_cast<size_t>(i)]->Join();
    const lock_guard guard(this->mutex_);
    EXPECT_EQ(woken, i + 1);
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TYPED_TEST(Condition, NotifyAllWakesEveryoneWhoWaits) {
  std::vector<std::unique_ptr<Sleeper>> waiters;
  std::atomic<int> woken = 0;
  for (int i = 0; i < 5; ++i) {
    waiters.push_back(std::make_unique<Sleeper>([&] {
      typename TestFixture::Guard guard(this->mutex_);
      this->condition_.wait(guard);
      ++woken;
    }));
    ASSERT_TRUE(waiters.back()->UntilAsleep());
  }
  this->condition_.notify_all();
  waiters.clear();
  EXPECT_EQ(woken, 5);
}

TYPED_TEST(Condition, ANotificationWithoutAWaiterIsForgotten) {
  this->condition_.notify_one();
  this->condition_.notify_all();
  typename TestFixture::Guard guard(this->mutex_);
  EXPECT_EQ(this->condition_.wait_for(guard, milliseconds(5)),
            cv_status::timeout);
  EXPECT_TRUE(guard.owns_lock());
}

TYPED_TEST(Condition, ATimedWaitHoldsTheLockAfterTheTimeIsOver) {
  typename TestFixture::Guard guard(this->mutex_);
  const auto start = steady_clock::now();
  EXPECT_EQ(this->condition_.wait_for(guard, milliseconds(20)),
            cv_status::timeout);
  EXPECT_GE(steady_clock::now() - start, milliseconds(20));
  EXPECT_FALSE(this->IsFree());
  EXPECT_EQ(this->condition_.wait_until(guard, steady_clock::now()),
            cv_status::timeout);
  EXPECT_FALSE(
      this->condition_.wait_for(guard, milliseconds(1), [] { return false; }));
  EXPECT_TRUE(
      this->condition_.wait_for(guard, milliseconds(-1), [] { return true; }));
  EXPECT_FALSE(this->condition_.wait_until(
      guard, std::chrono::system_clock::now() + milliseconds(1),
      [] { return false; }));
  EXPECT_FALSE(this->IsFree());
}

TYPED_TEST(Condition, AWaitWithoutTheLockThrowsAndChangesNothing) {
  typename TestFixture::Guard guard(this->mutex_, std::defer_lock);
  EXPECT_THROW(this->condition_.wait(guard), std::system_error);
  EXPECT_THROW(this->condition_.wait_for(guard, milliseconds(1)),
               std::system_error);
  EXPECT_FALSE(guard.owns_lock());
  EXPECT_TRUE(this->IsFree());
}

TYPED_TEST(Condition, TheLockIsHeldWhenThePredicateThrows) {
  typename TestFixture::Guard guard(this->mutex_);
  EXPECT_THROW(this->condition_.wait(guard, []() -> bool { throw 1; }), int);
  EXPECT_TRUE(guard.owns_lock());
  EXPECT_FALSE(this->IsFree());
}

TYPED_TEST(Condition, APredicateThatHoldsNeedsNoWait) {
  typename TestFixture::Guard guard(this->mutex_);
  const auto holds_with_the_lock = [&] { return !this->IsFree(); };
  this->condition_.wait(guard, holds_with_the_lock);
  EXPECT_TRUE(
      this->condition_.wait_for(guard, milliseconds(-1), holds_with_the_lock));
  EXPECT_TRUE(this->condition_.wait_until(guard, steady_clock::time_point(),
                                          holds_with_the_lock));
  EXPECT_TRUE(guard.owns_lock());
}

TYPED_TEST(Condition, ATimeThatIsOverIsATimeoutAndThePredicateDecides) {
  typename TestFixture::Guard guard(this->mutex_);
  const auto past = steady_clock::now() - milliseconds(1);
  EXPECT_EQ(this->condition_.wait_until(guard, past), cv_status::timeout);
  EXPECT_EQ(this->condition_.wait_for(guard, milliseconds(0)),
            cv_status::timeout);
  int asked = 0;
  EXPECT_FALSE(
      this->condition_.wait_until(guard, past, [&] { return ++asked == 3; }));
  EXPECT_EQ(asked, 2) << "before and after the wait";
  EXPECT_TRUE(
      this->condition_.wait_until(guard, past, [&] { return ++asked == 4; }));
  EXPECT_TRUE(guard.owns_lock());
  EXPECT_FALSE(this->IsFree());
}

TYPED_TEST(Condition, PingPongLosesNoTurn) {
  int turn = 0;
  constexpr int kTurns = 5'000;
  const auto play = [&](int me) {
    for (int i = 0; i < kTurns; ++i) {
      typename TestFixture::Guard guard(this->mutex_);
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

// Timed waiters that give up must not swallow what is meant for others: each
// item is announced once, and somebody takes it.
TYPED_TEST(Condition, WhoGivesUpTakesNobodysNotification) {
  int items = 0, taken = 0;
  constexpr int kItems = 3'000;
  std::atomic<bool> over = false;
  std::vector<thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!over) {
        typename TestFixture::Guard guard(this->mutex_);
        this->condition_.wait_for(guard, std::chrono::microseconds(20));
        if (items > 0) {
          --items;
          ++taken;
        }
      }
    });
  }
  threads.emplace_back([&] {
    typename TestFixture::Guard guard(this->mutex_);
    while (taken < kItems) {
      this->condition_.wait(guard,
                            [&] { return items > 0 || taken == kItems; });
      if (items > 0) {
        --items;
        ++taken;
      }
    }
  });
  for (int i = 0; i < kItems; ++i) {
    {
      const lock_guard guard(this->mutex_);
      ++items;
    }
    this->condition_.notify_all();
  }
  while (true) {
    const lock_guard guard(this->mutex_);
    if (taken == kItems) break;
    this->condition_.notify_all();
  }
  over = true;
  this->condition_.notify_all();
  for (thread& t : threads) t.join();
  EXPECT_EQ(taken, kItems);
}

TYPED_TEST(Condition, ItMayBeDestroyedWhenAllWereNotified) {
  for (int round = 0; round < 50; ++round) {
    auto condition = std::make_unique<typename TypeParam::Variable>();
    Sleeper waiter([&] {
      typename TestFixture::Guard guard(this->mutex_);
      condition->wait(guard);
    });
    ASSERT_TRUE(waiter.UntilAsleep());
    {
      // What the waiter did before it waited comes first.
      const lock_guard guard(this->mutex_);
      condition->notify_all();
    }
    condition.reset();
    waiter.Join();
  }
}

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

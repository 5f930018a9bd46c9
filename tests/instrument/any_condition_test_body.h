// The rules of conditions of threads and of coroutines, for the recorded types
// and for their plain twins: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_ANY_CONDITION_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_ANY_CONDITION_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "lockcheck/condition_variable.h"
#include "lockcheck/coroutine/condition_variable.h"
#include "lockcheck/guards.h"
#include "lockcheck/mutex.h"
#include "tests/instrument/levels.h"

namespace lockcheck {
namespace {

using coroutine::task;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::DoneWith;

// std's conditions do as ours, but for the order and what is undefined.
#if defined(LOCKCHECK_DISABLED)
constexpr bool kOursAreStds = true;
#else
constexpr bool kOursAreStds = false;
#endif

template <typename V, typename G>
struct OfThreads : testing::Threads {
  static constexpr bool kIsStds = kOursAreStds;
  using Guard = G;
  class Mutex : public mutex {
   public:
    auto scoped_lock() {
      return DoneWith([&] { return Guard(*this); });
    }
  };
  class Condition : public V {
   public:
    template <typename... With>
    auto wait(Guard& guard, With... with) {
      return DoneWith([&] { return V::wait(guard, with...); });
    }
    template <typename... With>
    auto wait_for(Guard& guard, With... with) {
      return DoneWith([&] { return V::wait_for(guard, with...); });
    }
    template <typename... With>
    auto wait_until(Guard& guard, With... with) {
      return DoneWith([&] { return V::wait_until(guard, with...); });
    }
  };
  static bool IsFree(mutex& m) {
    bool got = false;
    thread([&] {
      got = m.try_lock();
      if (got) m.unlock();
    }).join();
    return got;
  }
};

struct OfCoroutines : testing::Coroutines {
  static constexpr bool kIsStds = false;
  using Guard = coroutine::mutex::guard;
  using Mutex = coroutine::mutex;
  using Condition = coroutine::condition_variable;
  static bool IsFree(Mutex& m) {
    const bool got = m.try_lock();
    if (got) m.unlock();
    return got;
  }
};

template <typename Level>
class AnyCondition : public ::testing::Test {
 protected:
  typename Level::Mutex mutex_;
  typename Level::Condition condition_;
};
using Kinds =
    ::testing::Types<OfThreads<condition_variable, std::unique_lock<mutex>>,
                     OfThreads<condition_variable, unique_lock<mutex>>,
                     OfThreads<condition_variable_any, std::unique_lock<mutex>>,
                     OfThreads<condition_variable_any, unique_lock<mutex>>,
                     OfCoroutines>;
TYPED_TEST_SUITE(AnyCondition, Kinds);

TYPED_TEST(AnyCondition, AWaitReleasesTheLockAndHoldsItAgainAfterwards) {
  TypeParam::Run([&]() -> task<> {
    bool ready = false, held_after = false;
    const auto wait = [&]() -> task<> {
      auto guard = co_await this->mutex_.scoped_lock();
      while (!ready) co_await this->condition_.wait(guard);
      held_after = guard.owns_lock() && !TypeParam::IsFree(this->mutex_);
    };
    typename TypeParam::Actor waiter(wait());
    EXPECT_TRUE(co_await waiter.UntilItWaits());
    EXPECT_TRUE(TypeParam::IsFree(this->mutex_));
    {
      const auto guard = co_await this->mutex_.scoped_lock();
      ready = true;
    }
    this->condition_.notify_one();
    co_await waiter.UntilItEnds();
    EXPECT_TRUE(held_after);
    EXPECT_TRUE(TypeParam::IsFree(this->mutex_));
  });
}

TYPED_TEST(AnyCondition, NotifyOneWakesOneAndTheLongestWaiting) {
  if constexpr (!TypeParam::kIsStds) {
    TypeParam::Run([&]() -> task<> {
      std::string order;
      const auto wait = [&](char name) -> task<> {
        auto guard = co_await this->mutex_.scoped_lock();
        co_await this->condition_.wait(guard);
        order += name;
      };
      std::vector<std::unique_ptr<typename TypeParam::Actor>> waiters;
      for (const char name : {'a', 'b', 'c'}) {
        waiters.push_back(
            std::make_unique<typename TypeParam::Actor>(wait(name)));
        EXPECT_TRUE(co_await waiters.back()->UntilItWaits());
      }
      std::string expected;
      for (size_t i = 0; i < 3; ++i) {
        this->condition_.notify_one();
        co_await waiters[i]->UntilItEnds();
        expected += static_cast<char>('a' + i);
        const auto guard = co_await this->mutex_.scoped_lock();
        EXPECT_EQ(order, expected);
      }
    });
  }
}

TYPED_TEST(AnyCondition, NotifyAllWakesEveryoneWhoWaits) {
  TypeParam::Run([&]() -> task<> {
    std::atomic<int> woken = 0;
    const auto wait = [&]() -> task<> {
      auto guard = co_await this->mutex_.scoped_lock();
      co_await this->condition_.wait(guard);
      ++woken;
    };
    std::vector<std::unique_ptr<typename TypeParam::Actor>> waiters;
    for (int i = 0; i < 5; ++i) {
      waiters.push_back(std::make_unique<typename TypeParam::Actor>(wait()));
      EXPECT_TRUE(co_await waiters.back()->UntilItWaits());
    }
    this->condition_.notify_all();
    for (auto& waiter : waiters) co_await waiter->UntilItEnds();
    EXPECT_EQ(woken, 5);
  });
}

TYPED_TEST(AnyCondition, ANotificationWithoutAWaiterIsForgotten) {
  TypeParam::Run([&]() -> task<> {
    this->condition_.notify_one();
    this->condition_.notify_all();
    auto guard = co_await this->mutex_.scoped_lock();
    EXPECT_EQ(co_await this->condition_.wait_for(guard, milliseconds(5)),
              cv_status::timeout);
    EXPECT_TRUE(guard.owns_lock());
  });
}

TYPED_TEST(AnyCondition, ATimedWaitHoldsTheLockAfterTheTimeIsOver) {
  TypeParam::Run([&]() -> task<> {
    auto guard = co_await this->mutex_.scoped_lock();
    const auto start = steady_clock::now();
    EXPECT_EQ(co_await this->condition_.wait_for(guard, milliseconds(20)),
              cv_status::timeout);
    EXPECT_GE(steady_clock::now() - start, milliseconds(20));
    EXPECT_FALSE(TypeParam::IsFree(this->mutex_));
    EXPECT_EQ(co_await this->condition_.wait_until(guard, steady_clock::now()),
              cv_status::timeout);
    EXPECT_FALSE(co_await this->condition_.wait_for(guard, milliseconds(1),
                                                    [] { return false; }));
    EXPECT_TRUE(co_await this->condition_.wait_for(guard, milliseconds(-1),
                                                   [] { return true; }));
    EXPECT_FALSE(co_await this->condition_.wait_until(
        guard, std::chrono::system_clock::now() + milliseconds(1),
        [] { return false; }));
    EXPECT_TRUE(guard.owns_lock());
    EXPECT_FALSE(TypeParam::IsFree(this->mutex_));
  });
}

TYPED_TEST(AnyCondition, ATimedWaitIsEndedByANotification) {
  TypeParam::Run([&]() -> task<> {
    cv_status status = cv_status::timeout;
    const auto wait = [&]() -> task<> {
      auto guard = co_await this->mutex_.scoped_lock();
      status = co_await this->condition_.wait_for(guard, std::chrono::hours(1));
    };
    typename TypeParam::Actor waiter(wait());
    EXPECT_TRUE(co_await waiter.UntilItWaits());
    {
      const auto guard = co_await this->mutex_.scoped_lock();
      this->condition_.notify_one();
    }
    co_await waiter.UntilItEnds();
    EXPECT_EQ(status, cv_status::no_timeout);
  });
}

TYPED_TEST(AnyCondition, AWaitWithoutTheLockThrowsAndChangesNothing) {
  if constexpr (!TypeParam::kIsStds) {
    TypeParam::Run([&]() -> task<> {
      auto guard = co_await this->mutex_.scoped_lock();
      guard.unlock();
      int thrown = 0;
      try {
        co_await this->condition_.wait(guard);
      } catch (const std::system_error& error) {
        thrown += error.code() == std::errc::operation_not_permitted;
      }
      try {
        co_await this->condition_.wait_for(guard, milliseconds(1));
      } catch (const std::system_error& error) {
        thrown += error.code() == std::errc::operation_not_permitted;
      }
      EXPECT_EQ(thrown, 2);
      EXPECT_FALSE(guard.owns_lock());
      EXPECT_TRUE(TypeParam::IsFree(this->mutex_));
    });
  }
}

TYPED_TEST(AnyCondition, TheLockIsHeldWhenThePredicateThrows) {
  TypeParam::Run([&]() -> task<> {
    auto guard = co_await this->mutex_.scoped_lock();
    int thrown = 0;
    try {
      co_await this->condition_.wait(guard, []() -> bool { throw 1; });
    } catch (int value) {
      thrown = value;
    }
    EXPECT_EQ(thrown, 1);
    EXPECT_TRUE(guard.owns_lock());
    EXPECT_FALSE(TypeParam::IsFree(this->mutex_));
  });
}

// Also one that throws when it is asked again.
TYPED_TEST(AnyCondition, TheLockIsHeldWhenThePredicateThrowsAfterAWait) {
  TypeParam::Run([&]() -> task<> {
    bool held_after = false;
    const auto wait = [&]() -> task<> {
      auto guard = co_await this->mutex_.scoped_lock();
      int asked = 0;
      const auto predicate = [&]() -> bool {
        if (++asked == 2) throw 1;
        return false;
      };
      try {
        co_await this->condition_.wait(guard, predicate);
      } catch (int) {
        held_after = guard.owns_lock() && !TypeParam::IsFree(this->mutex_);
      }
    };
    typename TypeParam::Actor waiter(wait());
    EXPECT_TRUE(co_await waiter.UntilItWaits());
    {
      const auto guard = co_await this->mutex_.scoped_lock();
      this->condition_.notify_one();
    }
    co_await waiter.UntilItEnds();
    EXPECT_TRUE(held_after);
    EXPECT_TRUE(TypeParam::IsFree(this->mutex_));
  });
}

TYPED_TEST(AnyCondition, APredicateThatHoldsNeedsNoWait) {
  TypeParam::Run([&]() -> task<> {
    auto guard = co_await this->mutex_.scoped_lock();
    const auto holds = [&] { return !TypeParam::IsFree(this->mutex_); };
    co_await this->condition_.wait(guard, holds);
    EXPECT_TRUE(
        co_await this->condition_.wait_for(guard, milliseconds(-1), holds));
    EXPECT_TRUE(co_await this->condition_.wait_until(
        guard, steady_clock::time_point(), holds));
    EXPECT_TRUE(guard.owns_lock());
  });
}

TYPED_TEST(AnyCondition, ATimeThatIsOverIsATimeoutAndThePredicateDecides) {
  TypeParam::Run([&]() -> task<> {
    auto guard = co_await this->mutex_.scoped_lock();
    const auto past = steady_clock::now() - milliseconds(1);
    EXPECT_EQ(co_await this->condition_.wait_until(guard, past),
              cv_status::timeout);
    EXPECT_EQ(co_await this->condition_.wait_for(guard, milliseconds(0)),
              cv_status::timeout);
    int asked = 0;
    EXPECT_FALSE(co_await this->condition_.wait_until(
        guard, past, [&] { return ++asked == 3; }));
    EXPECT_EQ(asked, 2) << "before and after the wait";
    EXPECT_TRUE(co_await this->condition_.wait_until(
        guard, past, [&] { return ++asked == 4; }));
    EXPECT_TRUE(guard.owns_lock());
    EXPECT_FALSE(TypeParam::IsFree(this->mutex_));
  });
}

// It is destroyed as often as it is made. (A temporary one that owns anything
// GCC 12 destroys twice.)
TYPED_TEST(AnyCondition, APredicateMayOwnWhatItLooksAt) {
  TypeParam::Run([&]() -> task<> {
    auto guard = co_await this->mutex_.scoped_lock();
    const auto owned = std::make_shared<int>(0);
    {
      const auto predicate = [owned] { return ++*owned == 2; };
      const bool so =
          co_await this->condition_.wait_for(guard, milliseconds(1), predicate);
      EXPECT_TRUE(so);
    }
    EXPECT_EQ(*owned, 2);
    EXPECT_EQ(owned.use_count(), 1);
  });
}

TYPED_TEST(AnyCondition, PingPongLosesNoTurn) {
  int turn = 0;
  constexpr int kTurns = 1'000;
  const auto play = [&](int me) -> task<> {
    for (int i = 0; i < kTurns; ++i) {
      auto guard = co_await this->mutex_.scoped_lock();
      co_await this->condition_.wait(guard, [&] { return turn == me; });
      turn = 1 - me;
      this->condition_.notify_one();
    }
  };
  std::vector<task<>> tasks;
  tasks.push_back(play(0));
  tasks.push_back(play(1));
  TypeParam::RunAll(std::move(tasks));
  EXPECT_EQ(turn, 0);
}

// Timed waiters that give up must not swallow what is meant for others: each
// item is announced once, and somebody takes it.
TYPED_TEST(AnyCondition, WhoGivesUpTakesNobodysNotification) {
  constexpr int kItems = 500;
  int items = 0, taken = 0;
  std::atomic<bool> over = false;
  const auto take_or_give_up = [&]() -> task<> {
    while (!over) {
      auto guard = co_await this->mutex_.scoped_lock();
      co_await this->condition_.wait_for(guard, std::chrono::microseconds(20));
      if (items == 0) continue;
      --items;
      ++taken;
    }
  };
  const auto take = [&]() -> task<> {
    auto guard = co_await this->mutex_.scoped_lock();
    while (taken < kItems) {
      co_await this->condition_.wait(
          guard, [&] { return items > 0 || taken == kItems; });
      if (items == 0) continue;
      --items;
      ++taken;
    }
  };
  const auto give = [&]() -> task<> {
    for (int i = 0; i < kItems; ++i) {
      {
        const auto guard = co_await this->mutex_.scoped_lock();
        ++items;
      }
      this->condition_.notify_all();
    }
    for (bool all = false; !all;) {
      co_await TypeParam::Turn();
      const auto guard = co_await this->mutex_.scoped_lock();
      all = taken == kItems;
      this->condition_.notify_all();
    }
    over = true;
  };
  std::vector<task<>> tasks;
  tasks.push_back(take_or_give_up());
  tasks.push_back(take_or_give_up());
  tasks.push_back(take());
  tasks.push_back(give());
  TypeParam::RunAll(std::move(tasks));
  EXPECT_EQ(taken, kItems);
}

TYPED_TEST(AnyCondition, ItMayBeDestroyedWhenAllWereNotified) {
  TypeParam::Run([&]() -> task<> {
    for (int round = 0; round < 50; ++round) {
      auto condition = std::make_unique<typename TypeParam::Condition>();
      const auto wait = [&]() -> task<> {
        auto guard = co_await this->mutex_.scoped_lock();
        co_await condition->wait(guard);
      };
      typename TypeParam::Actor waiter(wait());
      EXPECT_TRUE(co_await waiter.UntilItWaits());
      {
        // What the waiter did before it waited comes first.
        const auto guard = co_await this->mutex_.scoped_lock();
        condition->notify_all();
      }
      condition.reset();
      co_await waiter.UntilItEnds();
    }
  });
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_ANY_CONDITION_TEST_BODY_H_

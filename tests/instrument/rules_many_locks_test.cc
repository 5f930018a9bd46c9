// The rules of lock_guard, scoped_lock, lock() and try_lock(): ours and std's,
// over our locks and over std's.
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <vector>

#include "lockcheck/guards.h"
#include "lockcheck/shared_mutex.h"
#include "lockcheck/thread.h"
#include "tests/instrument/other_thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck::testing {
namespace {

// What a program may swap; and the locks.
struct OwnGuards {
  template <typename Lock>
  using Guard = lock_guard<Lock>;
  template <typename... Locks>
  using Scoped = scoped_lock<Locks...>;
  static void LockAll(auto&... locks) { lockcheck::lock(locks...); }
  static int TryAll(auto&... locks) { return lockcheck::try_lock(locks...); }
};
struct StdGuards {
  template <typename Lock>
  using Guard = std::lock_guard<Lock>;
  template <typename... Locks>
  using Scoped = std::scoped_lock<Locks...>;
  static void LockAll(auto&... locks) { std::lock(locks...); }
  static int TryAll(auto&... locks) { return std::try_lock(locks...); }
};
struct OwnLocks {
  using Mutex = mutex;
  using Timed = timed_mutex;
  using Recursive = recursive_mutex;
  using Shared = shared_mutex;
};
struct StdLocks {
  using Mutex = std::mutex;
  using Timed = std::timed_mutex;
  using Recursive = std::recursive_mutex;
  using Shared = std::shared_mutex;
};
template <typename G, typename L>
struct With : G, L {};

// Counts who comes and goes; throws where it is told to.
struct Thrower {
  void lock() { Enter(); }
  bool try_lock() {
    Enter();
    return true;
  }
  void unlock() { --held; }
  void Enter() {
    if (throws) throw std::runtime_error("no");
    ++held;
  }
  bool throws = true;
  int held = 0;
};

template <typename Types>
class ManyLocks : public ::testing::Test {
 protected:
  bool AllFree() {
    return OtherGets(mutex_) && OtherGets(timed_) && OtherGets(recursive_) &&
           OtherGets(shared_);
  }
  bool NoneFree() {
    return !OtherGets(mutex_) && !OtherGets(timed_) && !OtherGets(recursive_) &&
           !OtherGets(shared_);
  }
  void UnlockAll() {
    mutex_.unlock();
    timed_.unlock();
    recursive_.unlock();
    shared_.unlock();
  }
  typename Types::Mutex mutex_;
  typename Types::Timed timed_;
  typename Types::Recursive recursive_;
  typename Types::Shared shared_;
};
using AllTypes =
    ::testing::Types<With<OwnGuards, OwnLocks>, With<OwnGuards, StdLocks>,
                     With<StdGuards, OwnLocks>, With<StdGuards, StdLocks>>;
TYPED_TEST_SUITE(ManyLocks, AllTypes);

TYPED_TEST(ManyLocks, ALockGuardHoldsItsLockUntilItsEnd) {
  using Guard = typename TypeParam::template Guard<typename TypeParam::Mutex>;
  {
    const Guard guard(this->mutex_);
    EXPECT_FALSE(OtherGets(this->mutex_));
  }
  EXPECT_TRUE(OtherGets(this->mutex_));
  this->mutex_.lock();
  {
    const Guard guard(this->mutex_, std::adopt_lock);
    EXPECT_FALSE(OtherGets(this->mutex_));
  }
  EXPECT_TRUE(OtherGets(this->mutex_));
  try {
    const Guard guard(this->mutex_);
    throw 1;
  } catch (int) {
  }
  EXPECT_TRUE(OtherGets(this->mutex_));
}

TYPED_TEST(ManyLocks, AScopedLockHoldsNoneOneOrManyUntilItsEnd) {
  using Types = TypeParam;
  {
    [[maybe_unused]] const typename Types::template Scoped<> none;
    const typename Types::template Scoped<> adopted(std::adopt_lock);
    EXPECT_TRUE(this->AllFree());
  }
  {
    const typename Types::template Scoped<typename Types::Shared> one(
        this->shared_);
    EXPECT_FALSE(OtherGets(this->shared_));
  }
  {
    const typename Types::template Scoped<typename Types::Mutex,
                                          typename Types::Timed>
        two(this->mutex_, this->timed_);
    EXPECT_FALSE(OtherGets(this->mutex_) || OtherGets(this->timed_));
  }
  {
    const typename Types::template Scoped<
        typename Types::Mutex, typename Types::Timed, typename Types::Recursive,
        typename Types::Shared>
        four(this->mutex_, this->timed_, this->recursive_, this->shared_);
    EXPECT_TRUE(this->NoneFree());
  }
  EXPECT_TRUE(this->AllFree());
}

TYPED_TEST(ManyLocks, AScopedLockAdoptsWhatTheThreadHas) {
  using Types = TypeParam;
  TypeParam::LockAll(this->mutex_, this->timed_, this->recursive_,
                     this->shared_);
  {
    const typename Types::template Scoped<typename Types::Mutex> one(
        std::adopt_lock, this->mutex_);
    const typename Types::template Scoped<typename Types::Timed,
                                          typename Types::Recursive,
                                          typename Types::Shared>
        three(std::adopt_lock, this->timed_, this->recursive_, this->shared_);
    EXPECT_TRUE(this->NoneFree());
  }
  EXPECT_TRUE(this->AllFree());
}

TYPED_TEST(ManyLocks, LockTakesAll) {
  TypeParam::LockAll(this->mutex_, this->timed_, this->recursive_,
                     this->shared_);
  EXPECT_TRUE(this->NoneFree());
  this->UnlockAll();
  EXPECT_TRUE(this->AllFree());
}

TYPED_TEST(ManyLocks, LockWaitsForOneWithoutHoldingTheOthers) {
  for (int busy = 0; busy < 2; ++busy) {
    if (busy == 0) {
      this->mutex_.lock();
    } else {
      this->timed_.lock();
    }
    Sleeper waiter([&] {
      TypeParam::LockAll(this->mutex_, this->timed_, this->shared_);
      this->mutex_.unlock();
      this->timed_.unlock();
      this->shared_.unlock();
    });
    ASSERT_TRUE(waiter.UntilAsleep());
    EXPECT_EQ(OtherGets(this->mutex_), busy != 0);
    EXPECT_EQ(OtherGets(this->timed_), busy != 1);
    EXPECT_TRUE(OtherGets(this->shared_));
    if (busy == 0) {
      this->mutex_.unlock();
    } else {
      this->timed_.unlock();
    }
    waiter.Join();
  }
  EXPECT_TRUE(this->AllFree());
}

TYPED_TEST(ManyLocks, LockNeverDeadlocksWhateverTheOrder) {
  int sum = 0;
  const auto often = [&](auto... order) {
    return [&sum, order...] {
      for (int i = 0; i < 1'000; ++i) {
        TypeParam::LockAll(*order...);
        ++sum;
        (order->unlock(), ...);
      }
    };
  };
  std::vector<thread> threads;
  threads.emplace_back(often(&this->mutex_, &this->timed_, &this->shared_));
  threads.emplace_back(often(&this->shared_, &this->timed_, &this->mutex_));
  threads.emplace_back(often(&this->timed_, &this->mutex_, &this->shared_));
  threads.emplace_back(often(&this->timed_, &this->shared_));
  for (thread& t : threads) t.join();
  EXPECT_EQ(sum, 4'000);
}

TYPED_TEST(ManyLocks, WhatThrowsLeavesAllUnlocked) {
  Thrower thrower, fine;
  fine.throws = false;
  EXPECT_THROW(TypeParam::LockAll(this->mutex_, thrower), std::runtime_error);
  EXPECT_THROW(TypeParam::LockAll(thrower, fine, this->mutex_),
               std::runtime_error);
  EXPECT_THROW(TypeParam::LockAll(fine, this->mutex_, this->timed_, thrower),
               std::runtime_error);
  EXPECT_THROW((void)TypeParam::TryAll(fine, this->mutex_, thrower),
               std::runtime_error);
  EXPECT_EQ(fine.held, 0);
  EXPECT_TRUE(this->AllFree());
}

TYPED_TEST(ManyLocks, TryLockTakesAllAndSaysMinusOne) {
  EXPECT_EQ(TypeParam::TryAll(this->mutex_, this->timed_), -1);
  EXPECT_FALSE(OtherGets(this->mutex_) || OtherGets(this->timed_));
  EXPECT_EQ(TypeParam::TryAll(this->recursive_, this->shared_), -1);
  EXPECT_TRUE(this->NoneFree());
  this->UnlockAll();
  EXPECT_EQ(TypeParam::TryAll(this->mutex_, this->timed_, this->recursive_,
                              this->shared_),
            -1);
  EXPECT_TRUE(this->NoneFree());
  this->UnlockAll();
}

TYPED_TEST(ManyLocks, TryLockSaysWhichItDidNotGetAndHoldsNone) {
  const auto with_busy = [&](auto& busy) {
    int which = -2;
    busy.lock();
    thread([&] {
      which = TypeParam::TryAll(this->mutex_, this->timed_, this->recursive_,
                                this->shared_);
    }).join();
    busy.unlock();
    return which;
  };
  EXPECT_EQ(with_busy(this->mutex_), 0);
  EXPECT_EQ(with_busy(this->timed_), 1);
  EXPECT_EQ(with_busy(this->recursive_), 2);
  EXPECT_EQ(with_busy(this->shared_), 3);
  EXPECT_TRUE(this->AllFree());
}

// In the order given: what stands behind the one that failed is not asked.
TYPED_TEST(ManyLocks, TryLockAsksInOrderAndStopsAtTheFirstThatFails) {
  Thrower never_asked;
  this->timed_.lock();
  int which = -2;
  thread([&] {
    which = TypeParam::TryAll(this->mutex_, this->timed_, never_asked);
  }).join();
  EXPECT_EQ(which, 1);
  this->timed_.unlock();
  EXPECT_TRUE(this->AllFree());
}

// Two of them may be one lock: with a recursive one that is two levels.
TYPED_TEST(ManyLocks, ARecursiveLockMayBeAmongThemTwice) {
  this->recursive_.lock();
  EXPECT_EQ(TypeParam::TryAll(this->recursive_, this->mutex_), -1);
  this->recursive_.unlock();
  EXPECT_FALSE(OtherGets(this->recursive_));
  this->recursive_.unlock();
  this->mutex_.unlock();
  TypeParam::LockAll(this->recursive_, this->recursive_);
  this->recursive_.unlock();
  EXPECT_FALSE(OtherGets(this->recursive_));
  this->recursive_.unlock();
  EXPECT_TRUE(this->AllFree());
}

}  // namespace
}  // namespace lockcheck::testing

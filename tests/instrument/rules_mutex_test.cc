// The rules of exclusive ownership, for std's types as well: if they broke one,
// we would have misread it. What std leaves undefined is tested for ours alone.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "lockcheck/mutex.h"
#include "lockcheck/shared_mutex.h"
#include "lockcheck/thread.h"
#include "tests/instrument/other_thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

template <typename Lock>
class ExclusiveRules : public ::testing::Test {
 protected:
  Lock lock_;
};
using AllLocks = ::testing::Types<
    mutex, timed_mutex, recursive_mutex, recursive_timed_mutex, shared_mutex,
    shared_timed_mutex, std::mutex, std::timed_mutex, std::recursive_mutex,
    std::recursive_timed_mutex, std::shared_mutex, std::shared_timed_mutex>;
TYPED_TEST_SUITE(ExclusiveRules, AllLocks);

TYPED_TEST(ExclusiveRules, OneThreadOwnsItAndTheOthersDoNot) {
  this->lock_.lock();
  EXPECT_FALSE(OtherGets(this->lock_));
  this->lock_.unlock();
  EXPECT_TRUE(OtherGets(this->lock_));
}

TYPED_TEST(ExclusiveRules, LockReturnsWhenItIsReleasedAndNotBefore) {
  std::atomic<bool> released = false, was_released = false;
  this->lock_.lock();
  Sleeper waiter([&] {
    this->lock_.lock();
    was_released = released.load();
    this->lock_.unlock();
  });
  EXPECT_TRUE(waiter.UntilAsleep());
  released = true;
  this->lock_.unlock();
  waiter.Join();
  EXPECT_TRUE(was_released);
}

TYPED_TEST(ExclusiveRules, ATryReturnsAtOnceWhateverComesOfIt) {
  ASSERT_TRUE(this->lock_.try_lock());
  // Would it wait for the release, it would not return.
  EXPECT_FALSE(OtherGets(this->lock_));
  this->lock_.unlock();
}

TYPED_TEST(ExclusiveRules, ATryThatFailsChangesNothing) {
  this->lock_.lock();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(OtherGets(this->lock_));
  this->lock_.unlock();
  EXPECT_TRUE(OtherGets(this->lock_));
  ASSERT_TRUE(this->lock_.try_lock());
  this->lock_.unlock();
}

// Nothing here is atomic: ThreadSanitizer sees if the release does not happen
// before the acquisition.
TYPED_TEST(ExclusiveRules, WhatWasDoneBeforeAReleaseIsSeenAfterTheNextTake) {
  int baton = 0;
  const auto pass = [&](bool by_try) {
    for (int i = 0; i < 2'000; ++i) {
      if (by_try) {
        while (!this->lock_.try_lock()) this_thread::yield();
      } else {
        this->lock_.lock();
      }
      ++baton;
      this->lock_.unlock();
    }
  };
  thread tries([&] { pass(true); });
  thread locks([&] { pass(false); });
  pass(false);
  tries.join();
  locks.join();
  EXPECT_EQ(baton, 6'000);
}

template <typename Lock>
class RecursionRules : public ExclusiveRules<Lock> {};
using RecursiveLocks =
    ::testing::Types<recursive_mutex, recursive_timed_mutex,
                     std::recursive_mutex, std::recursive_timed_mutex>;
TYPED_TEST_SUITE(RecursionRules, RecursiveLocks);

TYPED_TEST(RecursionRules, TheOwnerGetsItAgainByLockAndByTry) {
  this->lock_.lock();
  this->lock_.lock();
  EXPECT_TRUE(this->lock_.try_lock());
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(OtherGets(this->lock_));
    this->lock_.unlock();
  }
  EXPECT_TRUE(OtherGets(this->lock_));
}

TYPED_TEST(RecursionRules, ItIsFreeAfterAsManyReleasesAsAcquisitions) {
  constexpr int kLevels = 1'000;
  for (int i = 0; i < kLevels; ++i) this->lock_.lock();
  for (int i = 1; i < kLevels; ++i) this->lock_.unlock();
  EXPECT_FALSE(OtherGets(this->lock_));
  this->lock_.unlock();
  EXPECT_TRUE(OtherGets(this->lock_));
}

TYPED_TEST(RecursionRules, AWaiterGetsItWithTheLastRelease) {
  std::atomic<int> levels = 2, seen = -1;
  this->lock_.lock();
  this->lock_.lock();
  Sleeper waiter([&] {
    this->lock_.lock();
    seen = levels.load();
    this->lock_.unlock();
  });
  EXPECT_TRUE(waiter.UntilAsleep());
  levels = 1;
  this->lock_.unlock();
  EXPECT_TRUE(waiter.UntilAsleep());
  levels = 0;
  this->lock_.unlock();
  waiter.Join();
  EXPECT_EQ(seen, 0);
}

TYPED_TEST(RecursionRules, TheLevelsAreThoseOfTheThreadThatOwnsItNow) {
  this->lock_.lock();
  this->lock_.lock();
  this->lock_.unlock();
  this->lock_.unlock();
  thread([&] {
    this->lock_.lock();
    EXPECT_FALSE(OtherGets(this->lock_));
    this->lock_.unlock();
    EXPECT_TRUE(OtherGets(this->lock_));
  }).join();
}

// What std leaves undefined.
template <typename Lock>
class OwnersRules : public ExclusiveRules<Lock> {};
using PlainLocks =
    ::testing::Types<mutex, timed_mutex, shared_mutex, shared_timed_mutex>;
TYPED_TEST_SUITE(OwnersRules, PlainLocks);

TYPED_TEST(OwnersRules, ATryByTheOwnerIsRefusedAndHarmless) {
  this->lock_.lock();
  EXPECT_FALSE(this->lock_.try_lock());
  if constexpr (requires { this->lock_.try_lock_for(milliseconds(1)); }) {
    EXPECT_FALSE(this->lock_.try_lock_for(milliseconds(1)));
    EXPECT_FALSE(this->lock_.try_lock_until(steady_clock::now()));
  }
  this->lock_.unlock();
  EXPECT_TRUE(OtherGets(this->lock_));
}

// Python: a Lock may be released by any thread, an RLock only by its owner.
TYPED_TEST(OwnersRules, AReleaseByAnotherThreadReleases) {
  this->lock_.lock();
  thread([&] { this->lock_.unlock(); }).join();
  EXPECT_TRUE(OtherGets(this->lock_));
  this->lock_.lock();
  EXPECT_FALSE(OtherGets(this->lock_));
  this->lock_.unlock();
  EXPECT_TRUE(OtherGets(this->lock_));
}

template <typename Lock>
class OwnRecursionRules : public ExclusiveRules<Lock> {};
using OwnRecursiveLocks =
    ::testing::Types<recursive_mutex, recursive_timed_mutex>;
TYPED_TEST_SUITE(OwnRecursionRules, OwnRecursiveLocks);

TYPED_TEST(OwnRecursionRules, AReleaseByAnotherThreadIsRefused) {
  this->lock_.lock();
  this->lock_.lock();
  std::errc error{};
  thread([&] { error = ErrorOf([&] { this->lock_.unlock(); }); }).join();
  EXPECT_EQ(error, std::errc::operation_not_permitted);
  this->lock_.unlock();
  EXPECT_FALSE(OtherGets(this->lock_));
  this->lock_.unlock();
  EXPECT_TRUE(OtherGets(this->lock_));
}

template <typename Lock>
class FreeRules : public ExclusiveRules<Lock> {};
using OwnLocks =
    ::testing::Types<mutex, timed_mutex, recursive_mutex, recursive_timed_mutex,
                     shared_mutex, shared_timed_mutex>;
TYPED_TEST_SUITE(FreeRules, OwnLocks);

TYPED_TEST(FreeRules, AReleaseOfAFreeLockDoesNothing) {
  this->lock_.unlock();
  EXPECT_TRUE(OtherGets(this->lock_));
  this->lock_.lock();
  EXPECT_FALSE(OtherGets(this->lock_));
  this->lock_.unlock();
  this->lock_.unlock();
  EXPECT_TRUE(OtherGets(this->lock_));
}

}  // namespace
}  // namespace lockcheck::testing

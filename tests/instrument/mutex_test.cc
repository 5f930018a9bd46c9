// The rules that std gives its mutexes, one by one, for each of ours.
#include "lockcheck/mutex.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <system_error>
#include <type_traits>
#include <vector>

#include "lockcheck/shared_mutex.h"
#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constinit mutex g_mutex;
constinit timed_mutex g_timed("timed");
constinit recursive_mutex g_recursive("recursive");
constinit recursive_timed_mutex g_recursive_timed;

static_assert(sizeof(mutex) <= 40 && sizeof(timed_mutex) <= 40);
static_assert(!std::is_copy_constructible_v<mutex>);
static_assert(!std::is_move_constructible_v<mutex>);
static_assert(std::is_nothrow_default_constructible_v<mutex>);

template <typename Lock>
class AnyMutex : public ::testing::Test {
 protected:
  // What another thread gets.
  bool OtherGetsIt() {
    bool got = false;
    thread([&] {
      got = lock_.try_lock();
      if (got) lock_.unlock();
    }).join();
    return got;
  }
  Lock lock_;
};

template <typename Lock>
class TimedMutex : public AnyMutex<Lock> {};
template <typename Lock>
class RecursiveMutex : public AnyMutex<Lock> {};

using AllTypes =
    ::testing::Types<mutex, timed_mutex, recursive_mutex, recursive_timed_mutex,
                     shared_mutex, shared_timed_mutex>;
using TimedTypes =
    ::testing::Types<timed_mutex, recursive_timed_mutex, shared_timed_mutex>;
using RecursiveTypes = ::testing::Types<recursive_mutex, recursive_timed_mutex>;
TYPED_TEST_SUITE(AnyMutex, AllTypes);
TYPED_TEST_SUITE(TimedMutex, TimedTypes);
TYPED_TEST_SUITE(RecursiveMutex, RecursiveTypes);

TYPED_TEST(AnyMutex, AFreeLockIsTakenAtOnce) {
  for (int i = 0; i < 1000; ++i) {
    this->lock_.lock();
    EXPECT_FALSE(this->OtherGetsIt());
    this->lock_.unlock();
    EXPECT_TRUE(this->OtherGetsIt());
    if (i == 3) i = 997;
  }
}

TYPED_TEST(AnyMutex, AHeldLockBlocksUntilItIsReleased) {
  std::atomic<bool> released = false, saw_released = false;
  this->lock_.lock();
  Sleeper waiter([&] {
    this->lock_.lock();
    saw_released = released.load();
    this->lock_.unlock();
  });
  EXPECT_TRUE(waiter.UntilAsleep());
  released = true;
  this->lock_.unlock();
  waiter.Join();
  EXPECT_TRUE(saw_released);
}

TYPED_TEST(AnyMutex, EveryWaiterGetsItsTurn) {
  int order = 0;
  this->lock_.lock();
  std::vector<std::unique_ptr<Sleeper>> waiters;
  for (int i = 0; i < 8; ++i) {
    waiters.push_back(std::make_unique<Sleeper>([&] {
      const std::lock_guard guard(this->lock_);
      ++order;
    }));
  }
  for (const auto& waiter : waiters) EXPECT_TRUE(waiter->UntilAsleep());
  EXPECT_EQ(order, 0);
  this->lock_.unlock();
  waiters.clear();
  EXPECT_EQ(order, 8);
}

TYPED_TEST(AnyMutex, TryLockIsRefusedWhileAnotherHoldsIt) {
  EXPECT_TRUE(this->lock_.try_lock());
  EXPECT_FALSE(this->OtherGetsIt());
  this->lock_.unlock();
  EXPECT_TRUE(this->OtherGetsIt());
}

TYPED_TEST(AnyMutex, ItExcludesAndPublishes) {
  // Not atomic: an update lost or unseen shows in the sum.
  int counter = 0;
  std::vector<thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20'000; ++n) {
        this->lock_.lock();
        ++counter;
        this->lock_.unlock();
      }
    });
  }
  for (thread& t : threads) t.join();
  EXPECT_EQ(counter, 80'000);
}

TYPED_TEST(AnyMutex, ErrnoIsLeftAlone) {
  errno = 4711;
  this->lock_.lock();
  this->lock_.unlock();
  EXPECT_EQ(this->lock_.try_lock(), true);
  this->lock_.unlock();
  EXPECT_EQ(errno, 4711);
}

TYPED_TEST(AnyMutex, StdsGuardsWorkWithIt) {
  TypeParam other;
  {
    const std::lock_guard guard(this->lock_);
    EXPECT_FALSE(this->OtherGetsIt());
  }
  {
    std::unique_lock guard(this->lock_, std::try_to_lock);
    EXPECT_TRUE(guard.owns_lock());
    std::unique_lock moved = std::move(guard);
    EXPECT_FALSE(this->OtherGetsIt());
  }
  {
    const std::scoped_lock guard(other, this->lock_);
    EXPECT_FALSE(this->OtherGetsIt());
  }
  std::lock(this->lock_, other);
  EXPECT_FALSE(this->OtherGetsIt());
  this->lock_.unlock();
  other.unlock();
  EXPECT_EQ(std::try_lock(this->lock_, other), -1);
  this->lock_.unlock();
  other.unlock();
  EXPECT_TRUE(this->OtherGetsIt());
}

TYPED_TEST(RecursiveMutex, ItNeedsAsManyReleasesAsAcquisitions) {
  for (int i = 0; i < 5; ++i) this->lock_.lock();
  EXPECT_TRUE(this->lock_.try_lock());
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(this->OtherGetsIt());
    this->lock_.unlock();
  }
  EXPECT_TRUE(this->OtherGetsIt());
}

TYPED_TEST(TimedMutex, AFreeLockIsTakenWithAnyTimeToWait) {
  using namespace std::chrono_literals;
  for (const auto time : {-1h, 0h, 1h, 1'000'000'000h}) {
    EXPECT_TRUE(this->lock_.try_lock_for(time));
    this->lock_.unlock();
  }
  EXPECT_TRUE(this->lock_.try_lock_until(steady_clock::now() - 1h));
  this->lock_.unlock();
  EXPECT_TRUE(this->lock_.try_lock_until(system_clock::now() - 1h));
  this->lock_.unlock();
  EXPECT_TRUE(this->lock_.try_lock_until(steady_clock::time_point::max()));
  this->lock_.unlock();
  EXPECT_TRUE(this->lock_.try_lock_until(steady_clock::time_point::min()));
  this->lock_.unlock();
}

TYPED_TEST(TimedMutex, TheTimeRunsOutWhileAnotherHoldsIt) {
  this->lock_.lock();
  Sleeper([&] {
    const auto start = steady_clock::now();
    EXPECT_FALSE(this->lock_.try_lock_for(milliseconds(-5)));
    EXPECT_FALSE(this->lock_.try_lock_for(milliseconds(0)));
    EXPECT_FALSE(this->lock_.try_lock_for(milliseconds(20)));
    EXPECT_GE(steady_clock::now() - start, milliseconds(20));
    const auto until = steady_clock::now() + milliseconds(20);
    EXPECT_FALSE(this->lock_.try_lock_until(until));
    EXPECT_GE(steady_clock::now(), until);
    const auto by_calendar = system_clock::now() + milliseconds(20);
    EXPECT_FALSE(this->lock_.try_lock_until(by_calendar));
    EXPECT_GE(system_clock::now(), by_calendar);
  }).Join();
  this->lock_.unlock();
  EXPECT_TRUE(this->OtherGetsIt());
}

TYPED_TEST(TimedMutex, ATimedWaitEndsWithTheRelease) {
  for (const bool calendar : {false, true}) {
    bool got = false;
    this->lock_.lock();
    Sleeper waiter([&] {
      got = calendar ? this->lock_.try_lock_until(system_clock::now() +
                                                  std::chrono::hours(1))
                     : this->lock_.try_lock_for(std::chrono::hours(1));
      if (got) this->lock_.unlock();
    });
    EXPECT_TRUE(waiter.UntilAsleep());
    this->lock_.unlock();
    waiter.Join();
    EXPECT_TRUE(got);
  }
}

// A clock of one's own is asked again when its time should have come.
struct SlowClock {
  using duration = milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<SlowClock>;
  [[maybe_unused]] static constexpr bool is_steady = true;
  static time_point now() { return time_point(milliseconds(readings++)); }
  inline static int readings = 0;
};

// A waiter that was woken and then finds its time over has used up the wake-up
// that another one needs. If that is forgotten, this test hangs: in each round
// the lock is released just before the time of one waiter is over, taken again
// at once, and released once more.
TYPED_TEST(TimedMutex, WhoGivesUpStrandsNobody) {
  using Clock = std::chrono::steady_clock;
  const auto spin_until = [](Clock::time_point time) {
    while (Clock::now() < time) {
    }
  };
  for (int round = 0; round < 200; ++round) {
    this->lock_.lock();
    Sleeper patient([&] {
      this->lock_.lock();
      this->lock_.unlock();
    });
    ASSERT_TRUE(patient.UntilAsleep());
    std::atomic<Clock::rep> deadline = 0;
    thread hasty([&] {
      const auto time = Clock::now() + std::chrono::microseconds(300);
      deadline = time.time_since_epoch().count();
      if (this->lock_.try_lock_until(time)) this->lock_.unlock();
    });
    while (deadline == 0) std::this_thread::yield();
    const Clock::time_point time{Clock::duration(deadline.load())};
    spin_until(time - std::chrono::microseconds(round % 40));
    this->lock_.unlock();
    if (this->lock_.try_lock()) {
      spin_until(time + std::chrono::microseconds(100));
      this->lock_.unlock();
    }
    patient.Join();
    hasty.join();
  }
}

TYPED_TEST(TimedMutex, AForeignClockDecidesItself) {
  SlowClock::readings = 0;
  this->lock_.lock();
  Sleeper([&] {
    EXPECT_FALSE(
        this->lock_.try_lock_until(SlowClock::time_point(milliseconds(6))));
  }).Join();
  EXPECT_GE(SlowClock::readings, 6);
  this->lock_.unlock();
}

TEST(StaticLocks, WorkWithoutAConstructorCall) {
  g_mutex.lock();
  g_timed.lock();
  g_recursive.lock();
  g_recursive_timed.lock();
  EXPECT_FALSE(g_mutex.try_lock());
  EXPECT_TRUE(g_recursive.try_lock());
  g_recursive.unlock();
  g_recursive_timed.unlock();
  g_recursive.unlock();
  g_timed.unlock();
  g_mutex.unlock();
}

// As with std's.
TEST(Errno, StaysAsItWasWhateverTheLockHasToWaitFor) {
  mutex m;
  timed_mutex timed;
  int wrong = 0;
  std::vector<thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20'000; ++k) {
        errno = 4711;
        {
          std::lock_guard guard(m);
          if (errno != 4711) ++wrong;
          if (k % 64 == 0) sched_yield();
        }
        if (timed.try_lock_for(std::chrono::microseconds(k % 8)))
          timed.unlock();
        std::lock_guard guard(m);
        if (errno != 4711) ++wrong;
      }
    });
  }
  for (thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace lockcheck::testing

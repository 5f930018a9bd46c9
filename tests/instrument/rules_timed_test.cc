// The rules of times to wait: durations and time points of any clock, in the
// past, without an end, and too large to be counted. std's types are tested
// too, where the standard does not leave an overflow to the caller.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <ratio>
#include <shared_mutex>

#include "lockcheck/mutex.h"
#include "lockcheck/shared_mutex.h"
#include "tests/instrument/other_thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck::testing {
namespace {

using std::chrono::duration;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

// Its time is what a test makes it.
struct OwnClock {
  using duration = milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<OwnClock>;
  [[maybe_unused]] static constexpr bool is_steady = false;
  static time_point now() { return time_point(milliseconds(g_now += g_step)); }
  inline static std::atomic<rep> g_now = 0, g_step = 0;
};

// Of the four ways to wait for a time, those that the lock has. `ask(lock,
// act)` is called with each.
template <typename Lock>
class TimedRules : public ::testing::Test {
 protected:
  void SetUp() override {
    OwnClock::g_now = 0;
    OwnClock::g_step = 0;
  }
  // What another thread is told, which asks by the duration or time.
  template <typename Time>
  bool OtherGetsWithin(Time time) {
    bool got = false;
    thread([&] {
      got = Ask(time);
      if (got) lock_.unlock();
      if constexpr (kShared) {
        const bool reads = AskShared(time);
        if (reads) lock_.unlock_shared();
        EXPECT_EQ(reads, got);
      }
    }).join();
    return got;
  }
  // Whether who waits for so long is still there to get it.
  template <typename Time>
  bool WaitsUntilReleased(Time time) {
    bool got = false;
    lock_.lock();
    Sleeper waiter([&] {
      got = Ask(time);
      if (got) lock_.unlock();
    });
    EXPECT_TRUE(waiter.UntilAsleep());
    lock_.unlock();
    waiter.Join();
    return got;
  }
  template <typename Rep, typename Period>
  bool Ask(duration<Rep, Period> time) {
    return lock_.try_lock_for(time);
  }
  template <typename Clock, typename Duration>
  bool Ask(std::chrono::time_point<Clock, Duration> time) {
    return lock_.try_lock_until(time);
  }
  template <typename Rep, typename Period>
  bool AskShared(duration<Rep, Period> time) {
    return lock_.try_lock_shared_for(time);
  }
  template <typename Clock, typename Duration>
  bool AskShared(std::chrono::time_point<Clock, Duration> time) {
    return lock_.try_lock_shared_until(time);
  }
  static constexpr bool kShared = requires(Lock & l) { l.lock_shared(); };
  Lock lock_;
};
template <typename... StdLocks>
using AndOwn = ::testing::Types<timed_mutex, recursive_timed_mutex,
                                shared_timed_mutex, StdLocks...>;
// g++'s ThreadSanitizer does not see pthread_mutex_clocklock().
#if defined(__SANITIZE_THREAD__)
using TimedLocks = AndOwn<>;
using TimedRecursiveLocks = ::testing::Types<recursive_timed_mutex>;
#else
using TimedLocks = AndOwn<std::timed_mutex, std::recursive_timed_mutex,
                          std::shared_timed_mutex>;
using TimedRecursiveLocks =
    ::testing::Types<recursive_timed_mutex, std::recursive_timed_mutex>;
#endif
TYPED_TEST_SUITE(TimedRules, TimedLocks);

TYPED_TEST(TimedRules, AFreeLockIsGotThoughTheTimeIsOver) {
  EXPECT_TRUE(this->OtherGetsWithin(milliseconds(0)));
  EXPECT_TRUE(this->OtherGetsWithin(milliseconds(-5)));
  EXPECT_TRUE(this->OtherGetsWithin(steady_clock::now() - seconds(1)));
  EXPECT_TRUE(this->OtherGetsWithin(system_clock::now() - seconds(1)));
  EXPECT_TRUE(this->OtherGetsWithin(system_clock::time_point()));
}

TYPED_TEST(TimedRules, AHeldLockIsNotWaitedForIfTheTimeIsOver) {
  this->lock_.lock();
  EXPECT_FALSE(this->OtherGetsWithin(milliseconds(0)));
  EXPECT_FALSE(this->OtherGetsWithin(milliseconds(-5)));
  EXPECT_FALSE(this->OtherGetsWithin(steady_clock::now() - seconds(1)));
  EXPECT_FALSE(this->OtherGetsWithin(system_clock::now() - seconds(1)));
  EXPECT_FALSE(this->OtherGetsWithin(system_clock::time_point()));
  this->lock_.unlock();
}

TYPED_TEST(TimedRules, ItGivesUpWhenTheTimeIsOverAndNotBefore) {
  this->lock_.lock();
  thread([&] {
    const auto start = steady_clock::now();
    EXPECT_FALSE(this->lock_.try_lock_for(milliseconds(10)));
    EXPECT_GE(steady_clock::now() - start, milliseconds(10));
    const auto steady = steady_clock::now() + milliseconds(10);
    EXPECT_FALSE(this->lock_.try_lock_until(steady));
    EXPECT_GE(steady_clock::now(), steady);
    const auto system = system_clock::now() + milliseconds(10);
    EXPECT_FALSE(this->lock_.try_lock_until(system));
    EXPECT_GE(system_clock::now(), system);
  }).join();
  this->lock_.unlock();
  EXPECT_TRUE(OtherGets(this->lock_));
}

TYPED_TEST(TimedRules, ItGetsWhatIsReleasedInTime) {
  EXPECT_TRUE(this->WaitsUntilReleased(hours(1)));
  EXPECT_TRUE(this->WaitsUntilReleased(steady_clock::now() + hours(1)));
  EXPECT_TRUE(this->WaitsUntilReleased(system_clock::now() + hours(1)));
}

TYPED_TEST(TimedRules, ADurationMayHaveFractionsAndAnyUnit) {
  EXPECT_TRUE(this->WaitsUntilReleased(duration<double>(3600.5)));
  EXPECT_TRUE(this->WaitsUntilReleased(duration<float, std::ratio<60>>(60)));
  this->lock_.lock();
  const auto start = steady_clock::now();
  EXPECT_FALSE(this->OtherGetsWithin(duration<double, std::milli>(2.5)));
  EXPECT_FALSE(this->OtherGetsWithin(duration<int, std::micro>(1)));
  EXPECT_GE(steady_clock::now() - start, microseconds(2501));
  this->lock_.unlock();
}

TYPED_TEST(TimedRules, AClockOfOnesOwnSaysWhenTheTimeIsOver) {
  this->lock_.lock();
  EXPECT_FALSE(this->OtherGetsWithin(OwnClock::time_point(milliseconds(-1))));
  // Each look at it costs a millisecond of its time.
  OwnClock::g_step = 1;
  EXPECT_FALSE(this->OtherGetsWithin(OwnClock::time_point(milliseconds(7))));
  EXPECT_GE(OwnClock::g_now, 7);
  this->lock_.unlock();
  EXPECT_TRUE(this->OtherGetsWithin(OwnClock::time_point()));
}

template <typename Lock>
class TimedLimits : public TimedRules<Lock> {};
using OwnTimedLocks =
    ::testing::Types<timed_mutex, recursive_timed_mutex, shared_timed_mutex>;
TYPED_TEST_SUITE(TimedLimits, OwnTimedLocks);

// std adds the duration to the time it is, which may overflow.
TYPED_TEST(TimedLimits, TheLongestTimesAreForEver) {
  EXPECT_TRUE(this->WaitsUntilReleased(hours::max()));
  EXPECT_TRUE(this->WaitsUntilReleased(seconds::max()));
  EXPECT_TRUE(this->WaitsUntilReleased(nanoseconds::max()));
  EXPECT_TRUE(this->WaitsUntilReleased(duration<double>::max()));
  EXPECT_TRUE(this->WaitsUntilReleased(
      duration<float>(std::numeric_limits<float>::infinity())));
  EXPECT_TRUE(this->WaitsUntilReleased(steady_clock::time_point::max()));
  EXPECT_TRUE(this->WaitsUntilReleased(system_clock::time_point::max()));
  EXPECT_TRUE(this->WaitsUntilReleased(OwnClock::time_point::max()));
}

TYPED_TEST(TimedLimits, TheEarliestTimesAreOver) {
  OwnClock::g_now = 1'000;
  this->lock_.lock();
  EXPECT_FALSE(this->OtherGetsWithin(hours::min()));
  EXPECT_FALSE(this->OtherGetsWithin(nanoseconds::min()));
  EXPECT_FALSE(this->OtherGetsWithin(duration<double>::min()));
  EXPECT_FALSE(this->OtherGetsWithin(
      duration<double>(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_FALSE(this->OtherGetsWithin(steady_clock::time_point::min()));
  EXPECT_FALSE(this->OtherGetsWithin(system_clock::time_point::min()));
  EXPECT_FALSE(this->OtherGetsWithin(OwnClock::time_point::min()));
  this->lock_.unlock();
}

template <typename Lock>
class TimedRecursionRules : public TimedRules<Lock> {};
TYPED_TEST_SUITE(TimedRecursionRules, TimedRecursiveLocks);

TYPED_TEST(TimedRecursionRules, TheOwnerGetsItAtOnce) {
  EXPECT_TRUE(this->lock_.try_lock_for(hours(1)));
  EXPECT_TRUE(this->lock_.try_lock_for(hours(1)));
  EXPECT_TRUE(this->lock_.try_lock_until(system_clock::time_point()));
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(OtherGets(this->lock_));
    this->lock_.unlock();
  }
  EXPECT_TRUE(OtherGets(this->lock_));
}

}  // namespace
}  // namespace lockcheck::testing

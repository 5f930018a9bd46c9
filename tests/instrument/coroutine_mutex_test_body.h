// The rules of coroutine::mutex, for the recorded type and for its plain twin:
// included by a test of each, which names its suites.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_MUTEX_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_MUTEX_TEST_BODY_H_

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/coroutine/mutex.h"
#include "lockcheck/coroutine/task_group.h"

namespace lockcheck {
namespace {

using coroutine::context;
using coroutine::mutex;
using coroutine::task;
using coroutine::task_group;
using coroutine::yield;
using std::chrono::milliseconds;

constinit mutex g_constant_initialized("constant");
static_assert(!std::is_copy_constructible_v<mutex>);
static_assert(std::is_nothrow_move_constructible_v<mutex::guard> &&
              !std::is_copy_constructible_v<mutex::guard>);

// Runs `story`, a coroutine without parameters, to its end.
template <typename Story>
void RunStory(Story story) {
  context c;
  c.spawn(story());
  EXPECT_EQ(c.run(), 0u);
}

// Holds the mutex for so many turns of the others.
task<> HoldFor(mutex& m, int turns) {
  const mutex::guard guard = co_await m.scoped_lock();
  for (int i = 0; i < turns; ++i) co_await yield();
}

TEST(COROUTINE_MUTEX_TEST_NAME, IsHeldByOneAtATimeAcrossSuspensions) {
  context c;
  mutex m;
  int inside = 0, most = 0, done = 0;
  const auto work = [&]() -> task<> {
    for (int i = 0; i < 10; ++i) {
      co_await m.lock();
      most = std::max(most, ++inside);
      co_await yield();
      --inside;
      m.unlock();
      ++done;
    }
  };
  for (int i = 0; i < 5; ++i) c.spawn(work());
  EXPECT_EQ(c.run(), 0u);
  EXPECT_EQ(most, 1);
  EXPECT_EQ(done, 50);
}

TEST(COROUTINE_MUTEX_TEST_NAME, IsGivenToWhoHasWaitedLongest) {
  context c;
  mutex m;
  std::string order;
  c.spawn(HoldFor(m, 5));
  const auto take = [&](char name) -> task<> {
    const mutex::guard guard = co_await m.scoped_lock();
    order += name;
    // Who comes by now is behind those who wait.
    co_await yield();
  };
  for (const char name : {'a', 'b', 'c', 'd'}) c.spawn(take(name));
  EXPECT_EQ(c.run(), 0u);
  EXPECT_EQ(order, "abcd");
}

TEST(COROUTINE_MUTEX_TEST_NAME, WhoComesByDoesNotOvertakeWhoWaits) {
  RunStory([]() -> task<> {
    mutex m;
    co_await m.lock();
    task_group<> group;
    group.spawn(HoldFor(m, 1));
    co_await yield();
    m.unlock();
    // It is the other one's, which has not gone on yet.
    EXPECT_FALSE(m.try_lock());
    co_await group.join();
    EXPECT_TRUE(m.try_lock());
    m.unlock();
  });
}

TEST(COROUTINE_MUTEX_TEST_NAME, TryLockTakesWhatIsFree) {
  RunStory([]() -> task<> {
    mutex m;
    EXPECT_TRUE(m.try_lock());
    EXPECT_FALSE(m.try_lock());
    m.unlock();
    EXPECT_TRUE(m.try_lock());
    m.unlock();
    co_return;
  });
}

TEST(COROUTINE_MUTEX_TEST_NAME, AGuardUnlocksOnce) {
  RunStory([]() -> task<> {
    mutex m;
    {
      mutex::guard guard = co_await m.scoped_lock();
      EXPECT_TRUE(guard.owns_lock());
      mutex::guard moved = std::move(guard);
      EXPECT_FALSE(guard.owns_lock());
      EXPECT_FALSE(m.try_lock());
    }
    EXPECT_TRUE(m.try_lock());
    m.unlock();
    mutex::guard early = co_await m.scoped_lock();
    early.unlock();
    EXPECT_FALSE(early.owns_lock());
    EXPECT_TRUE(m.try_lock());
    m.unlock();
  });
}

TEST(COROUTINE_MUTEX_TEST_NAME, ATimedRequestGivesUpWhenItsTimeIsOver) {
  RunStory([]() -> task<> {
    mutex m;
    co_await m.lock();
    task_group<bool> group;
    const auto ask = [&]() -> task<bool> {
      co_return co_await m.try_lock_for(milliseconds(5));
    };
    group.spawn(ask());
    group.spawn(ask());
    const std::vector<bool> got = co_await group.join();
    EXPECT_EQ(got, (std::vector<bool>{false, false}));
    m.unlock();
    EXPECT_TRUE(co_await m.try_lock_for(milliseconds(5)));
    m.unlock();
  });
}

TEST(COROUTINE_MUTEX_TEST_NAME, ATimedRequestThatIsServedInTimeHasTheLock) {
  RunStory([]() -> task<> {
    mutex m;
    task_group<> group;
    group.spawn(HoldFor(m, 3));
    co_await yield();
    EXPECT_TRUE(co_await m.try_lock_until(std::chrono::steady_clock::now() +
                                          std::chrono::hours(1)));
    EXPECT_FALSE(m.try_lock());
    m.unlock();
    EXPECT_TRUE(co_await m.try_lock_until(std::chrono::system_clock::now() -
                                          std::chrono::hours(1)));
    m.unlock();
    co_await group.join();
  });
}

TEST(COROUTINE_MUTEX_TEST_NAME, ATimeThatIsOverGivesUpAtOnce) {
  RunStory([]() -> task<> {
    mutex m;
    co_await m.lock();
    const auto ask = [&]() -> task<bool> {
      co_return co_await m.try_lock_for(milliseconds(-1));
    };
    task_group<bool> group;
    group.spawn(ask());
    const std::vector<bool> got = co_await group.join();
    EXPECT_EQ(got, (std::vector<bool>{false}));
    m.unlock();
  });
}

TEST(COROUTINE_MUTEX_TEST_NAME, WhoGaveUpIsPassedOver) {
  RunStory([]() -> task<> {
    mutex m;
    co_await m.lock();
    task_group<bool> group;
    bool gave_up = false;
    const auto ask = [&](milliseconds time) -> task<bool> {
      const bool got = co_await m.try_lock_for(time);
      if (got) m.unlock();
      gave_up |= !got;
      co_return got;
    };
    group.spawn(ask(milliseconds(1)));
    group.spawn(ask(std::chrono::hours(1)));
    while (!gave_up) co_await yield();
    m.unlock();
    const std::vector<bool> got = co_await group.join();
    EXPECT_EQ(got, (std::vector<bool>{false, true}));
    EXPECT_TRUE(m.try_lock());
    m.unlock();
  });
}

// Who waits and who holds is destroyed; what is left is whole.
TEST(COROUTINE_MUTEX_TEST_NAME, WhoIsDestroyedNeitherHoldsNorWaits) {
  mutex m("m"), never("never");
  EXPECT_TRUE(never.try_lock());
  {
    context c;
    const auto hold = [&]() -> task<> {
      const mutex::guard guard = co_await m.scoped_lock();
      co_await never.lock();
    };
    const auto wait = [&]() -> task<> { co_await m.lock(); };
    c.spawn(hold());
    c.spawn(wait());
    c.spawn(wait());
    EXPECT_EQ(c.run(), 3u);
    EXPECT_FALSE(m.try_lock());
  }
  EXPECT_TRUE(m.try_lock());
  m.unlock();
  never.unlock();
  EXPECT_TRUE(never.try_lock());
  never.unlock();
}

TEST(COROUTINE_MUTEX_TEST_NAME, AThreadMayTryAndLetGo) {
  mutex m;
  ASSERT_TRUE(m.try_lock());
  context c;
  bool done = false;
  const auto take = [&]() -> task<> {
    const mutex::guard guard = co_await m.scoped_lock();
    done = true;
  };
  c.spawn(take());
  EXPECT_EQ(c.run(), 1u);
  EXPECT_FALSE(done);
  m.unlock();
  EXPECT_EQ(c.run(), 0u);
  EXPECT_TRUE(done);
}

TEST(COROUTINE_MUTEX_TEST_NAME, GuardsDataOfCoroutinesOnSeveralThreads) {
  context c;
  mutex m;
  int counter = 0;
  const auto work = [&](int n) -> task<> {
    for (int i = 0; i < 300; ++i) {
      co_await m.lock();
      const int before = counter;
      if (i % 3 == n % 3) co_await yield();
      counter = before + 1;
      m.unlock();
      if (i % 5 == 0) co_await yield();
    }
  };
  for (int i = 0; i < 12; ++i) c.spawn(work(i));
  std::vector<std::thread> others;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&] { EXPECT_EQ(c.run(), 0u); });
  }
  EXPECT_EQ(c.run(), 0u);
  for (std::thread& other : others) other.join();
  EXPECT_EQ(counter, 12 * 300);
}

TEST(COROUTINE_MUTEX_TEST_NAME, TimedRequestsOnSeveralThreadsLoseNothing) {
  context c;
  mutex m;
  int counter = 0, got = 0;
  const auto work = [&]() -> task<> {
    for (int i = 0; i < 100; ++i) {
      if (co_await m.try_lock_for(std::chrono::microseconds(i % 7 * 20))) {
        const int before = counter;
        co_await yield();
        counter = before + 1;
        ++got;
        m.unlock();
      }
    }
  };
  for (int i = 0; i < 8; ++i) c.spawn(work());
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&] { EXPECT_EQ(c.run(), 0u); });
  }
  EXPECT_EQ(c.run(), 0u);
  for (std::thread& other : others) other.join();
  EXPECT_EQ(counter, got);
  EXPECT_TRUE(m.try_lock());
  m.unlock();
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_COROUTINE_MUTEX_TEST_BODY_H_

// The gil's forms with a time limit, for the recorded type and for its plain
// twin: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_GIL_TIMED_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_GIL_TIMED_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>

#include "lockcheck/event.h"
#include "lockcheck/gil.h"
#include "lockcheck/latch.h"

namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

// ThreadSanitizer does not see what std::timed_mutex's timed requests take.
class TimedLock {
 public:
  void lock() { free_.acquire(); }
  bool try_lock() { return free_.try_acquire(); }
  bool try_lock_for(milliseconds duration) {
    return free_.try_acquire_for(duration);
  }
  bool try_lock_until(steady_clock::time_point time) {
    return free_.try_acquire_until(time);
  }
  void unlock() { free_.release(); }

 private:
  std::binary_semaphore free_{1};
};

class GIL_TEST_NAME : public ::testing::Test {
 protected:
  void AwaitWaiter() const {
    while (!g_.is_waited_for()) std::this_thread::yield();
  }
  // Whether another thread gets the gil so.
  template <typename Take>
  bool AnotherGetsIt(Take take) {
    bool got = false;
    std::thread([&] {
      got = take();
      if (got) g_.unlock();
    }).join();
    return got;
  }
  bool IsHeld() {
    return !AnotherGetsIt([&] { return g_.try_lock(); });
  }
  // `end` is run with the gil, so not before the wait has begun.
  template <typename Wait, typename End>
  auto Ended(Wait wait, End end) {
    g_.lock();
    std::jthread other([&] {
      const std::lock_guard held(g_);
      end();
    });
    AwaitWaiter();
    const auto answer = wait();
    EXPECT_TRUE(IsHeld());
    g_.unlock();
    return answer;
  }
  template <typename Wait>
  auto Waited(Wait wait) {
    return Ended(wait, [] {});
  }

  gil g_;
};

TEST_F(GIL_TEST_NAME, HeldItIsGivenUpWhenTheTimeIsOver) {
  g_.lock();
  EXPECT_FALSE(AnotherGetsIt([&] { return g_.try_lock_for(milliseconds(1)); }));
  EXPECT_FALSE(AnotherGetsIt([&] { return g_.try_lock_for(hours(-1)); }));
  EXPECT_FALSE(
      AnotherGetsIt([&] { return g_.try_lock_until(steady_clock::now()); }));
  EXPECT_FALSE(
      AnotherGetsIt([&] { return g_.try_lock_until(system_clock::now()); }));
  EXPECT_FALSE(g_.is_waited_for());
  g_.unlock();
  EXPECT_TRUE(g_.try_lock_for(milliseconds(0)));
  g_.unlock();
}

TEST_F(GIL_TEST_NAME, WhoWaitsForItInTimeGetsItsTurn) {
  std::string order;
  g_.lock();
  std::jthread other([&] {
    if (!g_.try_lock_for(hours::max())) return;
    order += 'o';
    g_.unlock();
  });
  AwaitWaiter();
  { const gil::release_scope released(g_); }
  order += 'm';
  g_.unlock();
  EXPECT_EQ(order, "om");
}

TEST_F(GIL_TEST_NAME, WhoGaveUpIsNotGivenIt) {
  g_.set_check_interval(1);
  g_.lock();
  EXPECT_FALSE(AnotherGetsIt([&] { return g_.try_lock_for(milliseconds(1)); }));
  g_.tick();
  EXPECT_TRUE(IsHeld());
  g_.unlock();
  EXPECT_FALSE(IsHeld());
}

TEST_F(GIL_TEST_NAME, ALockIsWaitedForInTimeWithoutTheGil) {
  TimedLock m;
  std::atomic<bool> ends = false;
  std::jthread holder([&] {
    m.lock();
    ends = true;
    ends.notify_all();
    ends.wait(true);
    m.unlock();
  });
  ends.wait(false);
  EXPECT_FALSE(Waited([&] { return g_.try_lock_for(m, milliseconds(1)); }));
  EXPECT_FALSE(Waited([&] {
    return g_.try_lock_until(m, steady_clock::now() + milliseconds(1));
  }));
  EXPECT_TRUE(Ended([&] { return g_.try_lock_for(m, hours(1)); },
                    [&] {
                      ends = false;
                      ends.notify_all();
                    }));
  m.unlock();
}

TEST_F(GIL_TEST_NAME, APermitIsWaitedForInTimeWithoutTheGil) {
  std::counting_semaphore<> s(0);
  EXPECT_FALSE(Waited([&] { return g_.try_acquire_for(s, milliseconds(1)); }));
  EXPECT_TRUE(Ended([&] { return g_.try_acquire_for(s, hours(1)); },
                    [&] { s.release(); }));
  EXPECT_FALSE(
      Waited([&] { return g_.try_acquire_until(s, steady_clock::now()); }));
  EXPECT_TRUE(Ended(
      [&] { return g_.try_acquire_until(s, steady_clock::now() + hours(1)); },
      [&] { s.release(); }));
}

TEST_F(GIL_TEST_NAME, ASignalIsWaitedForInTimeWithoutTheGil) {
  event set;
  EXPECT_FALSE(Waited([&] { return g_.wait_for(set, milliseconds(1)); }));
  EXPECT_FALSE(Waited([&] { return g_.wait_until(set, steady_clock::now()); }));
  EXPECT_TRUE(
      Ended([&] { return g_.wait_for(set, hours(1)); }, [&] { set.set(); }));
  latch open(1);
  EXPECT_FALSE(Waited([&] { return g_.wait_for(open, milliseconds(1)); }));
  EXPECT_TRUE(
      Ended([&] { return g_.wait_until(open, steady_clock::now() + hours(1)); },
            [&] { open.count_down(); }));
  std::promise<int> promise;
  std::future<int> answer = promise.get_future();
  EXPECT_EQ(Waited([&] { return g_.wait_for(answer, milliseconds(1)); }),
            std::future_status::timeout);
  EXPECT_EQ(Ended([&] { return g_.wait_for(answer, hours(1)); },
                  [&] { promise.set_value(1); }),
            std::future_status::ready);
}

TEST_F(GIL_TEST_NAME, ANotificationIsWaitedForInTimeWithoutTheGil) {
  std::mutex m;
  std::condition_variable c;
  bool ready = false;
  const auto wait = [&](auto time) {
    std::unique_lock lock(m);
    return g_.wait_for(c, lock, time, [&] { return ready; });
  };
  EXPECT_FALSE(Waited([&] { return wait(milliseconds(1)); }));
  EXPECT_TRUE(Ended([&] { return wait(hours(1)); },
                    [&] {
                      const std::lock_guard lock(m);
                      ready = true;
                      c.notify_one();
                    }));
  ready = false;
  EXPECT_EQ(Waited([&] {
              std::unique_lock lock(m);
              return g_.wait_until(c, lock, steady_clock::now());
            }),
            std::cv_status::timeout);
}

// Somebody waits for the gil, and would get it if it were let go.
TEST_F(GIL_TEST_NAME, WhatIsThereIsHadInTimeUnderTheGil) {
  TimedLock m;
  std::counting_semaphore<> s(1);
  event set;
  set.set();
  latch open(0);
  std::promise<void> promise;
  std::future<void> answer = promise.get_future();
  promise.set_value();
  std::mutex of_condition;
  std::condition_variable c;
  int looked = 0;
  std::atomic<bool> had_it = false;
  g_.lock();
  std::jthread other([&] {
    const std::lock_guard held(g_);
    had_it = true;
  });
  AwaitWaiter();
  EXPECT_TRUE(g_.try_lock_for(m, hours(1)));
  EXPECT_TRUE(g_.try_acquire_for(s, hours(1)));
  EXPECT_TRUE(g_.wait_for(set, hours(1)));
  EXPECT_TRUE(g_.wait_until(open, steady_clock::now() + hours(1)));
  EXPECT_EQ(g_.wait_for(answer, hours(1)), std::future_status::ready);
  std::unique_lock lock(of_condition);
  EXPECT_TRUE(g_.wait_for(c, lock, hours(1), [&] { return ++looked == 1; }));
  EXPECT_EQ(looked, 1);
  EXPECT_FALSE(had_it);
  m.unlock();
  g_.unlock();
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_GIL_TIMED_TEST_BODY_H_

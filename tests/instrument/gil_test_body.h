// The rules of the gil, for the recorded type and for its plain twin: included
// by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_GIL_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_GIL_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "lockcheck/event.h"
#include "lockcheck/gil.h"

namespace lockcheck {
namespace {

void AwaitWaiter(const gil& g) {
  while (!g.is_waited_for()) std::this_thread::yield();
}

size_t TheFirst(std::span<const std::thread::id>) { return 0; }

// A thread that takes the gil once, and notes when.
class Taker {
 public:
  Taker(gil& g, std::string& order, char letter)
      : thread_([&g, &order, letter] {
          const std::lock_guard held(g);
          order += letter;
        }) {}
  std::thread::id id() const { return thread_.get_id(); }

 private:
  std::jthread thread_;
};

TEST(GIL_TEST_NAME, OneHoldsItAtATime) {
  gil g("g");
  g.lock();
  bool got = true;
  std::thread([&] { got = g.try_lock(); }).join();
  EXPECT_FALSE(got);
  g.unlock();
  EXPECT_TRUE(g.try_lock());
  g.unlock();
}

TEST(GIL_TEST_NAME, ReleasedItGoesToWhoWaits) {
  gil g;
  std::string order;
  g.lock();
  Taker other(g, order, 'o');
  AwaitWaiter(g);
  { const gil::release_scope released(g); }
  // Certainly the other had it: this thread did not compete.
  order += 'm';
  g.unlock();
  EXPECT_EQ(order, "om");
}

TEST(GIL_TEST_NAME, ATickThatNobodyWaitsForChangesNothing) {
  gil g;
  int asked = 0;
  g.set_arbiter([&](std::span<const std::thread::id>) {
    ++asked;
    return size_t{0};
  });
  g.lock();
  for (int i = 0; i < 1000; ++i) g.tick();
  g.unlock();
  EXPECT_EQ(asked, 0);
}

TEST(GIL_TEST_NAME, EveryHundredTicksTheHolderCompetes) {
  gil g;
  int asked = 0;
  size_t candidates = 0;
  std::thread::id last;
  g.set_arbiter([&](std::span<const std::thread::id> threads) {
    ++asked;
    candidates = threads.size();
    last = threads.back();
    return threads.size() - 1;
  });
  std::string order;
  g.lock();
  Taker other(g, order, 'o');
  AwaitWaiter(g);
  for (int i = 0; i < 99; ++i) g.tick();
  EXPECT_EQ(asked, 0);
  g.tick();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(candidates, 2u);
  EXPECT_EQ(last, std::this_thread::get_id());
  EXPECT_EQ(order, "");
  for (int i = 0; i < 100; ++i) g.tick();
  EXPECT_EQ(asked, 2);
  g.unlock();
}

TEST(GIL_TEST_NAME, WhoWaitsMayWinATick) {
  gil g;
  g.set_check_interval(3);
  g.set_arbiter(TheFirst);
  std::string order;
  g.lock();
  Taker other(g, order, 'o');
  AwaitWaiter(g);
  g.tick();
  g.tick();
  order += 'm';
  g.tick();
  order += 'm';
  g.unlock();
  EXPECT_EQ(order, "mom");
}

TEST(GIL_TEST_NAME, TicksCountFromEachTime) {
  gil g;
  g.set_check_interval(2);
  g.set_arbiter(TheFirst);
  g.lock();
  g.tick();
  g.unlock();
  std::string order;
  g.lock();
  {
    const Taker other(g, order, 'o');
    AwaitWaiter(g);
    g.tick();
    order += 'm';
    g.unlock();
  }
  EXPECT_EQ(order, "mo");
}

TEST(GIL_TEST_NAME, ATimeMayTakeThePlaceOfTicks) {
  gil g;
  g.set_arbiter(TheFirst);
  g.set_switch_interval(std::chrono::hours(1));
  std::string order;
  g.lock();
  Taker other(g, order, 'o');
  AwaitWaiter(g);
  for (int i = 0; i < 1000; ++i) g.tick();
  order += 'm';
  g.set_switch_interval(std::chrono::seconds(0));
  g.tick();
  order += 'm';
  g.unlock();
  EXPECT_EQ(order, "mom");
}

TEST(GIL_TEST_NAME, AnArbiterChoosesAmongAllWhoWait) {
  gil g;
  g.set_check_interval(1);
  std::string order;
  g.lock();
  {
    const Taker one(g, order, '1');
    const Taker two(g, order, '2');
    size_t waiting = 0;
    // The holder is the last of those who compete, so it goes on.
    g.set_arbiter([&](std::span<const std::thread::id> threads) {
      waiting = threads.size() - 1;
      return threads.size() - 1;
    });
    while (waiting < 2) g.tick();
    g.set_arbiter([&](std::span<const std::thread::id> threads) {
      size_t i = 0;
      while (i + 1 < threads.size() && threads[i] != two.id()) ++i;
      return i;
    });
    g.unlock();
  }
  EXPECT_EQ(order, "21");
}

TEST(GIL_TEST_NAME, AnIndexThatIsTooLargeMeansTheLast) {
  gil g;
  g.set_check_interval(1);
  g.set_arbiter([](std::span<const std::thread::id>) { return size_t{99}; });
  std::string order;
  g.lock();
  {
    const Taker other(g, order, 'o');
    AwaitWaiter(g);
    g.tick();
    order += 'm';
    g.unlock();
  }
  EXPECT_EQ(order, "mo");
}

TEST(GIL_TEST_NAME, AnArbiterThatThrowsLeavesTheChoiceToChance) {
  gil g;
  g.set_arbiter([](std::span<const std::thread::id>) -> size_t { throw 1; });
  std::string order;
  g.lock();
  {
    const Taker other(g, order, 'o');
    AwaitWaiter(g);
    g.unlock();
  }
  EXPECT_EQ(order, "o");
}

TEST(GIL_TEST_NAME, AFreeLockIsTakenUnderTheGil) {
  gil g;
  std::mutex m;
  g.lock();
  g.lock(m);
  bool got = true;
  std::thread([&] { got = g.try_lock(); }).join();
  EXPECT_FALSE(got);
  m.unlock();
  g.unlock();
}

TEST(GIL_TEST_NAME, AHeldLockIsWaitedForWithoutTheGil) {
  gil g;
  std::mutex m;
  std::string order;
  m.lock();
  std::atomic<bool> has_gil = false;
  std::jthread waiter([&] {
    g.lock();
    has_gil = true;
    g.lock(m);
    order += 'w';
    m.unlock();
    g.unlock();
  });
  while (!has_gil) std::this_thread::yield();
  g.lock();
  order += 'm';
  g.unlock();
  m.unlock();
  waiter.join();
  EXPECT_EQ(order, "mw");
}

TEST(GIL_TEST_NAME, APermitIsWaitedForWithoutTheGil) {
  gil g;
  std::counting_semaphore<> s(1);
  g.lock();
  g.acquire(s);
  std::jthread poster([&] {
    const std::lock_guard held(g);
    s.release();
  });
  g.acquire(s);
  g.unlock();
}

TEST(GIL_TEST_NAME, ANotificationIsWaitedForWithoutTheGil) {
  gil g;
  std::mutex m;
  std::condition_variable c;
  bool ready = false;
  g.lock();
  std::jthread notifier([&] {
    const std::lock_guard held(g);
    const std::lock_guard lock(m);
    ready = true;
    c.notify_one();
  });
  std::unique_lock lock(m);
  g.wait(c, lock, [&] { return ready; });
  lock.unlock();
  g.unlock();
}

// Somebody waits for the gil, and would get it if it were let go.
TEST(GIL_TEST_NAME, WhatIsThereIsWaitedForUnderTheGil) {
  gil g;
  std::mutex m;
  std::condition_variable c;
  std::latch open(0);
  event set;
  set.set();
  std::promise<void> promise;
  std::future<void> ready = promise.get_future();
  promise.set_value();
  std::atomic<bool> had_it = false;
  g.lock();
  std::jthread other([&] {
    const std::lock_guard held(g);
    had_it = true;
  });
  AwaitWaiter(g);
  g.wait(set);
  g.wait(open);
  g.wait(ready);
  int looked = 0;
  std::unique_lock lock(m);
  g.wait(c, lock, [&] { return ++looked == 1; });
  EXPECT_EQ(looked, 1);
  EXPECT_FALSE(had_it);
  g.unlock();
}

TEST(GIL_TEST_NAME, OnlyTheHolderLetsItGo) {
  gil g;
  const auto error = [&] {
    try {
      g.unlock();
    } catch (const std::system_error& e) {
      return e.code() == std::errc::operation_not_permitted;
    }
    return false;
  };
  EXPECT_TRUE(error());
  g.lock();
  bool refused = false;
  std::thread([&] { refused = error(); }).join();
  EXPECT_TRUE(refused);
  bool got = true;
  std::thread([&] { got = g.try_lock(); }).join();
  EXPECT_FALSE(got);
  g.unlock();
}

// The holder and one who waits win about as often.
TEST(GIL_TEST_NAME, EqualTermsAreEqual) {
  gil g;
  g.set_check_interval(1);
  g.set_seed(7);
  constexpr int kRounds = 2000;
  int kept = 0, turn = 0;
  bool over = false;
  g.lock();
  std::jthread other([&] {
    g.lock();
    while (!over) {
      turn = 2;
      const gil::release_scope released(g);
    }
    g.unlock();
  });
  for (int i = 0; i < kRounds; ++i) {
    AwaitWaiter(g);
    turn = 1;
    g.tick();
    kept += turn == 1;
  }
  over = true;
  g.unlock();
  EXPECT_GT(kept, kRounds * 2 / 5);
  EXPECT_LT(kept, kRounds * 3 / 5);
}

TEST(GIL_TEST_NAME, NothingIsLostAmongMany) {
  gil g;
  g.set_check_interval(3);
  constexpr int kThreads = 4, kSteps = 5000;
  int count = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        const std::lock_guard held(g);
        for (int k = 0; k < kSteps; ++k) {
          ++count;
          g.tick();
          if (k % 50 == 0) {
            const gil::release_scope released(g);
          }
        }
      });
    }
  }
  EXPECT_EQ(count, kThreads * kSteps);
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_GIL_TEST_BODY_H_

// The rules of semaphores between processes, for the recorded types and for
// their plain twins: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_SEMAPHORE_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_SEMAPHORE_TEST_BODY_H_

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "lockcheck/process.h"
#include "tests/instrument/process_children.h"
#include "tests/instrument/sleeper.h"

// As in process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using testing::AwaitSleepOf;

struct Shared : testing::Steps {
  explicit Shared(ptrdiff_t permits) : semaphore(permits, "semaphore") {}
  process::semaphore semaphore;
  std::atomic<int> inside{0}, most_inside{0};
  long count = 0;

  void Use() {
    semaphore.acquire();
    const int now = ++inside;
    int most = most_inside;
    while (most < now && !most_inside.compare_exchange_weak(most, now)) {
    }
    --inside;
    semaphore.release();
  }
};

TEST(PROCESS_SEMAPHORE_TEST, IsNeitherCopiedNorMoved) {
  EXPECT_FALSE(std::is_copy_constructible_v<process::semaphore>);
  EXPECT_FALSE(std::is_move_constructible_v<process::semaphore>);
  EXPECT_FALSE(std::is_copy_assignable_v<process::bounded_semaphore>);
}

TEST(PROCESS_SEMAPHORE_TEST, WhatIsThereIsTakenInEveryWay) {
  process::shared<Shared> shared(5);
  process::semaphore& s = shared->semaphore;
  s.acquire();
  EXPECT_TRUE(s.try_acquire());
  EXPECT_TRUE(s.try_acquire_for(milliseconds(0)));
  EXPECT_TRUE(s.try_acquire_until(steady_clock::now() + hours(1)));
  EXPECT_TRUE(s.try_acquire_until(system_clock::now() - hours(1)));
  EXPECT_FALSE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire_for(milliseconds(-1)));
  EXPECT_FALSE(s.try_acquire_for(milliseconds(1)));
  EXPECT_FALSE(s.try_acquire_until(steady_clock::now() + milliseconds(1)));
  EXPECT_FALSE(s.try_acquire_until(system_clock::now() + milliseconds(1)));
  s.release(2);
  EXPECT_TRUE(s.try_acquire());
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
}

TEST(PROCESS_SEMAPHORE_TEST, AsManyAreInsideAsThereArePermits) {
  for (const int permits : {1, 2}) {
    process::shared<Shared> shared(permits);
    const auto use = [&] {
      for (int i = 0; i < 1'000; ++i) shared->Use();
    };
    std::vector<process::child> children;
    for (int i = 0; i < 3; ++i) children.emplace_back(use);
    use();
    for (process::child& child : children) {
      child.join();
      EXPECT_EQ(child.exit_status(), 0);
    }
    EXPECT_LE(shared->most_inside, permits);
    EXPECT_EQ(shared->inside, 0);
  }
}

TEST(PROCESS_SEMAPHORE_TEST, OneWithOnePermitExcludes) {
  process::shared<Shared> shared(1);
  constexpr int kRounds = 1'000;
  const auto count = [&] {
    for (int i = 0; i < kRounds; ++i) {
      shared->semaphore.acquire();
      ++shared->count;
      shared->semaphore.release();
    }
  };
  process::child one(count), other(count);
  count();
  one.join();
  other.join();
  EXPECT_EQ(shared->count, 3 * kRounds);
}

TEST(PROCESS_SEMAPHORE_TEST, AReleaseByAnotherProcessEndsAWait) {
  process::shared<Shared> shared(0);
  process::child waiter([&] {
    shared->semaphore.acquire();
    return 7;
  });
  AwaitSleepOf(waiter);
  shared->semaphore.release();
  waiter.join();
  EXPECT_EQ(waiter.exit_status(), 7);
  process::child releases([&] { shared->semaphore.release(); });
  shared->semaphore.acquire();
  releases.join();
}

TEST(PROCESS_SEMAPHORE_TEST, WhoHasWaitedLongestIsFirst) {
  process::shared<Shared> shared(0);
  std::vector<process::child> children;
  for (int i = 0; i < 4; ++i) {
    children.emplace_back([&, i] {
      shared->semaphore.acquire();
      while (shared->step != i) sched_yield();
      shared->Add();
    });
    AwaitSleepOf(children.back());
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(shared->semaphore.try_acquire());
    shared->semaphore.release();
    shared->Await(i + 1);
  }
  for (process::child& child : children) child.join();
}

TEST(PROCESS_SEMAPHORE_TEST, MoreWaitersThanThereIsRoomForGetOneEach) {
  constexpr int kWaiters = 40;
  process::shared<Shared> shared(0);
  std::vector<process::child> children;
  for (int i = 0; i < kWaiters; ++i) {
    children.emplace_back([&] { shared->semaphore.acquire(); });
  }
  for (const process::child& child : children) AwaitSleepOf(child);
  shared->semaphore.release(kWaiters - 1);
  shared->semaphore.release();
  for (process::child& child : children) child.join();
  EXPECT_FALSE(shared->semaphore.try_acquire());
}

TEST(PROCESS_SEMAPHORE_TEST, AboveItsMostNothingIsReleased) {
  process::shared<Shared> shared(0);
  EXPECT_THROW(shared->semaphore.release(-1), std::logic_error);
  shared->semaphore.release(process::semaphore::max());
  EXPECT_THROW(shared->semaphore.release(), std::logic_error);
  EXPECT_TRUE(shared->semaphore.try_acquire());
  shared->semaphore.release();
}

TEST(PROCESS_SEMAPHORE_TEST, ABoundedOneIsNotReleasedAboveItsBound) {
  process::shared<process::bounded_semaphore> s(2);
  EXPECT_THROW(s->release(), std::logic_error);
  s->acquire();
  EXPECT_THROW(s->release(2), std::logic_error);
  // Whoever has it: the bound is one for all.
  process::child other([&] { s->release(); });
  other.join();
  EXPECT_EQ(other.exit_status(), 0);
  EXPECT_THROW(s->release(), std::logic_error);
  EXPECT_TRUE(s->try_acquire());
  EXPECT_TRUE(s->try_acquire());
  EXPECT_FALSE(s->try_acquire());
  s->release(2);
}

// ---- Death ------------------------------------------------------------------
TEST(PROCESS_SEMAPHORE_TEST, APermitThatAProcessDiesWithIsNotGivenBack) {
  process::shared<Shared> shared(1);
  process::child owner([&] {
    shared->semaphore.acquire();
    raise(SIGKILL);
  });
  owner.join();
  EXPECT_FALSE(shared->semaphore.try_acquire_for(milliseconds(1)));
  shared->semaphore.release();  // by who knows better
  EXPECT_TRUE(shared->semaphore.try_acquire());
}

TEST(PROCESS_SEMAPHORE_TEST, AWaiterThatWasKilledIsPassedOver) {
  process::shared<Shared> shared(0);
  const auto acquire = [&] { shared->semaphore.acquire(); };
  process::child first(acquire);
  AwaitSleepOf(first);
  process::child second(acquire);
  AwaitSleepOf(second);
  first.kill();
  first.join();
  shared->semaphore.release();
  second.join();
  EXPECT_EQ(second.exit_status(), 0);
}

// It is stopped when it is granted one, so it cannot fetch it, and is killed
// then: the next one gets that, in its next round.
TEST(PROCESS_SEMAPHORE_TEST, WhatAKilledWaiterDidNotFetchIsForTheNextOne) {
  process::shared<Shared> shared(0);
  const auto acquire = [&] { shared->semaphore.acquire(); };
  process::child first(acquire);
  AwaitSleepOf(first);
  process::child second(acquire);
  AwaitSleepOf(second);
  ASSERT_EQ(kill(first.pid(), SIGSTOP), 0);
  shared->semaphore.release();
  EXPECT_FALSE(shared->semaphore.try_acquire());
  first.kill();
  first.join();
  second.join();
  EXPECT_EQ(second.exit_status(), 0);
}

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_SEMAPHORE_TEST_BODY_H_

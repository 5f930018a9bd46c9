// The rules of what is between processes, for the recorded types and for their
// plain twins: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_TEST_BODY_H_

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "lockcheck/process.h"
#include "tests/instrument/process_children.h"
#include "tests/instrument/process_steps.h"
#include "tests/instrument/sleeper.h"

// ThreadSanitizer does not support this: it ends a child that was forked beside
// a thread, as the runtime's own is one, as soon as it starts another, and
// takes what the child finds wiped for a race with that thread.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using testing::AwaitSleepOf;
using testing::ErrorOf;

using Shared = SharedLock<process::mutex>;

class PROCESS_MUTEX_TEST : public ::testing::Test {
 protected:
  process::shared<Shared> shared_;
};

TEST_F(PROCESS_MUTEX_TEST, IsNeitherCopiedNorMoved) {
  EXPECT_FALSE(std::is_copy_constructible_v<process::mutex>);
  EXPECT_FALSE(std::is_move_constructible_v<process::mutex>);
  EXPECT_FALSE(std::is_copy_assignable_v<process::mutex>);
}

TEST_F(PROCESS_MUTEX_TEST, AFreeOneIsTakenAtOnceInEveryWay) {
  process::mutex& lock = shared_->lock;
  EXPECT_EQ(lock.lock(), process::previous_owner::released);
  lock.unlock();
  EXPECT_TRUE(lock.try_lock());
  lock.unlock();
  EXPECT_TRUE(lock.try_lock_for(milliseconds(0)));
  lock.unlock();
  EXPECT_TRUE(lock.try_lock_until(steady_clock::now() + hours(1)));
  lock.unlock();
  EXPECT_TRUE(lock.try_lock_until(system_clock::now() + hours(1)));
  lock.unlock();
}

TEST_F(PROCESS_MUTEX_TEST, ExcludesProcessesAndThreads) {
  constexpr int kRounds = 2'000;
  const auto count = [&] {
    for (int i = 0; i < kRounds; ++i) {
      const std::lock_guard held(shared_->lock);
      ++shared_->count;
    }
  };
  {
    process::child one(count), two(count);
    std::thread thread(count);
    count();
    thread.join();
    one.join();
    two.join();
    EXPECT_EQ(one.exit_status(), 0);
    EXPECT_EQ(two.exit_status(), 0);
  }
  EXPECT_EQ(shared_->count, 4 * kRounds);
}

TEST_F(PROCESS_MUTEX_TEST, IsRefusedWhileAnotherProcessHasIt) {
  process::child owner([&] {
    const std::lock_guard held(shared_->lock);
    shared_->Reach(1);
    shared_->Await(2);
  });
  shared_->Await(1);
  EXPECT_FALSE(shared_->lock.try_lock());
  EXPECT_FALSE(shared_->lock.try_lock_for(milliseconds(1)));
  EXPECT_FALSE(
      shared_->lock.try_lock_until(steady_clock::now() + milliseconds(1)));
  EXPECT_FALSE(
      shared_->lock.try_lock_until(system_clock::now() + milliseconds(1)));
  shared_->Reach(2);
  owner.join();
  EXPECT_TRUE(shared_->lock.try_lock());
  shared_->lock.unlock();
}

TEST_F(PROCESS_MUTEX_TEST, WhoWaitsInAnotherProcessGetsItWhenItIsReleased) {
  shared_->lock.lock();
  process::child waiter([&] {
    const std::lock_guard held(shared_->lock);
    return shared_->step.load();
  });
  AwaitSleepOf(waiter);
  shared_->Reach(7);
  shared_->lock.unlock();
  waiter.join();
  EXPECT_EQ(waiter.exit_status(), 7);
}

TEST_F(PROCESS_MUTEX_TEST, ATryByTheOwnerIsRefused) {
  const std::lock_guard held(shared_->lock);
  EXPECT_FALSE(shared_->lock.try_lock());
  EXPECT_FALSE(shared_->lock.try_lock_for(milliseconds(1)));
}

TEST_F(PROCESS_MUTEX_TEST, StdsGuardsWorkWithIt) {
  process::shared<Shared> other;
  { const std::scoped_lock both(shared_->lock, other->lock); }
  std::unique_lock lock(shared_->lock, std::try_to_lock);
  EXPECT_TRUE(lock.owns_lock());
}

// ---- The owner's death ------------------------------------------------------
TEST_F(PROCESS_MUTEX_TEST, TheNextOwnerIsToldThatTheLastOneDied) {
  DieWith(*shared_);
  EXPECT_EQ(shared_->lock.lock(), process::previous_owner::died);
  EXPECT_TRUE(shared_->lock.owner_died());
  shared_->lock.consistent();
  EXPECT_FALSE(shared_->lock.owner_died());
  shared_->lock.unlock();
  EXPECT_EQ(shared_->lock.lock(), process::previous_owner::released);
  shared_->lock.unlock();
}

TEST_F(PROCESS_MUTEX_TEST, HoweverItAsks) {
  DieWith(*shared_);
  EXPECT_TRUE(shared_->lock.try_lock());
  EXPECT_TRUE(shared_->lock.owner_died());
  shared_->lock.consistent();
  shared_->lock.unlock();
  DieWith(*shared_);
  EXPECT_TRUE(shared_->lock.try_lock_for(hours(1)));
  EXPECT_TRUE(shared_->lock.owner_died());
  shared_->lock.consistent();
  shared_->lock.unlock();
}

TEST_F(PROCESS_MUTEX_TEST, WhoWaitsIsToldToo) {
  process::child owner([&] {
    shared_->lock.lock();
    shared_->Reach(1);
    while (true) pause();
  });
  shared_->Await(1);
  auto found = process::previous_owner::released;
  testing::Sleeper waiter([&] {
    found = shared_->lock.lock();
    shared_->lock.consistent();
    shared_->lock.unlock();
  });
  EXPECT_TRUE(waiter.UntilAsleep());
  owner.kill();
  waiter.Join();
  EXPECT_EQ(found, process::previous_owner::died);
}

TEST_F(PROCESS_MUTEX_TEST, IsNotRecoverableIfNobodySaidThatItIsConsistent) {
  DieWith(*shared_);
  { const std::lock_guard ignores(shared_->lock); }
  EXPECT_EQ(ErrorOf([&] { shared_->lock.lock(); }),
            std::errc::state_not_recoverable);
  EXPECT_EQ(ErrorOf([&] { (void)shared_->lock.try_lock_for(milliseconds(1)); }),
            std::errc::state_not_recoverable);
  EXPECT_FALSE(shared_->lock.try_lock());
}

TEST_F(PROCESS_MUTEX_TEST, WhoWaitsForOneThatIsNotRecoverableThrows) {
  DieWith(*shared_);
  EXPECT_EQ(shared_->lock.lock(), process::previous_owner::died);
  process::child waiter([&] {
    return ErrorOf([&] { shared_->lock.lock(); }) ==
           std::errc::state_not_recoverable;
  });
  AwaitSleepOf(waiter);
  shared_->lock.unlock();
  waiter.join();
  EXPECT_EQ(waiter.exit_status(), 1);
}

TEST_F(PROCESS_MUTEX_TEST, AThreadThatEndsWithItIsAnOwnerThatDied) {
  std::thread([&] { shared_->lock.lock(); }).join();
  EXPECT_EQ(shared_->lock.lock(), process::previous_owner::died);
  shared_->lock.consistent();
  shared_->lock.unlock();
}

TEST_F(PROCESS_MUTEX_TEST, ThereMustBeSomethingToRepair) {
  const std::lock_guard held(shared_->lock);
  EXPECT_EQ(ErrorOf([&] { shared_->lock.consistent(); }),
            std::errc::invalid_argument);
}

#if !defined(LOCKCHECK_DISABLED)
// ---- Misuse -----------------------------------------------------------------
TEST_F(PROCESS_MUTEX_TEST, AReleaseOfAFreeOneDoesNothing) {
  shared_->lock.unlock();
  EXPECT_TRUE(shared_->lock.try_lock());
  shared_->lock.unlock();
}

TEST_F(PROCESS_MUTEX_TEST, AReleaseByAnotherIsNotPermitted) {
  shared_->lock.lock();
  const auto is_refused = [&] {
    return ErrorOf([&] { shared_->lock.unlock(); }) ==
           std::errc::operation_not_permitted;
  };
  // Nor is it to the child of who holds it.
  process::child other(is_refused);
  other.join();
  EXPECT_EQ(other.exit_status(), 1);
  bool refused = false;
  std::thread([&] { refused = is_refused(); }).join();
  EXPECT_TRUE(refused);
  shared_->lock.unlock();
}

TEST_F(PROCESS_MUTEX_TEST, AChildHoldsNothingOfWhatItsParentHolds) {
  const std::lock_guard held(shared_->lock);
  process::child child([&] { return shared_->lock.try_lock(); });
  child.join();
  EXPECT_EQ(child.exit_status(), 0);
}
#endif

// ---- shared -----------------------------------------------------------------
struct Counted {
  explicit Counted(int* alive) : alive(alive) { ++*alive; }
  ~Counted() { --*alive; }
  int* alive;
};

TEST(PROCESS_SHARED_TEST, IsDestroyedByWhoMadeItAndByNobodyElse) {
  process::shared<int> alive_there(0);
  int alive = 0;
  {
    process::shared<Counted> counted(&alive);
    EXPECT_EQ(alive, 1);
    process::child child([&] {
      { const auto moved = std::move(counted); }
      *alive_there = alive;
    });
    child.join();
    EXPECT_EQ(*alive_there, 1);
    const auto moved = std::move(counted);
    EXPECT_EQ(counted.get(), nullptr);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

TEST(PROCESS_SHARED_TEST, WhatAChildWritesTheParentReads) {
  process::shared<int> value(1);
  int copied = 1;
  process::child child([&] { *value = copied = 2; });
  child.join();
  EXPECT_EQ(*value, 2);
  EXPECT_EQ(copied, 1);
}

// ---- child ------------------------------------------------------------------
TEST(PROCESS_CHILD_TEST, EndsWithWhatItsFunctionReturns) {
  process::child none([] {}), some([](int a, int b) { return a + b; }, 3, 4);
  EXPECT_FALSE(none.exit_status().has_value());
  none.join();
  some.join();
  EXPECT_EQ(none.exit_status(), 0);
  EXPECT_EQ(some.exit_status(), 7);
}

TEST(PROCESS_CHILD_TEST, EndsWithAStatusOfItsOwnIfItsFunctionThrows) {
  process::child child([]() -> int { throw std::runtime_error("on purpose"); });
  child.join();
  EXPECT_EQ(child.exit_status(), process::child::threw);
}

TEST(PROCESS_CHILD_TEST, EndsWithASignal) {
  process::child crashes([] { raise(SIGKILL); });
  crashes.join();
  EXPECT_EQ(crashes.exit_status(), -SIGKILL);
  process::child killed([] {
    while (true) pause();
  });
  EXPECT_TRUE(killed.is_alive());
  killed.kill();
  killed.join();
  EXPECT_EQ(killed.exit_status(), -SIGKILL);
  EXPECT_FALSE(killed.is_alive());
}

TEST(PROCESS_CHILD_TEST, IsAProcessOfItsOwn) {
  process::shared<pid_t> pid(0);
  process::child child([&] { *pid = getpid(); });
  const pid_t known = child.pid();
  child.join();
  EXPECT_EQ(*pid, known);
  EXPECT_NE(*pid, getpid());
}

TEST(PROCESS_CHILD_TEST, IsJoinedForSomeTimeOnly) {
  process::child child([] {
    while (true) pause();
  });
  EXPECT_FALSE(child.join_for(milliseconds(1)));
  EXPECT_FALSE(child.join_for(milliseconds(-1)));
  EXPECT_FALSE(child.join_until(steady_clock::now() + milliseconds(1)));
  EXPECT_FALSE(child.join_until(system_clock::now() + milliseconds(1)));
  EXPECT_TRUE(child.joinable());
  child.kill();
  EXPECT_TRUE(child.join_for(hours(1)));
  EXPECT_FALSE(child.joinable());
  EXPECT_EQ(child.exit_status(), -SIGKILL);
}

TEST(PROCESS_CHILD_TEST, IsJoinedOnce) {
  process::child child([] {}), none;
  child.join();
  EXPECT_EQ(ErrorOf([&] { child.join(); }), std::errc::invalid_argument);
  EXPECT_EQ(ErrorOf([&] { none.join(); }), std::errc::invalid_argument);
}

TEST(PROCESS_CHILD_TEST, SaysSoIfSomebodyElseHasWaitedForIt) {
  process::child child([] {});
  ASSERT_EQ(waitpid(child.pid(), nullptr, 0), child.pid());
  EXPECT_EQ(ErrorOf([&] { child.join(); }), std::errc::no_child_process);
  EXPECT_EQ(ErrorOf([&] { (void)child.join_for(hours(1)); }),
            std::errc::no_child_process);
}

TEST(PROCESS_CHILD_TEST, CannotJoinItself) {
  process::child child([&] {
    return ErrorOf([&] { child.join(); }) ==
           std::errc::resource_deadlock_would_occur;
  });
  child.join();
  EXPECT_EQ(child.exit_status(), 1);
}

TEST(PROCESS_CHILD_TEST, IsAskedToEndAndJoinedWhenItGoes) {
  pid_t pid;
  {
    process::child child([] {
      while (true) pause();
    });
    pid = child.pid();
  }
  EXPECT_NE(kill(pid, 0), 0);
  process::child one([] {
    while (true) pause();
  });
  pid = one.pid();
  one = process::child([] { return 3; });
  EXPECT_NE(kill(pid, 0), 0);
  one.join();
  EXPECT_EQ(one.exit_status(), 3);
}

TEST(PROCESS_CHILD_TEST, IsLeftAloneByAChildThatHasACopyOfIt) {
  process::shared<std::atomic<int>> step(0);
  process::child first([&] {
    while (*step == 0) sched_yield();
    return 5;
  });
  process::child second([&] { const auto copy = std::move(first); });
  second.join();
  EXPECT_EQ(second.exit_status(), 0);
  *step = 1;
  first.join();
  EXPECT_EQ(first.exit_status(), 5);
}

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_TEST_BODY_H_

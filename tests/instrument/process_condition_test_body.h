// The rules of process::condition_variable, for the recorded type and for its
// plain twin: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_CONDITION_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_CONDITION_TEST_BODY_H_

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <type_traits>
#include <vector>

#include "lockcheck/process.h"
#include "tests/instrument/process_children.h"

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
  process::mutex mutex{"mutex"};
  process::condition_variable condition{"condition"};
  int items = 0;

  bool HasItem() const { return items > 0; }
  void Put(int n = 1) {
    const std::lock_guard lock(mutex);
    items += n;
  }
  void Get() {
    std::unique_lock lock(mutex);
    condition.wait(lock, [&] { return HasItem(); });
    --items;
  }
};

class PROCESS_CONDITION_TEST : public ::testing::Test {
 protected:
  // Each waits when the next one begins.
  void StartGetters(int n) {
    for (int i = 0; i < n; ++i) {
      getters_.emplace_back([this] {
        shared_->Get();
        shared_->Add();
      });
      AwaitSleepOf(getters_.back());
    }
  }
  void JoinGetters() {
    for (process::child& getter : getters_) getter.join();
    getters_.clear();
  }

  process::shared<Shared> shared_;
  std::vector<process::child> getters_;
};

TEST_F(PROCESS_CONDITION_TEST, IsNeitherCopiedNorMoved) {
  EXPECT_FALSE(std::is_copy_constructible_v<process::condition_variable>);
  EXPECT_FALSE(std::is_move_constructible_v<process::condition_variable>);
}

TEST_F(PROCESS_CONDITION_TEST, NotifyOneWakesAWaiterOfAnotherProcess) {
  StartGetters(2);
  for (int i = 1; i <= 2; ++i) {
    shared_->Put();
    shared_->condition.notify_one();
    shared_->Await(i);
  }
  JoinGetters();
}

TEST_F(PROCESS_CONDITION_TEST, NotifyAllWakesAllOfThem) {
  StartGetters(3);
  shared_->Put(3);
  shared_->condition.notify_all();
  JoinGetters();
  EXPECT_EQ(shared_->step, 3);
  EXPECT_EQ(shared_->items, 0);
}

TEST_F(PROCESS_CONDITION_TEST, AChildNotifiesItsParent) {
  process::child notifier([&] {
    shared_->Put();
    shared_->condition.notify_one();
  });
  shared_->Get();
  notifier.join();
}

TEST_F(PROCESS_CONDITION_TEST, TimedWaitsSayWhetherTheTimeIsOver) {
  const auto soon = milliseconds(1);
  std::unique_lock lock(shared_->mutex);
  process::condition_variable& condition = shared_->condition;
  using std::cv_status;
  EXPECT_EQ(condition.wait_for(lock, soon), cv_status::timeout);
  EXPECT_EQ(condition.wait_until(lock, steady_clock::now() + soon),
            cv_status::timeout);
  EXPECT_EQ(condition.wait_until(lock, system_clock::now() + soon),
            cv_status::timeout);
  const auto never = [] { return false; };
  const auto ever = [] { return true; };
  EXPECT_FALSE(condition.wait_for(lock, soon, never));
  EXPECT_FALSE(condition.wait_until(lock, steady_clock::now() + soon, never));
  EXPECT_TRUE(condition.wait_for(lock, hours(-1), ever));
  EXPECT_TRUE(condition.wait_until(lock, system_clock::now(), ever));
  EXPECT_TRUE(lock.owns_lock());
  EXPECT_FALSE(shared_->mutex.try_lock());
}

TEST_F(PROCESS_CONDITION_TEST, ATimedWaitIsNotified) {
  process::child waiter([&] {
    std::unique_lock lock(shared_->mutex);
    return shared_->condition.wait_for(lock, hours(1),
                                       [&] { return shared_->HasItem(); });
  });
  AwaitSleepOf(waiter);
  shared_->Put();
  shared_->condition.notify_all();
  waiter.join();
  EXPECT_EQ(waiter.exit_status(), 1);
}

TEST_F(PROCESS_CONDITION_TEST, AWaitWithoutTheLockThrowsBeforeItReleases) {
  std::unique_lock<process::mutex> lock(shared_->mutex, std::defer_lock);
  const std::lock_guard held(shared_->mutex);
  const auto error = [&]() -> std::error_code {
    try {
      shared_->condition.wait(lock);
    } catch (const std::system_error& e) {
      return e.code();
    }
    return {};
  }();
  EXPECT_EQ(error, std::errc::operation_not_permitted);
  process::child other([&] { return shared_->mutex.try_lock(); });
  other.join();
  EXPECT_EQ(other.exit_status(), 0);
}

TEST_F(PROCESS_CONDITION_TEST, TheLockIsHeldAgainWhenAPredicateThrows) {
  std::unique_lock lock(shared_->mutex);
  EXPECT_THROW(shared_->condition.wait(lock, []() -> bool { throw 1; }), int);
  EXPECT_TRUE(lock.owns_lock());
}

TEST_F(PROCESS_CONDITION_TEST, OurOwnGuardWorksToo) {
  process::child notifier([&] {
    shared_->Put();
    shared_->condition.notify_all();
  });
  unique_lock<process::mutex> lock(shared_->mutex);
  shared_->condition.wait(lock, [&] { return shared_->HasItem(); });
  EXPECT_TRUE(lock.owns_lock());
  lock.unlock();
  notifier.join();
}

TEST_F(PROCESS_CONDITION_TEST, MoreWaitersThanThereIsRoomForAreNotifiedToo) {
  StartGetters(40);
  shared_->Put(40);
  for (int i = 0; i < 40; ++i) shared_->condition.notify_one();
  JoinGetters();
  EXPECT_EQ(shared_->step, 40);
}

// ---- Death ------------------------------------------------------------------
TEST_F(PROCESS_CONDITION_TEST, WaitersThatWereKilledArePassedOver) {
  StartGetters(3);
  for (int i = 0; i < 2; ++i) getters_[i].kill();
  for (int i = 0; i < 2; ++i) getters_[i].join();
  getters_.erase(getters_.begin(), getters_.begin() + 2);
  shared_->Put();
  shared_->condition.notify_one();
  JoinGetters();
  EXPECT_EQ(shared_->step, 1);
}

// It is stopped when it is notified, and killed before it hears it: the next
// one is notified, in its next round.
TEST_F(PROCESS_CONDITION_TEST, WhatAKilledWaiterDidNotHearIsForTheNextOne) {
  StartGetters(2);
  ASSERT_EQ(kill(getters_[0].pid(), SIGSTOP), 0);
  shared_->Put();
  shared_->condition.notify_one();
  getters_[0].kill();
  getters_[0].join();
  getters_.erase(getters_.begin());
  JoinGetters();
  EXPECT_EQ(shared_->step, 1);
}

TEST_F(PROCESS_CONDITION_TEST, ThatTheLocksOwnerDiedIsSeenAfterTheWait) {
  process::child waiter([&] {
    std::unique_lock lock(shared_->mutex);
    shared_->condition.wait(lock, [&] {
      if (!shared_->mutex.owner_died()) return false;
      shared_->mutex.consistent();
      return true;
    });
    return 3;
  });
  AwaitSleepOf(waiter);
  process::child owner([&] {
    shared_->mutex.lock();
    shared_->condition.notify_all();
    raise(SIGKILL);
  });
  owner.join();
  waiter.join();
  EXPECT_EQ(waiter.exit_status(), 3);
}

TEST_F(PROCESS_CONDITION_TEST, ALockThatIsNotRecoverableIsNotHadAfterTheWait) {
  process::child waiter([&] {
    std::unique_lock lock(shared_->mutex);
    try {
      shared_->condition.wait(lock);
    } catch (const std::system_error& e) {
      return e.code() == std::errc::state_not_recoverable && !lock.owns_lock();
    }
    return false;
  });
  AwaitSleepOf(waiter);
  process::child owner([&] {
    shared_->mutex.lock();
    raise(SIGKILL);
  });
  owner.join();
  { const std::lock_guard ignores(shared_->mutex); }
  shared_->condition.notify_all();
  waiter.join();
  EXPECT_EQ(waiter.exit_status(), 1);
}

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_CONDITION_TEST_BODY_H_

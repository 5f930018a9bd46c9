// The rules of process::recursive_mutex, for the recorded type and for its
// plain twin: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_RECURSIVE_MUTEX_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_RECURSIVE_MUTEX_TEST_BODY_H_

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "lockcheck/process.h"
#include "tests/instrument/process_steps.h"

// As in process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

using Lock = process::recursive_mutex;
using process::previous_owner;

class PROCESS_RECURSIVE_MUTEX_TEST : public ::testing::Test {
 protected:
  Lock& lock() { return shared_->lock; }
  bool IsFreeForOthers() {
    process::child other([&] {
      const bool taken = lock().try_lock();
      if (taken) lock().unlock();
      return taken;
    });
    other.join();
    return other.exit_status() == 1;
  }
  process::shared<SharedLock<Lock>> shared_;
};

TEST_F(PROCESS_RECURSIVE_MUTEX_TEST, ItsOwnerTakesItAgainInEveryWay) {
  EXPECT_EQ(lock().lock(), previous_owner::released);
  EXPECT_EQ(lock().lock(), previous_owner::released);
  EXPECT_TRUE(lock().try_lock());
  EXPECT_TRUE(lock().try_lock_for(milliseconds(0)));
  EXPECT_TRUE(lock().try_lock_until(steady_clock::now() + hours(1)));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(IsFreeForOthers());
    lock().unlock();
  }
  EXPECT_TRUE(IsFreeForOthers());
}

TEST_F(PROCESS_RECURSIVE_MUTEX_TEST, ExcludesProcessesAndThreads) {
  constexpr int kRounds = 1'000;
  const auto count = [&] {
    for (int i = 0; i < kRounds; ++i) {
      const std::lock_guard outer(lock());
      const std::lock_guard inner(lock());
      ++shared_->count;
    }
  };
  process::child one(count), two(count);
  std::thread thread(count);
  count();
  thread.join();
  one.join();
  two.join();
  EXPECT_EQ(shared_->count, 4 * kRounds);
}

TEST_F(PROCESS_RECURSIVE_MUTEX_TEST, IsRefusedWhileAnotherProcessHasIt) {
  process::child owner([&] {
    const std::lock_guard outer(lock());
    { const std::lock_guard inner(lock()); }
    shared_->Reach(1);
    shared_->Await(2);
  });
  shared_->Await(1);
  EXPECT_FALSE(lock().try_lock());
  EXPECT_FALSE(lock().try_lock_for(milliseconds(1)));
  shared_->Reach(2);
  owner.join();
  EXPECT_TRUE(lock().try_lock());
  lock().unlock();
}

TEST_F(PROCESS_RECURSIVE_MUTEX_TEST, WhoWaitsGetsItAfterTheLastRelease) {
  lock().lock();
  lock().lock();
  process::child waiter([&] {
    const std::lock_guard held(lock());
    return shared_->step.load();
  });
  AwaitSleepOf(waiter);
  lock().unlock();
  shared_->Reach(7);
  lock().unlock();
  waiter.join();
  EXPECT_EQ(waiter.exit_status(), 7);
}

TEST_F(PROCESS_RECURSIVE_MUTEX_TEST, TheDeathOfItsOwnerIsSaidAtEachLevel) {
  process::child owner([&] {
    lock().lock();
    lock().lock();
    raise(SIGKILL);
  });
  owner.join();
  EXPECT_EQ(lock().lock(), previous_owner::died);
  EXPECT_EQ(lock().lock(), previous_owner::died);
  EXPECT_TRUE(lock().try_lock());
  EXPECT_TRUE(lock().owner_died());
  lock().unlock();
  lock().consistent();
  EXPECT_FALSE(lock().owner_died());
  lock().unlock();
  EXPECT_FALSE(IsFreeForOthers());
  lock().unlock();
  EXPECT_TRUE(IsFreeForOthers());
  EXPECT_EQ(lock().lock(), previous_owner::released);
  lock().unlock();
}

TEST_F(PROCESS_RECURSIVE_MUTEX_TEST, IsNotRecoverableAfterTheLastRelease) {
  DieWith(*shared_);
  {
    const std::lock_guard outer(lock());
    const std::lock_guard inner(lock());
  }
  EXPECT_EQ(ErrorOf([&] { lock().lock(); }), std::errc::state_not_recoverable);
  EXPECT_EQ(ErrorOf([&] { (void)lock().try_lock_for(milliseconds(1)); }),
            std::errc::state_not_recoverable);
  EXPECT_FALSE(lock().try_lock());
}

TEST_F(PROCESS_RECURSIVE_MUTEX_TEST, ThereMustBeSomethingToRepair) {
  const std::lock_guard held(lock());
  EXPECT_EQ(ErrorOf([&] { lock().consistent(); }), std::errc::invalid_argument);
}

#if !defined(LOCKCHECK_DISABLED)
TEST_F(PROCESS_RECURSIVE_MUTEX_TEST, AReleaseOfAFreeOneDoesNothing) {
  lock().unlock();
  EXPECT_TRUE(lock().try_lock());
  lock().unlock();
}

TEST_F(PROCESS_RECURSIVE_MUTEX_TEST, AReleaseByAnotherIsNotPermitted) {
  lock().lock();
  const auto is_refused = [&] {
    return ErrorOf([&] { lock().unlock(); }) ==
           std::errc::operation_not_permitted;
  };
  // Nor is it to the child of who holds it.
  process::child other(is_refused);
  other.join();
  EXPECT_EQ(other.exit_status(), 1);
  bool refused = false;
  std::thread([&] { refused = is_refused(); }).join();
  EXPECT_TRUE(refused);
  lock().unlock();
}
#endif

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_RECURSIVE_MUTEX_TEST_BODY_H_

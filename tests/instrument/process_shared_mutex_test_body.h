// The rules of process::shared_mutex, for the recorded type and for its plain
// twin: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_SHARED_MUTEX_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_SHARED_MUTEX_TEST_BODY_H_

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "lockcheck/process.h"
#include "tests/instrument/process_steps.h"
#include "tests/instrument/sleeper.h"

// As in process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

using Lock = process::shared_mutex;
using process::previous_owner;

class PROCESS_SHARED_MUTEX_TEST : public ::testing::Test {
 protected:
  Lock& lock() { return shared_->lock; }
  // A process that has it until the step `until` is reached.
  process::child Writer(int until) {
    const int now = shared_->step;
    process::child writer([this, now, until] {
      const std::lock_guard held(lock());
      shared_->Reach(now + 1);
      shared_->Await(until);
    });
    shared_->Await(now + 1);
    return writer;
  }
  process::child Reader(int until) {
    const int now = shared_->step;
    process::child reader([this, now, until] {
      const std::shared_lock held(lock());
      shared_->Reach(now + 1);
      shared_->Await(until);
    });
    shared_->Await(now + 1);
    return reader;
  }
  template <typename Take>
  void DieWith(Take take) {
    process::child owner([&] {
      take();
      raise(SIGKILL);
    });
    owner.join();
    ASSERT_EQ(owner.exit_status(), -SIGKILL);
  }
  bool CanWrite() {
    const bool taken = lock().try_lock();
    if (taken) lock().unlock();
    return taken;
  }
  bool CanRead() {
    const bool taken = lock().try_lock_shared();
    if (taken) lock().unlock_shared();
    return taken;
  }
  process::shared<SharedLock<Lock>> shared_;
};

TEST_F(PROCESS_SHARED_MUTEX_TEST, AFreeOneIsTakenAtOnceInEveryWay) {
  EXPECT_EQ(lock().lock(), previous_owner::released);
  lock().unlock();
  EXPECT_TRUE(lock().try_lock());
  lock().unlock();
  EXPECT_TRUE(lock().try_lock_for(milliseconds(0)));
  lock().unlock();
  EXPECT_TRUE(lock().try_lock_until(system_clock::now() + hours(1)));
  lock().unlock();
  EXPECT_EQ(lock().lock_shared(), previous_owner::released);
  lock().unlock_shared();
  EXPECT_TRUE(lock().try_lock_shared());
  lock().unlock_shared();
  EXPECT_TRUE(lock().try_lock_shared_for(milliseconds(0)));
  lock().unlock_shared();
  EXPECT_TRUE(lock().try_lock_shared_until(steady_clock::now() + hours(1)));
  lock().unlock_shared();
}

TEST_F(PROCESS_SHARED_MUTEX_TEST, AWriterKeepsEverybodyOut) {
  process::child writer = Writer(2);
  EXPECT_FALSE(lock().try_lock());
  EXPECT_FALSE(lock().try_lock_for(milliseconds(1)));
  EXPECT_FALSE(lock().try_lock_until(steady_clock::now() + milliseconds(1)));
  EXPECT_FALSE(lock().try_lock_shared());
  EXPECT_FALSE(lock().try_lock_shared_for(milliseconds(1)));
  EXPECT_FALSE(
      lock().try_lock_shared_until(system_clock::now() + milliseconds(1)));
  shared_->Reach(2);
  writer.join();
  EXPECT_TRUE(CanWrite());
  EXPECT_TRUE(CanRead());
}

TEST_F(PROCESS_SHARED_MUTEX_TEST, ReadersKeepWritersOutAndNobodyElse) {
  process::child one = Reader(3), two = Reader(3);
  EXPECT_TRUE(CanRead());
  EXPECT_FALSE(lock().try_lock());
  EXPECT_FALSE(lock().try_lock_for(milliseconds(1)));
  // Read again in another thread, and within itself.
  lock().lock_shared();
  std::thread([&] { EXPECT_TRUE(CanRead()); }).join();
  EXPECT_TRUE(CanRead());
  shared_->Reach(3);
  one.join();
  two.join();
  EXPECT_FALSE(lock().try_lock());
  lock().unlock_shared();
  EXPECT_TRUE(CanWrite());
}

TEST_F(PROCESS_SHARED_MUTEX_TEST, ExcludesWritersOfProcessesAndThreads) {
  constexpr int kRounds = 500;
  const auto work = [&] {
    for (int i = 0; i < kRounds; ++i) {
      {
        const std::lock_guard held(lock());
        ++shared_->count;
      }
      const std::shared_lock held(lock());
      const long seen = shared_->count;
      for (int turn = 0; turn < 100; ++turn) asm volatile("" ::: "memory");
      if (shared_->count != seen) return 1;
    }
    return 0;
  };
  process::child one(work), two(work);
  std::thread thread([&] { EXPECT_EQ(work(), 0); });
  EXPECT_EQ(work(), 0);
  thread.join();
  one.join();
  two.join();
  EXPECT_EQ(one.exit_status(), 0);
  EXPECT_EQ(two.exit_status(), 0);
  EXPECT_EQ(shared_->count, 4 * kRounds);
}

TEST_F(PROCESS_SHARED_MUTEX_TEST, AWriterGetsItWhenTheLastReaderGoes) {
  lock().lock_shared();
  process::child reader = Reader(2);
  process::child writer([&] {
    const std::lock_guard held(lock());
    return shared_->step.load();
  });
  AwaitSleepOf(writer);
  // Readers go first.
  EXPECT_TRUE(CanRead());
  shared_->Reach(2);
  reader.join();
  shared_->Reach(7);
  lock().unlock_shared();
  writer.join();
  EXPECT_EQ(writer.exit_status(), 7);
}

TEST_F(PROCESS_SHARED_MUTEX_TEST, ReadersGetItWhenTheWriterGoes) {
  lock().lock();
  const auto read = [&] {
    const std::shared_lock held(lock());
    return shared_->step.load();
  };
  process::child one(read), two(read);
  AwaitSleepOf(one);
  AwaitSleepOf(two);
  shared_->Reach(7);
  lock().unlock();
  one.join();
  two.join();
  EXPECT_EQ(one.exit_status(), 7);
  EXPECT_EQ(two.exit_status(), 7);
}

TEST_F(PROCESS_SHARED_MUTEX_TEST, MoreProcessesReadThanThereIsRoomFor) {
  // So many read together: the last of them has no slot and keeps the guard.
  constexpr int kTogether = 128 + 1;
  constexpr int kReaders = 150;
  std::deque<process::child> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      lock().lock_shared();
      if (++shared_->step <= kTogether) {
        shared_->Await(kTogether);
        // Who reads may read again, whoever has the guard.
        { const std::shared_lock again(lock()); }
        if (!CanRead()) return 1;
        ++shared_->step;
        shared_->Await(2 * kTogether);
      }
      lock().unlock_shared();
      return 0;
    });
  }
  for (process::child& reader : readers) {
    reader.join();
    EXPECT_EQ(reader.exit_status(), 0);
  }
  EXPECT_EQ(shared_->step, kReaders + kTogether);
  EXPECT_TRUE(CanWrite());
}

// ---- Death ------------------------------------------------------------------
TEST_F(PROCESS_SHARED_MUTEX_TEST, AReaderThatDiesKeepsNobodyOut) {
  DieWith([&] { lock().lock_shared(); });
  EXPECT_EQ(lock().lock(), previous_owner::released);
  lock().unlock();
  DieWith([&] {
    lock().lock_shared();
    lock().lock_shared();
  });
  EXPECT_TRUE(CanWrite());
}

TEST_F(PROCESS_SHARED_MUTEX_TEST, NorDoesOneThatNobodyHasWaitedFor) {
  process::child reader([&] {
    lock().lock_shared();
    shared_->Reach(1);
    while (true) pause();
  });
  shared_->Await(1);
  testing::Sleeper writer([&] {
    lock().lock();
    lock().unlock();
  });
  EXPECT_TRUE(writer.UntilAsleep());
  reader.kill();
  writer.Join();
}

TEST_F(PROCESS_SHARED_MUTEX_TEST, AWriterThatWaitsAndDiesLeavesNothing) {
  lock().lock_shared();
  process::child writer([&] { lock().lock(); });
  AwaitSleepOf(writer);
  writer.kill();
  writer.join();
  EXPECT_TRUE(CanRead());
  lock().unlock_shared();
  EXPECT_EQ(lock().lock(), previous_owner::released);
  lock().unlock();
}

TEST_F(PROCESS_SHARED_MUTEX_TEST, AWritersDeathIsSaidToAllUntilItIsRepaired) {
  DieWith([&] { lock().lock(); });
  EXPECT_EQ(lock().lock_shared(), previous_owner::died);
  EXPECT_EQ(ErrorOf([&] { lock().consistent(); }),
            std::errc::operation_not_permitted);
  lock().unlock_shared();
  EXPECT_TRUE(lock().try_lock_shared());
  EXPECT_TRUE(lock().owner_died());
  lock().unlock_shared();
  EXPECT_EQ(lock().lock(), previous_owner::died);
  lock().consistent();
  EXPECT_FALSE(lock().owner_died());
  EXPECT_EQ(ErrorOf([&] { lock().consistent(); }), std::errc::invalid_argument);
  lock().unlock();
  EXPECT_EQ(lock().lock_shared(), previous_owner::released);
  lock().unlock_shared();
}

TEST_F(PROCESS_SHARED_MUTEX_TEST, IsNotRecoverableIfAWriterDidNotRepairIt) {
  DieWith([&] { lock().lock(); });
  EXPECT_TRUE(CanRead());
  { const std::lock_guard ignores(lock()); }
  const auto is_not_recoverable = [&](auto ask) {
    return ErrorOf(ask) == std::errc::state_not_recoverable;
  };
  EXPECT_TRUE(is_not_recoverable([&] { lock().lock(); }));
  EXPECT_TRUE(is_not_recoverable([&] { lock().lock_shared(); }));
  EXPECT_TRUE(
      is_not_recoverable([&] { (void)lock().try_lock_for(milliseconds(1)); }));
  EXPECT_TRUE(is_not_recoverable(
      [&] { (void)lock().try_lock_shared_for(milliseconds(1)); }));
  EXPECT_FALSE(lock().try_lock());
  EXPECT_FALSE(lock().try_lock_shared());
}

#if !defined(LOCKCHECK_DISABLED)
TEST_F(PROCESS_SHARED_MUTEX_TEST, AReleaseOfAFreeOneDoesNothing) {
  lock().unlock();
  lock().unlock_shared();
  EXPECT_TRUE(CanWrite());
}

TEST_F(PROCESS_SHARED_MUTEX_TEST, AReleaseByAnotherDoesNothing) {
  process::child writer = Writer(2);
  EXPECT_EQ(ErrorOf([&] { lock().unlock(); }),
            std::errc::operation_not_permitted);
  lock().unlock_shared();
  EXPECT_FALSE(CanRead());
  shared_->Reach(2);
  writer.join();
  lock().lock_shared();
  process::child child([&] {
    lock().unlock_shared();
    return CanWrite();
  });
  child.join();
  EXPECT_EQ(child.exit_status(), 0);
  lock().unlock_shared();
}
#endif

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_SHARED_MUTEX_TEST_BODY_H_

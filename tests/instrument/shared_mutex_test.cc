// The rules of shared_mutex and shared_timed_mutex that their exclusive side
// does not share with the other mutexes; that side is tested in mutex_test.cc.
#include "lockcheck/shared_mutex.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "lockcheck/shared_lock.h"
#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Sleeper;

template <typename Lock>
class Shared : public ::testing::Test {
 protected:
  // What another thread gets.
  bool OtherReads() {
    bool got = false;
    thread([&] {
      got = lock_.try_lock_shared();
      if (got) lock_.unlock_shared();
    }).join();
    return got;
  }
  bool OtherWrites() {
    bool got = false;
    thread([&] {
      got = lock_.try_lock();
      if (got) lock_.unlock();
    }).join();
    return got;
  }
  Lock lock_;
};
using SharedTypes = ::testing::Types<shared_mutex, shared_timed_mutex>;
TYPED_TEST_SUITE(Shared, SharedTypes);

TYPED_TEST(Shared, ManyReadAtOnceAndNobodyWrites) {
  this->lock_.lock_shared();
  EXPECT_TRUE(this->OtherReads());
  EXPECT_FALSE(this->OtherWrites());
  this->lock_.unlock_shared();
  EXPECT_TRUE(this->OtherWrites());
}

TYPED_TEST(Shared, OneWritesAndNobodyReads) {
  this->lock_.lock();
  EXPECT_FALSE(this->OtherReads());
  EXPECT_FALSE(this->OtherWrites());
  this->lock_.unlock();
  EXPECT_TRUE(this->OtherReads());
}

TYPED_TEST(Shared, AReaderWaitsForTheWriter) {
  std::atomic<bool> released = false, saw_released = false;
  this->lock_.lock();
  Sleeper reader([&] {
    this->lock_.lock_shared();
    saw_released = released.load();
    this->lock_.unlock_shared();
  });
  EXPECT_TRUE(reader.UntilAsleep());
  released = true;
  this->lock_.unlock();
  reader.Join();
  EXPECT_TRUE(saw_released);
}

TYPED_TEST(Shared, AWriterWaitsForTheLastReader) {
  std::atomic<int> reading = 2, seen = -1;
  this->lock_.lock_shared();
  this->lock_.lock_shared();
  Sleeper writer([&] {
    this->lock_.lock();
    seen = reading.load();
    this->lock_.unlock();
  });
  EXPECT_TRUE(writer.UntilAsleep());
  reading = 1;
  this->lock_.unlock_shared();
  EXPECT_TRUE(writer.UntilAsleep());
  reading = 0;
  this->lock_.unlock_shared();
  writer.Join();
  EXPECT_EQ(seen, 0);
}

TYPED_TEST(Shared, WhoReadsMayReadAgainThoughAWriterWaits) {
  this->lock_.lock_shared();
  Sleeper writer([&] {
    this->lock_.lock();
    this->lock_.unlock();
  });
  EXPECT_TRUE(writer.UntilAsleep());
  this->lock_.lock_shared();
  this->lock_.unlock_shared();
  EXPECT_TRUE(this->OtherReads());
  this->lock_.unlock_shared();
}

TYPED_TEST(Shared, AReleaseWakesAllWaitingReaders) {
  std::atomic<int> inside = 0;
  this->lock_.lock();
  std::vector<std::unique_ptr<Sleeper>> readers;
  for (int i = 0; i < 6; ++i) {
    readers.push_back(std::make_unique<Sleeper>([&] {
      this->lock_.lock_shared();
      ++inside;
      // Nobody leaves before all are in.
      for (int n; (n = inside.load()) < 6;) inside.wait(n);
      inside.notify_all();
      this->lock_.unlock_shared();
    }));
  }
  for (const auto& reader : readers) EXPECT_TRUE(reader->UntilAsleep());
  this->lock_.unlock();
  readers.clear();
  EXPECT_EQ(inside, 6);
}

TYPED_TEST(Shared, WritersExcludeAndPublishToReaders) {
  int a = 0, b = 0;  // not atomic: equal whenever nobody writes
  std::atomic<bool> unequal = false;
  std::vector<thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) {
        this->lock_.lock();
        ++a;
        ++b;
        this->lock_.unlock();
      }
    });
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) {
        this->lock_.lock_shared();
        if (a != b) unequal = true;
        this->lock_.unlock_shared();
      }
    });
  }
  for (thread& t : threads) t.join();
  EXPECT_FALSE(unequal);
  EXPECT_EQ(a, 20'000);
}

TYPED_TEST(Shared, StdsAndItsOwnGuardsWorkWithIt) {
  {
    const std::shared_lock guard(this->lock_);
    EXPECT_FALSE(this->OtherWrites());
  }
  {
    shared_lock guard(this->lock_);
    EXPECT_TRUE(guard.owns_lock());
    EXPECT_TRUE(this->OtherReads());
    EXPECT_FALSE(this->OtherWrites());
    EXPECT_THROW(guard.lock(), std::system_error);
    guard.unlock();
    EXPECT_THROW(guard.unlock(), std::system_error);
    EXPECT_TRUE(this->OtherWrites());
    EXPECT_TRUE(guard.try_lock());
    shared_lock other(std::move(guard));
    EXPECT_FALSE(guard);
    EXPECT_TRUE(other);
  }
  {
    shared_lock<TypeParam> none;
    EXPECT_THROW(none.lock(), std::system_error);
    shared_lock later(this->lock_, defer_lock);
    EXPECT_FALSE(later);
    EXPECT_TRUE(this->OtherWrites());
  }
  EXPECT_TRUE(this->OtherWrites());
}

using SharedTimed = Shared<shared_timed_mutex>;

TEST_F(SharedTimed, ReadingTimesOutWhileSomebodyWrites) {
  lock_.lock();
  Sleeper([&] {
    const auto start = steady_clock::now();
    EXPECT_FALSE(lock_.try_lock_shared_for(milliseconds(-1)));
    EXPECT_FALSE(lock_.try_lock_shared_for(milliseconds(20)));
    EXPECT_GE(steady_clock::now() - start, milliseconds(20));
    shared_lock guard(lock_, milliseconds(1));
    EXPECT_FALSE(guard);
  }).Join();
  lock_.unlock();
  EXPECT_TRUE(lock_.try_lock_shared_until(steady_clock::time_point::min()));
  EXPECT_FALSE(OtherWrites());
  lock_.unlock_shared();
}

TEST_F(SharedTimed, WritingTimesOutWhileSomebodyReads) {
  lock_.lock_shared();
  Sleeper([&] { EXPECT_FALSE(lock_.try_lock_for(milliseconds(5))); }).Join();
  lock_.unlock_shared();
  EXPECT_TRUE(lock_.try_lock_for(std::chrono::hours(1)));
  lock_.unlock();
}

// Readers and writers, patient and hasty: whoever gives up must pass on a
// wake-up that another one needs. If that is forgotten, this test hangs.
TEST_F(SharedTimed, WhoGivesUpStrandsNobody) {
  std::atomic<int> patient = 4;
  std::vector<thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 3'000; ++n) {
        lock_.lock();
        lock_.unlock();
      }
      --patient;
    });
    threads.emplace_back([&] {
      for (int n = 0; n < 3'000; ++n) {
        lock_.lock_shared();
        lock_.unlock_shared();
      }
      --patient;
    });
    threads.emplace_back([&, i] {
      while (patient > 0) {
        if (lock_.try_lock_for(std::chrono::microseconds(5 * i)))
          lock_.unlock();
        if (lock_.try_lock_shared_for(std::chrono::microseconds(7 * i))) {
          lock_.unlock_shared();
        }
      }
    });
  }
  for (thread& t : threads) t.join();
}

}  // namespace
}  // namespace lockcheck

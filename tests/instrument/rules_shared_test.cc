// The rules of reading and writing, for std's types as well.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "lockcheck/shared_mutex.h"
#include "lockcheck/thread.h"
#include "tests/instrument/other_thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

template <typename Lock>
class SharedRules : public ::testing::Test {
 protected:
  Lock lock_;
};
using SharedLocks =
    ::testing::Types<shared_mutex, shared_timed_mutex, std::shared_mutex,
                     std::shared_timed_mutex>;
TYPED_TEST_SUITE(SharedRules, SharedLocks);

TYPED_TEST(SharedRules, ManyReadAtTheSameTime) {
  constexpr int kReaders = 8;
  std::atomic<int> inside = 0;
  std::vector<thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      this->lock_.lock_shared();
      ++inside;
      // Nobody leaves before all are in.
      while (inside < kReaders) this_thread::yield();
      this->lock_.unlock_shared();
    });
  }
  for (thread& reader : readers) reader.join();
  EXPECT_TRUE(OtherGets(this->lock_));
}

TYPED_TEST(SharedRules, WhoReadsKeepsWritersOutAndLetsReadersIn) {
  this->lock_.lock_shared();
  EXPECT_FALSE(OtherGets(this->lock_));
  EXPECT_TRUE(OtherReads(this->lock_));
  this->lock_.unlock_shared();
  EXPECT_TRUE(OtherGets(this->lock_));
}

TYPED_TEST(SharedRules, WhoWritesKeepsAllOut) {
  this->lock_.lock();
  EXPECT_FALSE(OtherGets(this->lock_));
  EXPECT_FALSE(OtherReads(this->lock_));
  this->lock_.unlock();
  EXPECT_TRUE(OtherReads(this->lock_));
}

TYPED_TEST(SharedRules, AWriterGetsItWithTheLastRelease) {
  std::atomic<int> reading = 2, seen = -1;
  ASSERT_TRUE(this->lock_.try_lock_shared());
  std::atomic<bool> leave = false;
  Sleeper reader([&] {
    this->lock_.lock_shared();
    leave.wait(false);
    --reading;
    this->lock_.unlock_shared();
  });
  ASSERT_TRUE(reader.UntilAsleep());
  Sleeper writer([&] {
    this->lock_.lock();
    seen = reading.load();
    this->lock_.unlock();
  });
  ASSERT_TRUE(writer.UntilAsleep());
  --reading;
  this->lock_.unlock_shared();
  leave = true;
  leave.notify_all();
  writer.Join();
  EXPECT_EQ(seen, 0);
}

TYPED_TEST(SharedRules, AReaderGetsItWhenTheWriterIsDone) {
  std::atomic<bool> written = false, seen = false;
  this->lock_.lock();
  Sleeper reader([&] {
    this->lock_.lock_shared();
    seen = written.load();
    this->lock_.unlock_shared();
  });
  ASSERT_TRUE(reader.UntilAsleep());
  written = true;
  this->lock_.unlock();
  reader.Join();
  EXPECT_TRUE(seen);
}

TYPED_TEST(SharedRules, TriesThatFailChangeNothing) {
  this->lock_.lock_shared();
  EXPECT_FALSE(OtherGets(this->lock_));
  EXPECT_FALSE(OtherGets(this->lock_));
  this->lock_.unlock_shared();
  this->lock_.lock();
  EXPECT_FALSE(OtherReads(this->lock_));
  this->lock_.unlock();
  EXPECT_TRUE(OtherGets(this->lock_));
}

// Not atomic: ThreadSanitizer sees if a writer does not come after the readers
// before it, or they not after the writer before them.
TYPED_TEST(SharedRules, WritersAndReadersSeeWhatTheOtherDidBefore) {
  int written = 0;
  std::vector<int> seen(2);
  std::vector<thread> threads;
  for (int& mine : seen) {
    threads.emplace_back([&] {
      while (mine < 1'000) {
        this->lock_.lock_shared();
        mine = written;
        this->lock_.unlock_shared();
      }
    });
  }
  while (written < 1'000) {
    const std::lock_guard guard(this->lock_);
    ++written;
    // What readers wrote in their own place.
    EXPECT_LT(seen[0], written);
    EXPECT_LT(seen[1], written);
  }
  for (thread& t : threads) t.join();
}

template <typename Lock>
class SharedTimedRules : public SharedRules<Lock> {
 protected:
  // Whether a reader that waits so long gets what is released.
  template <typename Ask>
  bool GetsWhatIsReleased(Ask ask) {
    bool got = false;
    this->lock_.lock();
    Sleeper reader([&] {
      got = ask(this->lock_);
      if (got) this->lock_.unlock_shared();
    });
    EXPECT_TRUE(reader.UntilAsleep());
    this->lock_.unlock();
    reader.Join();
    return got;
  }
};
using SharedTimedLocks =
    ::testing::Types<shared_timed_mutex, std::shared_timed_mutex>;
TYPED_TEST_SUITE(SharedTimedRules, SharedTimedLocks);

TYPED_TEST(SharedTimedRules, AReaderGivesUpWhenTheTimeIsOverAndNotBefore) {
  this->lock_.lock();
  thread([&] {
    EXPECT_FALSE(this->lock_.try_lock_shared_for(milliseconds(-1)));
    EXPECT_FALSE(this->lock_.try_lock_shared_until(system_clock::time_point()));
    const auto start = steady_clock::now();
    EXPECT_FALSE(this->lock_.try_lock_shared_for(milliseconds(10)));
    EXPECT_GE(steady_clock::now() - start, milliseconds(10));
    const auto until = system_clock::now() + milliseconds(10);
    EXPECT_FALSE(this->lock_.try_lock_shared_until(until));
    EXPECT_GE(system_clock::now(), until);
  }).join();
  this->lock_.unlock();
  EXPECT_TRUE(OtherReads(this->lock_));
}

TYPED_TEST(SharedTimedRules, AReaderGetsWhatIsReleasedInTime) {
  EXPECT_TRUE(this->GetsWhatIsReleased(
      [](auto& lock) { return lock.try_lock_shared_for(hours(1)); }));
  EXPECT_TRUE(this->GetsWhatIsReleased([](auto& lock) {
    return lock.try_lock_shared_until(steady_clock::now() + hours(1));
  }));
  EXPECT_TRUE(this->GetsWhatIsReleased([](auto& lock) {
    return lock.try_lock_shared_until(system_clock::now() + hours(1));
  }));
}

TYPED_TEST(SharedTimedRules, ReadersDoNotWaitForReadersThoughTheTimeIsOver) {
  this->lock_.lock_shared();
  thread([&] {
    EXPECT_TRUE(this->lock_.try_lock_shared_for(milliseconds(-1)));
    this->lock_.unlock_shared();
    EXPECT_TRUE(this->lock_.try_lock_shared_until(steady_clock::time_point()));
    this->lock_.unlock_shared();
    EXPECT_FALSE(this->lock_.try_lock_for(milliseconds(1)));
  }).join();
  this->lock_.unlock_shared();
}

// std leaves that undefined.
template <typename Lock>
class OwnSharedRules : public SharedRules<Lock> {};
using OwnSharedLocks = ::testing::Types<shared_mutex, shared_timed_mutex>;
TYPED_TEST_SUITE(OwnSharedRules, OwnSharedLocks);

TYPED_TEST(OwnSharedRules, ATryByOneWhoHoldsItTheOtherWayIsRefused) {
  this->lock_.lock_shared();
  EXPECT_FALSE(this->lock_.try_lock());
  this->lock_.unlock_shared();
  this->lock_.lock();
  EXPECT_FALSE(this->lock_.try_lock_shared());
  this->lock_.unlock();
  EXPECT_TRUE(OtherGets(this->lock_));
}

TYPED_TEST(OwnSharedRules, WhoReadsTwiceReleasesTwice) {
  this->lock_.lock_shared();
  EXPECT_TRUE(this->lock_.try_lock_shared());
  this->lock_.unlock_shared();
  EXPECT_FALSE(OtherGets(this->lock_));
  this->lock_.unlock_shared();
  EXPECT_TRUE(OtherGets(this->lock_));
}

TYPED_TEST(OwnSharedRules, AReleaseOfWhatNobodyReadsDoesNothing) {
  this->lock_.unlock_shared();
  EXPECT_TRUE(OtherGets(this->lock_));
  this->lock_.lock_shared();
  EXPECT_FALSE(OtherGets(this->lock_));
  this->lock_.unlock_shared();
  EXPECT_TRUE(OtherGets(this->lock_));
}

}  // namespace
}  // namespace lockcheck::testing

// Joins of a thread_pool with a time limit.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>

#include "lockcheck/thread_pool.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::Sleeper;

TEST(ThreadPool, ATimedJoinGivesUpInTimeOrIsEndedByTheLastTask) {
  thread_pool pool(2);
  std::latch gate(1);
  pool.submit([&] { gate.wait(); });
  pool.close();
  EXPECT_FALSE(pool.join_for(milliseconds(1)));
  EXPECT_FALSE(pool.join_for(hours(-1)));
  EXPECT_FALSE(pool.join_until(std::chrono::system_clock::now()));
  bool joined = false;
  Sleeper waiter([&] { joined = pool.join_for(hours(1)); });
  ASSERT_TRUE(waiter.UntilAsleep());
  gate.count_down();
  waiter.Join();
  EXPECT_TRUE(joined);
  EXPECT_TRUE(pool.join_for(hours(0)));
  EXPECT_TRUE(pool.join_until(std::chrono::steady_clock::now()));
  pool.join();
}

TEST(ThreadPool, ATimedJoinIsRefusedAsAnyJoin) {
  thread_pool pool(1);
  EXPECT_THROW(pool.join_for(hours(1)), std::logic_error);
  auto task = pool.submit([&] {
    pool.close();
    pool.join_for(hours(1));
  });
  EXPECT_THROW(task.get(), std::logic_error);
}

TEST(ThreadPool, WhoGivesUpLeavesTheJoinToOthers) {
  thread_pool pool(1);
  std::latch gate(1);
  pool.submit([&] { gate.wait(); });
  pool.close();
  std::atomic<int> joined = 0;
  Sleeper plain([&] {
    pool.join();
    ++joined;
  });
  ASSERT_TRUE(plain.UntilAsleep());
  Sleeper timed([&] { joined += pool.join_for(hours(1)); });
  ASSERT_TRUE(timed.UntilAsleep());
  EXPECT_FALSE(pool.join_for(milliseconds(1)));
  EXPECT_EQ(joined, 0);
  gate.count_down();
  plain.Join();
  timed.Join();
  EXPECT_EQ(joined, 2);
}

// A worker has not ended before they have.
TEST(ThreadPool, ATimedJoinWaitsForThreadLocalObjects) {
  struct WaitsAtEnd {
    std::latch* gate = nullptr;
    ~WaitsAtEnd() {
      if (gate != nullptr) gate->wait();
    }
  };
  std::latch gate(1);
  thread_pool pool(1);
  pool.submit([&] {
        thread_local WaitsAtEnd waits;
        waits.gate = &gate;
      })
      .get();
  pool.close();
  EXPECT_FALSE(pool.join_for(milliseconds(1)));
  gate.count_down();
  EXPECT_TRUE(pool.join_for(hours(1)));
}

}  // namespace
}  // namespace lockcheck

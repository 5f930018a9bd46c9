// The rules of event, one by one.
#include "lockcheck/event.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::Sleeper;

constinit event constant_event("constant");

// It asks another clock, which stands still until it is told to go on.
struct EventClock {
  using duration = milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<EventClock>;
  [[maybe_unused]] static constexpr bool is_steady = true;
  static inline std::atomic<int> asked = 0;
  static time_point now() { return time_point(milliseconds(asked++)); }
};

class EventTest : public ::testing::Test {
 protected:
  // Begins to wait, and is asleep.
  void StartWaiting() {
    waiters_.push_back(std::make_unique<Sleeper>([this] {
      event_.wait();
      ++released_;
    }));
    ASSERT_TRUE(waiters_.back()->UntilAsleep());
  }
  void AllReturn() { waiters_.clear(); }

  event event_{"event"};
  std::atomic<int> released_ = 0;
  std::vector<std::unique_ptr<Sleeper>> waiters_;
};

TEST_F(EventTest, ItStartsClear) {
  EXPECT_FALSE(event_.is_set());
  EXPECT_FALSE(event_.wait_for(milliseconds(1)));
  EXPECT_FALSE(constant_event.is_set());
}

TEST_F(EventTest, WhileItIsSetAWaitReturnsAtOnce) {
  event_.set();
  EXPECT_TRUE(event_.is_set());
  for (int i = 0; i < 3; ++i) event_.wait();
  EXPECT_TRUE(event_.wait_for(milliseconds(-1)));
  EXPECT_TRUE(event_.wait_for(hours(1)));
  EXPECT_TRUE(event_.wait_until(std::chrono::steady_clock::now() - hours(1)));
}

TEST_F(EventTest, AWaitBlocksUntilItIsSet) {
  StartWaiting();
  EXPECT_EQ(released_, 0);
  event_.set();
  AllReturn();
  EXPECT_EQ(released_, 1);
  EXPECT_TRUE(event_.is_set());
}

TEST_F(EventTest, ASetReleasesEveryoneWhoWaits) {
  for (int i = 0; i < 5; ++i) ASSERT_NO_FATAL_FAILURE(StartWaiting());
  event_.set();
  AllReturn();
  EXPECT_EQ(released_, 5);
}

TEST_F(EventTest, ASetReleasesEveryoneEvenIfAClearFollowsAtOnce) {
  for (int round = 1; round <= 20; ++round) {
    for (int i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(StartWaiting());
    event_.set();
    event_.clear();
    AllReturn();
    EXPECT_EQ(released_, 3 * round);
  }
  EXPECT_FALSE(event_.is_set());
}

TEST_F(EventTest, AfterAClearWaitsBlockAgain) {
  event_.set();
  event_.clear();
  EXPECT_FALSE(event_.is_set());
  EXPECT_FALSE(event_.wait_for(milliseconds(1)));
  ASSERT_NO_FATAL_FAILURE(StartWaiting());
  event_.set();
  AllReturn();
  EXPECT_EQ(released_, 1);
}

TEST_F(EventTest, AClearOfAClearEventWakesNobody) {
  ASSERT_NO_FATAL_FAILURE(StartWaiting());
  event_.clear();
  EXPECT_EQ(released_, 0);
  EXPECT_TRUE(waiters_[0]->UntilAsleep());
  event_.set();
  event_.set();
  AllReturn();
  EXPECT_EQ(released_, 1);
}

TEST_F(EventTest, ATimedWaitSaysWhetherItWasSet) {
  bool was_set = false;
  Sleeper waiter([&] { was_set = event_.wait_for(hours(1)); });
  ASSERT_TRUE(waiter.UntilAsleep());
  event_.set();
  event_.clear();
  waiter.Join();
  EXPECT_TRUE(was_set);

  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(event_.wait_for(milliseconds(20)));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(20));
  EXPECT_FALSE(event_.wait_for(milliseconds(0)));
  EXPECT_FALSE(event_.wait_until(std::chrono::steady_clock::now()));
  EXPECT_FALSE(
      event_.wait_until(std::chrono::system_clock::now() + milliseconds(1)));
}

TEST_F(EventTest, ADeadlineOfAnotherClockIsAskedForAgain) {
  EventClock::asked = 0;
  EXPECT_FALSE(event_.wait_until(EventClock::time_point(milliseconds(5))));
  EXPECT_GE(EventClock::asked, 5);
}

// The threads use one event; who waits frees it.
TEST_F(EventTest, WhoHasWaitedMayDestroyIt) {
  for (int i = 0; i < 2'000; ++i) {
    auto done = std::make_unique<event>();
    thread setter([raw = done.get()] { raw->set(); });
    done->wait();
    done.reset();
    setter.join();
  }
}

// What was written before the set is seen after the wait; no set is missed.
TEST_F(EventTest, TwoThreadsThatTakeTurnsMissNoSet) {
  constexpr int kRounds = 20'000;
  event ping, pong;
  int turn = 0;
  thread other([&] {
    for (int i = 0; i < kRounds; ++i) {
      ping.wait();
      ping.clear();
      ++turn;
      pong.set();
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    ping.set();
    pong.wait();
    pong.clear();
    ASSERT_EQ(turn, i + 1);
  }
  other.join();
}

// Waiters of all kinds against one who sets and clears all the time.
TEST_F(EventTest, ManySetsAndClearsLoseNoWaiter) {
  constexpr int kWaits = 3'000;
  std::atomic<int> left = 3;
  std::vector<thread> threads;
  for (int kind = 0; kind < 3; ++kind) {
    threads.emplace_back([&, kind] {
      for (int i = 0; i < kWaits; ++i) {
        if (kind == 0) event_.wait();
        if (kind == 1) event_.wait_for(std::chrono::microseconds(i % 50));
        if (kind == 2) released_ += event_.wait_for(hours(1));
      }
      --left;
    });
  }
  while (left > 0) {
    event_.set();
    event_.clear();
  }
  for (thread& t : threads) t.join();
  EXPECT_EQ(released_, kWaits);
}

}  // namespace
}  // namespace lockcheck

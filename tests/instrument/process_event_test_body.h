// The rules of process::event, for the recorded type and for its plain twin:
// included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_EVENT_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_EVENT_TEST_BODY_H_

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
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
  process::event event{"event"};
};

struct ForeignClock {
  using duration = milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<ForeignClock>;
  static constexpr bool is_steady = true;
  static time_point now() {
    return time_point(std::chrono::duration_cast<duration>(
        steady_clock::now().time_since_epoch()));
  }
};

class PROCESS_EVENT_TEST : public ::testing::Test {
 protected:
  process::child WaitingChild() {
    return process::child([this] {
      shared_->event.wait();
      shared_->Add();
    });
  }
  // One after the other: who sleeps beside others that begin to wait may do so
  // for what they do together, and not wait yet.
  std::vector<process::child> SleepingChildren(int n) {
    std::vector<process::child> children;
    for (int i = 0; i < n; ++i) {
      children.push_back(WaitingChild());
      AwaitSleepOf(children.back());
    }
    return children;
  }
  process::shared<Shared> shared_;
};

TEST_F(PROCESS_EVENT_TEST, IsNeitherCopiedNorMoved) {
  EXPECT_FALSE(std::is_copy_constructible_v<process::event>);
  EXPECT_FALSE(std::is_move_constructible_v<process::event>);
  EXPECT_FALSE(std::is_copy_assignable_v<process::event>);
}

TEST_F(PROCESS_EVENT_TEST, StartsClearAndStaysSetUntilItIsCleared) {
  process::event& event = shared_->event;
  EXPECT_FALSE(event.is_set());
  event.clear();
  EXPECT_FALSE(event.is_set());
  event.set();
  event.set();
  EXPECT_TRUE(event.is_set());
  event.wait();
  event.wait();
  event.clear();
  EXPECT_FALSE(event.is_set());
  EXPECT_FALSE(event.wait_for(milliseconds(1)));
}

TEST_F(PROCESS_EVENT_TEST, TimedWaitsSayWhetherItWasSet) {
  process::event& event = shared_->event;
  const auto soon = milliseconds(1);
  EXPECT_FALSE(event.wait_for(milliseconds(0)));
  EXPECT_FALSE(event.wait_for(milliseconds(-1)));
  EXPECT_FALSE(event.wait_for(soon));
  EXPECT_FALSE(event.wait_until(steady_clock::now() + soon));
  EXPECT_FALSE(event.wait_until(system_clock::now() + soon));
  EXPECT_FALSE(event.wait_until(ForeignClock::now() + soon));
  event.set();
  EXPECT_TRUE(event.wait_for(milliseconds(0)));
  EXPECT_TRUE(event.wait_for(soon));
  EXPECT_TRUE(event.wait_until(steady_clock::now() - hours(1)));
  EXPECT_TRUE(event.wait_until(system_clock::now() + soon));
  EXPECT_TRUE(event.wait_until(ForeignClock::now() + soon));
}

TEST_F(PROCESS_EVENT_TEST, EveryWaiterOfEveryProcessIsReleased) {
  std::vector<process::child> children;
  for (int i = 0; i < 3; ++i) children.push_back(WaitingChild());
  testing::Sleeper thread([&] { shared_->event.wait(); });
  for (const process::child& child : children) AwaitSleepOf(child);
  EXPECT_TRUE(thread.UntilAsleep());
  EXPECT_EQ(shared_->step, 0);
  shared_->event.set();
  thread.Join();
  for (process::child& child : children) child.join();
  EXPECT_EQ(shared_->step, 3);
}

TEST_F(PROCESS_EVENT_TEST, ASetReleasesWhoWaitsEvenIfAClearFollowsAtOnce) {
  std::vector<process::child> children = SleepingChildren(2);
  shared_->event.set();
  shared_->event.clear();
  for (process::child& child : children) child.join();
  EXPECT_EQ(shared_->step, 2);
  EXPECT_FALSE(shared_->event.is_set());
}

TEST_F(PROCESS_EVENT_TEST, AChildSetsIt) {
  process::child setter([&] { shared_->event.set(); });
  shared_->event.wait();
  setter.join();
  EXPECT_TRUE(shared_->event.wait_for(hours(1)));
}

TEST_F(PROCESS_EVENT_TEST, MoreWaitersThanThereIsRoomForAreReleasedToo) {
  constexpr int kWaiters = 40;
  std::vector<process::child> children = SleepingChildren(kWaiters);
  EXPECT_FALSE(shared_->event.wait_for(milliseconds(20)));
  shared_->event.set();
  shared_->event.clear();
  for (process::child& child : children) child.join();
  EXPECT_EQ(shared_->step, kWaiters);
}

TEST_F(PROCESS_EVENT_TEST, TheRoomOfWaitersThatAreKilledIsUsedAgain) {
  for (int round = 0; round < 3; ++round) {
    std::vector<process::child> children;
    for (int i = 0; i < 20; ++i) children.push_back(WaitingChild());
    for (const process::child& child : children) AwaitSleepOf(child);
    for (process::child& child : children) child.kill();
    for (process::child& child : children) child.join();
  }
  process::child waiter = WaitingChild();
  AwaitSleepOf(waiter);
  shared_->event.set();
  waiter.join();
  EXPECT_EQ(shared_->step, 1);
}

TEST_F(PROCESS_EVENT_TEST, ASetterThatIsKilledAfterwardsHasSetIt) {
  process::child waiter = WaitingChild();
  process::child setter([&] {
    shared_->event.set();
    raise(SIGKILL);
  });
  waiter.join();
  setter.join();
  EXPECT_TRUE(shared_->event.is_set());
}

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_EVENT_TEST_BODY_H_

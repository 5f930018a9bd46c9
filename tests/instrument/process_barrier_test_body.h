// The rules of process::barrier, for the recorded type and for its plain twin:
// included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_BARRIER_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_BARRIER_TEST_BODY_H_

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <stdexcept>
#include <type_traits>
#include <utility>
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
  explicit Shared(ptrdiff_t expected) : barrier(expected, "barrier") {}
  process::barrier barrier;
};

TEST(PROCESS_BARRIER_TEST, IsNeitherCopiedNorMoved) {
  EXPECT_FALSE(std::is_copy_constructible_v<process::barrier>);
  EXPECT_FALSE(std::is_move_constructible_v<process::barrier>);
}

TEST(PROCESS_BARRIER_TEST, NobodyGoesOnBeforeAllOfAPhaseHaveArrived) {
  constexpr int kProcesses = 4, kPhases = 200;
  process::shared<Shared> shared(kProcesses);
  const auto work = [&] {
    for (int phase = 0; phase < kPhases; ++phase) {
      shared->Add();
      shared->barrier.arrive_and_wait();
      if (shared->step < (phase + 1) * kProcesses) return 1;
      shared->barrier.arrive_and_wait();
    }
    return 0;
  };
  std::vector<process::child> children;
  for (int i = 1; i < kProcesses; ++i) children.emplace_back(work);
  EXPECT_EQ(work(), 0);
  for (process::child& child : children) {
    child.join();
    EXPECT_EQ(child.exit_status(), 0);
  }
}

TEST(PROCESS_BARRIER_TEST, ArrivalAndWaitAreTwoThingsIfNeedBe) {
  process::shared<Shared> shared(2);
  auto arrival = shared->barrier.arrive();
  EXPECT_FALSE(shared->barrier.try_wait_for(arrival, milliseconds(0)));
  EXPECT_FALSE(shared->barrier.try_wait_for(arrival, milliseconds(1)));
  EXPECT_FALSE(shared->barrier.try_wait_until(
      arrival, steady_clock::now() + milliseconds(1)));
  process::child other([&] { (void)shared->barrier.arrive(); });
  EXPECT_TRUE(shared->barrier.try_wait_for(arrival, hours(1)));
  EXPECT_TRUE(shared->barrier.try_wait_for(arrival, milliseconds(0)));
  shared->barrier.wait(std::move(arrival));
  other.join();
}

TEST(PROCESS_BARRIER_TEST, WhoGivesUpHasArrivedAllTheSame) {
  process::shared<Shared> shared(3);
  EXPECT_FALSE(shared->barrier.arrive_and_wait_for(milliseconds(1)));
  EXPECT_FALSE(shared->barrier.arrive_and_wait_until(system_clock::now() +
                                                     milliseconds(1)));
  process::child other([&] {
    return shared->barrier.arrive_and_wait_until(steady_clock::now() +
                                                 hours(1));
  });
  other.join();
  EXPECT_EQ(other.exit_status(), 1);
}

TEST(PROCESS_BARRIER_TEST, WhoDropsIsExpectedNoMore) {
  process::shared<Shared> shared(2);
  process::child waits([&] {
    shared->barrier.arrive_and_wait();
    shared->barrier.arrive_and_wait();
  });
  AwaitSleepOf(waits);
  shared->barrier.arrive_and_drop();
  waits.join();
  EXPECT_EQ(waits.exit_status(), 0);
}

TEST(PROCESS_BARRIER_TEST, SeveralArriveAtOnce) {
  process::shared<Shared> shared(3);
  process::child waits([&] { shared->barrier.arrive_and_wait(); });
  auto arrival = shared->barrier.arrive(2);
  shared->barrier.wait(std::move(arrival));
  waits.join();
}

TEST(PROCESS_BARRIER_TEST, ToArriveTooOftenThrowsAndChangesNothing) {
  process::shared<Shared> shared(2);
  EXPECT_THROW((void)shared->barrier.arrive(3), std::logic_error);
  EXPECT_THROW((void)shared->barrier.arrive(-1), std::logic_error);
  auto arrival = shared->barrier.arrive(2);
  EXPECT_TRUE(shared->barrier.try_wait_for(arrival, milliseconds(0)));
}

TEST(PROCESS_BARRIER_TEST, MoreWaitersThanThereIsRoomForGoOnTogether) {
  constexpr int kProcesses = 40;
  process::shared<Shared> shared(kProcesses);
  std::vector<process::child> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.emplace_back([&] {
      for (int phase = 0; phase < 3; ++phase) {
        shared->barrier.arrive_and_wait();
      }
      shared->Add();
    });
  }
  for (process::child& child : children) child.join();
  EXPECT_EQ(shared->step, kProcesses);
}

// ---- Death ------------------------------------------------------------------
TEST(PROCESS_BARRIER_TEST, AKilledParticipantThatHasArrivedHasArrived) {
  process::shared<Shared> shared(2);
  process::child dies([&] { shared->barrier.arrive_and_wait(); });
  AwaitSleepOf(dies);
  dies.kill();
  dies.join();
  EXPECT_TRUE(shared->barrier.arrive_and_wait_for(hours(1)));
}

TEST(PROCESS_BARRIER_TEST, ForOneThatHasNotSomebodyElseDrops) {
  process::shared<Shared> shared(2);
  process::child dies([] { raise(SIGKILL); });
  dies.join();
  process::child waits([&] { shared->barrier.arrive_and_wait(); });
  AwaitSleepOf(waits);
  shared->barrier.arrive_and_drop();
  waits.join();
  EXPECT_EQ(waits.exit_status(), 0);
}

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_BARRIER_TEST_BODY_H_

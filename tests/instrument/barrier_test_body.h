// The rules of barrier, for the recorded type and for its plain twin: included
// by a test of each, which names its suites.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_BARRIER_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_BARRIER_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/barrier.h"
#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Sleeper;

constinit barrier<> g_constant_initialized(2);
static_assert(!std::is_copy_constructible_v<barrier<>> &&
              !std::is_copy_assignable_v<barrier<>>);
static_assert(std::is_move_constructible_v<barrier<>::arrival_token> &&
              std::is_move_assignable_v<barrier<>::arrival_token>);
static_assert(barrier<>::max() >= 1'000'000);

// Counts the phases that are over.
struct CountPhases {
  void operator()() noexcept { ++*phases; }
  std::atomic<int>* phases;
};

// What std's does, too.
struct Ours {
  using Plain = barrier<>;
  using Counting = barrier<CountPhases>;
};
struct Stds {
  using Plain = std::barrier<>;
  using Counting = std::barrier<CountPhases>;
};
template <typename Types>
class ANY_BARRIER_TEST : public ::testing::Test {};
using Kinds = ::testing::Types<Ours, Stds>;
TYPED_TEST_SUITE(ANY_BARRIER_TEST, Kinds);

TYPED_TEST(ANY_BARRIER_TEST, OfOneIsNeverWaitedFor) {
  typename TypeParam::Plain b(1);
  for (int i = 0; i < 5; ++i) b.arrive_and_wait();
  b.wait(b.arrive());
}

TYPED_TEST(ANY_BARRIER_TEST, LetsAllGoOnWhenAllHaveArrived) {
  typename TypeParam::Plain b(3);
  std::atomic<int> through = 0;
  const auto pass = [&] {
    b.arrive_and_wait();
    ++through;
  };
  Sleeper one(pass), two(pass);
  ASSERT_TRUE(one.UntilAsleep());
  ASSERT_TRUE(two.UntilAsleep());
  EXPECT_EQ(through, 0);
  b.arrive_and_wait();
  one.Join();
  two.Join();
  EXPECT_EQ(through, 2);
}

TYPED_TEST(ANY_BARRIER_TEST, MayBeWaitedForLaterThanArrivedAt) {
  typename TypeParam::Plain b(2);
  auto mine = b.arrive();
  auto other = b.arrive();
  b.wait(std::move(mine));
  b.wait(std::move(other));
  auto both = b.arrive(2);
  b.wait(std::move(both));
}

TYPED_TEST(ANY_BARRIER_TEST, CompletesEachPhaseOnceBeforeAnybodyGoesOn) {
  constexpr int kThreads = 4, kPhases = 500;
  std::atomic<int> phases = 0;
  typename TypeParam::Counting b(kThreads, CountPhases{&phases});
  std::vector<int> turns(kThreads);
  std::vector<thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int phase = 1; phase <= kPhases; ++phase) {
        ++turns[i];
        b.arrive_and_wait();
        EXPECT_GE(phases, phase);
        for (const int& turn : turns) {
          EXPECT_EQ(turn, phase);
        }
        b.arrive_and_wait();
      }
    });
  }
  for (thread& t : threads) t.join();
  EXPECT_EQ(phases, 2 * kPhases);
}

TYPED_TEST(ANY_BARRIER_TEST, GoesOnWithoutThoseWhoDropped) {
  std::atomic<int> phases = 0;
  typename TypeParam::Counting b(3, CountPhases{&phases});
  thread([&] { b.arrive_and_drop(); }).join();
  Sleeper other([&] {
    b.arrive_and_wait();
    b.arrive_and_wait();
  });
  ASSERT_TRUE(other.UntilAsleep());
  EXPECT_EQ(phases, 0);
  b.arrive_and_wait();
  EXPECT_EQ(phases, 1);
  b.arrive_and_wait();
  other.Join();
  EXPECT_EQ(phases, 2);
}

TYPED_TEST(ANY_BARRIER_TEST, OfWhichAllDroppedIsOver) {
  std::atomic<int> phases = 0;
  typename TypeParam::Counting b(2, CountPhases{&phases});
  b.arrive_and_drop();
  auto last = b.arrive();
  b.wait(std::move(last));
  EXPECT_EQ(phases, 1);
}

// ---- Ours -------------------------------------------------------------------

// Undefined in the twin, as in std.
#if !defined(LOCKCHECK_DISABLED)
TEST(BARRIER_TEST, TooManyArrivalsAreRefusedAndChangeNothing) {
  barrier b(2);
  EXPECT_THROW((void)b.arrive(3), std::logic_error);
  EXPECT_THROW((void)b.arrive(-1), std::logic_error);
  auto first = b.arrive();
  EXPECT_THROW((void)b.arrive(2), std::logic_error);
  b.arrive_and_drop();
  b.wait(std::move(first));
  EXPECT_THROW((void)b.arrive(2), std::logic_error);
  b.arrive_and_drop();
  EXPECT_THROW(b.arrive_and_wait(), std::logic_error);
  EXPECT_THROW(b.arrive_and_drop(), std::logic_error);
}
#endif

TEST(BARRIER_TEST, ATimedWaitGivesUpAndTheArrivalCounts) {
  barrier b(2);
  const auto first = b.arrive();
  EXPECT_FALSE(b.try_wait_for(first, milliseconds(0)));
  EXPECT_FALSE(b.try_wait_for(first, std::chrono::seconds(-5)));
  EXPECT_FALSE(b.try_wait_until(
      first, std::chrono::system_clock::now() + milliseconds(2)));
  const auto begin = steady_clock::now();
  EXPECT_FALSE(b.try_wait_until(first, begin + milliseconds(20)));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(20));
  const auto second = b.arrive();
  EXPECT_TRUE(b.try_wait_for(first, milliseconds(0)));
  EXPECT_TRUE(b.try_wait_until(second, begin));
  const auto next = b.arrive();
  EXPECT_FALSE(b.try_wait_for(next, milliseconds(0)));
}

TEST(BARRIER_TEST, ATimedWaitIsEndedByTheLastArrival) {
  barrier b(2);
  bool over_for = false, over_until = false;
  Sleeper one([&] {
    const auto arrival = b.arrive();
    over_for = b.try_wait_for(arrival, std::chrono::hours(1));
    over_until = b.try_wait_until(
        b.arrive(), std::chrono::system_clock::now() + std::chrono::hours(1));
  });
  ASSERT_TRUE(one.UntilAsleep());
  b.arrive_and_wait();
  ASSERT_TRUE(one.UntilAsleep());
  b.arrive_and_wait();
  one.Join();
  EXPECT_TRUE(over_for);
  EXPECT_TRUE(over_until);
}

TEST(BARRIER_TEST, IsCompletedByWhoArrivesLast) {
  std::thread::id completed_by;
  auto complete = [&]() noexcept { completed_by = std::this_thread::get_id(); };
  barrier b(2, complete, "name");
  Sleeper other([&] { b.arrive_and_wait(); });
  ASSERT_TRUE(other.UntilAsleep());
  b.arrive_and_wait();
  EXPECT_EQ(completed_by, std::this_thread::get_id());
}

TEST(BARRIER_TEST, IsMadeWithOrWithoutANameAndACompletion) {
  static constinit barrier<> named(1, "name");
  named.arrive_and_wait();
  barrier deduced(1, "name");
  static_assert(std::is_same_v<decltype(deduced), barrier<>>);
  std::atomic<int> phases = 0;
  barrier counting(1, CountPhases{&phases});
  counting.arrive_and_wait();
  EXPECT_EQ(phases, 1);
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_BARRIER_TEST_BODY_H_

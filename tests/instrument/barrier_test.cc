// The rules of barrier.
#include "lockcheck/barrier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <functional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

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
class AnyBarrier : public ::testing::Test {};
using Kinds = ::testing::Types<Ours, Stds>;
TYPED_TEST_SUITE(AnyBarrier, Kinds);

TYPED_TEST(AnyBarrier, OfOneIsNeverWaitedFor) {
  typename TypeParam::Plain b(1);
  for (int i = 0; i < 5; ++i) b.arrive_and_wait();
  b.wait(b.arrive());
}

TYPED_TEST(AnyBarrier, LetsAllGoOnWhenAllHaveArrived) {
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

TYPED_TEST(AnyBarrier, MayBeWaitedForLaterThanArrivedAt) {
  typename TypeParam::Plain b(2);
  auto mine = b.arrive();
  auto other = b.arrive();
  b.wait(std::move(mine));
  b.wait(std::move(other));
  auto both = b.arrive(2);
  b.wait(std::move(both));
}

TYPED_TEST(AnyBarrier, CompletesEachPhaseOnceBeforeAnybodyGoesOn) {
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

TYPED_TEST(AnyBarrier, GoesOnWithoutThoseWhoDropped) {
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

TYPED_TEST(AnyBarrier, OfWhichAllDroppedIsOver) {
  std::atomic<int> phases = 0;
  typename TypeParam::Counting b(2, CountPhases{&phases});
  b.arrive_and_drop();
  auto last = b.arrive();
  b.wait(std::move(last));
  EXPECT_EQ(phases, 1);
}

// ---- Ours -------------------------------------------------------------------

TEST(Barrier, TooManyArrivalsAreRefusedAndChangeNothing) {
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

TEST(Barrier, IsCompletedByWhoArrivesLast) {
  std::thread::id completed_by;
  auto complete = [&]() noexcept { completed_by = std::this_thread::get_id(); };
  barrier b(2, complete, "name");
  Sleeper other([&] { b.arrive_and_wait(); });
  ASSERT_TRUE(other.UntilAsleep());
  b.arrive_and_wait();
  EXPECT_EQ(completed_by, std::this_thread::get_id());
}

TEST(Barrier, IsMadeWithOrWithoutANameAndACompletion) {
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

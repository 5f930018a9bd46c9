// The rules of queue, lifo_queue and priority_queue beside those of queues of
// all levels (any_queue_test_body.h).
#include "lockcheck/queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::milliseconds;
using testing::Sleeper;

template <typename Queue>
std::vector<typename Queue::value_type> AllOf(Queue& q) {
  std::vector<typename Queue::value_type> all;
  while (auto item = q.get_nowait()) all.push_back(std::move(*item));
  return all;
}

template <typename Queue>
class AnyQueue : public ::testing::Test {};
using Kinds =
    ::testing::Types<queue<int>, lifo_queue<int>, priority_queue<int>>;
TYPED_TEST_SUITE(AnyQueue, Kinds);

TYPED_TEST(AnyQueue, IsNeitherCopiedNorMoved) {
  EXPECT_FALSE(std::is_copy_constructible_v<TypeParam>);
  EXPECT_FALSE(std::is_move_constructible_v<TypeParam>);
  EXPECT_FALSE(std::is_copy_assignable_v<TypeParam>);
}

TYPED_TEST(AnyQueue, WithoutABoundIsNeverFull) {
  TypeParam q;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(q.put_nowait(i));
  EXPECT_FALSE(q.full());
  EXPECT_EQ(q.size(), 1000u);
}

// A clock of its own: what the kernel does not know is asked again.
struct OwnClock {
  using duration = milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<OwnClock>;
  [[maybe_unused]] static constexpr bool is_steady = true;
  static time_point now() { return time_point(milliseconds(++asked)); }
  static inline int asked = 0;
};

TYPED_TEST(AnyQueue, TimesOfAnyClockAreTaken) {
  TypeParam q(1);
  EXPECT_EQ(q.get_until(OwnClock::now() + milliseconds(5)), std::nullopt);
  EXPECT_TRUE(q.put_until(1, OwnClock::now()));
  EXPECT_FALSE(q.put_until(2, OwnClock::now() + milliseconds(5)));
  EXPECT_EQ(q.get(), 1);
}

// ---- Order ------------------------------------------------------------------

template <typename Queue>
std::vector<int> OrderOf(Queue& q) {
  for (const int i : {2, 9, 4, 9, 1}) q.put(i);
  return AllOf(q);
}

TEST(Queue, GivesTheOldestItemFirst) {
  queue<int> q;
  EXPECT_EQ(OrderOf(q), std::vector<int>({2, 9, 4, 9, 1}));
}

TEST(LifoQueue, GivesTheNewestItemFirst) {
  lifo_queue<int> q;
  EXPECT_EQ(OrderOf(q), std::vector<int>({1, 9, 4, 9, 2}));
}

TEST(PriorityQueue, GivesTheGreatestItemFirst) {
  priority_queue<int> q;
  EXPECT_EQ(OrderOf(q), std::vector<int>({9, 9, 4, 2, 1}));
}

TEST(PriorityQueue, TakesAnotherOrder) {
  priority_queue<int, std::greater<>> q;
  EXPECT_EQ(OrderOf(q), std::vector<int>({1, 2, 4, 9, 9}));
}

TEST(PriorityQueue, GivesTheOldestOfEqualItemsFirst) {
  struct ByNumber {
    bool operator()(const std::pair<int, char>& a,
                    const std::pair<int, char>& b) const {
      return a.first < b.first;
    }
  };
  priority_queue<std::pair<int, char>, ByNumber> q;
  for (const char c : {'a', 'b', 'c'}) q.put({1, c});
  q.put({2, 'd'});
  std::string order;
  for (const auto& [number, c] : AllOf(q)) order += c;
  EXPECT_EQ(order, "dabc");
}

// ---- Many -------------------------------------------------------------------

TYPED_TEST(AnyQueue, WhatIsThereWhenItIsClosedIsGotByMany) {
  constexpr int kGetters = 4, kRounds = 60, kItems = 20;
  for (int round = 0; round < kRounds; ++round) {
    TypeParam q;
    std::atomic<int> got = 0;
    std::vector<jthread> getters;
    for (int g = 0; g < kGetters; ++g) {
      getters.emplace_back([&] {
        try {
          while (true) {
            q.get();
            ++got;
          }
        } catch (const queue_closed&) {
        }
      });
    }
    for (int i = 0; i < kItems; ++i) q.put(i);
    q.close();
    getters.clear();
    EXPECT_EQ(got, kItems);
  }
}

#if !defined(LOCKCHECK_DISABLED)

// ---- Ours -------------------------------------------------------------------

// Two that wait, one after the other, in `act`.
template <typename Act>
struct TwoInARow {
  explicit TwoInARow(Act act) : first([act] { act(1); }) {
    EXPECT_TRUE(first.UntilAsleep());
    second.emplace([act] { act(2); });
    EXPECT_TRUE(second->UntilAsleep());
  }
  Sleeper first;
  std::optional<Sleeper> second;
};

TEST(Queue, ALongerWaitingGetterGetsTheItemFirst) {
  queue<int> q;
  int got[3] = {};
  TwoInARow waiting([&](int who) { got[who] = q.get(); });
  q.put(10);
  waiting.first.Join();
  EXPECT_EQ(got[1], 10);
  q.put(20);
  waiting.second->Join();
  EXPECT_EQ(got[2], 20);
}

TEST(Queue, ALongerWaitingPutterGetsTheRoomFirst) {
  queue<int> q(1);
  q.put(0);
  TwoInARow waiting([&](int who) { q.put(who); });
  EXPECT_EQ(q.get(), 0);
  EXPECT_EQ(q.get(), 1);
  EXPECT_EQ(q.get(), 2);
}

// What a waiter was woken for, nobody who runs takes from it.
TEST(Queue, NobodyOvertakesWhoWasWoken) {
  queue<int> q;
  int got = 0;
  Sleeper getter([&] { got = q.get(); });
  ASSERT_TRUE(getter.UntilAsleep());
  q.put(1);
  EXPECT_EQ(q.get_nowait(), std::nullopt);
  getter.Join();
  EXPECT_EQ(got, 1);
}

static_assert(sizeof(queue<int>) <= 376);

#endif  // !LOCKCHECK_DISABLED

}  // namespace
}  // namespace lockcheck

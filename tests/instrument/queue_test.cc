// The rules of queue, lifo_queue and priority_queue.
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

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
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

TYPED_TEST(AnyQueue, IsMadeWithABoundANameAndAPlaceOrWithout) {
  TypeParam unbounded, named("name"), bounded(3), both(3, "name");
  TypeParam elsewhere(3, "name", source_location::current());
  TypeParam nameless(3, source_location::current()), none(0);
  EXPECT_EQ(unbounded.maxsize(), 0u);
  EXPECT_EQ(named.maxsize(), 0u);
  EXPECT_EQ(none.maxsize(), 0u);
  EXPECT_EQ(bounded.maxsize(), 3u);
  EXPECT_EQ(both.maxsize(), 3u);
  EXPECT_EQ(elsewhere.maxsize(), 3u);
  EXPECT_EQ(nameless.maxsize(), 3u);
}

TYPED_TEST(AnyQueue, GivesEachItemOnce) {
  TypeParam q;
  q.put(7);
  EXPECT_EQ(q.get(), 7);
  EXPECT_EQ(q.get_nowait(), std::nullopt);
}

TYPED_TEST(AnyQueue, KnowsHowManyItemsItHas) {
  TypeParam q(2);
  EXPECT_TRUE(q.empty());
  EXPECT_FALSE(q.full());
  q.put(1);
  EXPECT_EQ(q.size(), 1u);
  EXPECT_FALSE(q.empty() || q.full());
  q.put(2);
  EXPECT_EQ(q.size(), 2u);
  EXPECT_TRUE(q.full());
  q.get();
  EXPECT_EQ(q.size(), 1u);
}

TYPED_TEST(AnyQueue, WithoutABoundIsNeverFull) {
  TypeParam q;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(q.put_nowait(i));
  EXPECT_FALSE(q.full());
  EXPECT_EQ(q.size(), 1000u);
}

TYPED_TEST(AnyQueue, GetBlocksUntilAnItemIsPut) {
  TypeParam q;
  int got = 0;
  Sleeper getter([&] { got = q.get(); });
  ASSERT_TRUE(getter.UntilAsleep());
  q.put(5);
  getter.Join();
  EXPECT_EQ(got, 5);
  EXPECT_TRUE(q.empty());
}

TYPED_TEST(AnyQueue, PutBlocksWhileItIsFull) {
  TypeParam q(1);
  q.put(1);
  Sleeper putter([&] { q.put(2); });
  ASSERT_TRUE(putter.UntilAsleep());
  EXPECT_EQ(q.size(), 1u);
  EXPECT_EQ(q.get(), 1);
  putter.Join();
  EXPECT_EQ(q.get(), 2);
}

TYPED_TEST(AnyQueue, WhatDoesNotBlockIsRefusedAndChangesNothing) {
  TypeParam q(1);
  EXPECT_EQ(q.get_nowait(), std::nullopt);
  EXPECT_TRUE(q.put_nowait(1));
  EXPECT_FALSE(q.put_nowait(2));
  EXPECT_EQ(AllOf(q), std::vector<int>({1}));
}

TYPED_TEST(AnyQueue, TimedRequestsGiveUpInTime) {
  TypeParam q(1);
  EXPECT_EQ(q.get_for(milliseconds(0)), std::nullopt);
  EXPECT_EQ(q.get_for(seconds(-5)), std::nullopt);
  EXPECT_EQ(q.get_until(steady_clock::now() - hours(1)), std::nullopt);
  EXPECT_EQ(q.get_until(system_clock::now() + milliseconds(2)), std::nullopt);
  q.put(1);
  EXPECT_FALSE(q.put_for(2, milliseconds(0)));
  EXPECT_FALSE(q.put_for(2, seconds(-5)));
  EXPECT_FALSE(q.put_until(2, system_clock::now() + milliseconds(2)));
  const auto begin = steady_clock::now();
  EXPECT_FALSE(q.put_until(2, begin + milliseconds(20)));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(20));
  EXPECT_EQ(AllOf(q), std::vector<int>({1}));
}

TYPED_TEST(AnyQueue, TimedRequestsTakeWhatIsThere) {
  TypeParam q(1);
  EXPECT_TRUE(q.put_for(1, seconds(-1)));
  EXPECT_EQ(q.get_until(steady_clock::now() - hours(1)), 1);
  EXPECT_TRUE(q.put_until(2, system_clock::now() - hours(1)));
  EXPECT_EQ(q.get_for(milliseconds(0)), 2);
}

TYPED_TEST(AnyQueue, TimedRequestsAreEndedByTheOtherSide) {
  TypeParam q(1);
  std::optional<int> got;
  bool put = false;
  Sleeper getter([&] { got = q.get_for(hours(1)); });
  ASSERT_TRUE(getter.UntilAsleep());
  q.put(1);
  getter.Join();
  EXPECT_EQ(got, 1);
  q.put(2);
  Sleeper putter([&] { put = q.put_until(3, system_clock::now() + hours(1)); });
  ASSERT_TRUE(putter.UntilAsleep());
  q.get();
  putter.Join();
  EXPECT_TRUE(put);
  EXPECT_EQ(q.get(), 3);
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

TYPED_TEST(AnyQueue, JoinWaitsUntilEachItemIsDone) {
  TypeParam q;
  q.join();
  q.put(1);
  q.put(2);
  Sleeper joiner([&] { q.join(); });
  ASSERT_TRUE(joiner.UntilAsleep());
  q.get();
  q.task_done();
  q.get();
  ASSERT_TRUE(joiner.UntilAsleep());
  q.task_done();
  joiner.Join();
  q.join();
}

TYPED_TEST(AnyQueue, ATimedJoinGivesUpInTimeOrIsEndedByTheLastTaskDone) {
  TypeParam q;
  EXPECT_TRUE(q.join_for(seconds(-5)));
  q.put(1);
  EXPECT_FALSE(q.join_for(milliseconds(0)));
  EXPECT_FALSE(q.join_until(system_clock::now() + milliseconds(2)));
  const auto begin = steady_clock::now();
  EXPECT_FALSE(q.join_until(begin + milliseconds(20)));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(20));
  bool joined_for = false, joined_until = false;
  Sleeper one([&] { joined_for = q.join_for(hours(1)); });
  Sleeper other([&] { joined_until = q.join_until(begin + hours(1)); });
  ASSERT_TRUE(one.UntilAsleep());
  ASSERT_TRUE(other.UntilAsleep());
  q.get();
  q.task_done();
  one.Join();
  other.Join();
  EXPECT_TRUE(joined_for);
  EXPECT_TRUE(joined_until);
  EXPECT_TRUE(q.join_until(begin));
}

TYPED_TEST(AnyQueue, ANewItemDoesNotHoldUpWhoWasJoining) {
  TypeParam q;
  q.put(1);
  Sleeper joiner([&] { q.join(); });
  ASSERT_TRUE(joiner.UntilAsleep());
  q.task_done();
  q.put(2);
  joiner.Join();
}

TYPED_TEST(AnyQueue, MoreTasksDoneThanPutThrows) {
  TypeParam q;
  EXPECT_THROW(q.task_done(), std::logic_error);
  q.put(1);
  q.task_done();
  EXPECT_THROW(q.task_done(), std::logic_error);
  EXPECT_EQ(q.get(), 1);
}

TYPED_TEST(AnyQueue, AfterCloseItIsDrained) {
  TypeParam q;
  q.put(1);
  EXPECT_FALSE(q.closed());
  q.close();
  q.close();
  EXPECT_TRUE(q.closed());
  EXPECT_THROW(q.put(2), queue_closed);
  EXPECT_THROW(q.put_nowait(2), queue_closed);
  EXPECT_THROW(q.put_for(2, hours(1)), queue_closed);
  EXPECT_EQ(q.get(), 1);
  EXPECT_THROW(q.get(), queue_closed);
  EXPECT_THROW(q.get_nowait(), queue_closed);
  EXPECT_THROW(q.get_for(hours(1)), queue_closed);
  EXPECT_THROW(q.get_until(steady_clock::now() + hours(1)), queue_closed);
  q.task_done();
  q.join();
}

TYPED_TEST(AnyQueue, CloseEndsTheWaitsOfGetters) {
  TypeParam q;
  bool threw = false;
  Sleeper getter([&] {
    EXPECT_THROW(q.get(), queue_closed);
    threw = true;
  });
  ASSERT_TRUE(getter.UntilAsleep());
  q.close();
  getter.Join();
  EXPECT_TRUE(threw);
}

TYPED_TEST(AnyQueue, CloseEndsTheWaitsOfPuttersAndTheirItemsStayOutside) {
  TypeParam q(1);
  q.put(1);
  Sleeper putter([&] { EXPECT_THROW(q.put(2), queue_closed); });
  ASSERT_TRUE(putter.UntilAsleep());
  q.close();
  putter.Join();
  EXPECT_EQ(q.get(), 1);
  EXPECT_THROW(q.get(), queue_closed);
}

TYPED_TEST(AnyQueue, WhatIsWrittenBeforeAPutIsSeenBehindTheGet) {
  TypeParam q(1);
  int box = 0, answers = 0;
  thread putter([&] {
    for (int i = 1; i <= 2000; ++i) {
      box = i;
      q.put(i);
      q.join();
      EXPECT_EQ(answers, i);
    }
  });
  for (int i = 1; i <= 2000; ++i) {
    EXPECT_EQ(q.get(), i);
    EXPECT_EQ(box, i);
    answers = i;
    q.task_done();
  }
  putter.join();
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

TYPED_TEST(AnyQueue, NoItemIsLostOrDoubledByManyAndByTimeouts) {
  constexpr int kPutters = 4, kGetters = 4, kItems = 1500;
  TypeParam q(3);
  std::vector<std::vector<int>> got(kGetters);
  {
    std::vector<jthread> getters;
    for (std::vector<int>& mine : got) {
      getters.emplace_back([&q, &mine] {
        try {
          for (int round = 0;; ++round) {
            std::optional<int> item;
            switch (round % 3) {
              case 0:
                item = q.get();
                break;
              case 1:
                item = q.get_for(std::chrono::microseconds(round % 11));
                break;
              default:
                item = q.get_nowait();
            }
            if (!item) continue;
            mine.push_back(*item);
            q.task_done();
          }
        } catch (const queue_closed&) {
        }
      });
    }
    {
      std::vector<jthread> putters;
      for (int p = 0; p < kPutters; ++p) {
        putters.emplace_back([&q, p] {
          for (int i = 0; i < kItems; ++i) {
            const int item = p * kItems + i;
            if (i % 2 == 0) {
              q.put(item);
            } else {
              while (!q.put_for(item, std::chrono::microseconds(i % 13))) {
              }
            }
          }
        });
      }
    }
    q.join();
    EXPECT_TRUE(q.empty());
    q.close();
  }
  std::vector<int> times(kPutters * kItems);
  for (const std::vector<int>& items : got) {
    for (const int item : items) ++times[static_cast<size_t>(item)];
  }
  EXPECT_EQ(times, std::vector<int>(kPutters * kItems, 1));
}

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

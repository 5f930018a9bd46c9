// The rules of queues of threads and of coroutines, for the recorded types and
// for their plain twins: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_ANY_QUEUE_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_ANY_QUEUE_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "lockcheck/coroutine/queue.h"
#include "lockcheck/queue.h"
#include "tests/instrument/any_queue.h"

namespace lockcheck {
namespace {

using coroutine::task;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using testing::AllOf;
using testing::OfCoroutines;
using testing::OfThreads;

template <typename Level>
class AnyQueue : public ::testing::Test {};
using Kinds =
    ::testing::Types<OfThreads<queue<int>>, OfThreads<lifo_queue<int>>,
                     OfThreads<priority_queue<int>>,
                     OfCoroutines<coroutine::queue<int>>,
                     OfCoroutines<coroutine::lifo_queue<int>>,
                     OfCoroutines<coroutine::priority_queue<int>>>;
TYPED_TEST_SUITE(AnyQueue, Kinds);

// Whether `act`, a coroutine, throws that the queue is closed.
inline task<bool> FindsItClosed(std::function<task<>()> act) {
  try {
    co_await act();
  } catch (const queue_closed&) {
    co_return true;
  }
  co_return false;
}

TYPED_TEST(AnyQueue, IsMadeWithABoundANameAndAPlaceOrWithout) {
  using Queue = typename TypeParam::Queue;
  Queue unbounded, named("name"), bounded(3), both(3, "name");
  Queue elsewhere(3, "name", source_location::current());
  Queue nameless(3, source_location::current()), none(0);
  EXPECT_EQ(unbounded.maxsize() + named.maxsize() + none.maxsize(), 0u);
  EXPECT_EQ(bounded.maxsize(), 3u);
  EXPECT_EQ(both.maxsize(), 3u);
  EXPECT_EQ(elsewhere.maxsize(), 3u);
  EXPECT_EQ(nameless.maxsize(), 3u);
}

TYPED_TEST(AnyQueue, GivesEachItemOnceAndKnowsHowManyItHas) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q(2);
    EXPECT_TRUE(q.empty());
    EXPECT_FALSE(q.full());
    co_await q.put(1);
    EXPECT_EQ(q.size(), 1u);
    EXPECT_FALSE(q.empty() || q.full());
    const int second = 2;
    co_await q.put(second);
    EXPECT_EQ(q.size(), 2u);
    EXPECT_TRUE(q.full());
    const int got = co_await q.get();
    EXPECT_EQ(got + co_await q.get(), 3);
    EXPECT_EQ(q.get_nowait(), std::nullopt);
  });
}

TYPED_TEST(AnyQueue, GetWaitsUntilAnItemIsPut) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q;
    int got = 0;
    const auto get = [&]() -> task<> { got = co_await q.get(); };
    typename TypeParam::Actor getter(get());
    EXPECT_TRUE(co_await getter.UntilItWaits());
    co_await q.put(5);
    co_await getter.UntilItEnds();
    EXPECT_EQ(got, 5);
    EXPECT_TRUE(q.empty());
  });
}

TYPED_TEST(AnyQueue, PutWaitsWhileItIsFull) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q(1);
    co_await q.put(1);
    const auto put = [&]() -> task<> { co_await q.put(2); };
    typename TypeParam::Actor putter(put());
    EXPECT_TRUE(co_await putter.UntilItWaits());
    EXPECT_EQ(q.size(), 1u);
    EXPECT_EQ(co_await q.get(), 1);
    co_await putter.UntilItEnds();
    EXPECT_EQ(co_await q.get(), 2);
  });
}

TYPED_TEST(AnyQueue, WhatDoesNotWaitIsRefusedAndChangesNothing) {
  typename TypeParam::Queue q(1);
  EXPECT_EQ(q.get_nowait(), std::nullopt);
  EXPECT_TRUE(q.put_nowait(1));
  EXPECT_FALSE(q.put_nowait(2));
  EXPECT_EQ(AllOf(q), std::vector<int>({1}));
}

TYPED_TEST(AnyQueue, TimedRequestsGiveUpInTime) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q(1);
    EXPECT_EQ(co_await q.get_for(milliseconds(0)), std::nullopt);
    EXPECT_EQ(co_await q.get_for(seconds(-5)), std::nullopt);
    EXPECT_EQ(co_await q.get_until(steady_clock::now() - hours(1)),
              std::nullopt);
    EXPECT_EQ(co_await q.get_until(system_clock::now() + milliseconds(2)),
              std::nullopt);
    co_await q.put(1);
    EXPECT_FALSE(co_await q.put_for(2, milliseconds(0)));
    EXPECT_FALSE(co_await q.put_for(2, seconds(-5)));
    EXPECT_FALSE(
        co_await q.put_until(2, system_clock::now() + milliseconds(2)));
    const auto begin = steady_clock::now();
    EXPECT_FALSE(co_await q.put_until(2, begin + milliseconds(20)));
    EXPECT_GE(steady_clock::now() - begin, milliseconds(20));
    EXPECT_EQ(AllOf(q), std::vector<int>({1}));
  });
}

TYPED_TEST(AnyQueue, TimedRequestsTakeWhatIsThere) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q(1);
    EXPECT_TRUE(co_await q.put_for(1, seconds(-1)));
    EXPECT_EQ(co_await q.get_until(steady_clock::now() - hours(1)), 1);
    EXPECT_TRUE(co_await q.put_until(2, system_clock::now() - hours(1)));
    EXPECT_EQ(co_await q.get_for(milliseconds(0)), 2);
  });
}

TYPED_TEST(AnyQueue, TimedRequestsAreEndedByTheOtherSide) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q(1);
    std::optional<int> got;
    bool put = false;
    const auto get = [&]() -> task<> { got = co_await q.get_for(hours(1)); };
    typename TypeParam::Actor getter(get());
    EXPECT_TRUE(co_await getter.UntilItWaits());
    co_await q.put(1);
    co_await getter.UntilItEnds();
    EXPECT_EQ(got, 1);
    co_await q.put(2);
    const auto put_three = [&]() -> task<> {
      put = co_await q.put_until(3, system_clock::now() + hours(1));
    };
    typename TypeParam::Actor putter(put_three());
    EXPECT_TRUE(co_await putter.UntilItWaits());
    co_await q.get();
    co_await putter.UntilItEnds();
    EXPECT_TRUE(put);
    EXPECT_EQ(co_await q.get(), 3);
  });
}

TYPED_TEST(AnyQueue, JoinWaitsUntilEachItemIsDone) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q;
    co_await q.join();
    co_await q.put(1);
    co_await q.put(2);
    const auto join = [&]() -> task<> { co_await q.join(); };
    typename TypeParam::Actor joiner(join());
    EXPECT_TRUE(co_await joiner.UntilItWaits());
    co_await q.get();
    q.task_done();
    co_await q.get();
    EXPECT_TRUE(co_await joiner.UntilItWaits());
    q.task_done();
    co_await joiner.UntilItEnds();
    co_await q.join();
  });
}

TYPED_TEST(AnyQueue, ATimedJoinGivesUpInTimeOrIsEndedByTheLastTaskDone) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q;
    EXPECT_TRUE(co_await q.join_for(seconds(-5)));
    co_await q.put(1);
    EXPECT_FALSE(co_await q.join_for(milliseconds(0)));
    EXPECT_FALSE(co_await q.join_until(system_clock::now() + milliseconds(2)));
    bool joined = false;
    const auto join = [&]() -> task<> {
      joined = co_await q.join_for(hours(1));
    };
    typename TypeParam::Actor joiner(join());
    EXPECT_TRUE(co_await joiner.UntilItWaits());
    co_await q.get();
    q.task_done();
    co_await joiner.UntilItEnds();
    EXPECT_TRUE(joined);
    EXPECT_TRUE(co_await q.join_until(steady_clock::now()));
  });
}

TYPED_TEST(AnyQueue, ANewItemDoesNotHoldUpWhoWasJoining) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q;
    co_await q.put(1);
    const auto join = [&]() -> task<> { co_await q.join(); };
    typename TypeParam::Actor joiner(join());
    EXPECT_TRUE(co_await joiner.UntilItWaits());
    q.task_done();
    EXPECT_TRUE(q.put_nowait(2));
    co_await joiner.UntilItEnds();
  });
}

TYPED_TEST(AnyQueue, MoreTasksDoneThanPutThrows) {
  typename TypeParam::Queue q;
  EXPECT_THROW(q.task_done(), std::logic_error);
  EXPECT_TRUE(q.put_nowait(1));
  q.task_done();
  EXPECT_THROW(q.task_done(), std::logic_error);
  EXPECT_EQ(q.get_nowait(), 1);
}

TYPED_TEST(AnyQueue, AfterCloseItIsDrained) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q;
    co_await q.put(1);
    EXPECT_FALSE(q.closed());
    q.close();
    q.close();
    EXPECT_TRUE(q.closed());
    EXPECT_THROW(q.put_nowait(2), queue_closed);
    const auto put = [&]() -> task<> { co_await q.put(2); };
    const auto put_for = [&]() -> task<> { co_await q.put_for(2, hours(1)); };
    const auto get = [&]() -> task<> { co_await q.get(); };
    const auto get_for = [&]() -> task<> { co_await q.get_for(hours(1)); };
    EXPECT_TRUE(co_await FindsItClosed(put));
    EXPECT_TRUE(co_await FindsItClosed(put_for));
    EXPECT_EQ(co_await q.get(), 1);
    EXPECT_TRUE(co_await FindsItClosed(get));
    EXPECT_TRUE(co_await FindsItClosed(get_for));
    EXPECT_THROW(q.get_nowait(), queue_closed);
    q.task_done();
    co_await q.join();
  });
}

TYPED_TEST(AnyQueue, CloseEndsTheWaitsOfGetters) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q;
    bool found = false;
    const auto get = [&]() -> task<> { co_await q.get(); };
    const auto look = [&]() -> task<> { found = co_await FindsItClosed(get); };
    typename TypeParam::Actor getter(look());
    EXPECT_TRUE(co_await getter.UntilItWaits());
    q.close();
    co_await getter.UntilItEnds();
    EXPECT_TRUE(found);
  });
}

TYPED_TEST(AnyQueue, CloseEndsTheWaitsOfPuttersAndTheirItemsStayOutside) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q(1);
    co_await q.put(1);
    bool found = false;
    const auto put = [&]() -> task<> { co_await q.put(2); };
    const auto look = [&]() -> task<> { found = co_await FindsItClosed(put); };
    typename TypeParam::Actor putter(look());
    EXPECT_TRUE(co_await putter.UntilItWaits());
    q.close();
    co_await putter.UntilItEnds();
    EXPECT_TRUE(found);
    EXPECT_EQ(co_await q.get(), 1);
    EXPECT_THROW(q.get_nowait(), queue_closed);
  });
}

TYPED_TEST(AnyQueue, WhoHasWaitedLongestHasItsTurnFirst) {
  if constexpr (TypeParam::kInTurn) {
    TypeParam::Run([]() -> task<> {
      typename TypeParam::Queue q(1);
      std::string order;
      const auto get = [&](char name) -> task<> {
        co_await q.get();
        order += name;
      };
      typename TypeParam::Actor first(get('a'));
      EXPECT_TRUE(co_await first.UntilItWaits());
      typename TypeParam::Actor second(get('b'));
      EXPECT_TRUE(co_await second.UntilItWaits());
      EXPECT_TRUE(q.put_nowait(1));
      // It is the first one's, who may not have gone on yet.
      EXPECT_EQ(q.get_nowait(), std::nullopt);
      co_await first.UntilItEnds();
      EXPECT_EQ(order, "a");
      EXPECT_TRUE(q.put_nowait(2));
      co_await second.UntilItEnds();
      EXPECT_EQ(order, "ab");
    });
  }
}

TYPED_TEST(AnyQueue, NoItemIsLostOrDoubledByManyAndByTimeouts) {
  constexpr int kPutters = 4, kGetters = 4, kItems = 300;
  typename TypeParam::Queue q(3);
  std::vector<std::vector<int>> got(kGetters);
  std::atomic<int> putters_left = kPutters;
  const auto get_some = [&](std::vector<int>& mine) -> task<> {
    for (int round = 0;; ++round) {
      std::optional<int> item;
      if (round % 3 == 0) {
        item = co_await q.get();
      } else if (round % 3 == 1) {
        item = co_await q.get_for(std::chrono::microseconds(round % 11));
      } else {
        item = q.get_nowait();
      }
      if (!item) continue;
      mine.push_back(*item);
      q.task_done();
    }
  };
  const auto get = [&](std::vector<int>& mine) -> task<> {
    const auto some = [&]() -> task<> { co_await get_some(mine); };
    EXPECT_TRUE(co_await FindsItClosed(some));
  };
  const auto put = [&](int p) -> task<> {
    for (int i = 0; i < kItems; ++i) {
      const int item = p * kItems + i;
      if (i % 2 == 0) {
        co_await q.put(item);
      } else {
        while (!co_await q.put_for(item, std::chrono::microseconds(i % 13))) {
        }
      }
    }
    if (--putters_left != 0) co_return;
    co_await q.join();
    q.close();
  };
  std::vector<task<>> tasks;
  for (std::vector<int>& mine : got) tasks.push_back(get(mine));
  for (int p = 0; p < kPutters; ++p) tasks.push_back(put(p));
  TypeParam::RunAll(std::move(tasks));
  EXPECT_TRUE(q.empty());
  std::vector<int> times(kPutters * kItems);
  for (const std::vector<int>& items : got) {
    for (const int item : items) ++times[static_cast<size_t>(item)];
  }
  EXPECT_EQ(times, std::vector<int>(kPutters * kItems, 1));
}

TYPED_TEST(AnyQueue, WhatIsWrittenBeforeAPutIsSeenBehindTheGet) {
  typename TypeParam::Queue q(1);
  int box = 0, answers = 0, wrong = 0;
  const auto put = [&]() -> task<> {
    for (int i = 1; i <= 500; ++i) {
      box = i;
      co_await q.put(i);
      co_await q.join();
      wrong += answers != i;
    }
  };
  const auto get = [&]() -> task<> {
    for (int i = 1; i <= 500; ++i) {
      wrong += co_await q.get() != i;
      wrong += box != i;
      answers = i;
      q.task_done();
    }
  };
  std::vector<task<>> tasks;
  tasks.push_back(put());
  tasks.push_back(get());
  TypeParam::RunAll(std::move(tasks));
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_ANY_QUEUE_TEST_BODY_H_

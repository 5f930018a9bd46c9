// The rules of semaphores of threads and of coroutines, for the recorded types
// and for their plain twins: included by a test of each.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_ANY_SEMAPHORE_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_ANY_SEMAPHORE_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <vector>

#include "lockcheck/coroutine/semaphore.h"
#include "lockcheck/semaphore.h"
#include "tests/instrument/levels.h"

namespace lockcheck {
namespace {

using coroutine::task;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using testing::DoneWith;

template <typename S>
struct OfThreads : testing::Threads {
  // Who has waited longest is first with ours that are recorded.
#if defined(LOCKCHECK_DISABLED)
  static constexpr bool kInTurn = false;
#else
  static constexpr bool kInTurn =
      !std::is_base_of_v<std::counting_semaphore<8>, S>;
#endif
  class Semaphore : public S {
   public:
    using S::S;
    auto acquire() {
      return DoneWith([&] { S::acquire(); });
    }
    template <typename Duration>
    auto try_acquire_for(const Duration& duration) {
      return DoneWith([&] { return S::try_acquire_for(duration); });
    }
    template <typename Time>
    auto try_acquire_until(const Time& time) {
      return DoneWith([&] { return S::try_acquire_until(time); });
    }
  };
};

template <typename S>
struct OfCoroutines : testing::Coroutines {
  static constexpr bool kInTurn = true;
  using Semaphore = S;
};

template <typename Level>
class AnySemaphore : public ::testing::Test {};
using Kinds = ::testing::Types<
    OfThreads<counting_semaphore<>>, OfThreads<counting_semaphore<8>>,
    OfThreads<bounded_semaphore>, OfThreads<std::counting_semaphore<8>>,
    OfCoroutines<coroutine::semaphore>,
    OfCoroutines<coroutine::bounded_semaphore>>;
TYPED_TEST_SUITE(AnySemaphore, Kinds);

TYPED_TEST(AnySemaphore, HasAsManyPermitsAsItBeganWith) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Semaphore s(2);
    EXPECT_TRUE(s.try_acquire());
    co_await s.acquire();
    EXPECT_FALSE(s.try_acquire());
    s.release();
    EXPECT_TRUE(s.try_acquire());
    s.release(2);
  });
}

TYPED_TEST(AnySemaphore, ReleasesSeveralAtOnce) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Semaphore s(3);
    for (int i = 0; i < 3; ++i) co_await s.acquire();
    s.release(3);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(s.try_acquire());
    EXPECT_FALSE(s.try_acquire());
    s.release(3);
  });
}

TYPED_TEST(AnySemaphore, ReleasingNoneDoesNothing) {
  typename TypeParam::Semaphore s(1);
  s.release(0);
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release();
}

TYPED_TEST(AnySemaphore, WaitsUntilAnotherReleases) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Semaphore s(1);
    co_await s.acquire();
    std::atomic<bool> acquired = false;
    const auto acquire = [&]() -> task<> {
      co_await s.acquire();
      acquired = true;
    };
    typename TypeParam::Actor waiter(acquire());
    EXPECT_TRUE(co_await waiter.UntilItWaits());
    EXPECT_FALSE(acquired);
    s.release();
    co_await waiter.UntilItEnds();
    EXPECT_TRUE(acquired);
    s.release();
  });
}

TYPED_TEST(AnySemaphore, TimedRequestsGiveUpInTime) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Semaphore s(1);
    co_await s.acquire();
    EXPECT_FALSE(co_await s.try_acquire_for(milliseconds(0)));
    EXPECT_FALSE(co_await s.try_acquire_for(seconds(-5)));
    EXPECT_FALSE(co_await s.try_acquire_until(steady_clock::now() - hours(1)));
    EXPECT_FALSE(
        co_await s.try_acquire_until(system_clock::now() + milliseconds(2)));
    const auto begin = steady_clock::now();
    EXPECT_FALSE(co_await s.try_acquire_for(milliseconds(20)));
    EXPECT_GE(steady_clock::now() - begin, milliseconds(20));
    s.release();
  });
}

TYPED_TEST(AnySemaphore, TimedRequestsTakeWhatIsThere) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Semaphore s(1);
    EXPECT_TRUE(co_await s.try_acquire_for(milliseconds(0)));
    s.release();
    EXPECT_TRUE(co_await s.try_acquire_until(steady_clock::now() - hours(1)));
    s.release();
  });
}

TYPED_TEST(AnySemaphore, ATimedRequestIsEndedByARelease) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Semaphore s(1);
    co_await s.acquire();
    bool acquired = false;
    const auto acquire = [&]() -> task<> {
      acquired = co_await s.try_acquire_for(hours(1));
    };
    typename TypeParam::Actor waiter(acquire());
    EXPECT_TRUE(co_await waiter.UntilItWaits());
    s.release();
    co_await waiter.UntilItEnds();
    EXPECT_TRUE(acquired);
    s.release();
  });
}

TYPED_TEST(AnySemaphore, ALongerWaiterGetsThePermitFirst) {
  if constexpr (TypeParam::kInTurn) {
    TypeParam::Run([]() -> task<> {
      typename TypeParam::Semaphore s(2);
      co_await s.acquire();
      co_await s.acquire();
      std::string order;
      const auto acquire = [&](char name) -> task<> {
        co_await s.acquire();
        order += name;
      };
      typename TypeParam::Actor first(acquire('a'));
      EXPECT_TRUE(co_await first.UntilItWaits());
      typename TypeParam::Actor second(acquire('b'));
      EXPECT_TRUE(co_await second.UntilItWaits());
      s.release();
      // It is the first one's, who may not have gone on yet.
      EXPECT_FALSE(s.try_acquire());
      co_await first.UntilItEnds();
      EXPECT_EQ(order, "a");
      s.release();
      co_await second.UntilItEnds();
      EXPECT_EQ(order, "ab");
      s.release(2);
    });
  }
}

TYPED_TEST(AnySemaphore, WhoGaveUpIsPassedOver) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Semaphore s(1);
    co_await s.acquire();
    bool gave_up = false, acquired = false;
    const auto give_up = [&]() -> task<> {
      gave_up = !co_await s.try_acquire_for(milliseconds(1));
    };
    const auto acquire = [&]() -> task<> {
      acquired = co_await s.try_acquire_for(hours(1));
    };
    typename TypeParam::Actor first(give_up());
    typename TypeParam::Actor second(acquire());
    EXPECT_TRUE(co_await second.UntilItWaits());
    co_await first.UntilItEnds();
    EXPECT_TRUE(gave_up);
    s.release();
    co_await second.UntilItEnds();
    EXPECT_TRUE(acquired);
    s.release();
  });
}

TYPED_TEST(AnySemaphore, LetsAsManyInAsItHasPermits) {
  constexpr int kPermits = 3, kActors = 8, kRounds = 100;
  typename TypeParam::Semaphore s(kPermits);
  std::atomic<int> inside = 0, most = 0;
  const auto work = [&](int n) -> task<> {
    for (int round = 0; round < kRounds; ++round) {
      co_await s.acquire();
      const int now = ++inside;
      int seen = most;
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      if (round % 3 == n % 3) co_await TypeParam::Turn();
      --inside;
      s.release();
    }
  };
  std::vector<task<>> tasks;
  for (int i = 0; i < kActors; ++i) tasks.push_back(work(i));
  TypeParam::RunAll(std::move(tasks));
  EXPECT_LE(most, kPermits);
  for (int i = 0; i < kPermits; ++i) EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release(kPermits);
}

TYPED_TEST(AnySemaphore, NoPermitIsLostOrMadeByTimeouts) {
  constexpr int kActors = 6, kRounds = 100;
  typename TypeParam::Semaphore s(2);
  const auto work = [&]() -> task<> {
    for (int round = 0; round < kRounds; ++round) {
      const std::chrono::microseconds time(round % 7 * 5);
      if (co_await s.try_acquire_for(time)) {
        if (round % 2 == 0) co_await TypeParam::Turn();
        s.release();
      }
    }
  };
  std::vector<task<>> tasks;
  for (int i = 0; i < kActors; ++i) tasks.push_back(work());
  TypeParam::RunAll(std::move(tasks));
  EXPECT_TRUE(s.try_acquire());
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release(2);
}

// ---- As a signal ------------------------------------------------------------

template <typename Level>
class AnySignal : public ::testing::Test {};
using Signals = ::testing::Types<
    OfThreads<counting_semaphore<>>, OfThreads<binary_semaphore>,
    OfThreads<std::counting_semaphore<8>>, OfCoroutines<coroutine::semaphore>>;
TYPED_TEST_SUITE(AnySignal, Signals);

TYPED_TEST(AnySignal, IsPostedByWhoAcquiredNothing) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Semaphore s(0);
    EXPECT_FALSE(s.try_acquire());
    const auto acquire = [&]() -> task<> { co_await s.acquire(); };
    typename TypeParam::Actor waiter(acquire());
    EXPECT_TRUE(co_await waiter.UntilItWaits());
    s.release();
    co_await waiter.UntilItEnds();
    EXPECT_FALSE(s.try_acquire());
  });
}

TYPED_TEST(AnySignal, WhatIsPostedBeforeTheWaitIsKept) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Semaphore s(0);
    s.release();
    co_await s.acquire();
    EXPECT_FALSE(s.try_acquire());
  });
}

TYPED_TEST(AnySignal, WhatIsWrittenBeforeThePostIsSeenBehindTheWait) {
  typename TypeParam::Semaphore filled(0), emptied(1);
  int box = 0, wrong = 0;
  const auto produce = [&]() -> task<> {
    for (int i = 1; i <= 300; ++i) {
      co_await emptied.acquire();
      box = i;
      filled.release();
    }
  };
  const auto consume = [&]() -> task<> {
    for (int i = 1; i <= 300; ++i) {
      co_await filled.acquire();
      wrong += box != i;
      emptied.release();
    }
  };
  std::vector<task<>> tasks;
  tasks.push_back(produce());
  tasks.push_back(consume());
  TypeParam::RunAll(std::move(tasks));
  EXPECT_EQ(wrong, 0);
}

// ---- Bounds -----------------------------------------------------------------

template <typename Level>
class AnyBoundedSemaphore : public ::testing::Test {};
using BoundedKinds =
    ::testing::Types<OfThreads<bounded_semaphore>,
                     OfCoroutines<coroutine::bounded_semaphore>>;
TYPED_TEST_SUITE(AnyBoundedSemaphore, BoundedKinds);

TYPED_TEST(AnyBoundedSemaphore, CannotBeReleasedAboveItsBound) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Semaphore s(2);
    EXPECT_THROW(s.release(), std::logic_error);
    EXPECT_THROW(s.release(-1), std::logic_error);
    co_await s.acquire();
    EXPECT_THROW(s.release(2), std::logic_error);
    s.release();
    EXPECT_TRUE(s.try_acquire());
    EXPECT_TRUE(s.try_acquire());
    EXPECT_FALSE(s.try_acquire());
    s.release(2);
  });
}

// Each way to acquire counts what is out, also that a permit is handed over.
TYPED_TEST(AnyBoundedSemaphore, KnowsItsBoundHoweverOftenItWasPassed) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Semaphore s(1);
    for (int i = 0; i < 1000; ++i) {
      co_await s.acquire();
      s.release();
    }
    EXPECT_THROW(s.release(), std::logic_error);
    EXPECT_TRUE(co_await s.try_acquire_for(hours(1)));
    const auto acquire = [&]() -> task<> { co_await s.acquire(); };
    typename TypeParam::Actor waiter(acquire());
    EXPECT_TRUE(co_await waiter.UntilItWaits());
    s.release();
    co_await waiter.UntilItEnds();
    EXPECT_FALSE(s.try_acquire());
    s.release();
    EXPECT_THROW(s.release(), std::logic_error);
  });
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_ANY_SEMAPHORE_TEST_BODY_H_

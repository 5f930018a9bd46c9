// The rules of counting_semaphore, binary_semaphore and bounded_semaphore.
#include "lockcheck/semaphore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <iterator>
#include <new>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <type_traits>
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

constinit counting_semaphore<> g_constant_initialized(3);
static_assert(!std::is_copy_constructible_v<counting_semaphore<>> &&
              !std::is_copy_assignable_v<counting_semaphore<>>);
static_assert(std::is_same_v<binary_semaphore, counting_semaphore<1>>);
static_assert(counting_semaphore<7>::max() >= 7);
static_assert(noexcept(g_constant_initialized.try_acquire()));

// What std's own do, too.
template <typename Semaphore>
class AnySemaphore : public ::testing::Test {};
using Kinds = ::testing::Types<counting_semaphore<>, counting_semaphore<8>,
                               bounded_semaphore, std::counting_semaphore<8>>;
TYPED_TEST_SUITE(AnySemaphore, Kinds);

TYPED_TEST(AnySemaphore, HasAsManyPermitsAsItBeganWith) {
  TypeParam s(2);
  EXPECT_TRUE(s.try_acquire());
  s.acquire();
  EXPECT_FALSE(s.try_acquire());
  s.release();
  EXPECT_TRUE(s.try_acquire());
  s.release(2);
}

TYPED_TEST(AnySemaphore, ReleasesSeveralAtOnce) {
  TypeParam s(3);
  for (int i = 0; i < 3; ++i) s.acquire();
  s.release(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release(3);
}

TYPED_TEST(AnySemaphore, ReleasingNoneDoesNothing) {
  TypeParam s(1);
  s.release(0);
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release();
}

TYPED_TEST(AnySemaphore, BlocksUntilAnotherReleases) {
  TypeParam s(1);
  s.acquire();
  std::atomic<bool> acquired = false;
  Sleeper waiter([&] {
    s.acquire();
    acquired = true;
  });
  ASSERT_TRUE(waiter.UntilAsleep());
  EXPECT_FALSE(acquired);
  s.release();
  waiter.Join();
  EXPECT_TRUE(acquired);
  s.release();
}

TYPED_TEST(AnySemaphore, TimedRequestsGiveUpInTime) {
  TypeParam s(1);
  s.acquire();
  EXPECT_FALSE(s.try_acquire_for(milliseconds(0)));
  EXPECT_FALSE(s.try_acquire_for(seconds(-5)));
  EXPECT_FALSE(s.try_acquire_until(steady_clock::now() - hours(1)));
  EXPECT_FALSE(s.try_acquire_until(system_clock::now() + milliseconds(2)));
  const auto begin = steady_clock::now();
  EXPECT_FALSE(s.try_acquire_for(milliseconds(20)));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(20));
  s.release();
}

TYPED_TEST(AnySemaphore, TimedRequestsTakeWhatIsThere) {
  TypeParam s(1);
  EXPECT_TRUE(s.try_acquire_for(milliseconds(0)));
  s.release();
  EXPECT_TRUE(s.try_acquire_until(steady_clock::now() - hours(1)));
  s.release();
}

TYPED_TEST(AnySemaphore, ATimedRequestIsEndedByARelease) {
  TypeParam s(1);
  s.acquire();
  bool acquired = false;
  Sleeper waiter([&] { acquired = s.try_acquire_for(hours(1)); });
  ASSERT_TRUE(waiter.UntilAsleep());
  s.release();
  waiter.Join();
  EXPECT_TRUE(acquired);
  s.release();
}

TYPED_TEST(AnySemaphore, LetsAsManyInAsItHasPermits) {
  constexpr int kPermits = 3, kThreads = 8, kRounds = 500;
  TypeParam s(kPermits);
  std::atomic<int> inside = 0, most = 0;
  std::vector<thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        s.acquire();
        const int now = ++inside;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        --inside;
        s.release();
      }
    });
  }
  for (thread& t : threads) t.join();
  EXPECT_LE(most, kPermits);
  for (int i = 0; i < kPermits; ++i) EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release(kPermits);
}

TYPED_TEST(AnySemaphore, NoPermitIsLostOrMadeByTimeouts) {
  constexpr int kThreads = 6, kRounds = 400;
  TypeParam s(2);
  std::vector<thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        if (s.try_acquire_for(std::chrono::microseconds(round % 7))) {
          s.release();
        }
      }
    });
  }
  for (thread& t : threads) t.join();
  EXPECT_TRUE(s.try_acquire());
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release(2);
}

// ---- As a signal ------------------------------------------------------------

template <typename Semaphore>
class AnySignal : public ::testing::Test {};
using Signals = ::testing::Types<counting_semaphore<>, binary_semaphore,
                                 std::counting_semaphore<8>>;
TYPED_TEST_SUITE(AnySignal, Signals);

TYPED_TEST(AnySignal, IsPostedByWhoAcquiredNothing) {
  TypeParam s(0);
  EXPECT_FALSE(s.try_acquire());
  Sleeper waiter([&] { s.acquire(); });
  ASSERT_TRUE(waiter.UntilAsleep());
  s.release();
  waiter.Join();
  EXPECT_FALSE(s.try_acquire());
}

TYPED_TEST(AnySignal, WhatIsPostedBeforeTheWaitIsKept) {
  TypeParam s(0);
  s.release();
  s.acquire();
  EXPECT_FALSE(s.try_acquire());
}

TYPED_TEST(AnySignal, WhatIsWrittenBeforeThePostIsSeenBehindTheWait) {
  TypeParam filled(0), emptied(1);
  int box = 0;
  thread producer([&] {
    for (int i = 1; i <= 2000; ++i) {
      emptied.acquire();
      box = i;
      filled.release();
    }
  });
  for (int i = 1; i <= 2000; ++i) {
    filled.acquire();
    EXPECT_EQ(box, i);
    emptied.release();
  }
  producer.join();
}

// ---- Ours -------------------------------------------------------------------

// One thread posts and another waits and destroys, in memory of which each byte
// is looked at when the post has returned.
template <typename Semaphore>
void DestroyAsSoonAsAcquired(std::ptrdiff_t begins_with) {
  constexpr int kRounds = 3000;
  constexpr unsigned char kGone = 0xa5;
  alignas(Semaphore) unsigned char memory[sizeof(Semaphore)];
  std::atomic<Semaphore*> to_post = nullptr;
  std::atomic<int> posted = 0;
  std::atomic<bool> over = false;
  thread poster([&] {
    while (!over) {
      Semaphore* const s = to_post.exchange(nullptr);
      if (s == nullptr) continue;
      s->release();
      ++posted;
    }
  });
  for (int round = 0; round < kRounds && !::testing::Test::HasFailure();
       ++round) {
    auto* const s = new (memory) Semaphore(begins_with);
    if (begins_with != 0) s->acquire();
    to_post = s;
    s->acquire();
    s->~Semaphore();
    std::fill(std::begin(memory), std::end(memory), kGone);
    while (posted == round) std::this_thread::yield();
    EXPECT_EQ(std::count(std::begin(memory), std::end(memory), kGone),
              static_cast<std::ptrdiff_t>(sizeof(memory)))
        << "round " << round;
  }
  over = true;
  poster.join();
}

TEST(Semaphore, MayBeDestroyedAsSoonAsItIsAcquired) {
  DestroyAsSoonAsAcquired<counting_semaphore<>>(0);
  DestroyAsSoonAsAcquired<counting_semaphore<>>(1);
  DestroyAsSoonAsAcquired<bounded_semaphore>(1);
}

TEST(Semaphore, ALongerWaiterGetsThePermitFirst) {
  counting_semaphore<> s(0);
  std::vector<int> order;
  counting_semaphore<> turn(1);
  const auto wait = [&](int who) {
    s.acquire();
    turn.acquire();
    order.push_back(who);
    turn.release();
  };
  Sleeper first([&] { wait(1); });
  ASSERT_TRUE(first.UntilAsleep());
  Sleeper second([&] { wait(2); });
  ASSERT_TRUE(second.UntilAsleep());
  s.release();
  first.Join();
  EXPECT_EQ(order, std::vector<int>({1}));
  s.release();
  second.Join();
  EXPECT_EQ(order, std::vector<int>({1, 2}));
}

TEST(Semaphore, CannotBeReleasedAboveItsMaximum) {
  counting_semaphore<> s(1);
  EXPECT_THROW(s.release(s.max()), std::logic_error);
  EXPECT_THROW(s.release(-1), std::logic_error);
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release(s.max());
  EXPECT_THROW(s.release(), std::logic_error);
}

TEST(BoundedSemaphore, CannotBeReleasedAboveItsBound) {
  bounded_semaphore s(2);
  EXPECT_THROW(s.release(), std::logic_error);
  s.acquire();
  EXPECT_THROW(s.release(2), std::logic_error);
  s.release();
  EXPECT_TRUE(s.try_acquire());
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release(2);
}

// Each way to acquire and to release counts what is out, the inlined ones, too.
TEST(BoundedSemaphore, KnowsItsBoundHoweverOftenItWasPassed) {
  bounded_semaphore s(2);
  for (int i = 0; i < 1000; ++i) {
    s.acquire();
    s.release();
  }
  EXPECT_THROW(s.release(), std::logic_error);
  for (int i = 0; i < 2; ++i) s.acquire();
  EXPECT_FALSE(s.try_acquire());
  thread([&] { s.release(); }).join();
  s.release();
  EXPECT_THROW(s.release(), std::logic_error);
  EXPECT_TRUE(s.try_acquire());
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.try_acquire());
  s.release(2);
}

// Of two who release the same permit one is refused, whoever comes first.
TEST(BoundedSemaphore, IsReleasedByOneOfTwo) {
  for (int i = 0; i < 1000; ++i) {
    bounded_semaphore s(1);
    std::barrier both(2);
    std::atomic<int> refused = 0;
    const auto release = [&] {
      both.arrive_and_wait();
      try {
        s.release();
      } catch (const std::logic_error&) {
        ++refused;
      }
    };
    s.acquire();
    s.release();
    s.acquire();
    thread other(release);
    release();
    other.join();
    EXPECT_EQ(refused, 1);
    EXPECT_TRUE(s.try_acquire());
    EXPECT_FALSE(s.try_acquire());
    s.release();
  }
}

TEST(BoundedSemaphore, MayBeReleasedByAnotherThread) {
  bounded_semaphore s(1);
  s.acquire();
  thread([&] { s.release(); }).join();
  EXPECT_TRUE(s.try_acquire());
  s.release();
}

}  // namespace
}  // namespace lockcheck

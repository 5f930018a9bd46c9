// The rules of promise, future and shared_future.
#include "lockcheck/future.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/thread.h"
#include "tests/instrument/future_errors.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using testing::ErrorOfFuture;
using testing::Sleeper;

static_assert(!std::is_copy_constructible_v<promise<int>> &&
              std::is_nothrow_move_constructible_v<promise<int>> &&
              std::is_nothrow_move_assignable_v<promise<int>>);
static_assert(!std::is_copy_constructible_v<future<int>> &&
              std::is_nothrow_move_constructible_v<future<int>> &&
              std::is_nothrow_move_assignable_v<future<int>>);
static_assert(std::is_nothrow_copy_constructible_v<shared_future<int>> &&
              std::is_nothrow_move_constructible_v<shared_future<int>>);
static_assert(std::is_same_v<decltype(std::declval<future<int>>().get()), int>);
static_assert(
    std::is_same_v<decltype(std::declval<future<int&>>().get()), int&>);
static_assert(std::is_same_v<decltype(std::declval<shared_future<int>>().get()),
                             const int&>);
static_assert(
    std::is_same_v<decltype(std::declval<shared_future<int&>>().get()), int&>);
static_assert(
    std::is_void_v<decltype(std::declval<shared_future<void>>().get())>);
static_assert(std::uses_allocator_v<promise<int>, std::allocator<int>>);

// It can be moved and made of a number, and nothing else.
struct Moved {
  explicit Moved(int n) : number(n) {}
  Moved(Moved&& other) noexcept : number(std::exchange(other.number, 0)) {}
  int number;
};

// What std's do, too.
struct Ours {
  template <typename R>
  using Promise = promise<R>;
  template <typename R>
  using Future = future<R>;
  template <typename R>
  using Shared = shared_future<R>;
};
struct Stds {
  template <typename R>
  using Promise = std::promise<R>;
  template <typename R>
  using Future = std::future<R>;
  template <typename R>
  using Shared = std::shared_future<R>;
};
template <typename Types>
class AnyFuture : public ::testing::Test {
 protected:
  template <typename R>
  using Promise = typename Types::template Promise<R>;
  template <typename R>
  using Future = typename Types::template Future<R>;
  template <typename R>
  using Shared = typename Types::template Shared<R>;
};
using Kinds = ::testing::Types<Ours, Stds>;
TYPED_TEST_SUITE(AnyFuture, Kinds);

TYPED_TEST(AnyFuture, GetsTheValueOfItsPromise) {
  typename TestFixture::template Promise<std::string> p;
  auto f = p.get_future();
  EXPECT_TRUE(f.valid());
  const std::string value = "value";
  p.set_value(value);
  EXPECT_EQ(f.get(), "value");
  EXPECT_FALSE(f.valid());
}

TYPED_TEST(AnyFuture, GetsReferencesAndNothingAtAll) {
  typename TestFixture::template Promise<int&> refers;
  int it = 0;
  refers.set_value(it);
  EXPECT_EQ(&refers.get_future().get(), &it);
  typename TestFixture::template Promise<void> nothing;
  auto f = nothing.get_future();
  nothing.set_value();
  f.wait();
  f.get();
}

TYPED_TEST(AnyFuture, TakesWhatCanOnlyBeMoved) {
  typename TestFixture::template Promise<Moved> p;
  auto f = p.get_future();
  p.set_value(Moved(7));
  EXPECT_EQ(f.get().number, 7);
}

TYPED_TEST(AnyFuture, BlocksUntilThePromiseIsFulfilled) {
  typename TestFixture::template Promise<int> p;
  std::atomic<int> got = 0;
  Sleeper waiter([&, f = p.get_future().share()] { got = f.get(); });
  ASSERT_TRUE(waiter.UntilAsleep());
  EXPECT_EQ(got, 0);
  p.set_value(3);
  waiter.Join();
  EXPECT_EQ(got, 3);
}

TYPED_TEST(AnyFuture, ThrowsWhatThePromiseWasGivenInstead) {
  typename TestFixture::template Promise<int> p;
  auto f = p.get_future();
  p.set_exception(std::make_exception_ptr(std::runtime_error("given")));
  EXPECT_EQ(f.wait_for(hours(1)), std::future_status::ready);
  EXPECT_THROW(f.get(), std::runtime_error);
  EXPECT_FALSE(f.valid());
}

TYPED_TEST(AnyFuture, GetsAnErrorIfThePromiseIsBroken) {
  using Promise = typename TestFixture::template Promise<int>;
  auto f = Promise().get_future();
  EXPECT_EQ(ErrorOfFuture([&] { f.get(); }), std::future_errc::broken_promise);
  Promise p;
  auto g = p.get_future();
  p = Promise();
  EXPECT_EQ(ErrorOfFuture([&] { g.get(); }), std::future_errc::broken_promise);
}

TYPED_TEST(AnyFuture, ABrokenPromiseEndsAWait) {
  auto p = std::make_unique<typename TestFixture::template Promise<void>>();
  auto f = p->get_future();
  Sleeper waiter([&] { f.wait(); });
  ASSERT_TRUE(waiter.UntilAsleep());
  p.reset();
  waiter.Join();
  EXPECT_THROW(f.get(), std::future_error);
}

TYPED_TEST(AnyFuture, APromiseIsFulfilledOnce) {
  typename TestFixture::template Promise<int> p;
  auto f = p.get_future();
  p.set_value(1);
  const auto again = std::future_errc::promise_already_satisfied;
  EXPECT_EQ(ErrorOfFuture([&] { p.set_value(2); }), again);
  EXPECT_EQ(ErrorOfFuture([&] { p.set_exception(std::make_exception_ptr(0)); }),
            again);
  EXPECT_EQ(ErrorOfFuture([&] { p.set_value_at_thread_exit(3); }), again);
  EXPECT_EQ(f.get(), 1);
}

TYPED_TEST(AnyFuture, APromiseHasOneFuture) {
  typename TestFixture::template Promise<int> p;
  auto f = p.get_future();
  EXPECT_EQ(ErrorOfFuture([&] { p.get_future(); }),
            std::future_errc::future_already_retrieved);
}

TYPED_TEST(AnyFuture, WithoutAStateNothingCanBeDone) {
  const auto no_state = std::future_errc::no_state;
  typename TestFixture::template Promise<int> p, other(std::move(p));
  EXPECT_EQ(ErrorOfFuture([&] { p.get_future(); }), no_state);
  EXPECT_EQ(ErrorOfFuture([&] { p.set_value(1); }), no_state);
  typename TestFixture::template Future<int> f;
  EXPECT_FALSE(f.valid());
}

TYPED_TEST(AnyFuture, TimedWaitsGiveUpInTime) {
  typename TestFixture::template Promise<int> p;
  auto f = p.get_future();
  const auto timeout = std::future_status::timeout;
  EXPECT_EQ(f.wait_for(milliseconds(0)), timeout);
  EXPECT_EQ(f.wait_for(milliseconds(-5)), timeout);
  EXPECT_EQ(f.wait_until(steady_clock::now() - hours(1)), timeout);
  EXPECT_EQ(f.wait_until(system_clock::now() + milliseconds(2)), timeout);
  const auto begin = steady_clock::now();
  EXPECT_EQ(f.wait_for(milliseconds(20)), timeout);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(20));
  std::future_status status = timeout;
  Sleeper waiter([&] { status = f.wait_for(hours(1)); });
  ASSERT_TRUE(waiter.UntilAsleep());
  p.set_value(1);
  waiter.Join();
  EXPECT_EQ(status, std::future_status::ready);
  EXPECT_EQ(f.wait_until(steady_clock::now()), std::future_status::ready);
}

TYPED_TEST(AnyFuture, ManyShareAResultAndItStays) {
  typename TestFixture::template Promise<std::string> p;
  typename TestFixture::template Shared<std::string> first =
      p.get_future().share();
  auto second = first;
  std::vector<thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back(
        [f = first] { EXPECT_EQ(f.get() + f.get(), "onceonce"); });
  }
  p.set_value("once");
  for (thread& t : threads) t.join();
  EXPECT_EQ(&first.get(), &second.get());
  second = std::move(first);
  EXPECT_FALSE(first.valid());
  EXPECT_EQ(second.get(), "once");
}

TYPED_TEST(AnyFuture, IsReadyWhenTheThreadsObjectsAreDestroyed) {
  static std::atomic<bool> destroyed;
  destroyed = false;
  struct ThreadLocal {
    ~ThreadLocal() { destroyed = true; }
    int used = 0;
  };
  typename TestFixture::template Promise<int> p, failing;
  auto f = p.get_future();
  auto g = failing.get_future();
  thread other([&] {
    static thread_local ThreadLocal object;
    object.used = 1;
    p.set_value_at_thread_exit(4);
    failing.set_exception_at_thread_exit(std::make_exception_ptr(5));
    EXPECT_EQ(f.wait_for(milliseconds(0)), std::future_status::timeout);
  });
  f.wait();
  EXPECT_TRUE(destroyed);
  other.join();
  EXPECT_EQ(f.get(), 4);
  EXPECT_THROW(g.get(), int);
}

TYPED_TEST(AnyFuture, APromiseMayBeGoneBeforeItsThreadEnds) {
  typename TestFixture::template Future<int> f;
  thread([&] {
    typename TestFixture::template Promise<int> p;
    f = p.get_future();
    p.set_value_at_thread_exit(4);
  }).join();
  EXPECT_EQ(f.get(), 4);
}

TYPED_TEST(AnyFuture, APromiseIsMovedAndSwapped) {
  typename TestFixture::template Promise<int> one, two;
  auto first = one.get_future();
  auto second = two.get_future();
  swap(one, two);
  one.set_value(2);
  auto moved = std::move(two);
  moved.set_value(1);
  EXPECT_EQ(first.get(), 1);
  EXPECT_EQ(second.get(), 2);
}

// Counts what is allocated and not given back.
template <typename T>
struct CountingAllocator {
  using value_type = T;
  explicit CountingAllocator(int* n) : count(n) {}
  template <typename U>
  CountingAllocator(const CountingAllocator<U>& other) : count(other.count) {}
  T* allocate(size_t n) {
    ++*count;
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* p, size_t n) {
    --*count;
    std::allocator<T>().deallocate(p, n);
  }
  bool operator==(const CountingAllocator&) const = default;
  int* count;
};

TYPED_TEST(AnyFuture, UsesTheAllocatorItIsGiven) {
  int allocated = 0;
  {
    typename TestFixture::template Promise<std::string> p(
        std::allocator_arg, CountingAllocator<char>(&allocated));
    EXPECT_GT(allocated, 0);
    auto f = p.get_future();
    p.set_value("value");
    EXPECT_EQ(f.get(), "value");
  }
  EXPECT_EQ(allocated, 0);
}

TYPED_TEST(AnyFuture, DestroysWhatNobodyGot) {
  const auto counted = std::make_shared<int>(0);
  {
    typename TestFixture::template Promise<std::shared_ptr<int>> p;
    auto f = p.get_future();
    p.set_value(counted);
    EXPECT_EQ(counted.use_count(), 2);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TYPED_TEST(AnyFuture, WhatIsWrittenBeforeIsSeenBehindTheWait) {
  for (int i = 0; i < 2'000; ++i) {
    typename TestFixture::template Promise<void> p;
    int written = 0;
    thread other([&] {
      written = 1;
      p.set_value();
    });
    p.get_future().get();
    EXPECT_EQ(written, 1);
    other.join();
  }
}

// ---- Ours -------------------------------------------------------------------

// std's too, but libstdc++'s runs it within pthread_once(), which
// ThreadSanitizer does not let an exception leave.
TEST(Future, AValueThatCannotBeCopiedInLeavesThePromiseAsItWas) {
  struct Throws {
    Throws() = default;
    Throws(const Throws&) { throw std::runtime_error(""); }
  };
  promise<Throws> p;
  auto f = p.get_future();
  EXPECT_THROW(p.set_value(Throws()), std::runtime_error);
  EXPECT_EQ(f.wait_for(milliseconds(0)), std::future_status::timeout);
  p.set_exception(std::make_exception_ptr(1));
  EXPECT_THROW(f.get(), int);
}

TEST(Future, WhoHasWaitedMayDestroyThePromise) {
  for (int i = 0; i < 2'000; ++i) {
    auto p = std::make_unique<promise<int>>("promise");
    thread other([raw = p.get()] { raw->set_value(1); });
    EXPECT_EQ(p->get_future().get(), 1);
    p.reset();
    other.join();
  }
}

TEST(Future, WithoutAStateItThrowsInsteadOfCrashing) {
  const auto no_state = std::future_errc::no_state;
  future<int> f;
  EXPECT_EQ(ErrorOfFuture([&] { f.get(); }), no_state);
  EXPECT_EQ(ErrorOfFuture([&] { f.wait(); }), no_state);
  EXPECT_EQ(ErrorOfFuture([&] { f.wait_for(hours(1)); }), no_state);
  EXPECT_EQ(ErrorOfFuture([&] { f.wait_until(steady_clock::now()); }),
            no_state);
}

}  // namespace
}  // namespace lockcheck

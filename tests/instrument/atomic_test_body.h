// The rules of atomic, shared and the macros for plain variables, for what is
// recorded and for the plain twins: included by a test of each, which names its
// suites.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_ATOMIC_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_ATOMIC_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "lockcheck/access.h"
#include "lockcheck/atomic.h"
#include "lockcheck/shared.h"
#include "lockcheck/thread.h"

namespace lockcheck {
namespace {

enum class Colour : uint8_t { kRed, kGreen };
struct Pair {
  uint32_t first = 0, second = 0;
};
struct Padded {
  uint8_t small = 0;
  uint32_t large = 0;
};
using internal::kIsComparedByBits;
static_assert(kIsComparedByBits<bool> && kIsComparedByBits<Colour> &&
              kIsComparedByBits<int*> && kIsComparedByBits<double> &&
              kIsComparedByBits<Pair> && !kIsComparedByBits<Padded>);

constinit atomic<bool> g_flag{false, "flag"};
constinit atomic<uint64_t> g_wide{7};
static_assert(!std::is_copy_constructible_v<atomic<int>> &&
              !std::is_copy_assignable_v<atomic<int>>);
static_assert(std::is_trivially_destructible_v<atomic<int>>);
static_assert(noexcept(g_flag.load()) && noexcept(g_flag.store(true)));
static_assert(std::is_same_v<atomic<int>::value_type, int>);

// What std's do, too: of one byte, of four and of eight.
template <typename Atomic>
class ANY_ATOMIC_TEST : public ::testing::Test {};
using Kinds =
    ::testing::Types<atomic<uint8_t>, atomic<int16_t>, atomic<int>,
                     atomic<int64_t>, std::atomic<int>, std::atomic<int64_t>>;
TYPED_TEST_SUITE(ANY_ATOMIC_TEST, Kinds);

TYPED_TEST(ANY_ATOMIC_TEST, HasWhatWasStored) {
  TypeParam a(3);
  EXPECT_EQ(a.load(), 3);
  a.store(4);
  EXPECT_EQ(a, 4);
  EXPECT_EQ(a = 5, 5);
  EXPECT_EQ(a.load(std::memory_order_relaxed), 5);
  a.store(6, std::memory_order_release);
  EXPECT_EQ(a.load(std::memory_order_acquire), 6);
  EXPECT_EQ(a.exchange(7, std::memory_order_acq_rel), 6);
  EXPECT_EQ(a.exchange(7), 7);
  EXPECT_EQ(a.load(), 7);
  EXPECT_EQ(TypeParam().load(), 0);
}

TYPED_TEST(ANY_ATOMIC_TEST, IsExchangedIfItIsWhatWasExpected) {
  TypeParam a(1);
  typename TypeParam::value_type expected = 2;
  EXPECT_FALSE(a.compare_exchange_strong(expected, 3));
  EXPECT_EQ(expected, 1);
  EXPECT_EQ(a.load(), 1);
  EXPECT_TRUE(a.compare_exchange_strong(expected, 3));
  EXPECT_EQ(expected, 1);
  EXPECT_EQ(a.load(), 3);
  expected = 3;
  while (!a.compare_exchange_weak(expected, 4, std::memory_order_release,
                                  std::memory_order_relaxed)) {
  }
  EXPECT_EQ(a.load(), 4);
  expected = 4;
  EXPECT_TRUE(a.compare_exchange_strong(expected, 4, std::memory_order_acq_rel,
                                        std::memory_order_acquire));
  EXPECT_EQ(a.load(), 4);
}

TYPED_TEST(ANY_ATOMIC_TEST, CountsAndMasks) {
  TypeParam a(5);
  EXPECT_EQ(a++, 5);
  EXPECT_EQ(++a, 7);
  EXPECT_EQ(a--, 7);
  EXPECT_EQ(--a, 5);
  EXPECT_EQ(a.fetch_add(4), 5);
  EXPECT_EQ(a.fetch_sub(2), 9);
  EXPECT_EQ(a += 3, 10);
  EXPECT_EQ(a -= 4, 6);
  EXPECT_EQ(a.fetch_and(3), 6);
  EXPECT_EQ(a.fetch_or(12), 2);
  EXPECT_EQ(a.fetch_xor(5), 14);
  EXPECT_EQ(a &= 9, 9);
  EXPECT_EQ(a |= 2, 11);
  EXPECT_EQ(a ^= 1, 10);
}

TYPED_TEST(ANY_ATOMIC_TEST, WrapsRound) {
  using Value = typename TypeParam::value_type;
  TypeParam a(std::numeric_limits<Value>::max());
  ++a;
  EXPECT_EQ(a.load(), std::numeric_limits<Value>::min());
  --a;
  EXPECT_EQ(a.load(), std::numeric_limits<Value>::max());
}

TYPED_TEST(ANY_ATOMIC_TEST, LosesNoUpdateOfManyThreads) {
  TypeParam a(0), b(0);
  constexpr int kThreads = 4, kTurns = 5'000;
  std::vector<thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTurns; ++i) {
        a.fetch_add(1, std::memory_order_relaxed);
        typename TypeParam::value_type seen = b.load();
        while (!b.compare_exchange_weak(
            seen, static_cast<typename TypeParam::value_type>(seen + 1))) {
        }
      }
    });
  }
  for (thread& t : threads) t.join();
  const auto sum =
      static_cast<typename TypeParam::value_type>(kThreads * kTurns);
  EXPECT_EQ(a.load(), sum);
  EXPECT_EQ(b.load(), sum);
}

// What was written before the flag is there behind it.
TYPED_TEST(ANY_ATOMIC_TEST, ReleasesWhatWasWrittenBefore) {
  for (int i = 0; i < 100; ++i) {
    TypeParam ready(0);
    int data = 0;
    thread writer([&] {
      data = 42;
      ready.store(1, std::memory_order_release);
    });
    while (ready.load(std::memory_order_acquire) == 0) {
      std::this_thread::yield();
    }
    EXPECT_EQ(data, 42);
    writer.join();
  }
}

TYPED_TEST(ANY_ATOMIC_TEST, WaitsUntilItIsSomethingElse) {
  TypeParam a(0), answer(0);
  a.wait(1);
  thread other([&] {
    a.wait(0);
    answer = 1;
    answer.notify_one();
  });
  a = 1;
  a.notify_all();
  answer.wait(0);
  EXPECT_EQ(answer.load(), 1);
  other.join();
}

// A value is never seen half.
TEST(VARIABLE_TEST, OfEightBytesIsSeenWhole) {
  atomic<Pair> pair(Pair{}, "pair");
  constexpr uint32_t kLast = 20'000;
  thread writer([&] {
    for (uint32_t i = 1; i <= kLast; ++i) pair.store({i, i});
  });
  for (uint32_t last = 0; last != kLast;) {
    const Pair seen = pair.load();
    EXPECT_EQ(seen.first, seen.second);
    EXPECT_GE(seen.first, last);
    last = seen.first;
  }
  writer.join();
}

TEST(VARIABLE_TEST, OfOtherTypesAreAtomicToo) {
  atomic<Colour> colour(Colour::kRed);
  Colour expected = Colour::kRed;
  EXPECT_TRUE(colour.compare_exchange_strong(expected, Colour::kGreen));
  EXPECT_EQ(colour.load(), Colour::kGreen);
  int numbers[3] = {1, 2, 3};
  atomic<int*> pointer(numbers, "pointer");
  EXPECT_EQ(*pointer.fetch_add(1), 1);
  EXPECT_EQ(*++pointer, 3);
  EXPECT_EQ(*(pointer -= 2), 1);
  atomic<double> sum(1.5);
  EXPECT_EQ(sum.fetch_add(2.0), 1.5);
  EXPECT_EQ(sum += 0.5, 4.0);
  atomic<float> less(1.0f);
  EXPECT_EQ(less.fetch_sub(0.5f), 1.0f);
  EXPECT_FALSE(g_flag.exchange(true));
  EXPECT_EQ(g_wide.load(), 7u);
  EXPECT_TRUE(atomic<int>().is_lock_free());
}

TEST(VARIABLE_TEST, OfAnyTypeIsReadAndWritten) {
  shared<std::string> state("idle", "state");
  EXPECT_EQ(state.read(), "idle");
  state.write("busy");
  EXPECT_EQ(static_cast<const std::string&>(state), "busy");
  state = "done";
  const std::string& now = state;
  EXPECT_EQ(now, "done");
  shared<std::string> copy = state;
  state = "idle";
  EXPECT_EQ(copy.read(), "done");
  copy = state;
  EXPECT_EQ(copy.read(), "idle");
  EXPECT_EQ(shared<int>().read(), 0);
  shared<std::unique_ptr<int>> owned(std::make_unique<int>(1));
  owned.write(std::make_unique<int>(2));
  EXPECT_EQ(*owned.read(), 2);
}

struct Thrower {
  bool throws = false;
  Thrower() = default;
  explicit Thrower(bool t) : throws(t) {}
  Thrower(const Thrower&) = default;
  Thrower& operator=(const Thrower& other) {
    if (other.throws) throw std::runtime_error("no");
    throws = other.throws;
    return *this;
  }
};

TEST(VARIABLE_TEST, ThrowsWhatItsTypeThrows) {
  shared<Thrower> variable;
  EXPECT_THROW(variable.write(Thrower(true)), std::runtime_error);
  EXPECT_FALSE(variable.read().throws);
}

TEST(VARIABLE_TEST, ThatIsPlainStaysWhatItIs) {
  int plain = 1;
  volatile bool flag = false;
  std::string text = "a";
  LOCKCHECK_WRITE(plain) = 2;
  LOCKCHECK_WRITE(plain) += 3;
  EXPECT_EQ(LOCKCHECK_READ(plain), 5);
  EXPECT_EQ(&LOCKCHECK_READ(plain), &plain);
  LOCKCHECK_WRITE(flag) = true;
  EXPECT_TRUE(LOCKCHECK_READ(flag));
  LOCKCHECK_WRITE(text).append("b");
  EXPECT_EQ(LOCKCHECK_READ(text).size(), 2u);
  LOCKCHECK_FORGET(plain);
  EXPECT_EQ(LOCKCHECK_READ(plain), 5);
  static_assert(std::is_same_v<decltype(LOCKCHECK_READ(plain)), const int&> &&
                std::is_same_v<decltype(LOCKCHECK_WRITE(plain)), int&>);
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_ATOMIC_TEST_BODY_H_

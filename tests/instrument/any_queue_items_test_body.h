// What queues of threads and of coroutines do with items that can only be
// moved, and with those whose moves throw; for the recorded types and for their
// plain twins.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_ANY_QUEUE_ITEMS_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_ANY_QUEUE_ITEMS_TEST_BODY_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>

#include "lockcheck/coroutine/queue.h"
#include "lockcheck/queue.h"
#include "tests/instrument/any_queue.h"

namespace lockcheck {
namespace {

using coroutine::task;
using std::chrono::milliseconds;
using testing::OfCoroutines;
using testing::OfThreads;

template <typename Level>
class AnyQueueOfOwners : public ::testing::Test {};
using Owners =
    ::testing::Types<OfThreads<queue<std::unique_ptr<int>>>,
                     OfCoroutines<coroutine::queue<std::unique_ptr<int>>>>;
TYPED_TEST_SUITE(AnyQueueOfOwners, Owners);

TYPED_TEST(AnyQueueOfOwners, TakesWhatCanOnlyBeMoved) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q(1);
    co_await q.put(std::make_unique<int>(1));
    auto second = std::make_unique<int>(2);
    EXPECT_FALSE(q.put_nowait(std::move(second)));
    EXPECT_FALSE(co_await q.put_for(std::move(second), milliseconds(1)));
    EXPECT_NE(second, nullptr);
    EXPECT_EQ(*co_await q.get(), 1);
    EXPECT_TRUE(q.put_nowait(std::move(second)));
    EXPECT_EQ(second, nullptr);
    EXPECT_EQ(**co_await q.get_for(milliseconds(1)), 2);
  });
}

// One whose next move throws, if it is to.
struct Unwilling {
  explicit Unwilling(int n) : number(n) {}
  Unwilling(Unwilling&& other) : number(other.number) {
    if (refuses.exchange(false)) throw std::domain_error("stays here");
  }
  bool operator<(const Unwilling& other) const { return number < other.number; }
  int number;
  static inline std::atomic<bool> refuses = false;
};

template <typename Level>
class AnyQueueOfTheUnwilling : public ::testing::Test {};
using UnwillingKinds =
    ::testing::Types<OfThreads<queue<Unwilling>>,
                     OfCoroutines<coroutine::queue<Unwilling>>,
                     OfCoroutines<coroutine::lifo_queue<Unwilling>>,
                     OfCoroutines<coroutine::priority_queue<Unwilling>>>;
TYPED_TEST_SUITE(AnyQueueOfTheUnwilling, UnwillingKinds);

TYPED_TEST(AnyQueueOfTheUnwilling, KeepsAnItemThatDoesNotGo) {
  TypeParam::Run([]() -> task<> {
    typename TypeParam::Queue q(1);
    int thrown = 0;
    Unwilling::refuses = true;
    Unwilling item(1);
    try {
      co_await q.put(std::move(item));
    } catch (const std::domain_error&) {
      ++thrown;
    }
    EXPECT_TRUE(q.empty());
    co_await q.put(std::move(item));
    Unwilling::refuses = true;
    try {
      co_await q.get();
    } catch (const std::domain_error&) {
      ++thrown;
    }
    EXPECT_EQ(thrown, 2);
    EXPECT_EQ(q.size(), 1u);
    const Unwilling got = co_await q.get();
    EXPECT_EQ(got.number, 1);
  });
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_ANY_QUEUE_ITEMS_TEST_BODY_H_

// What queues do with items that can only be moved, and with those whose moves
// throw.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>

#include "lockcheck/queue.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck {
namespace {

using std::chrono::milliseconds;
using testing::Sleeper;

TEST(Queue, TakesWhatCanOnlyBeMoved) {
  queue<std::unique_ptr<int>> q(1);
  q.put(std::make_unique<int>(1));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(q.put_nowait(std::move(second)));
  EXPECT_FALSE(q.put_for(std::move(second), milliseconds(1)));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(*q.get(), 1);
  EXPECT_TRUE(q.put_nowait(std::move(second)));
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(**q.get_for(milliseconds(1)), 2);
}

// One of its moves throws: the next, or one after so many.
struct Unwilling {
  static constexpr int kNever = -1;
  explicit Unwilling(int n) : number(n) {}
  Unwilling(Unwilling&& other) : number(other.number) {
    if (refuse_after-- == 0) throw std::domain_error("stays here");
  }
  bool operator<(const Unwilling& other) const { return number < other.number; }
  int number;
  static inline std::atomic<int> refuse_after = kNever;
};

template <typename Queue>
class QueueOfTheUnwilling : public ::testing::Test {
 protected:
  template <typename Act>
  void Refuse(Act act) {
    Unwilling::refuse_after = 0;
    EXPECT_THROW(act(), std::domain_error);
    Unwilling::refuse_after = Unwilling::kNever;
  }
};
using UnwillingKinds = ::testing::Types<queue<Unwilling>, lifo_queue<Unwilling>,
                                        priority_queue<Unwilling>>;
TYPED_TEST_SUITE(QueueOfTheUnwilling, UnwillingKinds);

TYPED_TEST(QueueOfTheUnwilling, KeepsAnItemThatDoesNotGo) {
  TypeParam q;
  q.put(Unwilling(1));
  this->Refuse([&] { q.get(); });
  this->Refuse([&] { q.get_nowait(); });
  this->Refuse([&] { q.get_for(milliseconds(1)); });
  EXPECT_EQ(q.size(), 1u);
  EXPECT_EQ(q.get().number, 1);
  EXPECT_TRUE(q.empty());
}

TYPED_TEST(QueueOfTheUnwilling, DoesNotHaveWhatDoesNotCome) {
  TypeParam q(1);
  this->Refuse([&] { q.put(Unwilling(1)); });
  this->Refuse([&] { q.put_nowait(Unwilling(1)); });
  this->Refuse([&] { q.put_for(Unwilling(1), milliseconds(1)); });
  EXPECT_TRUE(q.empty());
  EXPECT_THROW(q.task_done(), std::logic_error);
  EXPECT_TRUE(q.put_nowait(Unwilling(2)));
  EXPECT_EQ(q.get().number, 2);
}

TYPED_TEST(QueueOfTheUnwilling, PassesOnTheItemOfAGetterThatThrows) {
  TypeParam q;
  std::atomic<int> got = 0, thrown = 0;
  const auto get = [&] {
    try {
      got = q.get().number;
    } catch (const std::domain_error&) {
      ++thrown;
    }
  };
  Sleeper first(get), second(get);
  ASSERT_TRUE(first.UntilAsleep() && second.UntilAsleep());
  Unwilling::refuse_after = 1;  // into the queue it goes
  q.put(Unwilling(3));
  first.Join();
  second.Join();
  EXPECT_EQ(got, 3);
  EXPECT_EQ(thrown, 1);
}

TYPED_TEST(QueueOfTheUnwilling, PassesOnTheRoomOfAPutterThatThrows) {
  TypeParam q(1);
  q.put(Unwilling(1));
  std::atomic<int> thrown = 0;
  const auto put = [&] {
    try {
      q.put(Unwilling(2));
    } catch (const std::domain_error&) {
      ++thrown;
    }
  };
  Sleeper first(put), second(put);
  ASSERT_TRUE(first.UntilAsleep() && second.UntilAsleep());
  Unwilling::refuse_after = 1;  // out of the queue it goes
  EXPECT_EQ(q.get().number, 1);
  first.Join();
  second.Join();
  EXPECT_EQ(q.get().number, 2);
  EXPECT_EQ(thrown, 1);
}

}  // namespace
}  // namespace lockcheck

// The rules of process::queue, for both variants.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_QUEUE_TEST_BODY_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_QUEUE_TEST_BODY_H_

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "lockcheck/process.h"
#include "tests/instrument/process_children.h"

// As in process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using testing::AwaitSleepOf;

// One that does not travel as it lies there, and may not come to its end.
struct Order {
  std::string name;
  bool may_be_written = true, may_be_read = true, kills = false;
};

}  // namespace

template <>
struct process::codec<Order> {
  static constexpr size_t fixed_size = 0;
  static size_t size(const Order& order) { return 1 + order.name.size(); }
  static size_t write(const Order& order, std::byte* to) {
    if (!order.may_be_written) throw std::runtime_error("not to be written");
    to[0] = std::byte{order.may_be_read};
    if (order.kills) raise(SIGKILL);
    std::memcpy(to + 1, order.name.data(), order.name.size());
    return size(order);
  }
  static Order read(const std::byte* from, size_t size) {
    if (from[0] == std::byte{0} && !may_read) {
      throw std::runtime_error("not to be read");
    }
    return {std::string(reinterpret_cast<const char*>(from + 1), size - 1)};
  }
  static inline bool may_read = false;
};

namespace {

class PROCESS_QUEUE_TEST : public ::testing::Test {
 protected:
  template <typename Act>
  static bool IsClosedFor(Act act) {
    try {
      act();
    } catch (const queue_closed&) {
      return true;
    }
    return false;
  }
  // A child that gets one and ends with it.
  process::child Getter() {
    return process::child([this] { return queue_.get(); });
  }
  process::child Putter(int item) {
    return process::child([this, item] { queue_.put(item); });
  }
  static int StatusOf(process::child& child) {
    child.join();
    return child.exit_status().value_or(-1);
  }

  process::queue<int> queue_{2, "queue"};
};

TEST_F(PROCESS_QUEUE_TEST, IsNeitherCopiedNorMoved) {
  using Queue = process::queue<int>;
  EXPECT_FALSE(std::is_copy_constructible_v<Queue>);
  EXPECT_FALSE(std::is_move_constructible_v<Queue>);
  EXPECT_FALSE(std::is_copy_assignable_v<Queue>);
}

TEST_F(PROCESS_QUEUE_TEST, GivesTheOldestFirstAndCounts) {
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.maxsize(), 2u);
  for (int round = 0; round < 5; ++round) {
    queue_.put(1);
    EXPECT_FALSE(queue_.full());
    queue_.put(2);
    EXPECT_TRUE(queue_.full());
    EXPECT_EQ(queue_.size(), 2u);
    EXPECT_EQ(queue_.get(), 1);
    EXPECT_EQ(queue_.get(), 2);
    EXPECT_TRUE(queue_.empty());
  }
}

TEST_F(PROCESS_QUEUE_TEST, ItemsTravelBetweenProcesses) {
  process::child echo([&] {
    for (int i = 0; i < 3; ++i) queue_.put(i);
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue_.get(), i);
  EXPECT_EQ(StatusOf(echo), 0);
}

// ---- What may be in it ------------------------------------------------------
TEST_F(PROCESS_QUEUE_TEST, StringsVectorsAndOwnTypesTravel) {
  struct Plain {
    int number;
    double ratio;
  };
  process::queue<std::string> strings(3, "strings");
  process::queue<std::vector<Plain>> rows(3, process::item_bytes(200));
  process::queue<Order> orders(3);
  process::child sender([&] {
    strings.put("");
    strings.put(std::string("a\0b", 3));
    strings.put(std::string(1024, 'x'));
    rows.put({});
    rows.put({{1, 0.5}, {2, 0.25}});
    orders.put({"order"});
  });
  EXPECT_EQ(strings.get(), "");
  EXPECT_EQ(strings.get(), std::string("a\0b", 3));
  EXPECT_EQ(strings.get(), std::string(1024, 'x'));
  EXPECT_TRUE(rows.get().empty());
  const std::vector<Plain> row = rows.get();
  ASSERT_EQ(row.size(), 2u);
  EXPECT_EQ(row[1].number, 2);
  EXPECT_EQ(row[1].ratio, 0.25);
  EXPECT_EQ(orders.get().name, "order");
}

TEST_F(PROCESS_QUEUE_TEST, AnItemThatIsTooLongIsRefused) {
  process::queue<std::string> strings(1, process::item_bytes(4));
  EXPECT_EQ(strings.max_item_bytes(), 4u);
  EXPECT_THROW(strings.put("12345"), std::length_error);
  EXPECT_TRUE(strings.empty());
  strings.put("1234");
  EXPECT_EQ(strings.get(), "1234");
}

TEST_F(PROCESS_QUEUE_TEST, ItHasABound) {
  EXPECT_THROW(process::queue<int>(0), std::invalid_argument);
  EXPECT_THROW(process::queue<int>(SIZE_MAX), std::invalid_argument);
}

TEST_F(PROCESS_QUEUE_TEST, IfACodecThrowsTheItemStaysWhereItWas) {
  process::queue<Order> orders(1, "orders");
  Order bad{"bad"};
  bad.may_be_written = false;
  EXPECT_THROW(orders.put(bad), std::runtime_error);
  EXPECT_TRUE(orders.empty());
  Order unread{"unread"};
  unread.may_be_read = false;
  EXPECT_TRUE(orders.put_nowait(unread));
  EXPECT_THROW(orders.get(), std::runtime_error);
  EXPECT_THROW(orders.get_nowait(), std::runtime_error);
  EXPECT_EQ(orders.size(), 1u);
  process::codec<Order>::may_read = true;
  EXPECT_EQ(orders.get().name, "unread");
  process::codec<Order>::may_read = false;
}

// ---- Waiting ----------------------------------------------------------------
TEST_F(PROCESS_QUEUE_TEST, GetWaitsForAnItem) {
  process::child getter = Getter();
  AwaitSleepOf(getter);
  queue_.put(7);
  EXPECT_EQ(StatusOf(getter), 7);
}

TEST_F(PROCESS_QUEUE_TEST, PutWaitsForRoom) {
  queue_.put(1);
  queue_.put(2);
  process::child putter = Putter(3);
  AwaitSleepOf(putter);
  EXPECT_EQ(queue_.size(), 2u);
  EXPECT_EQ(queue_.get(), 1);
  EXPECT_EQ(StatusOf(putter), 0);
  EXPECT_EQ(queue_.get(), 2);
  EXPECT_EQ(queue_.get(), 3);
}

TEST_F(PROCESS_QUEUE_TEST, OthersDoNotWaitOrWaitForSomeTimeOnly) {
  const auto soon = milliseconds(1);
  EXPECT_FALSE(queue_.get_nowait().has_value());
  EXPECT_FALSE(queue_.get_for(soon).has_value());
  EXPECT_FALSE(queue_.get_for(-soon).has_value());
  EXPECT_FALSE(queue_.get_until(steady_clock::now() + soon).has_value());
  EXPECT_FALSE(queue_.get_until(system_clock::now() + soon).has_value());
  EXPECT_TRUE(queue_.put_nowait(1));
  EXPECT_TRUE(queue_.put_for(2, hours(1)));
  EXPECT_FALSE(queue_.put_nowait(3));
  EXPECT_FALSE(queue_.put_for(3, soon));
  EXPECT_FALSE(queue_.put_until(3, steady_clock::now() + soon));
  EXPECT_FALSE(queue_.put_until(3, system_clock::now() + soon));
  EXPECT_EQ(queue_.get_nowait(), 1);
  EXPECT_EQ(queue_.get_until(steady_clock::now() + hours(1)), 2);
  EXPECT_TRUE(queue_.put_until(3, system_clock::now() + hours(1)));
  EXPECT_EQ(queue_.get_for(hours(1)), 3);
}

TEST_F(PROCESS_QUEUE_TEST, WhoHasWaitedLongestHasItsTurnFirst) {
  process::child first = Getter();
  AwaitSleepOf(first);
  process::child second = Getter();
  AwaitSleepOf(second);
  queue_.put(1);
  EXPECT_EQ(StatusOf(first), 1);
  queue_.put(2);
  EXPECT_EQ(StatusOf(second), 2);
  queue_.put(3);
  queue_.put(4);
  process::child third = Putter(5);
  AwaitSleepOf(third);
  process::child fourth = Putter(6);
  AwaitSleepOf(fourth);
  EXPECT_EQ(queue_.get(), 3);
  EXPECT_EQ(StatusOf(third), 0);
  for (int i = 4; i <= 6; ++i) EXPECT_EQ(queue_.get(), i);
}

TEST_F(PROCESS_QUEUE_TEST, NothingIsLostOrThereTwice) {
  constexpr int kEach = 500;
  process::shared<std::atomic<long>> sum(0);
  std::deque<process::child> all;
  for (int p = 0; p < 2; ++p) {
    all.emplace_back([&, p] {
      for (int i = 1; i <= kEach; ++i) queue_.put(p * kEach + i);
    });
    all.emplace_back([&] {
      for (int i = 1; i <= kEach; ++i) *sum += queue_.get();
    });
  }
  for (process::child& child : all) EXPECT_EQ(StatusOf(child), 0);
  EXPECT_EQ(*sum, long{2 * kEach} * (2 * kEach + 1) / 2);
  EXPECT_TRUE(queue_.empty());
}

// Those who wait for one thing are in nobody's way who waits for another.
TEST_F(PROCESS_QUEUE_TEST, MoreMayWaitThanThereAreSlotsForWaiters) {
  constexpr int kMany = 40;
  std::deque<process::child> getters, putters;
  for (int i = 0; i < kMany; ++i) getters.push_back(Getter());
  for (const process::child& child : getters) AwaitSleepOf(child);
  for (int i = 0; i < kMany; ++i) queue_.put(1);
  for (process::child& child : getters) EXPECT_EQ(StatusOf(child), 1);
  while (queue_.put_nowait(2)) {
  }
  for (int i = 0; i < kMany; ++i) putters.push_back(Putter(2));
  for (const process::child& child : putters) AwaitSleepOf(child);
  for (int i = 0; i < kMany + 2; ++i) EXPECT_EQ(queue_.get(), 2);
  for (process::child& child : putters) EXPECT_EQ(StatusOf(child), 0);
}

// ---- task_done, join --------------------------------------------------------
TEST_F(PROCESS_QUEUE_TEST, JoinWaitsUntilAllThatWasPutIsDone) {
  queue_.join();
  queue_.put(1);
  queue_.put(2);
  EXPECT_FALSE(queue_.join_for(milliseconds(1)));
  EXPECT_FALSE(queue_.join_until(steady_clock::now() + milliseconds(1)));
  process::child joiner([&] { queue_.join(); });
  AwaitSleepOf(joiner);
  queue_.get();
  queue_.task_done();
  queue_.get();
  EXPECT_TRUE(joiner.is_alive());
  queue_.task_done();
  EXPECT_EQ(StatusOf(joiner), 0);
  EXPECT_TRUE(queue_.join_for(hours(1)));
}

TEST_F(PROCESS_QUEUE_TEST, NewItemsAfterTheEndDoNotMatter) {
  queue_.put(1);
  queue_.get();
  process::child joiner([&] { queue_.join(); });
  AwaitSleepOf(joiner);
  queue_.task_done();
  queue_.put(2);
  EXPECT_EQ(StatusOf(joiner), 0);
}

TEST_F(PROCESS_QUEUE_TEST, ATaskDoneTooManyIsRefused) {
  EXPECT_THROW(queue_.task_done(), std::logic_error);
  queue_.put(1);
  queue_.task_done();
  EXPECT_THROW(queue_.task_done(), std::logic_error);
}

// ---- close ------------------------------------------------------------------
TEST_F(PROCESS_QUEUE_TEST, AfterCloseNothingIsPutAndTheRestIsGot) {
  queue_.put(1);
  queue_.close();
  queue_.close();
  EXPECT_TRUE(queue_.closed());
  EXPECT_TRUE(IsClosedFor([&] { queue_.put(2); }));
  EXPECT_TRUE(IsClosedFor([&] { queue_.put_nowait(2); }));
  EXPECT_EQ(queue_.get(), 1);
  EXPECT_TRUE(IsClosedFor([&] { queue_.get(); }));
  EXPECT_TRUE(IsClosedFor([&] { queue_.get_nowait(); }));
  EXPECT_TRUE(IsClosedFor([&] { queue_.get_for(hours(1)); }));
}

TEST_F(PROCESS_QUEUE_TEST, CloseEndsTheWaitsOfAll) {
  process::queue<int> empty(1), full(1);
  full.put(1);
  std::deque<process::child> all;
  for (int i = 0; i < 2; ++i) {
    all.emplace_back([&] { return IsClosedFor([&] { empty.get(); }); });
    all.emplace_back([&] { return IsClosedFor([&] { full.put(2); }); });
  }
  for (const process::child& child : all) AwaitSleepOf(child);
  empty.close();
  full.close();
  for (process::child& child : all) EXPECT_EQ(StatusOf(child), 1);
  EXPECT_EQ(full.get(), 1);
}

// ---- By a name --------------------------------------------------------------
TEST_F(PROCESS_QUEUE_TEST, MayHaveANameAndTheSizesItWasMadeWith) {
  const std::string name = "test." + std::to_string(getpid()) + ".queue";
  process::remove_shared(name.c_str());
  process::queue<std::string> made(process::create_only, name.c_str(), 3,
                                   process::item_bytes(10));
  made.remove_with_last_user();
  process::queue<std::string> found(process::open_or_create, name.c_str(), 7),
      opened(process::open_only, name.c_str());
  EXPECT_EQ(found.maxsize(), 3u);
  EXPECT_EQ(opened.max_item_bytes(), 10u);
  process::child putter([&] {
    process::queue<std::string>(process::open_only, name.c_str()).put("item");
  });
  EXPECT_EQ(opened.get(), "item");
  EXPECT_THROW(process::queue<int>(process::open_only, name.c_str()),
               std::invalid_argument);
}

// ---- Death ------------------------------------------------------------------
TEST_F(PROCESS_QUEUE_TEST, AKilledWaiterTakesNothing) {
  process::child dies = Getter();
  AwaitSleepOf(dies);
  process::child lives = Getter();
  AwaitSleepOf(lives);
  dies.kill();
  dies.join();
  queue_.put(5);
  EXPECT_EQ(StatusOf(lives), 5);
  queue_.put(1);
  queue_.put(2);
  process::child putter = Putter(3);
  AwaitSleepOf(putter);
  putter.kill();
  putter.join();
  EXPECT_EQ(queue_.get(), 1);
  EXPECT_TRUE(queue_.put_nowait(4));
  EXPECT_EQ(queue_.get(), 2);
  EXPECT_EQ(queue_.get(), 4);
  EXPECT_TRUE(queue_.empty());
}

// It cannot fetch what it was woken for.
void Stop(const process::child& child) {
  kill(child.pid(), SIGSTOP);
  while (testing::StateOf(child.pid()) != 'T') sched_yield();
}

TEST_F(PROCESS_QUEUE_TEST, WhatAKilledWaiterWasWokenForIsTheNextOnes) {
  process::child dies = Getter();
  AwaitSleepOf(dies);
  Stop(dies);
  queue_.put(5);  // the stopped one's
  EXPECT_FALSE(queue_.get_nowait().has_value());
  process::child lives = Getter();
  AwaitSleepOf(lives);
  dies.kill();
  dies.join();
  EXPECT_EQ(StatusOf(lives), 5);
  queue_.put(1);
  queue_.put(2);
  process::child putter = Putter(3);
  AwaitSleepOf(putter);
  Stop(putter);
  EXPECT_EQ(queue_.get(), 1);  // the room is the stopped one's
  EXPECT_FALSE(queue_.put_nowait(4));
  putter.kill();
  putter.join();
  EXPECT_TRUE(queue_.put_nowait(4));
}

TEST_F(PROCESS_QUEUE_TEST, AnItemThatAKilledOneHasPutIsThere) {
  process::child putter([&] {
    queue_.put(5);
    raise(SIGKILL);
  });
  EXPECT_EQ(queue_.get(), 5);
  EXPECT_EQ(StatusOf(putter), -SIGKILL);
}

TEST_F(PROCESS_QUEUE_TEST, HalfAnItemIsNotThere) {
  process::queue<Order> orders(1, "orders");
  process::child putter([&] {
    Order order{"half"};
    order.kills = true;
    orders.put(order);
  });
  EXPECT_EQ(StatusOf(putter), -SIGKILL);
  EXPECT_FALSE(orders.get_nowait().has_value());
  EXPECT_TRUE(orders.put_nowait({"whole"}));
  EXPECT_EQ(orders.get().name, "whole");
  orders.task_done();
  orders.join();
}

}  // namespace
}  // namespace lockcheck
#endif  // !__SANITIZE_THREAD__

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_QUEUE_TEST_BODY_H_

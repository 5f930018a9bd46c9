// The orders that mode=live holds requests against, beside a model that knows
// every pair.
#include "instrument/runtime/live_declared.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "instrument/runtime/lock_order.h"
#include "instrument/runtime/order_key.h"
#include "lib/log/declared_order.h"
#include "lib/log/order_key.h"
#include "tests/rounds.h"

namespace lockcheck::runtime {
namespace {

// The runtime and the reader have these numbers of their own.
static_assert(kOrderKeyName == static_cast<uint32_t>(log::kOrderKeyName));
static_assert(kDeclaredOrderName ==
              static_cast<uint32_t>(log::kDeclaredOrderName));

class LiveDeclaredTest : public testing::Test {
 protected:
  // The index of what is held in the wrong order; -1: nothing is.
  int Broken(uint32_t wanted, const std::vector<uint32_t>& held) {
    const auto broken = orders_.Find(wanted, held.data(), held.size());
    return broken.held == SIZE_MAX ? -1 : static_cast<int>(broken.held);
  }

  LiveDeclared orders_;
};

TEST_F(LiveDeclaredTest, OrdersAddUp) {
  orders_.Add(1, 2, 20);
  orders_.Add(2, 3, 21);
  EXPECT_EQ(Broken(1, {3}), 0);
  EXPECT_EQ(Broken(1, {9, 2}), 1);
  EXPECT_EQ(Broken(3, {1, 2}), -1);
  EXPECT_EQ(Broken(1, {}), -1);
  EXPECT_EQ(Broken(4, {1}), -1);
}

TEST_F(LiveDeclaredTest, TheLastDeclarationOnTheWayIsTold) {
  orders_.Add(1, 2, 20);
  orders_.Add(2, 3, 21);
  const uint32_t held = 3;
  EXPECT_EQ(orders_.Find(1, &held, 1).site, 21u);
}

TEST_F(LiveDeclaredTest, ModesMakeNoDifference) {
  orders_.Add(1, 2, 20);
  EXPECT_EQ(Broken(1 | LiveDeclared::kShared, {2 | LiveDeclared::kShared}), 0);
}

TEST_F(LiveDeclaredTest, WhatIsHeldAlreadyIsTakenInNoOrder) {
  orders_.Add(1, 2, 20);
  EXPECT_EQ(Broken(1, {2, 1}), -1);
  EXPECT_EQ(Broken(1, {1, 2}), -1);
}

TEST_F(LiveDeclaredTest, TheyGoWithTheirLocks) {
  orders_.Add(1, 2, 20);
  orders_.Forget(1);
  orders_.Forget(7);
  EXPECT_EQ(Broken(1, {2}), -1);
  EXPECT_EQ(orders_.locks(), 0u);
  EXPECT_EQ(orders_.orders(), 0u);
}

TEST_F(LiveDeclaredTest, ThoseAroundALockThatIsGoneAreInOrderStill) {
  orders_.Add(1, 2, 20);
  orders_.Add(2, 3, 21);
  orders_.Forget(2);
  EXPECT_EQ(Broken(1, {3}), 0);
  EXPECT_EQ(Broken(3, {1}), -1);
  EXPECT_EQ(orders_.locks(), 2u);
  const uint32_t held = 3;
  EXPECT_EQ(orders_.Find(1, &held, 1).site, 21u);
  orders_.Add(4, 2, 22);  // another lock of that id
  EXPECT_EQ(Broken(4, {3}), -1);
}

TEST_F(LiveDeclaredTest, ALockBeforeItselfIsNoneOfThat) {
  orders_.Add(1, 1, 20);
  orders_.Add(1, 2, 20);
  orders_.Add(2, 1, 20);
  orders_.Forget(1);
  EXPECT_EQ(orders_.locks(), 0u);
  EXPECT_EQ(orders_.orders(), 0u);
}

TEST_F(LiveDeclaredTest, ThousandsOfPairsThatComeAndGoLeaveNothing) {
  for (uint32_t id = 1; id < 20'000; id += 2) {
    ASSERT_TRUE(orders_.Add(id, id + 1, 20));
    orders_.Forget(id);
    orders_.Forget(id + 1);
  }
  EXPECT_EQ(orders_.locks(), 0u);
}

size_t PagesMapped() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages;
}

// Sessions, each after the registry and before the log.
TEST_F(LiveDeclaredTest, ThousandsBetweenTwoThatStayLeaveOneOrder) {
  constexpr uint32_t kRegistry = 1, kLog = 2;
  constexpr uint32_t kSessions = 3 * LiveDeclared::kMostSteps;
  const size_t pages = PagesMapped();
  for (uint32_t id = 3; id < 3 + kSessions; ++id) {
    ASSERT_TRUE(orders_.Add(kRegistry, id, 20));
    ASSERT_TRUE(orders_.Add(id, kLog, 21));
    orders_.Forget(id);
    ASSERT_EQ(orders_.locks(), 2u);
    ASSERT_EQ(orders_.orders(), 1u);
  }
  EXPECT_LT(PagesMapped(), pages + 1024);
  EXPECT_EQ(Broken(kRegistry, {kLog}), 0);
  EXPECT_FALSE(orders_.is_cut());
}

TEST_F(LiveDeclaredTest, MoreThanItsBoundIsLeftOutAndSaid) {
  uint32_t id = 1;
  for (; id <= LiveDeclared::kMostOrders; ++id) {
    ASSERT_TRUE(orders_.Add(id, id + 1, 20));
  }
  EXPECT_FALSE(orders_.is_full());
  EXPECT_FALSE(orders_.Add(id, id + 1, 20));
  EXPECT_TRUE(orders_.is_full());
  EXPECT_EQ(orders_.orders(), LiveDeclared::kMostOrders);
  EXPECT_EQ(Broken(id, {id + 1}), -1);
  EXPECT_EQ(Broken(1, {2}), 0);
  EXPECT_TRUE(orders_.is_cut());
}

// After, and after what is after.
bool Leads(const std::map<uint32_t, std::set<uint32_t>>& after, uint32_t from,
           uint32_t to) {
  std::set<uint32_t> seen;
  std::vector<uint32_t> open = {from};
  while (!open.empty()) {
    const uint32_t at = open.back();
    open.pop_back();
    const auto next = after.find(at);
    if (next == after.end()) continue;
    for (const uint32_t id : next->second) {
      if (id == to) return true;
      if (seen.insert(id).second) open.push_back(id);
    }
  }
  return false;
}

void ForgetInModel(std::map<uint32_t, std::set<uint32_t>>& after,
                   uint32_t gone) {
  std::set<uint32_t> seconds = after[gone];
  seconds.erase(gone);
  after.erase(gone);
  for (auto& [first, others] : after) {
    if (others.erase(gone) == 0) continue;
    for (const uint32_t second : seconds) {
      if (second != first) others.insert(second);
    }
  }
}

TEST_F(LiveDeclaredTest, RandomOnesAreAsTheModelSays) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  std::map<uint32_t, std::set<uint32_t>> after;
  const auto any = [&] { return 1 + random() % 30; };
  for (int i = 0; i < tests::Rounds(20'000); ++i) {
    const uint32_t a = any(), b = any();
    if (random() % 4 == 0) {
      EXPECT_EQ(orders_.Add(a, b, 20), after[a].insert(b).second);
    } else if (random() % 8 == 0) {
      orders_.Forget(a);
      ForgetInModel(after, a);
    } else if (a != b) {
      ASSERT_EQ(Broken(a, {b}) == 0, Leads(after, a, b)) << a << " " << b;
    }
    if (i % 500 == 0) {
      orders_ = LiveDeclared();
      after.clear();
    }
  }
}

}  // namespace
}  // namespace lockcheck::runtime

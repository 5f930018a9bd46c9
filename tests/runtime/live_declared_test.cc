// The orders that mode=live holds requests against, beside a model that knows
// every pair.
#include "instrument/runtime/live_declared.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "tests/rounds.h"

namespace lockcheck::runtime {
namespace {

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
  EXPECT_TRUE(orders_.Forget(1));
  EXPECT_EQ(Broken(1, {2}), -1);
  EXPECT_EQ(orders_.locks(), 0u);
  EXPECT_TRUE(orders_.Forget(7));
}

TEST_F(LiveDeclaredTest, ButWhatIsBetweenTwoStays) {
  orders_.Add(1, 2, 20);
  orders_.Add(2, 3, 21);
  EXPECT_FALSE(orders_.Forget(2));
  EXPECT_EQ(Broken(1, {3}), 0);
}

TEST_F(LiveDeclaredTest, ThousandsOfPairsThatComeAndGoLeaveNothing) {
  for (uint32_t id = 1; id < 20'000; id += 2) {
    ASSERT_TRUE(orders_.Add(id, id + 1, 20));
    ASSERT_TRUE(orders_.Forget(id));
    ASSERT_TRUE(orders_.Forget(id + 1));
  }
  EXPECT_EQ(orders_.locks(), 0u);
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

TEST_F(LiveDeclaredTest, RandomOnesAreAsTheModelSays) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  std::map<uint32_t, std::set<uint32_t>> after;
  std::set<uint32_t> gone;
  const auto any = [&] { return 1 + random() % 30; };
  for (int i = 0; i < tests::Rounds(20'000); ++i) {
    const uint32_t a = any(), b = any();
    const auto is_second = [&](const auto& entry) {
      return entry.second.contains(a);
    };
    if (random() % 4 == 0 && a != b && !gone.contains(a) && !gone.contains(b)) {
      EXPECT_EQ(orders_.Add(a, b, 20), after[a].insert(b).second);
    } else if (random() % 8 == 0 && !gone.contains(a)) {
      const bool stays = after.contains(a) && !after[a].empty() &&
                         std::any_of(after.begin(), after.end(), is_second);
      EXPECT_EQ(orders_.Forget(a), !stays);
      if (stays) {
        gone.insert(a);
      } else {
        after.erase(a);
        for (auto& [first, seconds] : after) seconds.erase(a);
      }
    } else if (a != b) {
      ASSERT_EQ(Broken(a, {b}) == 0, Leads(after, a, b)) << a << " " << b;
    }
    if (i % 500 == 0) {
      orders_ = LiveDeclared();
      after.clear();
      gone.clear();
    }
  }
}

}  // namespace
}  // namespace lockcheck::runtime

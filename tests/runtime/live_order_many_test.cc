// Many locks held at once: what is kept of them grows with their number only,
// and which of them count.
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <set>
#include <vector>

#include "instrument/runtime/live_order.h"
#include "tests/runtime/live_order_test.h"

namespace lockcheck::runtime {
namespace {

// Locks first to last, both included, and then `more`.
std::vector<uint32_t> Range(uint32_t first, uint32_t last,
                            std::vector<uint32_t> more = {}) {
  std::vector<uint32_t> locks(last - first + 1);
  std::iota(locks.begin(), locks.end(), first);
  locks.insert(locks.end(), more.begin(), more.end());
  return locks;
}

constexpr uint32_t kInner = LiveOrder::kMostInner;
constexpr uint32_t kAlways = LiveOrder::kMostInner - LiveOrder::kOuterStep + 1;
constexpr uint32_t kFirst = 100, kLast = kFirst + 1999;
constexpr uint32_t kLow = kFirst - 1;  // is never held with the others

class LiveOrderOfManyTest : public LiveOrderTest {
 protected:
  // As one who locks them all, one after the other.
  void LockAll(uint32_t actor, uint32_t first, uint32_t last) {
    for (uint32_t lock = first + 1; lock <= last; ++lock) {
      Ask(actor, Range(first, lock - 1), lock);
    }
  }
};

TEST_F(LiveOrderOfManyTest, WhatIsKeptGrowsWithTheirNumberOnly) {
  LockAll(1, kFirst, kLast);
  EXPECT_EQ(order_.dependencies(), 1999u);
  EXPECT_LE(order_.edges(), 2000u * kInner);
  EXPECT_LE(order_.outers(), 2000u / LiveOrder::kOuterStep);
  EXPECT_TRUE(order_.left_outer());
  EXPECT_FALSE(order_.is_full());
  const size_t outers = order_.outers(), edges = order_.edges();
  LockAll(2, kFirst, kLast);
  EXPECT_EQ(order_.outers(), outers) << "they have them in common";
  EXPECT_EQ(order_.edges(), edges);
}

TEST_F(LiveOrderOfManyTest, NothingIsLeftOfThoseThatAreGone) {
  LockAll(1, kFirst, kLast);
  for (uint32_t lock = kFirst; lock <= kLast; ++lock) order_.Forget(lock);
  EXPECT_EQ(order_.objects(), 0u);
  EXPECT_EQ(order_.dependencies(), 0u);
  EXPECT_EQ(order_.edges(), 0u);
  EXPECT_EQ(order_.outers(), 0u);
  std::set<uint32_t> free;
  while (const uint32_t id = order_.TakeFree()) {
    EXPECT_TRUE(free.insert(id).second) << id;
  }
  EXPECT_EQ(free.size(), 2000u);
}

TEST_F(LiveOrderOfManyTest, UpToTheBoundNoOrderIsLeftOut) {
  const uint32_t wanted = kFirst + kInner;
  Ask(1, Range(kFirst, wanted - 1), wanted);
  EXPECT_FALSE(order_.left_outer());
  EXPECT_EQ(Ask(2, {wanted}, kFirst), Answer::kCloses);
}

TEST_F(LiveOrderOfManyTest, BeyondItTheInnermostCount) {
  LockAll(1, kFirst, kLast);
  EXPECT_EQ(Ask(2, {kLast}, kFirst), Answer::kNew);
  EXPECT_EQ(Ask(3, {kLast}, kLast - 1), Answer::kCloses);
  EXPECT_EQ(Ask(4, {kLast}, kLast - kAlways), Answer::kCloses);
}

TEST_F(LiveOrderOfManyTest, HoweverManyItIsSoManyAtLeast) {
  for (uint32_t count = kInner + 1; count < 5 * kInner; ++count) {
    LiveOrder order;
    const std::vector<uint32_t> held = Range(kFirst, kFirst + count - 1);
    order.Note({1, 0, kA, held.data(), held.size()});
    const uint32_t innermost = held[count - kAlways];
    EXPECT_EQ(order.Note({2, 0, innermost, &kA, 1}), Answer::kCloses) << count;
  }
}

TEST_F(LiveOrderOfManyTest, AnOuterLockKeepsApart) {
  Ask(1, Range(kFirst, kLast, {kA}), kB);
  EXPECT_EQ(Ask(2, {kFirst, kB}, kA), Answer::kNew);
  EXPECT_EQ(Ask(3, {kLow, kB}, kA), Answer::kCloses);
}

TEST_F(LiveOrderOfManyTest, AnOuterLockOfBothKeepsApart) {
  std::vector<uint32_t> others = Range(kLast + 1, kLast + 2000, {kB});
  others[0] = kFirst;
  Ask(1, Range(kFirst, kLast, {kA}), kB);
  EXPECT_EQ(Ask(2, others, kA), Answer::kNew);
  others[0] = kLow;
  EXPECT_EQ(Ask(3, others, kA), Answer::kCloses);
}

TEST_F(LiveOrderOfManyTest, AnOuterReadLockDoesNot) {
  std::vector<uint32_t> held = Range(kFirst, kLast, {kA});
  held[0] |= kShared;
  Ask(1, held, kB);
  EXPECT_EQ(Ask(2, {kFirst | kShared, kB}, kA), Answer::kCloses);
}

TEST_F(LiveOrderOfManyTest, AnOuterLockThatIsGoneStillKeptThemApart) {
  Ask(1, Range(kFirst, kLast, {kA}), kB);
  Ask(2, {kFirst, kB}, kC);
  order_.Forget(kFirst);
  EXPECT_EQ(Ask(3, {kC}, kA), Answer::kNew);
  std::set<uint32_t> free;
  while (const uint32_t id = order_.TakeFree()) free.insert(id);
  EXPECT_FALSE(free.contains(kFirst)) << "it is still named";
}

TEST_F(LiveOrderOfManyTest, OuterLocksKeepApartAfterAnInnerOneIsGone) {
  Ask(1, Range(kFirst, kLast, {kC, kA}), kB);
  order_.Forget(kC);
  EXPECT_EQ(Ask(2, {kFirst, kB}, kA), Answer::kNew);
  EXPECT_EQ(Ask(3, {kLow, kB}, kA), Answer::kCloses);
}

TEST_F(LiveOrderOfManyTest, WhatIsWrittenHasThemAllOutermostFirst) {
  const std::vector<uint32_t> held = Range(kFirst, kLast);
  std::vector<uint32_t> sites = Range(5000, 5000 + kLast - kFirst);
  LiveOrder::Request request = {1, 0, kA, held.data(), held.size()};
  request.held_sites = sites.data();
  order_.Note(request);
  LiveList<uint32_t> facts;
  ASSERT_TRUE(order_.WriteFacts(facts));
  ASSERT_EQ(facts.size, kLiveFactWords + 2 * held.size());
  for (size_t i = 0; i < held.size(); ++i) {
    EXPECT_EQ(facts.items[kLiveFactWords + 2 * i], held[i]);
    EXPECT_EQ(facts.items[kLiveFactWords + 2 * i + 1], sites[i]);
  }
  facts.Release();
}

}  // namespace
}  // namespace lockcheck::runtime

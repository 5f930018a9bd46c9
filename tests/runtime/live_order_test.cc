// Which requests close a cycle of orders, which only may, and what is kept of
// them and written.
#include "instrument/runtime/live_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tests/runtime/live_order_test.h"

namespace lockcheck::runtime {
namespace {

TEST_F(LiveOrderTest, TwoActorsThatTakeTwoLocksEachWayCloseACycle) {
  EXPECT_EQ(Ask(1, {kA}, kB), Answer::kNew);
  EXPECT_EQ(Ask(2, {kB}, kA), Answer::kCloses);
}

TEST_F(LiveOrderTest, WithATryItMayBeThatTheyDo) {
  EXPECT_EQ(Try(1, {kA}, kGate, kB), Answer::kNew);
  EXPECT_EQ(Ask(2, {kB}, kA), Answer::kMayClose);
  // The try says nothing of a request at the same place that waits.
  EXPECT_EQ(Ask(1, {kA}, kB), Answer::kCloses);
}

TEST_F(LiveOrderTest, TriesAtTwoPlacesAreTwo) {
  EXPECT_EQ(Try(1, {kA}, kGate, kB, 71), Answer::kNew);
  EXPECT_EQ(Try(1, {kA}, kC, kB, 71), Answer::kKnown);
  EXPECT_EQ(Try(1, {kA}, kC, kB, 72), Answer::kNew);
}

// The member was taken in the call, and keeps nobody apart.
TEST_F(LiveOrderTest, WhatACallHasOfItsMembersIsNoGate) {
  Try(1, {kA}, kGate, kB);
  EXPECT_EQ(Ask(2, {kB, kGate}, kA), Answer::kMayClose);
}

TEST_F(LiveOrderTest, AThreadsEndIsHeldByItAndAskedForByWhoJoinsIt) {
  const uint32_t end = LiveOrder::EndOf(2);
  EXPECT_EQ(Ask(2, {end}, kA), Answer::kNew);
  EXPECT_EQ(Ask(1, {kA}, end), Answer::kCloses);
}

TEST_F(LiveOrderTest, AnEndIsNotInTheFactsButTheMemberIs) {
  Ask(2, {LiveOrder::EndOf(2)}, kA);
  LiveList<uint32_t> facts;
  ASSERT_TRUE(order_.WriteFacts(facts));
  EXPECT_EQ(facts.size, kLiveFactWords);
  facts.size = 0;
  order_.Forget(kA);
  Try(1, {kA}, kGate, kB);
  ASSERT_TRUE(order_.WriteFacts(facts));
  ASSERT_EQ(facts.size, kLiveFactWords + 4);
  EXPECT_EQ(facts.items[kLiveFactWords], kA);
  EXPECT_EQ(facts.items[kLiveFactWords + 2], kGate);
  facts.Release();
}

TEST_F(LiveOrderTest, AMembersIdDoesNotComeAgainBeforeTheTryIsForgotten) {
  Try(1, {kA}, kGate, kB);
  order_.Forget(kGate);
  EXPECT_EQ(order_.TakeFree(), 0u);
  order_.Forget(kB);
  std::set<uint32_t> free;
  while (const uint32_t id = order_.TakeFree()) free.insert(id);
  EXPECT_EQ(free, (std::set<uint32_t>{kB, kGate}));
}

TEST_F(LiveOrderTest, NorDoesThatOfAMemberThatIsThere) {
  Try(1, {kA}, kGate, kB);
  order_.Forget(kB);
  EXPECT_EQ(order_.TakeFree(), kB);
  EXPECT_EQ(order_.TakeFree(), 0u);
}

TEST_F(LiveOrderTest, OneActorAloneDoesNot) {
  Ask(1, {kA}, kB);
  EXPECT_EQ(Ask(1, {kB}, kA), Answer::kNew);
}

TEST_F(LiveOrderTest, AnotherActorClosesWhatOneActorDidBothWays) {
  Ask(1, {kA}, kB);
  Ask(1, {kB}, kA);
  EXPECT_EQ(Ask(2, {kA}, kB), Answer::kCloses);
}

TEST_F(LiveOrderTest, ALockHeldByBothKeepsThemApart) {
  Ask(1, {kGate, kA}, kB);
  EXPECT_EQ(Ask(2, {kGate, kB}, kA), Answer::kNew);
}

TEST_F(LiveOrderTest, TheSameOrderWithoutTheGateClosesIt) {
  Ask(1, {kGate, kA}, kB);
  Ask(2, {kGate, kB}, kA);
  EXPECT_EQ(Ask(3, {kA}, kB), Answer::kCloses);
}

TEST_F(LiveOrderTest, AReadLockIsNoGate) {
  Ask(1, {kGate | kShared, kA}, kB);
  EXPECT_EQ(Ask(2, {kGate | kShared, kB}, kA), Answer::kCloses);
}

TEST_F(LiveOrderTest, ReadersDoNotBlockEachOther) {
  Ask(1, {kA | kShared}, kB | kShared);
  EXPECT_EQ(Ask(2, {kB | kShared}, kA | kShared), Answer::kNew);
}

TEST_F(LiveOrderTest, OneWriterAtEachLockIsEnough) {
  Ask(1, {kA | kShared}, kB);
  EXPECT_EQ(Ask(2, {kB | kShared}, kA), Answer::kCloses);
}

TEST_F(LiveOrderTest, ThreeInARing) {
  Ask(1, {kA}, kB);
  Ask(2, {kB}, kC);
  EXPECT_EQ(Ask(3, {kC}, kA), Answer::kCloses);
}

TEST_F(LiveOrderTest, AConsistentOrderHasNoCycleInWhicheverSequence) {
  std::mt19937 random(testing::UnitTest::GetInstance()->random_seed());
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  for (uint32_t a = 1; a <= 60; ++a) {
    for (uint32_t b = a + 1; b <= 60; ++b) pairs.emplace_back(a, b);
  }
  std::shuffle(pairs.begin(), pairs.end(), random);
  uint32_t actor = 0;
  for (const auto& [a, b] : pairs) {
    EXPECT_EQ(Ask(++actor % 7, {a}, b), Answer::kNew);
  }
  EXPECT_FALSE(order_.has_cycle());
}

TEST_F(LiveOrderTest, WhatIsKnownIsNotKeptAgain) {
  Ask(1, {kA}, kB);
  EXPECT_EQ(Ask(1, {kA}, kB), Answer::kKnown);
  EXPECT_EQ(Ask(1, {kA}, kB, 1), Answer::kNew) << "a fork or join lies between";
}

TEST_F(LiveOrderTest, OfManyActorsWithOneDependencyFewAreKept) {
  int kept = 0;
  for (uint32_t actor = 1; actor <= 100'000; ++actor) {
    kept += Ask(actor, {kA}, kB) != Answer::kKnown;
  }
  EXPECT_LE(kept, 16 + 17);
}

TEST_F(LiveOrderTest, InACycleOfLocksEveryActorCounts) {
  Ask(1, {kA}, kB);
  Ask(2, {kB}, kA);
  for (uint32_t actor = 3; actor < 200; ++actor) {
    EXPECT_EQ(Ask(actor, {kA}, kB), Answer::kCloses);
  }
}

TEST_F(LiveOrderTest, WhatIsWrittenSaysWhoHeldAndAskedWhere) {
  const uint32_t held[] = {kGate, kA | kShared}, sites[] = {70, 71};
  LiveOrder::Request request = {5, 0, kB, held, 2};
  request.held_sites = sites;
  request.process = 1;
  request.segment = 3;
  request.site = 72;
  request.how = 2;
  order_.Note(request);
  order_.Forget(kGate);
  LiveList<uint32_t> facts;
  ASSERT_TRUE(order_.WriteFacts(facts));
  EXPECT_EQ(std::vector<uint32_t>(facts.items, facts.items + facts.size),
            (std::vector<uint32_t>{12, 5, 1, 3, kB, 72, 2, 2, kGate, 70,
                                   kA | kShared, 71}));
  facts.Release();
}

}  // namespace
}  // namespace lockcheck::runtime

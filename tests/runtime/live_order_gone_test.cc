// Locks that are gone: cycles through them cannot close, what they kept apart
// stays apart, and nothing is left of them in the end.
#include <gtest/gtest.h>

#include <cstdint>

#include "instrument/runtime/live_order.h"
#include "tests/runtime/live_order_test.h"

namespace lockcheck::runtime {
namespace {

TEST_F(LiveOrderTest, ACycleWhoseLockIsGoneCannotClose) {
  Ask(1, {kA}, kB);
  order_.Forget(kA);
  EXPECT_EQ(Ask(2, {kB}, kC), Answer::kNew);
  EXPECT_EQ(Ask(3, {kC}, kB), Answer::kCloses) << "the others' can";
}

TEST_F(LiveOrderTest, WhatWasAskedForUnderOthersTooStaysKnown) {
  Ask(1, {kC, kA}, kB);
  order_.Forget(kC);
  EXPECT_EQ(Ask(2, {kB}, kA), Answer::kCloses);
}

TEST_F(LiveOrderTest, ALockThatIsGoneStillKeptTwoApart) {
  AskUnderGatesThatGo(kGate, kGate);
  EXPECT_EQ(Ask(3, {kC}, kA), Answer::kNew);
}

TEST_F(LiveOrderTest, TwoThatAreGoneDidNot) {
  AskUnderGatesThatGo(kGate, kGate + 1);
  EXPECT_EQ(Ask(3, {kC}, kA), Answer::kCloses);
}

TEST_F(LiveOrderTest, WithoutTheGateThatIsGoneItIsNewAgain) {
  AskUnderGatesThatGo(kGate, kGate);
  EXPECT_EQ(Ask(1, {kA}, kB), Answer::kNew);
  EXPECT_EQ(Ask(3, {kC}, kA), Answer::kCloses);
}

TEST_F(LiveOrderTest, OfAMillionLocksThatAreGoneNothingIsLeft) {
  constexpr uint32_t kFirst = 100;
  for (uint32_t lock = kFirst; lock < kFirst + 1'000'000; ++lock) {
    Ask(1, {kA}, lock);
    Ask(1, {kA, lock}, kB);
    order_.Forget(lock);
  }
  EXPECT_EQ(order_.objects(), 2u);
  EXPECT_EQ(order_.dependencies(), 1u);
  EXPECT_EQ(Ask(2, {kB}, kA), Answer::kCloses);
}

TEST_F(LiveOrderTest, AnIdIsFreeWhenNothingRefersToIt) {
  Ask(1, {kGate, kA}, kB);
  order_.Forget(kGate);
  EXPECT_EQ(order_.TakeFree(), 0u) << "B was asked for under it";
  order_.Forget(kB);
  EXPECT_EQ(order_.TakeFree(), kB);
  EXPECT_EQ(order_.TakeFree(), kGate);
  EXPECT_EQ(order_.TakeFree(), 0u);
}

TEST_F(LiveOrderTest, ACandidateStaysUntilItHasBeenJudged) {
  Ask(1, {kA}, kB);
  ASSERT_EQ(Ask(2, {kB}, kA), Answer::kCloses);
  order_.Forget(kA);
  order_.Forget(kB);
  const auto words = [&] {
    LiveList<uint32_t> facts;
    EXPECT_TRUE(order_.WriteFacts(facts));
    const size_t size = facts.size;
    facts.Release();
    return size;
  };
  EXPECT_EQ(words(), 2 * (kLiveFactWords + 2));
  EXPECT_EQ(order_.TakeFree(), 0u);
  order_.Judged(order_.candidates());
  EXPECT_EQ(words(), 0u);
  EXPECT_NE(order_.TakeFree(), 0u);
  EXPECT_EQ(order_.objects(), 0u);
}

TEST_F(LiveOrderTest, WhatIsGoneAndNotYetJudgedIsInNoNewCycle) {
  Ask(1, {kA}, kB);
  Ask(2, {kB}, kA);
  Ask(1, {kB}, kC);
  order_.Forget(kB);
  EXPECT_EQ(Ask(3, {kC}, kA), Answer::kNew);
}

TEST_F(LiveOrderTest, NotMoreThanSoManyWaitForThat) {
  for (uint32_t lock = 100; lock < 100 + 40'000; lock += 2) {
    Ask(1, {lock}, lock + 1);
    EXPECT_EQ(Ask(2, {lock + 1}, lock), Answer::kCloses);
    order_.Forget(lock);
    order_.Forget(lock + 1);
  }
  EXPECT_EQ(order_.objects(), LiveOrder::kMostDead);
}

}  // namespace
}  // namespace lockcheck::runtime

#include "instrument/runtime/live_order.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "tests/rounds.h"

namespace lockcheck::runtime {
namespace {

using Answer = LiveOrder::Answer;
constexpr uint32_t kShared = LiveOrder::kShared;
constexpr uint32_t kA = 1, kB = 2, kC = 3, kGate = 9;

class LiveOrderTest : public testing::Test {
 protected:
  Answer Ask(uint32_t actor, std::vector<uint32_t> held, uint32_t wanted,
             uint32_t phase = 0) {
    return order_.Note({actor, phase, wanted, held.data(), held.size()});
  }
  LiveOrder order_;
};

TEST_F(LiveOrderTest, TwoActorsThatTakeTwoLocksEachWayCloseACycle) {
  EXPECT_EQ(Ask(1, {kA}, kB), Answer::kNew);
  EXPECT_EQ(Ask(2, {kB}, kA), Answer::kCloses);
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

// All that was noted, and the definition of a pattern, word by word.
class Naive {
 public:
  struct Dependency {
    uint32_t actor;
    std::vector<uint32_t> held;
    uint32_t wanted;
  };
  bool Closes(Dependency d) {
    all_.push_back(std::move(d));
    std::vector<const Dependency*> path = {&all_.back()};
    return Extend(path);
  }

 private:
  static bool Exclude(uint32_t a, uint32_t b) {
    return (a & ~kShared) == (b & ~kShared) && (a & b & kShared) == 0;
  }
  static bool Holds(const Dependency& d, uint32_t object) {
    return std::any_of(d.held.begin(), d.held.end(),
                       [&](uint32_t h) { return Exclude(h, object); });
  }
  static bool Disjoint(const Dependency& a, const Dependency& b) {
    return std::none_of(a.held.begin(), a.held.end(),
                        [&](uint32_t h) { return Holds(b, h); });
  }
  bool Extend(std::vector<const Dependency*>& path) {
    for (const Dependency& next : all_) {
      if (!Holds(next, path.back()->wanted)) continue;
      if (!std::all_of(path.begin(), path.end(), [&](const Dependency* p) {
            return p->actor != next.actor &&
                   (p->wanted & ~kShared) != (next.wanted & ~kShared) &&
                   Disjoint(*p, next);
          })) {
        continue;
      }
      if (Holds(*path.front(), next.wanted)) return true;
      path.push_back(&next);
      if (Extend(path)) return true;
      path.pop_back();
    }
    return false;
  }
  std::vector<Dependency> all_;
};

TEST(LiveOrderPropertyTest, FindsACandidateExactlyWhenTheDefinitionHasOne) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](uint32_t n) { return random() % n; };
  int closed = 0;
  for (int round = 0; round < tests::Rounds(300); ++round) {
    const auto order = std::make_unique<LiveOrder>();
    Naive naive;
    const uint32_t locks = 2 + pick(5), actors = 1 + pick(4);
    std::set<std::vector<uint32_t>> seen;
    for (int i = 0; i < 25; ++i) {
      const uint32_t wanted = 1 + pick(locks);
      const uint32_t shared = pick(4) == 0 ? kShared : 0;
      std::vector<uint32_t> held;
      for (uint32_t l = 1; l <= locks; ++l) {
        if (l != wanted && pick(3) == 0) {
          held.push_back(l | (pick(4) == 0 ? kShared : 0));
        }
      }
      if (held.empty()) continue;
      std::shuffle(held.begin(), held.end(), random);
      const uint32_t actor = 1 + pick(actors);
      std::vector<uint32_t> key = held;
      key.push_back(wanted | shared);
      key.push_back(actor);
      const Answer answer =
          order->Note({actor, 0, wanted | shared, held.data(), held.size()});
      if (!seen.insert(key).second) {
        EXPECT_EQ(answer, Answer::kKnown);
        continue;
      }
      const bool closes = naive.Closes({actor, held, wanted | shared});
      closed += closes;
      ASSERT_EQ(answer == Answer::kCloses, closes)
          << "round " << round << ", request " << i;
    }
  }
  EXPECT_GT(closed, 100);
}

}  // namespace
}  // namespace lockcheck::runtime

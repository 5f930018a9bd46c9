#include "instrument/runtime/live_order.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <numeric>
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
  // By who held a member of the call, too.
  Answer Try(uint32_t actor, std::vector<uint32_t> before, uint32_t member,
             uint32_t wanted, uint32_t site = 71) {
    return order_.Note(
        {actor, 0, wanted, before.data(), before.size(), site, member, 70});
  }
  // A before B, and B before C, each under a lock that is destroyed then.
  void AskUnderGatesThatGo(uint32_t first, uint32_t second) {
    Ask(1, {first, kA}, kB);
    Ask(2, {second, kB}, kC);
    order_.Forget(first);
    if (second != first) order_.Forget(second);
  }
  LiveOrder order_;
};

// Locks first to last, both included, and then `more`.
std::vector<uint32_t> Range(uint32_t first, uint32_t last,
                            std::vector<uint32_t> more = {}) {
  std::vector<uint32_t> locks(last - first + 1);
  std::iota(locks.begin(), locks.end(), first);
  locks.insert(locks.end(), more.begin(), more.end());
  return locks;
}

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

// ---- Locks that are gone ----------------------------------------------------

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

// ---- The graph's cycles -----------------------------------------------------

class LiveGraphTest : public testing::Test {
 protected:
  LiveGraphTest() {
    for (LiveNode* node : {&a_, &b_, &c_}) graph_.Add(*node);
  }
  LiveEdge& Connect(LiveNode& from, LiveNode& to) {
    graph_.Connect(edges_.emplace_back(), from, to);
    return edges_.back();
  }
  LiveGraph graph_;
  LiveNode a_, b_, c_;
  std::list<LiveEdge> edges_;
};

TEST_F(LiveGraphTest, AnEdgeWithinACycleNeedsNoSearch) {
  Connect(a_, b_), Connect(b_, c_), Connect(c_, a_);
  const uint64_t searches = graph_.searches();
  Connect(b_, a_);
  EXPECT_EQ(graph_.searches(), searches);
}

TEST_F(LiveGraphTest, ANumberOfACycleThatIsGoneIsNotTrusted) {
  LiveEdge& ab = Connect(a_, b_);
  LiveEdge& ba = Connect(b_, a_);
  graph_.Remove(ab), graph_.Remove(ba);
  Connect(b_, c_), Connect(c_, a_);
  Connect(a_, b_);
  EXPECT_NE(c_.cycle, 0u);
  EXPECT_EQ(c_.cycle, a_.cycle);
  EXPECT_EQ(c_.cycle, b_.cycle);
}

// ---- Many locks held at once ------------------------------------------------

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

// All that was noted, and the definition of a pattern, word by word.
class Naive {
 public:
  struct Dependency {
    uint32_t actor;
    std::vector<uint32_t> held;
    uint32_t wanted;
    bool ghost = false;  // it was held, too, what is gone
  };
  // What is gone is never asked for again.
  void Forget(uint32_t lock) {
    std::erase_if(all_, [&](const Dependency& d) {
      return (d.wanted & ~kShared) == lock;
    });
    for (Dependency& d : all_) {
      d.ghost |= std::any_of(d.held.begin(), d.held.end(), [&](uint32_t h) {
        return (h & ~kShared) == lock;
      });
    }
  }
  void ForgetGhosts() {
    std::erase_if(all_, [](const Dependency& d) { return d.ghost; });
  }
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
  std::list<Dependency> all_;
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

// Of several requests that differ only in what is gone one is enough, so that
// it is not exact: it finds what there is without them, and nothing that there
// is not.
TEST(LiveOrderPropertyTest, WithLocksThatAreGoneItFindsWhatLivesAndNoMore) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](uint32_t n) { return random() % n; };
  int closed = 0;
  for (int round = 0; round < tests::Rounds(300); ++round) {
    const auto order = std::make_unique<LiveOrder>();
    Naive all, without_ghosts;
    std::vector<uint32_t> locks = {1, 2, 3, 4, 5};
    uint32_t next = 6;
    for (int i = 0; i < 40; ++i) {
      if (pick(5) == 0) {
        uint32_t& lock = locks[pick(5)];
        order->Forget(lock);
        order->Judged(order->candidates());
        all.Forget(lock);
        without_ghosts.Forget(lock);
        without_ghosts.ForgetGhosts();
        lock = next++;
      }
      std::shuffle(locks.begin(), locks.end(), random);
      const std::vector<uint32_t> held(locks.begin(),
                                       locks.begin() + 1 + pick(2));
      const uint32_t wanted = locks[4], actor = 1 + pick(3);
      const Answer answer =
          order->Note({actor, 0, wanted, held.data(), held.size()});
      const bool least = without_ghosts.Closes({actor, held, wanted});
      const bool most = all.Closes({actor, held, wanted});
      if (answer == Answer::kKnown) continue;
      closed += least;
      ASSERT_LE(least, answer == Answer::kCloses)
          << "round " << round << ", request " << i;
      ASSERT_LE(answer == Answer::kCloses, most)
          << "round " << round << ", request " << i;
    }
  }
  EXPECT_GT(closed, 100);
}

}  // namespace
}  // namespace lockcheck::runtime

// Cycles of locks that signals rule out, each with a twin that they do not.
#include "lib/analysis/ordered_cycles.h"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

class OrderedCycles : public Communication {
 protected:
  const ObjectIndex n_ = t_.Lock();

  void Nested(ActorIndex actor, ObjectIndex outer, ObjectIndex inner) {
    t_.Acquire(actor, outer);
    t_.Section(actor, inner);
    t_.Release(actor, outer);
  }
  // a's half, a post, a take, b's half.
  void PostBetween(uint32_t permits) {
    const ObjectIndex s = t_.Object(ObjectKind::kSemaphore, permits);
    Nested(a_, m_, n_);
    t_.Post(a_, s, Post::kRelease);
    t_.Take(b_, s);
    Nested(b_, n_, m_);
  }
  // The cycle of m and n, as the locks' own analysis gives it.
  Finding Judged(const OrderedCyclesOptions& options = {}) {
    Finding cycle;
    cycle.verdict = Verdict::kPossible;
    for (const auto& [actor, wants, holds] :
         {std::tuple(a_, n_, m_), std::tuple(b_, m_, n_)}) {
      Part& part = cycle.parts.emplace_back();
      part.actor = actor;
      part.wants = wants;
      part.holds = {{.object = holds}};
    }
    std::vector<Finding> findings = {cycle};
    RefuteOrderedCycles(t_.trace(), TraceOrder(t_.trace()), options, findings);
    return findings[0];
  }
  void ExpectRefuted() {
    const Finding cycle = Judged();
    EXPECT_EQ(cycle.verdict, Verdict::kRefuted);
    EXPECT_EQ(cycle.reason, Reason::kHistory);
  }
  // And by that one, then the other.
  void ExpectRefutedBy(const std::vector<OrderingStep>& steps) {
    const Finding cycle = Judged();
    ExpectRefuted();
    ASSERT_EQ(cycle.ordered_by.size(), steps.size());
    for (size_t i = 0; i < steps.size(); ++i) {
      EXPECT_EQ(cycle.ordered_by[i].actor, steps[i].actor) << i;
      EXPECT_EQ(cycle.ordered_by[i].other, steps[i].other) << i;
      EXPECT_EQ(cycle.ordered_by[i].act, steps[i].act) << i;
      EXPECT_EQ(cycle.ordered_by[i].object, steps[i].object) << i;
    }
    if (steps.empty()) return;
    EXPECT_EQ(cycle.parts[cycle.earlier_part].actor, a_);
    EXPECT_EQ(cycle.parts[cycle.later_part].actor, b_);
  }
  void ExpectPossible() { EXPECT_EQ(Judged().verdict, Verdict::kPossible); }
};

TEST_F(OrderedCycles, NothingIsBetweenThem) {
  Nested(a_, m_, n_);
  Nested(b_, n_, m_);
  ExpectPossible();
}

TEST_F(OrderedCycles, AnEventThatOneActorSets) {
  const ObjectIndex e = t_.Object(ObjectKind::kEvent);
  Nested(a_, m_, n_);
  t_.Post(a_, e, Post::kSet);
  t_.Find(b_, e, 1);
  Nested(b_, n_, m_);
  ExpectRefutedBy({{a_, b_, EventKind::kPost, e}});
}

// Unless another wait puts them in order, too.
TEST_F(OrderedCycles, AWaitThatCouldGiveUpIsAssumedToSucceed) {
  const ObjectIndex s = t_.Object(ObjectKind::kSemaphore);
  const ObjectIndex e = t_.Object(ObjectKind::kEvent);
  Nested(a_, m_, n_);
  t_.Post(a_, s, Post::kRelease);
  t_.Post(a_, e, Post::kSet);
  t_.Take(b_, s, How::kTimed);
  const auto before = t_;
  Nested(b_, n_, m_);
  ExpectRefutedBy({{a_, b_, EventKind::kPost, s}});
  EXPECT_EQ(Judged().assumes.size(), 1u);
  t_ = before;
  t_.Find(b_, e, 1);
  Nested(b_, n_, m_);
  ExpectRefutedBy({{a_, b_, EventKind::kPost, e}});
  EXPECT_EQ(Judged().assumes.size(), 0u);
}

TEST_F(OrderedCycles, ByWayOfOthers) {
  const ObjectIndex e = t_.Object(ObjectKind::kEvent);
  const ObjectIndex s = t_.Object(ObjectKind::kSemaphore);
  const ObjectIndex variable = t_.Object(ObjectKind::kVariable);
  const ActorIndex c = t_.Actor(), d = t_.ForkedBy(c);
  Nested(a_, m_, n_);
  t_.Post(a_, e, Post::kSet);
  t_.Find(c, e, 1);
  const ActorIndex child = t_.ForkedBy(c);
  t_.Post(child, s, Post::kRelease);
  t_.Take(d, s);
  t_.Write(d, variable);
  t_.Read(b_, variable);
  Nested(b_, n_, m_);
  ExpectRefutedBy({{a_, c, EventKind::kPost, e},
                   {c, child, EventKind::kFork},
                   {child, d, EventKind::kPost, s},
                   {d, b_, EventKind::kWrite, variable}});
}

// Neither is as a whole before the other one.
TEST_F(OrderedCycles, InTurn) {
  PostBetween(0);
  const ObjectIndex back = t_.Object(ObjectKind::kSemaphore);
  t_.Post(b_, back, Post::kRelease);
  t_.Take(a_, back);
  Nested(a_, m_, n_);
  ExpectRefutedBy({});
}

TEST_F(OrderedCycles, AnEventThatAnotherOneMightSet) {
  const ObjectIndex e = t_.Object(ObjectKind::kEvent);
  const ActorIndex c = t_.Actor();
  Nested(a_, m_, n_);
  t_.Post(a_, e, Post::kSet);
  t_.Find(b_, e, 1);
  Nested(b_, n_, m_);
  t_.Post(c, e, Post::kClear);
  t_.Post(c, e, Post::kSet);
  ExpectPossible();
}

TEST_F(OrderedCycles, AnEventThatIsSetBefore) {
  const ObjectIndex e = t_.Object(ObjectKind::kEvent);
  t_.Post(a_, e, Post::kSet);
  Nested(a_, m_, n_);
  t_.Find(b_, e, 1);
  Nested(b_, n_, m_);
  ExpectPossible();
}

TEST_F(OrderedCycles, ALatch) {
  const ObjectIndex latch = t_.Object(ObjectKind::kLatch, 1);
  Nested(a_, m_, n_);
  t_.Post(a_, latch, Post::kArrive);
  t_.Find(b_, latch, 1);
  Nested(b_, n_, m_);
  ExpectRefuted();
}

TEST_F(OrderedCycles, PhasesOfABarrier) {
  const ObjectIndex barrier = t_.Object(ObjectKind::kBarrier, 2);
  Nested(a_, m_, n_);
  t_.Arrive(a_, barrier, 1);
  t_.Arrive(b_, barrier, 1);
  t_.Find(b_, barrier, 1);
  Nested(b_, n_, m_);
  ExpectRefuted();
}

// Whichever two of three arrive open it.
TEST_F(OrderedCycles, ABarrierThatOthersMightOpen) {
  const ObjectIndex barrier = t_.Object(ObjectKind::kBarrier, 2);
  const ActorIndex c = t_.Actor();
  Nested(a_, m_, n_);
  t_.Arrive(a_, barrier, 1);
  t_.Arrive(b_, barrier, 1);
  t_.Find(b_, barrier, 1);
  Nested(b_, n_, m_);
  t_.Arrive(c, barrier, 2);
  ExpectPossible();
}

TEST_F(OrderedCycles, TheOnlyPosterOfASemaphore) {
  PostBetween(0);
  ExpectRefutedBy({{a_, b_, EventKind::kPost, n_ + 1}});
}

TEST_F(OrderedCycles, ASemaphoreWithAPermitFromTheBeginning) {
  PostBetween(1);
  ExpectPossible();
}

// Two others post a unit each, one of them after a's half.
class Counted : public OrderedCycles {
 protected:
  const ActorIndex c_ = t_.Actor();

  ObjectIndex PostedByTwo(uint32_t permits = 0, uint32_t units_of_c = 1) {
    const ObjectIndex s = t_.Object(ObjectKind::kSemaphore, permits);
    Nested(a_, m_, n_);
    t_.Post(a_, s, Post::kRelease);
    t_.Post(c_, s, Post::kRelease, units_of_c);
    return s;
  }
  void TakeThenNest(ObjectIndex s, int units) {
    for (int i = 0; i < units; ++i) t_.Take(b_, s);
    Nested(b_, n_, m_);
  }
};

TEST_F(Counted, WhoTakesAllUnitsNeedsAllPosts) {
  TakeThenNest(PostedByTwo(), 2);
  ExpectRefuted();
}

TEST_F(Counted, OneIsFromEither) {
  TakeThenNest(PostedByTwo(), 1);
  ExpectPossible();
}

TEST_F(Counted, APermitFromTheBeginningIsOneMore) {
  TakeThenNest(PostedByTwo(1), 2);
  ExpectPossible();
}

TEST_F(Counted, APostMayAddSeveral) {
  TakeThenNest(PostedByTwo(0, 2), 2);
  ExpectPossible();
}

TEST_F(Counted, AllOfSeveral) {
  TakeThenNest(PostedByTwo(0, 2), 3);
  ExpectRefuted();
}

TEST_F(Counted, ATryThatGotOneCounts) {
  const ObjectIndex s = PostedByTwo();
  t_.Take(b_, s, How::kTry);
  TakeThenNest(s, 1);
  ExpectRefuted();
}

// Others' takes may come later.
TEST_F(Counted, WhatAnotherTookDoesNot) {
  const ObjectIndex s = PostedByTwo();
  t_.Take(t_.Actor(), s);
  TakeThenNest(s, 1);
  ExpectPossible();
}

TEST_F(Counted, WhatTheTakerPostedBeforeIsThere) {
  const ObjectIndex s = PostedByTwo();
  t_.Post(b_, s, Post::kRelease);
  TakeThenNest(s, 2);
  ExpectPossible();
}

TEST_F(Counted, WhatItPostsAfterwardsIsNot) {
  const ObjectIndex s = PostedByTwo();
  TakeThenNest(s, 2);
  t_.Post(b_, s, Post::kRelease);
  ExpectRefuted();
}

TEST_F(Counted, NorWhatIsPostedByWhomItStartsAfterwards) {
  const ObjectIndex s = PostedByTwo();
  TakeThenNest(s, 2);
  t_.Post(t_.ForkedBy(t_.ForkedBy(b_)), s, Post::kRelease);
  ExpectRefuted();
}

TEST_F(Counted, WhomItStartedBeforePostsAtAnyTime) {
  const ObjectIndex s = PostedByTwo();
  const ActorIndex child = t_.ForkedBy(b_);
  TakeThenNest(s, 2);
  t_.Post(child, s, Post::kRelease);
  ExpectPossible();
}

// a's second unit is behind its half, its first one is not.
TEST_F(Counted, ThePostsOfOneActorAreInItsOrder) {
  const ObjectIndex s = t_.Object(ObjectKind::kSemaphore);
  t_.Post(a_, s, Post::kRelease);
  t_.Post(c_, s, Post::kRelease);
  Nested(a_, m_, n_);
  t_.Post(a_, s, Post::kRelease);
  t_.Take(b_, s);
  TakeThenNest(s, 1);
  ExpectPossible();
}

TEST_F(Counted, ButTheLastUnitIsBehindAll) {
  const ObjectIndex s = t_.Object(ObjectKind::kSemaphore);
  t_.Post(a_, s, Post::kRelease);
  t_.Post(c_, s, Post::kRelease);
  Nested(a_, m_, n_);
  t_.Post(a_, s, Post::kRelease);
  TakeThenNest(s, 3);
  ExpectRefuted();
}

// b has put two items, a is done with one of them after its half.
class JoinOfAQueue : public OrderedCycles {
 protected:
  const ObjectIndex items_ = t_.Object(ObjectKind::kQueue),
                    end_ = t_.EndOf(items_);
  const ActorIndex c_ = t_.Actor();

  void GetAndEndOne(ActorIndex actor) {
    t_.Take(actor, items_);
    t_.TaskDone(actor, end_);
  }
};

TEST_F(JoinOfAQueue, NeedsTheEndsOfAsManyAsItsActorHasPut) {
  t_.Put(b_, items_, end_);
  t_.Put(b_, items_, end_);
  Nested(a_, m_, n_);
  GetAndEndOne(a_);
  GetAndEndOne(c_);
  t_.FindOver(b_, end_);
  Nested(b_, n_, m_);
  ExpectRefuted();
}

TEST_F(JoinOfAQueue, NotOfWhatAnotherPut) {
  t_.Put(b_, items_, end_);
  t_.Put(c_, items_, end_);
  Nested(a_, m_, n_);
  GetAndEndOne(a_);
  GetAndEndOne(c_);
  t_.FindOver(b_, end_);
  Nested(b_, n_, m_);
  ExpectPossible();
}

// A later round of the same is not in order.
TEST_F(OrderedCycles, OneInstanceThatIsFreeIsEnough) {
  PostBetween(0);
  Nested(a_, m_, n_);
  ExpectPossible();
}

class OnceFlags : public OrderedCycles {
 protected:
  const ObjectIndex flag_ = t_.Object(ObjectKind::kOnceFlag);

  void Run(ActorIndex actor, ObjectIndex outer, ObjectIndex inner) {
    t_.Acquire(actor, flag_);
    Nested(actor, outer, inner);
    t_.Release(actor, flag_);
  }
  void Pass(ActorIndex actor) { t_.Pass(actor, flag_); }
};

TEST_F(OnceFlags, WhatTheFunctionDidIsOverForWhoHasPassed) {
  Run(a_, m_, n_);
  Pass(b_);
  Nested(b_, n_, m_);
  ExpectRefutedBy({{a_, b_, EventKind::kRelease, flag_}});
}

TEST_F(OnceFlags, NotForWhoPassesLater) {
  Run(a_, m_, n_);
  Nested(b_, n_, m_);
  Pass(b_);
  ExpectPossible();
}

// Had it come first, it would have run the function.
TEST_F(OnceFlags, NorWhatWasDoneBeforeTheCall) {
  Nested(a_, m_, n_);
  Run(a_, t_.Lock(), t_.Lock());
  Pass(b_);
  Nested(b_, n_, m_);
  ExpectPossible();
}

TEST_F(OnceFlags, NorWhatIsDoneAfterIt) {
  Run(a_, t_.Lock(), t_.Lock());
  Nested(a_, m_, n_);
  Pass(b_);
  Nested(b_, n_, m_);
  ExpectPossible();
}

// A hold as a writer may be that of a function that threw.
TEST_F(OnceFlags, WhoHasRunItIsNotKnownToHavePassed) {
  Run(a_, t_.Lock(), t_.Lock());
  Nested(a_, n_, m_);
  Run(b_, m_, n_);
  ExpectPossible();
}

TEST_F(OnceFlags, AFunctionThatThrewIsOverToo) {
  Run(a_, m_, n_);
  Run(a_, t_.Lock(), t_.Lock());
  Pass(b_);
  Nested(b_, n_, m_);
  ExpectRefuted();
}

TEST_F(OnceFlags, OneThatAnotherHasPassedIsOver) {
  const ActorIndex c = t_.Actor();
  const ObjectIndex e = t_.Object(ObjectKind::kEvent);
  Run(a_, m_, n_);
  Pass(c);
  t_.Post(c, e, Post::kSet);
  t_.Find(b_, e, 1);
  Nested(b_, n_, m_);
  ExpectRefuted();
}

TEST_F(OnceFlags, AnotherFlagIsAnotherOne) {
  const ObjectIndex other = t_.Object(ObjectKind::kOnceFlag);
  t_.Acquire(a_, other);
  Nested(a_, m_, n_);
  t_.Release(a_, other);
  Pass(b_);
  Nested(b_, n_, m_);
  ExpectPossible();
}

// A shared lock that is written by one and read by another may be so in any
// order.
TEST_F(OnceFlags, ASharedLockIsNone) {
  t_.trace().objects[flag_].kind = ObjectKind::kSharedMutex;
  Run(a_, m_, n_);
  Pass(b_);
  Nested(b_, n_, m_);
  ExpectPossible();
}

class Seats : public OrderedCycles {
 protected:
  void EatWithPermitsFor(uint32_t many) {
    const ObjectIndex seats = t_.Object(ObjectKind::kSemaphore, many);
    t_.trace().objects[seats].held = true;
    const auto eat = [&](ActorIndex actor, ObjectIndex left,
                         ObjectIndex right) {
      t_.Take(actor, seats);
      Nested(actor, left, right);
      t_.GiveBack(actor, seats);
    };
    eat(a_, m_, n_);
    eat(b_, n_, m_);
  }
};

TEST_F(Seats, TooFewPermitsKeepTheLastOneAway) {
  // One permit would be a lock; these two are asked for two at a time.
  const ObjectIndex seats = t_.Object(ObjectKind::kSemaphore, 3);
  t_.trace().objects[seats].held = true;
  for (const auto& [actor, left, right] :
       {std::tuple(a_, m_, n_), std::tuple(b_, n_, m_)}) {
    t_.Take(actor, seats);
    t_.Take(actor, seats);
    Nested(actor, left, right);
    t_.GiveBack(actor, seats);
    t_.GiveBack(actor, seats);
  }
  const Finding cycle = Judged();
  EXPECT_EQ(cycle.verdict, Verdict::kRefuted);
  EXPECT_EQ(cycle.reason, Reason::kGate);
  EXPECT_EQ(cycle.gate, seats);
}

TEST_F(Seats, EnoughPermitsDoNot) {
  EatWithPermitsFor(2);
  ExpectPossible();
}

// As a coding rule it is broken all the same.
TEST_F(OrderedCycles, UnderPolicyOrderItStillFails) {
  PostBetween(0);
  EXPECT_FALSE(Judged().order_violation);
  EXPECT_TRUE(Judged({.policy = Policy::kOrder}).order_violation);
}

// So a request that is no event, for it got nothing, may be in another order.
TEST_F(OrderedCycles, OfATraceThatIsIncompleteNothingIsSaid) {
  PostBetween(0);
  t_.trace().incomplete = true;
  ExpectPossible();
}

TEST_F(OrderedCycles, OfATraceThatIsCutNothingIsSaid) {
  PostBetween(0);
  t_.trace().cut = {a_};
  ExpectPossible();
}

}  // namespace
}  // namespace lockcheck::analysis::testing

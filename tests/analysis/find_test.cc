// The pipeline as a whole: order of findings, and what large logs cost, in
// counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/order_graph.h"
#include "tests/oracle/trace.h"
#include "tests/oracle/translate.h"

namespace lockcheck::analysis {
namespace {

using testing::Each;
using testing::Field;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class FindTest : public testing::Test {
 protected:
  void Program(size_t locks, size_t actors) {
    observations_.object_count = locks;
    observations_.actor_count = actors;
    observations_.phase_count.assign(actors, 1);
    observations_.end.resize(actors);
  }
  void Nested(ActorIndex actor, std::vector<ObjectIndex> held,
              ObjectIndex wanted, uint32_t phase = 0) {
    Dependency d;
    d.actor = actor;
    d.lock = wanted;
    d.site = 1;
    for (const ObjectIndex object : held) {
      d.held.push_back({object, model::Mode::kExclusive, 0});
    }
    d.count = 1;
    d.phases = {phase};
    observations_.dependencies.push_back(std::move(d));
  }
  void ForkAndJoin(ActorIndex main, ActorIndex worker) {
    uint32_t& phases = observations_.phase_count[main];
    observations_.phase_edges.push_back({main, phases - 1, worker, 0});
    observations_.phase_edges.push_back({worker, 0, main, phases + 1});
    phases += 2;
  }
  void Judge() { found_ = Find(observations_, {}); }

  Observations observations_;
  Findings found_;
};

TEST_F(FindTest, StrongestVerdictsComeFirstThenSmallestObjects) {
  const oracle::Trace trace = oracle::Parse(
      "9/acq(r) 9/acq(s) 9/rel(s) 9/rel(r) 9/acq(s) 9/acq(r) 9/rel(r) 9/rel(s) "
      "1/acq(p) 1/acq(q) 1/rel(q) 1/rel(p) 2/acq(q) 2/acq(p) 2/rel(p) 2/rel(q) "
      "1/acq(k) 1/acq(l) 1/rel(l) 1/rel(k) 2/acq(l) 2/acq(k) 2/rel(k) 2/rel(l) "
      "3/acq(x) 4/acq(y) 3/req(y) 4/req(x)");
  observations_ = oracle::Translate(trace);
  observations_.misuses.push_back({model::Misuse::kUnlockFree, 1, 0, 3});
  Judge();
  ASSERT_THAT(found_.findings, SizeIs(5));
  EXPECT_EQ(found_.findings[0].verdict, Verdict::kActual);
  EXPECT_EQ(found_.findings[1].verdict, Verdict::kPossible);
  EXPECT_EQ(found_.findings[2].verdict, Verdict::kPossible);
  EXPECT_LT(found_.findings[1].objects[0], found_.findings[2].objects[0]);
  EXPECT_EQ(found_.findings[3].kind, Kind::kMisuse);
  EXPECT_EQ(found_.findings[4].verdict, Verdict::kRefuted);
}

TEST_F(FindTest, TheOrderOfObservationsDoesNotMatter) {
  Program(12, 40);
  std::mt19937 random(7);
  for (int i = 0; i < 120; ++i) {
    const ObjectIndex a = random() % 12, b = random() % 12;
    if (a != b) Nested(random() % 40, {a}, b);
  }
  Judge();
  ASSERT_THAT(found_.findings, Not(IsEmpty()));
  const Findings before = found_;
  std::shuffle(observations_.dependencies.begin(),
               observations_.dependencies.end(), random);
  Judge();
  ASSERT_EQ(found_.findings.size(), before.findings.size());
  for (size_t i = 0; i < before.findings.size(); ++i) {
    EXPECT_EQ(found_.findings[i].objects, before.findings[i].objects);
    EXPECT_EQ(found_.findings[i].verdict, before.findings[i].verdict);
    EXPECT_EQ(found_.findings[i].reason, before.findings[i].reason);
  }
}

TEST_F(FindTest, AHealthyLogLeavesNothingToSearch) {
  constexpr uint32_t kLocks = 1'000;
  Program(kLocks, 64);
  std::mt19937 random(1);
  for (int i = 0; i < 128'000; ++i) {
    const ObjectIndex a = random() % kLocks, b = random() % kLocks;
    if (a != b) Nested(random() % 64, {std::min(a, b)}, std::max(a, b));
  }
  EXPECT_THAT(BuildOrderGraph(observations_), IsEmpty());
  Judge();
  EXPECT_THAT(found_.findings, IsEmpty());
  EXPECT_THAT(found_.notes, IsEmpty());
}

TEST_F(FindTest, AChainOfAHundredThousandLocksIsHealthy) {
  constexpr uint32_t kLocks = 100'000;
  Program(kLocks, 1);
  for (ObjectIndex l = 0; l + 1 < kLocks; ++l) Nested(0, {l}, l + 1);
  EXPECT_THAT(BuildOrderGraph(observations_), IsEmpty());
}

TEST_F(FindTest, EightHundredThreadsAndTwoHundredCyclesAreTwoHundredFindings) {
  constexpr uint32_t kThreads = 800, kCycles = 200;
  Program(2 * kCycles, kThreads);
  for (ActorIndex t = 0; t < kThreads; ++t) {
    for (uint32_t c = 0; c < kCycles; ++c) {
      const ObjectIndex a = 2 * c, b = 2 * c + 1;
      t % 2 == 0 ? Nested(t, {a}, b) : Nested(t, {b}, a);
    }
  }
  Judge();
  ASSERT_THAT(found_.findings, SizeIs(kCycles));
  EXPECT_THAT(found_.findings, Each(Field(&Finding::count, 400u * 400u)));
  EXPECT_THAT(found_.notes, IsEmpty());
}

TEST_F(FindTest, ThousandsOfThreadsBehindOneGateAreRefuted) {
  constexpr uint32_t kThreads = 2'000;
  Program(3, kThreads);
  for (ActorIndex t = 0; t < kThreads; ++t) {
    t % 2 == 0 ? Nested(t, {0, 1}, 2) : Nested(t, {0, 2}, 1);
  }
  Judge();
  ASSERT_THAT(found_.findings, SizeIs(1));
  EXPECT_EQ(found_.findings[0].reason, Reason::kGate);
  EXPECT_EQ(found_.findings[0].gate, 0u);
}

TEST_F(FindTest, TenThousandActorsOneAfterTheOtherAreOrderedByJoin) {
  constexpr uint32_t kActors = 10'001;
  Program(2, kActors);
  for (ActorIndex t = 1; t < kActors; ++t) {
    ForkAndJoin(0, t);
    t % 2 == 0 ? Nested(t, {0}, 1) : Nested(t, {1}, 0);
  }
  Judge();
  ASSERT_THAT(found_.findings, SizeIs(1));
  EXPECT_EQ(found_.findings[0].verdict, Verdict::kRefuted);
  EXPECT_EQ(found_.findings[0].reason, Reason::kForkJoin);
  EXPECT_THAT(found_.notes, IsEmpty());
}

TEST_F(FindTest, OneOverlapAmongTenThousandActorsIsFound) {
  constexpr uint32_t kActors = 10'001;
  Program(2, kActors + 1);
  for (ActorIndex t = 1; t < kActors; ++t) {
    ForkAndJoin(0, t);
    Nested(t, {0}, 1);
  }
  Nested(kActors, {1}, 0);  // nobody saw it start
  Judge();
  ASSERT_THAT(found_.findings, SizeIs(1));
  EXPECT_EQ(found_.findings[0].verdict, Verdict::kPossible);
}

TEST_F(FindTest, ADenseTangleEndsAndSaysWhatItLeftOut) {
  constexpr uint32_t kLocks = 60;
  Program(kLocks, 60);
  for (ActorIndex t = 0; t < 60; ++t) {
    for (ObjectIndex l = 0; l < kLocks; ++l) {
      if (l != t) Nested(t, {t}, l);
    }
  }
  Judge();
  EXPECT_THAT(found_.findings, Not(IsEmpty()));
  EXPECT_THAT(found_.notes, Not(IsEmpty()));
  const auto pairs = std::count_if(
      found_.findings.begin(), found_.findings.end(), [](const Finding& f) {
        return f.objects.size() == 2 && f.verdict == Verdict::kPossible;
      });
  EXPECT_EQ(pairs, 60 * 59 / 2) << "the shortest are never left out";
  EXPECT_FALSE(found_.exhaustive);
}

TEST_F(FindTest, OneThreadThatUsesEveryOrderEndsQuickly) {
  constexpr uint32_t kLocks = 60;
  Program(kLocks, 1);
  for (ObjectIndex a = 0; a < kLocks; ++a) {
    for (ObjectIndex b = 0; b < kLocks; ++b) {
      if (a != b) Nested(0, {a}, b);
    }
  }
  Judge();
  EXPECT_THAT(found_.findings,
              Each(Field(&Finding::reason, Reason::kOneActor)));
  EXPECT_GE(found_.findings.size(), 60u * 59 / 2);
  EXPECT_THAT(found_.notes, Not(IsEmpty()));
  EXPECT_TRUE(found_.exhaustive) << "what was left out cannot deadlock";
}

TEST_F(FindTest, AnEmptyLogHasNoFindings) {
  Judge();
  EXPECT_THAT(found_.findings, IsEmpty());
  EXPECT_THAT(found_.standing_waits, IsEmpty());
}

}  // namespace
}  // namespace lockcheck::analysis

// Each clause of the deadlock pattern, with a twin in which it does not fail.
#include "lib/analysis/cycles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "lib/analysis/findings.h"
#include "tests/oracle/trace.h"
#include "tests/oracle/translate.h"

namespace lockcheck::analysis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

MATCHER(IsPossible, "") { return arg.verdict == Verdict::kPossible; }
MATCHER_P(IsRefutedBy, reason, "") {
  return arg.verdict == Verdict::kRefuted && arg.reason == reason;
}

class CyclesTest : public testing::Test {
 protected:
  const std::vector<Finding>& Analyze(std::string_view text) {
    trace_ = oracle::Parse(text);
    found_ = Find(oracle::Translate(trace_), options_);
    return found_.findings;
  }
  ObjectIndex Lock(std::string_view name) { return trace_.Lock(name); }
  ObjectIndex End(ActorIndex actor) {
    return static_cast<ObjectIndex>(trace_.locks.size() + actor);
  }
  // The wanted lock of each part, as a text.
  std::string Wanted(const Finding& finding) const {
    std::string text;
    for (const Part& part : finding.parts) {
      text += part.wants < trace_.locks.size() ? trace_.locks[part.wants] : "?";
    }
    return text;
  }

  // "0 joins 1, 0 starts 3" of what puts one part before another one, and
  // which.
  std::string Ordered(const Finding& finding) const {
    std::string text =
        std::to_string(finding.parts.at(finding.earlier_part).actor) +
        " before " + std::to_string(finding.parts.at(finding.later_part).actor);
    for (const OrderingStep& step : finding.ordered_by) {
      text += ", " + std::to_string(step.actor) +
              (step.act == EventKind::kFork ? " starts " : " joins ") +
              std::to_string(step.other);
    }
    return text;
  }

  oracle::Trace trace_;
  FindOptions options_;
  Findings found_;
};

TEST_F(CyclesTest, OneOrderIsNoFinding) {
  EXPECT_THAT(Analyze("1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) "
                      "2/acq(a) 2/acq(b) 2/rel(b) 2/rel(a)"),
              IsEmpty());
}

TEST_F(CyclesTest, PartsFormACycleFromTheSmallestLock) {
  Analyze(
      "1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 2/acq(b) 2/acq(c) 2/rel(c) "
      "2/rel(b) 3/acq(c) 3/acq(a) 3/rel(a) 3/rel(c)");
  ASSERT_THAT(found_.findings, ElementsAre(IsPossible()));
  const Finding& f = found_.findings[0];
  EXPECT_EQ(Wanted(f), "bca");
  EXPECT_THAT(f.objects, ElementsAre(Lock("b"), Lock("c"), Lock("a")));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(f.parts[i].wants, f.parts[(i + 1) % 3].holds.front().object);
  }
  EXPECT_EQ(f.parts[0].actor, 1u);
  EXPECT_EQ(f.parts[0].site, 1u);
  EXPECT_EQ(f.parts[0].holds[0].site, 0u);
}

TEST_F(CyclesTest, TheHoldThatMattersComesFirst) {
  Analyze("1/acq(x) 1/acq(a) 1/acq(b) 2/acq(b) 2/acq(a)");
  ASSERT_THAT(found_.findings, SizeIs(1));
  const Part& part = found_.findings[0].parts[0];
  EXPECT_THAT(part.holds, SizeIs(2));
  EXPECT_EQ(part.holds[0].object, Lock("a"));
  EXPECT_EQ(part.holds[1].object, Lock("x"));
}

TEST_F(CyclesTest, FivePhilosophersAreOneFindingHoweverOftenTheyEat) {
  std::string text;
  for (int round = 0; round < 3; ++round) {
    for (int p = 0; p < 5; ++p) {
      const std::string who = std::to_string(p + 1) + "/";
      const std::string left = "(f" + std::to_string(p) + ")";
      const std::string right = "(f" + std::to_string((p + 1) % 5) + ")";
      text += who + "acq" + left + "/100 " + who + "acq" + right + "/101 " +
              who + "rel" + right + " " + who + "rel" + left + " ";
    }
  }
  ASSERT_THAT(Analyze(text), ElementsAre(IsPossible()));
  EXPECT_THAT(found_.findings[0].parts, SizeIs(5));
  EXPECT_EQ(found_.findings[0].parts[0].count, 3u);
  EXPECT_EQ(found_.findings[0].count, 1u);
}

TEST_F(CyclesTest, TheSameCycleByOtherActorsIsTheSameFinding) {
  ASSERT_THAT(Analyze("1/acq(a)/1 1/acq(b)/2 1/rel(b) 1/rel(a) "
                      "2/acq(a)/1 2/acq(b)/2 2/rel(b) 2/rel(a) "
                      "3/acq(b)/3 3/acq(a)/4 3/rel(a) 3/rel(b) "
                      "4/acq(b)/3 4/acq(a)/4 4/rel(a) 4/rel(b)"),
              ElementsAre(IsPossible()));
  EXPECT_EQ(found_.findings[0].count, 4u) << "2 x 2 choices of actors";
}

TEST_F(CyclesTest, OtherSitesAreAnotherFinding) {
  EXPECT_THAT(Analyze("1/acq(a)/1 1/acq(b)/2 1/rel(b) 1/rel(a) "
                      "2/acq(a)/1 2/acq(b)/5 2/rel(b) 2/rel(a) "
                      "3/acq(b)/3 3/acq(a)/4 3/rel(a) 3/rel(b)"),
              ElementsAre(IsPossible(), IsPossible()));
}

TEST_F(CyclesTest, OnlyIfAllInstancesFailIsItRefuted) {
  // 1 and 2 are kept apart by g, 1 and 3 are not.
  Analyze(
      "1/acq(g) 1/acq(a)/1 1/acq(b)/2 1/rel(b) 1/rel(a) 1/rel(g) "
      "2/acq(g) 2/acq(b)/3 2/acq(a)/4 2/rel(a) 2/rel(b) 2/rel(g) "
      "3/acq(b)/3 3/acq(a)/4 3/rel(a) 3/rel(b)");
  ASSERT_THAT(found_.findings, ElementsAre(IsPossible()));
  EXPECT_EQ(found_.findings[0].parts[0].actor, 1u);
  EXPECT_EQ(found_.findings[0].parts[1].actor, 3u);
}

TEST_F(CyclesTest, TwoActorsCannotTakeThreeParts) {
  EXPECT_THAT(Analyze("1/acq(a) 1/acq(b) 1/rel(a) 1/acq(c) 1/rel(c) 1/rel(b) "
                      "2/acq(c) 2/acq(a) 2/rel(a) 2/rel(c)"),
              ElementsAre(IsRefutedBy(Reason::kOneActor)));
}

TEST_F(CyclesTest, AGateIsNamed) {
  Analyze(
      "1/acq(x) 1/acq(g) 1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/rel(g) "
      "1/rel(x) 2/acq(g) 2/acq(b) 2/acq(a)");
  ASSERT_THAT(found_.findings, ElementsAre(IsRefutedBy(Reason::kGate)));
  EXPECT_EQ(found_.findings[0].gate, Lock("g"));
}

TEST_F(CyclesTest, AGateOfReadersIsNone) {
  constexpr std::string_view kShared =
      "1/racq(g) 1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/rrel(g) "
      "2/racq(g) 2/acq(b) 2/acq(a)";
  EXPECT_THAT(Analyze(kShared), ElementsAre(IsPossible()));
  std::string one_writer(kShared);
  one_writer.replace(one_writer.find("2/racq"), 6, "2/acq");
  EXPECT_THAT(Analyze(one_writer), ElementsAre(IsRefutedBy(Reason::kGate)));
}

TEST_F(CyclesTest, AGateBetweenActorsThatAreNotNeighboursCountsToo) {
  constexpr std::string_view kFour =
      "1/acq(g) 1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/rel(g) "
      "2/acq(b) 2/acq(c) 2/rel(c) 2/rel(b) "
      "3/acq(G) 3/acq(c) 3/acq(d) 3/rel(d) 3/rel(c) 3/rel(G) "
      "4/acq(d) 4/acq(a)";
  EXPECT_THAT(Analyze(kFour), ElementsAre(IsPossible()));
  std::string same_gate(kFour);
  for (size_t at; (at = same_gate.find('G')) != std::string::npos;) {
    same_gate[at] = 'g';
  }
  EXPECT_THAT(Analyze(same_gate), ElementsAre(IsRefutedBy(Reason::kGate)));
}

TEST_F(CyclesTest, ReadersDoNotWaitForReaders) {
  EXPECT_THAT(
      Analyze("1/acq(a) 1/racq(b) 1/rrel(b) 1/rel(a) 2/racq(b) 2/acq(a)"),
      ElementsAre(IsRefutedBy(Reason::kReaders)));
  EXPECT_THAT(found_.findings[0].assumes, SizeIs(1))
      << "with a lock that lets writers go first it could";
  EXPECT_THAT(Analyze("1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 2/racq(b) 2/acq(a)"),
              ElementsAre(IsPossible()));
}

// "Another actor could deadlock with it" would be wrong.
TEST_F(CyclesTest, WhatOnlyEverGivesUpIsRefutedByThatWhoeverDoesIt) {
  EXPECT_THAT(Analyze("1/acq(a) 1/try(b) 1/rel(b) 1/rel(a) "
                      "1/acq(b) 1/try(a) 1/rel(a) 1/rel(b)"),
              ElementsAre(IsRefutedBy(Reason::kTry)));
  EXPECT_THAT(Analyze("1/acq(a) 1/try(b) 1/rel(b) 1/rel(a) "
                      "1/acq(b) 1/acq(a) 1/rel(a) 1/rel(b)"),
              ElementsAre(IsRefutedBy(Reason::kTry)));
  options_.policy = Policy::kOrder;
  Analyze("1/acq(a) 1/try(b) 1/rel(b) 1/rel(a) 1/acq(b) 1/try(a)");
  ASSERT_THAT(found_.findings, SizeIs(1));
  EXPECT_FALSE(found_.findings[0].order_violation);
}

TEST_F(CyclesTest, TryAndTimedRequestsGiveUp) {
  EXPECT_THAT(Analyze("1/acq(a) 1/try(b) 1/rel(b) 1/rel(a) 2/acq(b) 2/acq(a)"),
              ElementsAre(IsRefutedBy(Reason::kTry)));
  EXPECT_THAT(
      Analyze("1/acq(a) 1/timed(b) 1/rel(b) 1/rel(a) 2/acq(b) 2/acq(a)"),
      ElementsAre(IsRefutedBy(Reason::kTry)));
}

TEST_F(CyclesTest, WhatATryGotIsHeld) {
  EXPECT_THAT(Analyze("1/try(a) 1/acq(b) 1/rel(b) 1/rel(a) 2/acq(b) 2/acq(a)"),
              ElementsAre(IsPossible()));
}

TEST_F(CyclesTest, PhasesDecideWhetherActorsMeet) {
  // Main takes both orders around a worker's life; only the phase in which the
  // worker lives can meet it.
  constexpr std::string_view kDuring =
      "0/fork(1) 0/acq(a)/1 0/acq(b)/2 0/rel(b) 0/rel(a) "
      "1/acq(b) 1/acq(a) 1/rel(a) 1/rel(b) 0/join(1)";
  EXPECT_THAT(Analyze(kDuring), ElementsAre(IsPossible()));
  const std::string after = "0/acq(a)/1 0/acq(b)/2 0/rel(b) 0/rel(a)";
  EXPECT_THAT(Analyze(std::string(kDuring) + " " + after),
              ElementsAre(IsPossible()))
      << "one of two phases is enough";
  EXPECT_THAT(
      Analyze("0/fork(1) 1/acq(b) 1/acq(a) 1/rel(a) 1/rel(b) 0/join(1) " +
              after),
      ElementsAre(IsRefutedBy(Reason::kForkJoin)));
}

TEST_F(CyclesTest, PairsThatMeetAreNotEnoughWhenThreeNeverDo) {
  // 1 and 2 overlap, 2 and 3 overlap, but 3 begins after 1 ended.
  EXPECT_THAT(Analyze("0/fork(1) 0/fork(2) "
                      "1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 0/join(1) 0/fork(3) "
                      "2/acq(b) 2/acq(c) 2/rel(c) 2/rel(b) "
                      "3/acq(c) 3/acq(a) 3/rel(a) 3/rel(c)"),
              ElementsAre(IsRefutedBy(Reason::kForkJoin)));
  EXPECT_EQ(Ordered(found_.findings[0]), "1 before 3, 0 joins 1, 0 starts 3");
}

TEST_F(CyclesTest, TheForkThatPutsThemInOrderIsNamed) {
  Analyze(
      "0/acq(a) 0/acq(b) 0/rel(b) 0/rel(a) 0/fork(1) "
      "1/acq(b) 1/acq(a) 1/rel(a) 1/rel(b)");
  ASSERT_THAT(found_.findings, ElementsAre(IsRefutedBy(Reason::kForkJoin)));
  EXPECT_EQ(Ordered(found_.findings[0]), "0 before 1, 0 starts 1");
}

TEST_F(CyclesTest, TheJoinThatPutsThemInOrderIsNamed) {
  Analyze(
      "0/fork(1) 1/acq(b) 1/acq(a) 1/rel(a) 1/rel(b) 0/join(1) "
      "0/acq(a) 0/acq(b) 0/rel(b) 0/rel(a)");
  ASSERT_THAT(found_.findings, ElementsAre(IsRefutedBy(Reason::kForkJoin)));
  EXPECT_EQ(Ordered(found_.findings[0]), "1 before 0, 0 joins 1");
}

TEST_F(CyclesTest, TheShortestWayOfSeveralIsNamed) {
  // 1 joins 2 and is joined itself; but 0 joins 2, too.
  Analyze(
      "0/fork(1) 1/fork(2) 2/acq(b) 2/acq(a) 2/rel(a) 2/rel(b) 1/join(2) "
      "0/join(1) 0/join(2) 0/acq(a) 0/acq(b) 0/rel(b) 0/rel(a)");
  ASSERT_THAT(found_.findings, ElementsAre(IsRefutedBy(Reason::kForkJoin)));
  EXPECT_EQ(Ordered(found_.findings[0]), "2 before 0, 0 joins 2");
}

TEST_F(CyclesTest, AnActorWithUnknownStartMeetsEverybody) {
  EXPECT_THAT(Analyze("0/acq(a) 0/acq(b) 0/rel(b) 0/rel(a) 0/fork(1) "
                      "7/acq(b) 7/acq(a) 7/rel(a) 7/rel(b)"),
              ElementsAre(IsPossible()));
}

TEST_F(CyclesTest, JoiningUnderALockTheThreadNeedsIsPossible) {
  Analyze("0/fork(1) 1/acq(m) 1/rel(m) 0/acq(m) 0/join(1) 0/rel(m)");
  ASSERT_THAT(found_.findings, ElementsAre(IsPossible()));
  const Finding& f = found_.findings[0];
  EXPECT_THAT(f.objects, ElementsAre(End(1), Lock("m")));
  EXPECT_EQ(f.parts[0].actor, 0u);
  EXPECT_EQ(f.parts[0].wants, End(1));
  EXPECT_EQ(f.parts[1].actor, 1u);
  EXPECT_EQ(f.parts[1].holds.front().object, End(1));
}

TEST_F(CyclesTest, JoiningUnderALockTheThreadDoesNotNeedIsNone) {
  EXPECT_THAT(
      Analyze("0/fork(1) 1/acq(n) 1/rel(n) 0/acq(m) 0/join(1) 0/rel(m)"),
      IsEmpty());
}

TEST_F(CyclesTest, JoiningUnderALockThatTheThreadOnlyTriesIsRefuted) {
  EXPECT_THAT(
      Analyze("0/fork(1) 1/try(m) 1/rel(m) 0/acq(m) 0/join(1) 0/rel(m)"),
      ElementsAre(IsRefutedBy(Reason::kTry)));
}

TEST_F(CyclesTest, JoinsAreFollowedThroughActorsThatHoldNothing) {
  Analyze(
      "0/fork(1) 1/fork(2) 2/acq(m) 2/rel(m) 1/join(2) "
      "0/acq(m) 0/join(1) 0/rel(m)");
  ASSERT_THAT(found_.findings, ElementsAre(IsPossible()));
  EXPECT_THAT(found_.findings[0].objects,
              ElementsAre(End(1), End(2), Lock("m")));
}

TEST_F(CyclesTest, AMemberOfAMultiLockBlocksUnderWhatWasHeldBefore) {
  const auto with = [](model::How how) {
    oracle::Trace trace = oracle::Parse("1/acq(g) 1/acq(a) 2/acq(a) 2/acq(g)");
    trace.events[1].how = how;
    return Find(oracle::Translate(trace), {}).findings;
  };
  EXPECT_THAT(with(model::How::kMulti), ElementsAre(IsPossible()));
  EXPECT_THAT(with(model::How::kTry), ElementsAre(IsRefutedBy(Reason::kTry)));
}

class OrderPolicyTest : public CyclesTest {
 protected:
  OrderPolicyTest() { options_.policy = Policy::kOrder; }
};

constexpr std::string_view kOneActor =
    "1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/acq(b) 1/acq(a)";
constexpr std::string_view kGated =
    "1/acq(g) 1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/rel(g) "
    "2/acq(g) 2/acq(b) 2/acq(a)";
constexpr std::string_view kForked =
    "0/acq(a) 0/acq(b) 0/rel(b) 0/rel(a) 0/fork(1) 1/acq(b) 1/acq(a)";

TEST_F(OrderPolicyTest, BrokenOrderFailsEvenWhereItCannotDeadlock) {
  for (const auto text : {kOneActor, kGated, kForked}) {
    Analyze(text);
    ASSERT_THAT(found_.findings, SizeIs(1));
    EXPECT_EQ(found_.findings[0].verdict, Verdict::kRefuted);
    EXPECT_TRUE(found_.findings[0].order_violation) << text;
  }
}

TEST_F(OrderPolicyTest, ATryAgainstTheOrderBreaksNothing) {
  Analyze("1/acq(a) 1/try(b) 1/rel(b) 1/rel(a) 2/acq(b) 2/acq(a)");
  ASSERT_THAT(found_.findings, ElementsAre(IsRefutedBy(Reason::kTry)));
  EXPECT_FALSE(found_.findings[0].order_violation);
}

TEST_F(CyclesTest, UnderTheDeadlockPolicyNothingBreaksTheOrder) {
  for (const auto text : {kOneActor, kGated, kForked}) {
    Analyze(text);
    ASSERT_THAT(found_.findings, SizeIs(1));
    EXPECT_FALSE(found_.findings[0].order_violation);
  }
}

TEST_F(CyclesTest, ACycleLongerThanTheBoundIsNamedInANote) {
  options_.max_cycle_length = 2;
  Analyze(
      "1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 2/acq(b) 2/acq(c) 2/rel(c) "
      "2/rel(b) 3/acq(c) 3/acq(a) 3/rel(a) 3/rel(c)");
  EXPECT_THAT(found_.findings, IsEmpty());
  EXPECT_THAT(found_.notes, testing::Contains(HasSubstr("more than 2 locks")));
  EXPECT_FALSE(found_.exhaustive);
}

TEST_F(CyclesTest, AnInversionBeyondABoundCountsUnderTheOrderPolicyOnly) {
  options_.max_cycle_length = 2;
  for (const Policy policy : {Policy::kDeadlock, Policy::kOrder}) {
    options_.policy = policy;
    Analyze(
        "1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/acq(b) 1/acq(c) 1/rel(c) "
        "1/rel(b) 1/acq(c) 1/acq(a) 1/rel(a) 1/rel(c)");
    EXPECT_THAT(found_.notes, SizeIs(1));
    EXPECT_EQ(found_.exhaustive, policy == Policy::kDeadlock);
  }
}

TEST_F(CyclesTest, MoreCyclesThanTheBoundAreNamedInANote) {
  options_.max_cycles = 1;
  Analyze(
      "1/acq(a) 1/acq(b) 1/rel(b) 1/acq(c) 1/rel(c) 1/rel(a) "
      "2/acq(b) 2/acq(a) 2/rel(a) 2/rel(b) 2/acq(c) 2/acq(a)");
  EXPECT_THAT(found_.findings, testing::Contains(IsPossible()).Times(1));
  EXPECT_THAT(found_.notes,
              testing::Contains(HasSubstr("more than 1 possible deadlocks")));
  EXPECT_FALSE(found_.exhaustive);
}

TEST_F(CyclesTest, NothingCutLeavesNoNote) {
  Analyze(kOneActor);
  EXPECT_THAT(found_.notes, IsEmpty());
  EXPECT_TRUE(found_.exhaustive);
}

}  // namespace
}  // namespace lockcheck::analysis

#include "lib/analysis/stuck.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "lib/analysis/findings.h"
#include "tests/oracle/trace.h"
#include "tests/oracle/translate.h"

namespace lockcheck::analysis {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

MATCHER_P(IsActual, rule, "") {
  return arg.kind == Kind::kDeadlock && arg.verdict == Verdict::kActual &&
         arg.rule == rule;
}
MATCHER(IsTimedCycle, "") {
  return arg.kind == Kind::kHazard && arg.rule == Rule::kTimedCycle &&
         !arg.verdict.has_value();
}

class StuckTest : public testing::Test {
 protected:
  // The log ends with this trace; req, treq and jreq are waits that stand.
  void LogEnds(std::string_view text) {
    trace_ = oracle::Parse(text);
    observations_ = oracle::Translate(trace_);
  }
  const std::vector<Finding>& Judge() {
    found_ = Find(observations_, {});
    return found_.findings;
  }
  std::vector<bool> StandingStuck() const {
    std::vector<bool> stuck;
    for (const StandingWait& w : found_.standing_waits) {
      stuck.push_back(w.stuck);
    }
    return stuck;
  }
  EndState& End(ActorIndex actor) { return observations_.end[actor]; }

  oracle::Trace trace_;
  Observations observations_;
  Findings found_;
};

constexpr std::string_view kDeadlock = "1/acq(a) 2/acq(b) 1/req(b) 2/req(a)";

TEST_F(StuckTest, TwoWhoWaitForEachOtherAreAnActualDeadlock) {
  LogEnds(kDeadlock);
  ASSERT_THAT(Judge(), ElementsAre(IsActual(Rule::kWaitFor)));
  const Finding& f = found_.findings[0];
  EXPECT_THAT(f.objects, ElementsAre(1, 0));
  EXPECT_EQ(f.parts[0].actor, 1u);
  EXPECT_EQ(f.parts[0].holds.front().object, 0u);
  EXPECT_EQ(f.parts[0].wants, 1u);
  EXPECT_EQ(f.parts[0].site, 2u);
  EXPECT_EQ(f.parts[1].actor, 2u);
  EXPECT_THAT(StandingStuck(), ElementsAre(true, true));
}

TEST_F(StuckTest, ItClosedWithItsLastWait) {
  LogEnds(kDeadlock);
  End(1).wait->since_ticks = 70;
  End(2).wait->since_ticks = 50;
  EXPECT_EQ(Judge()[0].ticks, 70u);
}

TEST_F(StuckTest, AWaitForARunningOwnerMerelyStands) {
  LogEnds("1/acq(a) 2/req(a)");
  EXPECT_THAT(Judge(), IsEmpty());
  EXPECT_THAT(StandingStuck(), ElementsAre(false));
}

TEST_F(StuckTest, WhoWaitsForAStuckActorIsStuckButNoFinding) {
  LogEnds("1/acq(a) 2/acq(b) 1/req(b) 2/req(a) 3/req(a)");
  EXPECT_THAT(Judge(), ElementsAre(IsActual(Rule::kWaitFor)));
  EXPECT_THAT(StandingStuck(), ElementsAre(true, true, true));
}

TEST_F(StuckTest, TwoSeparateDeadlocksAreTwoFindings) {
  LogEnds(
      "1/acq(a) 2/acq(b) 1/req(b) 2/req(a) "
      "3/acq(c) 4/acq(d) 3/req(d) 4/req(c)");
  EXPECT_THAT(Judge(),
              ElementsAre(IsActual(Rule::kWaitFor), IsActual(Rule::kWaitFor)));
}

TEST_F(StuckTest, ALockOfItsOwnIsASelfDeadlock) {
  LogEnds("1/acq(a) 1/req(a)");
  ASSERT_THAT(Judge(), ElementsAre(IsActual(Rule::kSelf)));
  EXPECT_THAT(found_.findings[0].parts, SizeIs(1));
  EXPECT_EQ(found_.findings[0].parts[0].holds.front().object,
            found_.findings[0].parts[0].wants);
}

TEST_F(StuckTest, TheSelfLockMisuseIsNotReportedTwice) {
  LogEnds("1/acq(a) 1/req(a)");
  observations_.misuses.push_back({model::Misuse::kSelfLock, 1, 0, 1});
  EXPECT_THAT(Judge(), ElementsAre(IsActual(Rule::kSelf)));
  observations_.misuses[0].count = 2;  // one of them was got over
  EXPECT_THAT(Judge(), SizeIs(2));
}

TEST_F(StuckTest, JoiningOneselfIsASelfDeadlock) {
  LogEnds("1/jreq(1)");
  ASSERT_THAT(Judge(), ElementsAre(IsActual(Rule::kSelf)));
  EXPECT_TRUE(observations_.is_end_object(found_.findings[0].objects[0]));
}

TEST_F(StuckTest, JoiningUnderALockTheThreadWaitsForIsActual) {
  LogEnds("0/fork(1) 0/acq(m) 0/jreq(1) 1/req(m)");
  ASSERT_THAT(Judge(), ElementsAre(IsActual(Rule::kWaitFor)));
  EXPECT_THAT(found_.findings[0].parts, SizeIs(2));
}

TEST_F(StuckTest, JoiningOneWhoEndedIsNoWait) {
  LogEnds("0/fork(1) 1/end() 0/jreq(1)");
  EXPECT_THAT(Judge(), IsEmpty());
  EXPECT_THAT(StandingStuck(), ElementsAre(false));
}

TEST_F(StuckTest, AnOwnerThatEndedLeavesItsWaitersForEver) {
  LogEnds("1/acq(a) 1/end() 2/req(a) 3/req(a)");
  ASSERT_THAT(Judge(), ElementsAre(IsActual(Rule::kWaitFor)));
  const Finding& f = found_.findings[0];
  EXPECT_THAT(f.objects, ElementsAre(0));
  EXPECT_EQ(f.count, 2u);
  ASSERT_THAT(f.parts, SizeIs(2));
  EXPECT_EQ(f.parts[0].wants, 0u);
  EXPECT_EQ(f.parts[1].actor, 1u);
  EXPECT_EQ(f.parts[1].wants, kNone);
  EXPECT_THAT(StandingStuck(), ElementsAre(true, true));
}

TEST_F(StuckTest, ALockThatNobodyIsKnownToHoldMakesNobodyStuck) {
  LogEnds("1/req(a) 2/acq(b) 2/req(c)");
  End(1).wait->owner = 2;
  End(2).wait->owner = 1;
  EXPECT_THAT(Judge(), IsEmpty());
}

TEST_F(StuckTest, WhatTheWaiterLastSawDoesNotOutweighWhoHoldsIt) {
  LogEnds("1/acq(a) 2/req(a) 3/acq(c)");
  End(2).wait->owner = 3;
  End(3).state = ActorState::kEnded;
  EXPECT_THAT(Judge(), IsEmpty());
}

TEST_F(StuckTest, ACycleThroughATimedWaitIsAHazard) {
  LogEnds("1/acq(a) 2/acq(b) 1/treq(b) 2/req(a)");
  Judge();
  ASSERT_THAT(found_.findings, testing::Contains(IsTimedCycle()).Times(1));
  EXPECT_THAT(found_.findings,
              testing::Not(testing::Contains(IsActual(Rule::kWaitFor))));
  EXPECT_THAT(StandingStuck(), ElementsAre(false, false));
}

TEST_F(StuckTest, ATimedWaitForOneselfIsAHazard) {
  LogEnds("1/acq(a) 1/treq(a)");
  EXPECT_THAT(Judge(), ElementsAre(IsTimedCycle()));
}

TEST_F(StuckTest, TheActorThatEndsTheProcessIsLive) {
  // Idle workers wait for what main holds while main leaves.
  LogEnds("0/acq(a) 1/req(a) 2/req(a)");
  for (ActorIndex a = 0; a < 3; ++a) End(a).state = ActorState::kGone;
  End(0).exiting = true;
  EXPECT_THAT(Judge(), IsEmpty());
  EXPECT_THAT(found_.standing_waits, IsEmpty());
}

TEST_F(StuckTest, ACycleAmongTheOthersAtTheExitIsActual) {
  LogEnds("1/acq(a) 2/acq(b) 1/req(b) 2/req(a) 0/acq(c) 3/req(c)");
  for (ActorIndex a = 0; a < 4; ++a) End(a).state = ActorState::kGone;
  End(0).exiting = true;
  EXPECT_THAT(Judge(), ElementsAre(IsActual(Rule::kWaitFor)));
  EXPECT_THAT(found_.standing_waits, SizeIs(2)) << "the idle one is not listed";
}

TEST_F(StuckTest, AReaderDoesNotWaitForReaders) {
  LogEnds("1/racq(a) 2/racq(b) 1/rreq(b) 2/req(a)");
  EXPECT_THAT(Judge(),
              testing::Not(testing::Contains(IsActual(Rule::kWaitFor))));
}

TEST_F(StuckTest, AWriterWaitsForEveryReader) {
  LogEnds("1/racq(a) 3/racq(a) 2/acq(b) 1/req(b) 2/req(a)");
  EXPECT_THAT(Judge(), ElementsAre(IsActual(Rule::kWaitFor)));
}

TEST_F(StuckTest, TheInversionBehindAnActualDeadlockIsNotReportedTwice) {
  LogEnds(
      "1/acq(a)/1 1/acq(b)/2 1/rel(b) 1/rel(a) "
      "1/acq(a)/1 2/acq(b)/3 1/req(b)/2 2/req(a)/4");
  EXPECT_THAT(Judge(), ElementsAre(IsActual(Rule::kWaitFor)));
}

TEST_F(StuckTest, OtherInversionsOfOtherActorsStay) {
  LogEnds(
      "3/acq(a)/11 3/acq(b)/12 3/rel(b) 3/rel(a) "
      "4/acq(b)/13 4/acq(a)/14 4/rel(a) 4/rel(b) "
      "1/acq(a)/1 2/acq(b)/3 1/req(b)/2 2/req(a)/4");
  EXPECT_THAT(Judge(), testing::Contains(testing::Field(&Finding::verdict,
                                                        Verdict::kPossible)));
}

TEST_F(StuckTest, ARingOfAThousandIsOneFinding) {
  constexpr uint32_t kActors = 1'000;
  Observations& o = observations_;
  o.object_count = o.actor_count = kActors;
  o.phase_count.assign(kActors, 1);
  o.end.resize(kActors);
  for (uint32_t a = 0; a < kActors; ++a) {
    End(a).state = ActorState::kBlocked;
    End(a).held = {{a}};
    End(a).wait.emplace().object = (a + 1) % kActors;
  }
  ASSERT_THAT(Judge(), ElementsAre(IsActual(Rule::kWaitFor)));
  EXPECT_THAT(found_.findings[0].parts, SizeIs(kActors));
}

}  // namespace
}  // namespace lockcheck::analysis

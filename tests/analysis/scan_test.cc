#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "lib/analysis/statistics.h"
#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::NoteKind;
using log::StackReason;
using log::testing::Extras;
using log::testing::LogBuilder;
using model::How;
using model::Misuse;
using model::Mode;
using model::Outcome;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr uint32_t kA = 1, kB = 2, kC = 3, kD = 4;               // locks
constexpr uint32_t kP = 11, kQ = 12, kR = 13, kS = 14, kT = 15;  // sites

// A process with a main actor, 1, and locks A to D.
class ScanTest : public ::testing::Test {
 protected:
  ScanTest() {
    b.Process(1).Actor(1, BeginHow::kMain);
    for (uint32_t lock : {kA, kB, kC, kD}) {
      b.Object(lock, model::ObjectKind::kMutex);
    }
    for (uint32_t site : {kP, kQ, kR, kS, kT}) b.Site(site, {site * 16});
  }
  void Start(uint32_t actor) {
    b.Fork(1, actor).Actor(actor, BeginHow::kStarted, {.parent = 1});
  }
  LogBuilder b;
};

// ---- Dependencies ----

TEST_F(ScanTest, ALockTakenUnderAnotherIsADependency) {
  b.Open(1, kA, kP).Open(1, kB, kQ).Close(1).Close(1);
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(), ElementsAre(Asking{1, kB, kQ, {{kA, kP}}}));
  EXPECT_THAT(log.requests(), ElementsAre(Asking{1, kA, kP}));
}

TEST_F(ScanTest, ASectionInsideASectionIsADependency) {
  b.Open(1, kA, kP).Section(1, kB, kQ).SectionThenClose(1, kC, kR);
  b.Section(1, kD, kS);
  EXPECT_THAT(ScannedLog(b).dependencies(),
              UnorderedElementsAre(Asking{1, kB, kQ, {{kA, kP}}},
                                   Asking{1, kC, kR, {{kA, kP}}}));
}

TEST_F(ScanTest, EqualDependenciesAreOneWithACount) {
  for (int i = 0; i < 5; ++i) b.Open(1, kA, kP).SectionThenClose(1, kB, kQ);
  b.Open(1, kA, kP).SectionThenClose(1, kB, kR);
  EXPECT_THAT(
      ScannedLog(b).dependencies(),
      UnorderedElementsAre(
          Asking{1, kB, kQ, {{kA, kP}}, How::kBlocking, Mode::kExclusive, 5},
          Asking{1, kB, kR, {{kA, kP}}}));
}

TEST_F(ScanTest, HeldLocksAreListedOutermostFirst) {
  b.Open(1, kA, kP).Open(1, kB, kQ).Open(1, kC, kR).Section(1, kD, kS);
  EXPECT_THAT(
      ScannedLog(b).dependencies(),
      ::testing::Contains(Asking{1, kD, kS, {{kA, kP}, {kB, kQ}, {kC, kR}}}));
}

TEST_F(ScanTest, ReleasesInAnyOrderLeaveTheOthersHeld) {
  b.Open(1, kA, kP).Open(1, kB, kQ).Close(1, 1).Open(1, kC, kR).Close(1, 1);
  b.Section(1, kD, kS).Close(1);
  EXPECT_THAT(ScannedLog(b).dependencies(),
              UnorderedElementsAre(Asking{1, kB, kQ, {{kA, kP}}},
                                   Asking{1, kC, kR, {{kB, kQ}}},
                                   Asking{1, kD, kS, {{kC, kR}}}));
}

TEST_F(ScanTest, AReleaseByAnotherActorEndsTheHold) {
  b.Open(1, kA, kP).Open(1, kB, kQ).ReleasedByOther(1, kA).Section(1, kC, kR);
  EXPECT_THAT(ScannedLog(b).dependencies(),
              ::testing::Contains(Asking{1, kC, kR, {{kB, kQ}}}));
}

TEST_F(ScanTest, TheHowAndTheModeOfARequestAreKept) {
  b.Open(1, kA, kP, {.mode = Mode::kShared});
  b.Section(1, kB, kQ, {.how = How::kTry});
  b.Section(1, kB, kQ, {.how = How::kTimed, .mode = Mode::kShared});
  const HeldId held = {kA, kP, Mode::kShared};
  EXPECT_THAT(ScannedLog(b).dependencies(),
              UnorderedElementsAre(
                  Asking{1, kB, kQ, {held}, How::kTry},
                  Asking{1, kB, kQ, {held}, How::kTimed, Mode::kShared}));
}

TEST_F(ScanTest, HowALockThatIsHeldWasAskedForMakesNoDifference) {
  b.Open(1, kA, kP, {.how = How::kTry}).Section(1, kB, kQ).Close(1);
  b.Open(1, kA, kP).Section(1, kB, kQ).Close(1);
  EXPECT_THAT(ScannedLog(b).dependencies(),
              ElementsAre(Asking{
                  1, kB, kQ, {{kA, kP}}, How::kBlocking, Mode::kExclusive, 2}));
}

TEST_F(ScanTest, MembersOfOneRequestDoNotDependOnEachOther) {
  b.Open(1, kA, kP);
  b.Open(1, kB, kQ, {.how = How::kMulti, .group = 0});
  b.Open(1, kC, kQ, {.how = How::kMulti, .group = 1});
  b.Section(1, kD, kR);
  EXPECT_THAT(
      ScannedLog(b).dependencies(),
      UnorderedElementsAre(Asking{1, kB, kQ, {{kA, kP}}, How::kMulti},
                           Asking{1, kC, kQ, {{kA, kP}}, How::kMulti},
                           Asking{1, kD, kR, {{kA, kP}, {kB, kQ}, {kC, kQ}}}));
}

TEST_F(ScanTest, MembersOfARequestMadeWithNothingHeldAreRequests) {
  b.Open(1, kB, kQ, {.how = How::kMulti, .group = 0});
  b.Open(1, kC, kQ, {.how = How::kMulti, .group = 1});
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(), IsEmpty());
  EXPECT_THAT(log.requests(),
              UnorderedElementsAre(Asking{1, kB, kQ, {}, How::kMulti},
                                   Asking{1, kC, kQ, {}, How::kMulti}));
}

TEST_F(ScanTest, AFailedTryIsCountedAndMakesNoDependency) {
  b.Open(1, kA, kP).TryFailed(1, kB, kQ).Close(1).TryFailed(1, kC, kR);
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(), IsEmpty());
  EXPECT_THAT(log.requests(),
              UnorderedElementsAre(Asking{1, kA, kP},
                                   Asking{1, kC, kR, {}, How::kTry}));
  EXPECT_EQ(log.of_object(kB).try_failed, 1u);
  EXPECT_EQ(log.of_site(kR).try_failed, 1u);
  EXPECT_EQ(log.of_actor(1).try_failed, 2u);
  EXPECT_EQ(log.of_object(kC).acquisitions, 0u);
}

TEST_F(ScanTest, AWaitThatEndsInTheLockIsOneRequest) {
  b.Open(1, kA, kP).Block(1, kB, kQ, 2, kR).Unblock(1).Open(1, kB, kQ);
  EXPECT_THAT(ScannedLog(b).dependencies(),
              ElementsAre(Asking{1, kB, kQ, {{kA, kP}}}));
}

TEST_F(ScanTest, AWaitThatTimesOutIsARequest) {
  b.Open(1, kA, kP).Block(1, kB, kQ, 2, kR, {.how = How::kTimed});
  b.Unblock(1, Outcome::kTimedOut).Section(1, kC, kS);
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(),
              UnorderedElementsAre(Asking{1, kB, kQ, {{kA, kP}}, How::kTimed},
                                   Asking{1, kC, kS, {{kA, kP}}}));
  EXPECT_EQ(log.of_object(kB).acquisitions, 0u);
  EXPECT_EQ(log.of_object(kB).contended, 1u);
}

TEST_F(ScanTest, AWaitThatStandsAtTheEndIsARequest) {
  b.Open(1, kA, kP).Block(1, kB, kQ, 2, kR);
  EXPECT_THAT(ScannedLog(b).dependencies(),
              ElementsAre(Asking{1, kB, kQ, {{kA, kP}}}));
}

TEST_F(ScanTest, LargeIdsAreLikeSmallOnes) {
  const uint32_t object = log::kShortObjects + 5, site = log::kShortSites + 5;
  b.Object(object, model::ObjectKind::kMutex).Site(site, {1});
  b.Open(1, object, site).Section(1, object + 0, kP).Section(1, kA, site);
  EXPECT_THAT(ScannedLog(b).dependencies(),
              UnorderedElementsAre(Asking{1, object, kP, {{object, site}}},
                                   Asking{1, kA, site, {{object, site}}}));
}

TEST_F(ScanTest, TheStackOfARequestIsTheOneTakenOnItsWay) {
  b.Stack(5, {StackReason::kRequest, kB, kQ, kA, kP}, {1, 2});
  b.Stack(6, {StackReason::kWait, kC, kR}, {3});
  b.Stack(7, {StackReason::kRequest, kB, kQ}, {4});
  b.Open(1, kA, kP).Section(1, kB, kQ).Section(1, kC, kR).Section(1, kD, kS);
  const ScannedLog log(b);
  std::vector<std::pair<uint32_t, StackIndex>> stacks;
  for (const Dependency& d : log.observations().dependencies) {
    stacks.emplace_back(log.ObjectId(d.lock), d.stack);
  }
  EXPECT_THAT(stacks,
              UnorderedElementsAre(std::pair(kB, log.recording().FindStack(5)),
                                   std::pair(kC, log.recording().FindStack(6)),
                                   std::pair(kD, kNone)));
}

TEST_F(ScanTest, TheActorsOwnStackGoesBeforeAnothers) {
  b.Actor(2, BeginHow::kForeign).In(1);
  b.Stack(5, {StackReason::kRequest, kB, kQ, kA, kP}, {1}).In(2);
  b.Stack(6, {StackReason::kRequest, kB, kQ, kA, kP}, {2});
  b.Open(1, kA, kP).Section(1, kB, kQ).Open(2, kA, kP).Section(2, kB, kQ);
  const ScannedLog log(b);
  std::vector<StackIndex> stacks;
  for (const Dependency& d : log.observations().dependencies) {
    stacks.push_back(d.stack);
  }
  EXPECT_THAT(stacks, ElementsAre(log.recording().FindStack(5),
                                  log.recording().FindStack(6)));
}

TEST_F(ScanTest, LocksOfOneNameShareTheirStacks) {
  b.Object(51, model::ObjectKind::kMutex, "shard");
  b.Object(52, model::ObjectKind::kMutex, "shard");
  b.Stack(5, {StackReason::kRequest, 51, kQ, kC, kP}, {1});
  b.Open(1, kC, kP).Section(1, 52, kQ);
  const ScannedLog log(b);
  ASSERT_EQ(log.observations().dependencies.size(), 1u);
  EXPECT_EQ(log.observations().dependencies[0].stack,
            log.recording().FindStack(5));
}

TEST_F(ScanTest, TwoHundredLocksHeldAtOnceAreAllHeld) {
  for (uint32_t i = 0; i < 200; ++i) {
    b.Object(100 + i, model::ObjectKind::kMutex).Open(1, 100 + i, kP);
  }
  const ScannedLog log(b);
  EXPECT_EQ(log.observations().dependencies.size(), 199u);
  EXPECT_EQ(log.HeldAtEnd(1).size(), 200u);
  EXPECT_THAT(log.warnings(), IsEmpty());
}

TEST_F(ScanTest, ALogThatHoldsWithoutEndKeepsTheInnermostLocksAndSaysSo) {
  for (int i = 0; i < 3000; ++i) b.Open(1, kA, kP);
  const ScannedLog log(b);
  size_t most = 0;
  for (const Dependency& d : log.observations().dependencies) {
    most = std::max(most, d.held.size());
  }
  EXPECT_EQ(most, 1024u);
  EXPECT_THAT(log.warnings(), IsEmpty());
  EXPECT_THAT(log.notes(), ElementsAre(HasSubstr("the innermost 1024,")));
}

TEST_F(ScanTest, HoldsThatNoBlockListsAreABoundAndNoMistake) {
  const size_t listed = log::kBlockWords / 4;
  b.Process(2, {.parent = 1})
      .Actor(2, BeginHow::kForkChild,
             {.process = 2,
              .parent = 1,
              .held = std::vector<log::testing::Held>(listed, {kA, kP})});
  b.Close(2, static_cast<uint32_t>(listed));
  const ScannedLog log(b);
  EXPECT_THAT(log.warnings(), IsEmpty());
  EXPECT_THAT(log.notes(), ElementsAre(HasSubstr("more than 4096 locks")));
}

// ---- Segments ----

TEST_F(ScanTest, HoldsGoOnInTheNextBlock) {
  b.Open(1, kA, kP, {.mode = Mode::kShared, .start = 100}).NewBlock(1);
  b.Section(1, kB, kQ).Close(1, 0, {.end = 600});
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(),
              ElementsAre(Asking{1, kB, kQ, {{kA, kP, Mode::kShared}}}));
  EXPECT_EQ(log.of_object(kA).hold.total(), 500);
}

TEST_F(ScanTest, AfterALostBlockTheNextSegmentSaysWhatIsHeld) {
  b.Open(1, kA, kP).NewBlock(1);
  const uint64_t lost = b.NextBlock();
  b.Close(1).Open(1, kB, kQ).NewBlock(1).Section(1, kC, kR);
  b.ZeroBlock(lost);
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(), ElementsAre(Asking{1, kC, kR, {{kB, kQ}}}));
  EXPECT_THAT(log.HeldAtEnd(1), ElementsAre(HeldId{kB, kQ}));
}

TEST_F(ScanTest, AWaitGoesOnInTheNextBlock) {
  b.At(10).Block(1, kA, kP, 2, kQ).NewBlock(1).At(60).Unblock(1);
  b.NewBlock(1).Section(1, kA, kP);
  EXPECT_EQ(ScannedLog(b).of_object(kA).wait.total(), 50);
}

TEST_F(ScanTest, AForkedChildInheritsWhatItsParentHeld) {
  b.Process(2, {.parent = 1})
      .Actor(2, BeginHow::kForkChild,
             {.process = 2, .parent = 1, .held = {{kA, kP}}});
  b.Section(2, kB, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(), ElementsAre(Asking{2, kB, kQ, {{kA, kP}}}));
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kA, kP}));
  EXPECT_THAT(log.phase_edges(), IsEmpty());
}

TEST_F(ScanTest, AReleaseOfNoHoldIsIgnoredAndSaid) {
  b.Open(1, kA, kP).Close(1, 7).Section(1, kB, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(), ElementsAre(Asking{1, kB, kQ, {{kA, kP}}}));
  EXPECT_THAT(log.warnings(), ElementsAre(HasSubstr("1 release names a hold")));
}

// ---- Phases ----

TEST_F(ScanTest, ForkAndJoinOrderPhases) {
  Start(2);
  b.Section(2, kA, kP).End(2).Join(1, 2).Section(1, kA, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(log.phase_edges(), UnorderedElementsAre(std::tuple(1, 0, 2, 0),
                                                      std::tuple(2, 0, 1, 2)));
  EXPECT_THAT(log.observations().phase_count, ElementsAre(3, 1));
}

TEST_F(ScanTest, ADependencyListsThePhasesItOccurredIn) {
  const auto nest = [this] { b.Open(1, kA, kP).SectionThenClose(1, kB, kQ); };
  nest();
  nest();
  Start(2);
  Start(3);
  nest();
  Start(4);
  nest();
  const ScannedLog log(b);
  const std::vector<uint32_t> phases = {0, 2, 3};
  EXPECT_THAT(
      log.dependencies(),
      ElementsAre(Asking{
          1, kB, kQ, {{kA, kP}}, How::kBlocking, Mode::kExclusive, 4, phases}));
  EXPECT_THAT(log.requests(),
              ElementsAre(Asking{
                  1, kA, kP, {}, How::kBlocking, Mode::kExclusive, 4, phases}));
}

TEST_F(ScanTest, AJoinIsARequestForTheEndOfTheActor) {
  Start(2);
  b.Open(1, kA, kP).JoinBlock(1, 2, kQ).End(2).Unblock(1).Join(1, 2).Close(1);
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(), ElementsAre(Asking{1,
                                                     kEnd + 2,
                                                     kQ,
                                                     {{kA, kP}},
                                                     How::kBlocking,
                                                     Mode::kExclusive,
                                                     1,
                                                     {1}}));
}

TEST_F(ScanTest, AJoinThatStandsAtTheEndIsARequestAndAWait) {
  Start(2);
  b.At(70).JoinBlock(1, 2, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(
      log.requests(),
      ElementsAre(Asking{
          1, kEnd + 2, kQ, {}, How::kBlocking, Mode::kExclusive, 1, {1}}));
  const EndState& end = log.end(1);
  EXPECT_EQ(end.state, ActorState::kBlocked);
  ASSERT_TRUE(end.wait);
  EXPECT_EQ(log.ObjectId(end.wait->object), kEnd + 2);
  EXPECT_EQ(log.ActorId(end.wait->owner), 2u);
}

// ---- The end ----

TEST_F(ScanTest, AnActorWithoutAnEndIsRunningAndHoldsWhatItHeld) {
  b.Open(1, kA, kP).Section(1, kB, kQ);
  const ScannedLog log(b);
  EXPECT_EQ(log.end(1).state, ActorState::kRunning);
  EXPECT_FALSE(log.end(1).wait);
  EXPECT_THAT(log.HeldAtEnd(1), ElementsAre(HeldId{kA, kP}));
}

TEST_F(ScanTest, AKilledActorsLastAcquisitionIsHeld) {
  b.Actor(2, BeginHow::kForeign, {.hot = true});
  b.Open(2, kA, kP).Open(2, kB, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kA, kP}, HeldId{kB, kQ}));
  EXPECT_THAT(log.dependencies(), ElementsAre(Asking{2, kB, kQ, {{kA, kP}}}));
  EXPECT_EQ(log.of_object(kB).acquisitions, 1u);
}

TEST_F(ScanTest, ABlockedActorSaysWhatItWaitsForAndWhoHadItLast) {
  b.Actor(2, BeginHow::kForeign).Actor(3, BeginHow::kForeign);
  b.Stack(9, {StackReason::kWait, kB, kQ}, {4, 5});
  b.Open(1, kA, kP).At(500).Block(1, kB, kQ, 2, kR, {.how = How::kTimed});
  b.WaitStack(1, 9).At(700).Wake(1, 3, kS);
  b.Note(1, NoteKind::kDropped, 0);
  const ScannedLog log(b);
  const EndState& end = log.end(1);
  EXPECT_EQ(end.state, ActorState::kBlocked);
  EXPECT_THAT(log.HeldAtEnd(1), ElementsAre(HeldId{kA, kP}));
  ASSERT_TRUE(end.wait);
  EXPECT_EQ(log.ObjectId(end.wait->object), kB);
  EXPECT_EQ(end.wait->how, How::kTimed);
  EXPECT_EQ(log.SiteId(end.wait->site), kQ);
  EXPECT_EQ(end.wait->stack, log.recording().FindStack(9));
  EXPECT_EQ(log.ActorId(end.wait->owner), 3u);
  EXPECT_EQ(log.SiteId(end.wait->owner_site), kS);
  EXPECT_EQ(end.wait->since_ticks, LogBuilder::kStartTicks + 500);
}

TEST_F(ScanTest, AWaitThatWasGivenUpDoesNotStand) {
  b.Block(1, kA, kP, 2, kQ).Section(1, kB, kQ);
  const ScannedLog log(b);
  EXPECT_EQ(log.end(1).state, ActorState::kRunning);
  EXPECT_THAT(log.requests(),
              UnorderedElementsAre(Asking{1, kA, kP}, Asking{1, kB, kQ}));
}

TEST_F(ScanTest, AnEndedActorWaitsForNothingButMayHoldItsLocks) {
  Start(2);
  b.Open(2, kA, kP).End(2);
  const ScannedLog log(b);
  EXPECT_EQ(log.end(2).state, ActorState::kEnded);
  EXPECT_FALSE(log.end(2).wait);
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kA, kP}));
}

TEST_F(ScanTest, AtANormalExitActorsAreGoneAndTheirWaitsAreKept) {
  Start(2);
  b.Open(1, kA, kP).Block(2, kA, kQ, 1, kP).Exit(1);
  const ScannedLog log(b);
  EXPECT_EQ(log.end(1).state, ActorState::kGone);
  EXPECT_TRUE(log.end(1).exiting);
  EXPECT_EQ(log.end(2).state, ActorState::kGone);
  EXPECT_FALSE(log.end(2).exiting);
  ASSERT_TRUE(log.end(2).wait);
  EXPECT_EQ(log.ObjectId(log.end(2).wait->object), kA);
}

TEST_F(ScanTest, AnExitThatBlocksAgainIsNotExiting) {
  b.Exit(1).Section(1, kB, kQ).Block(1, kA, kP, 2, kQ);
  const ScannedLog log(b);
  EXPECT_FALSE(log.end(1).exiting);
  EXPECT_TRUE(log.end(1).wait);
}

TEST_F(ScanTest, AnUnlockByAnotherEndsTheHoldOfAnActorThatNeverActsAgain) {
  Start(2);
  b.At(10).Open(2, kA, kP).Open(2, kB, kP).Section(2, kC, kP);
  b.At(50).Misuse(1, Misuse::kUnlockByOther, kA, kQ, 2);
  EXPECT_THAT(ScannedLog(b).HeldAtEnd(2), ElementsAre(HeldId{kB, kP}));
}

TEST_F(ScanTest, AnUnlockByAnotherDoesNotEndALaterHold) {
  Start(2);
  b.At(10).Open(2, kA, kP).Open(2, kB, kP);
  b.At(50).Misuse(1, Misuse::kUnlockByOther, kA, kQ, 2);
  b.At(90).ReleasedByOther(2, kA).NewBlock(2).Open(2, kA, kP);
  b.Section(2, kC, kP);
  EXPECT_THAT(ScannedLog(b).HeldAtEnd(2),
              ElementsAre(HeldId{kB, kP}, HeldId{kA, kP}));
}

// ---- Misuse ----

TEST_F(ScanTest, EqualMisusesAreOneWithACount) {
  b.Stack(3, {StackReason::kMisuseStack, kA}, {1});
  b.At(5).Misuse(1, Misuse::kUnlockFree, kA, kP, 0, 3);
  b.At(6).Misuse(1, Misuse::kUnlockFree, kA, kP);
  b.At(7).Misuse(1, Misuse::kUnlockFree, kA, kQ);
  const ScannedLog log(b);
  ASSERT_EQ(log.observations().misuses.size(), 2u);
  const MisuseEvent& e = log.observations().misuses[0];
  EXPECT_EQ(e.misuse, Misuse::kUnlockFree);
  EXPECT_EQ(log.ActorId(e.actor), 1u);
  EXPECT_EQ(log.ObjectId(e.object), kA);
  EXPECT_EQ(log.SiteId(e.site), kP);
  EXPECT_EQ(e.stack, log.recording().FindStack(3));
  EXPECT_EQ(e.owner, kNone);
  EXPECT_EQ(e.ticks, LogBuilder::kStartTicks + 5);
  EXPECT_EQ(e.count, 2u);
  EXPECT_EQ(log.observations().misuses[1].count, 1u);
}

// ---- Statistics ----

TEST_F(ScanTest, AcquisitionsAndHandoversAreCountedForLockSiteAndActor) {
  Start(2);
  b.Section(1, kA, kP).Section(1, kA, kP, {.handover = 4});
  b.Open(1, kB, kP, {.handover = 9}).SectionThenClose(1, kA, kQ);
  b.Section(2, kA, kP);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_object(kA).acquisitions, 4u);
  EXPECT_EQ(log.of_object(kA).owner_changes, 1u);
  EXPECT_EQ(log.of_object(kA).actors, 2u);
  EXPECT_EQ(log.of_object(kB).actors, 1u);
  EXPECT_EQ(log.of_object(kC).actors, 0u);
  EXPECT_EQ(log.of_site(kP).acquisitions, 4u);
  EXPECT_EQ(log.of_site(kP).owner_changes, 2u);
  EXPECT_EQ(log.of_actor(1).acquisitions, 4u);
  EXPECT_EQ(log.of_actor(2).acquisitions, 1u);
}

TEST_F(ScanTest, EveryRecordIsAnEventAndASectionTwo) {
  // Begin, section, open, section and close, block, unblock, section.
  b.Section(1, kA, kP).Open(1, kA, kP).SectionThenClose(1, kB, kQ);
  b.Block(1, kC, kP, 2, kQ).Unblock(1).Section(1, kC, kP);
  EXPECT_EQ(ScannedLog(b).statistics().events, 1u + 2 + 1 + 3 + 1 + 1 + 2);
}

TEST_F(ScanTest, TimedHoldsAreMeasuredAndTheOthersEstimated) {
  b.NsPerTick(2.0);
  b.Section(1, kA, kP, {.start = 100, .end = 150});
  b.Open(1, kA, kP, {.start = 200}).Section(1, kB, kQ);
  b.Close(1, 0, {.end = 350});
  b.Section(1, kA, kP).Section(1, kA, kP).NewBlock(1).At(1'000'000);
  b.NewBlock(1);
  const ScannedLog log(b);
  const ObjectUsage& a = log.of_object(kA);
  EXPECT_EQ(a.hold.count(), 2u);
  EXPECT_EQ(a.hold.total(), 400);
  EXPECT_EQ(a.hold.max(), 300u);
  EXPECT_EQ(a.hold_estimate_ns, 800);
  EXPECT_EQ(log.of_site(kP).hold.total(), 400);
  EXPECT_EQ(log.of_actor(1).hold.total(), 400);
  EXPECT_EQ(log.of_object(kB).hold.count(), 0u);
}

TEST_F(ScanTest, AnEndWithoutAStartIsNoTimedHold) {
  b.Open(1, kA, kP).Section(1, kB, kQ).SawWaiters(1, kB);
  b.Close(1, 0, {.end = 350});
  EXPECT_EQ(ScannedLog(b).of_object(kA).hold.count(), 0u);
}

TEST_F(ScanTest, ALengthIsATimedHoldWhereverItBegan) {
  b.Open(1, kA, kP, {.start = 100}).Open(1, kB, kQ);
  b.Close(1, 1, {.length = 250}).Close(1);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_object(kA).hold.total(), 250);
  EXPECT_EQ(log.of_object(kB).hold.count(), 0u);
}

TEST_F(ScanTest, EveryWaitIsMeasuredAndCountedAsContended) {
  b.At(100).Block(1, kA, kP, 2, kQ).At(160).Unblock(1).Section(1, kA, kP);
  b.At(200).Block(1, kA, kP, 2, kQ, {.how = How::kTimed});
  b.At(500).Unblock(1, Outcome::kTimedOut);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_object(kA).contended, 2u);
  EXPECT_EQ(log.of_object(kA).acquisitions, 1u);
  EXPECT_EQ(log.of_object(kA).wait.count(), 2u);
  EXPECT_EQ(log.of_object(kA).wait.total(), 360);
  EXPECT_EQ(log.of_site(kP).wait.total(), 360);
  EXPECT_EQ(log.of_actor(1).wait.total(), 360);
  EXPECT_EQ(log.of_actor(1).blocked_ns, 360);
}

TEST_F(ScanTest, AWaitIsChargedToEachOwnerForItsTime) {
  b.Actor(2, BeginHow::kForeign).Actor(3, BeginHow::kForeign);
  b.At(100).Block(1, kA, kP, 2, kQ).At(130).Wake(1, 3, kR);
  b.At(140).Wake(1, 3, kR).At(150).Unblock(1).Section(1, kA, kP);
  const ScannedLog log(b);
  const auto& blame = log.statistics().blame;
  ASSERT_EQ(blame.size(), 2u);
  EXPECT_EQ(log.ActorId(blame[0].holder), 2u);
  EXPECT_EQ(log.SiteId(blame[0].holder_site), kQ);
  EXPECT_EQ(log.SiteId(blame[0].waiter_site), kP);
  EXPECT_EQ(log.ActorId(blame[0].waiter), 1u);
  EXPECT_EQ(log.ObjectId(blame[0].object), kA);
  EXPECT_EQ(blame[0].ns, 30);
  EXPECT_EQ(blame[0].waits, 1u);
  EXPECT_EQ(log.ActorId(blame[1].holder), 3u);
  EXPECT_EQ(blame[1].ns, 20);
  EXPECT_EQ(blame[1].waits, 1u);
  EXPECT_EQ(log.of_actor(2).caused_ns, 30);
  EXPECT_EQ(log.of_site(kR).caused_ns, 20);
  EXPECT_EQ(log.of_object(kA).caused_ns, 50);
}

TEST_F(ScanTest, AWaitForAnEndIsNoContention) {
  Start(2);
  b.At(100).JoinBlock(1, 2, kQ).At(400).End(2).Unblock(1).Join(1, 2);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_actor(1).blocked_ns, 300);
  EXPECT_EQ(log.of_actor(1).contended, 0u);
  EXPECT_THAT(log.statistics().blame, IsEmpty());
}

// Nothing can be held of a condition variable: E.
class SignalTest : public ScanTest {
 protected:
  SignalTest() { b.Object(kE, model::ObjectKind::kConditionVariable); }
  static constexpr uint32_t kE = 5;
  static void ExpectNoContention(const ScannedLog& log) {
    EXPECT_EQ(log.of_object(kE).contended, 0u);
    EXPECT_EQ(log.of_object(kE).unmet, 0u);
    EXPECT_EQ(log.of_object(kE).acquisitions, 0u);
    EXPECT_EQ(log.of_site(kQ).contended, 0u);
    EXPECT_EQ(log.of_site(kQ).unmet, 0u);
    EXPECT_EQ(log.of_site(kQ).wait.count(), 0u);
    EXPECT_EQ(log.of_actor(1).contended, 0u);
    EXPECT_EQ(log.of_actor(1).unmet, 0u);
    EXPECT_EQ(log.of_actor(1).wait.count(), 0u);
    EXPECT_THAT(log.statistics().blame, IsEmpty());
    EXPECT_THAT(log.dependencies(), IsEmpty());
    EXPECT_THAT(log.requests(), ElementsAre(Asking{1, kA, kP}));
  }
  static void ExpectAwaited(const ScannedLog& log, uint64_t ns) {
    EXPECT_EQ(log.of_object(kE).wait.total(), ns);
    EXPECT_EQ(log.of_object(kE).max_waiters, 1u);
    EXPECT_EQ(log.of_object(kE).signal_ns, ns);
    EXPECT_EQ(log.of_site(kQ).signal_ns, ns);
    EXPECT_EQ(log.of_site(kQ).signal_waits, 1u);
    EXPECT_EQ(log.of_actor(1).signal_ns, ns);
    EXPECT_EQ(log.of_actor(1).blocked_ns, ns);
  }
};

TEST_F(SignalTest, AWaitForASignalIsNoContention) {
  b.Open(1, kA, kP).At(100).Block(1, kE, kQ, 0, 0).At(400);
  b.Unblock(1, Outcome::kSignalled);
  const ScannedLog log(b);
  ExpectNoContention(log);
  ExpectAwaited(log, 300);
}

TEST_F(SignalTest, AWaitForASignalThatTimesOutIsNone) {
  b.Open(1, kA, kP).At(100).Block(1, kE, kQ, 0, 0, {.how = How::kTimed});
  b.At(400).Unblock(1, Outcome::kTimedOut);
  const ScannedLog log(b);
  ExpectNoContention(log);
  ExpectAwaited(log, 300);
}

TEST_F(SignalTest, AWaitForASignalThatStandsIsAStandingWaitAndNoContention) {
  Start(2);
  b.Open(1, kA, kP).At(100).Block(1, kE, kQ, 0, 0).At(1100).End(2);
  const ScannedLog log(b);
  EXPECT_THAT(log.requests(),
              ElementsAre(Asking{
                  1, kA, kP, {}, How::kBlocking, Mode::kExclusive, 1, {1}}));
  EXPECT_THAT(log.statistics().blame, IsEmpty());
  ExpectAwaited(log, 1000);
  EXPECT_EQ(log.of_object(kE).standing, 1u);
  EXPECT_EQ(log.of_object(kE).contended, 0u);
  EXPECT_EQ(log.of_site(kQ).standing, 1u);
  EXPECT_EQ(log.of_actor(1).wait.count(), 0u);
  ASSERT_TRUE(log.end(1).wait);
  EXPECT_EQ(log.ObjectId(log.end(1).wait->object), kE);
}

TEST_F(ScanTest, AJoinWithoutAnUnblockEndsItsWaitItself) {
  Start(2);
  b.At(100).JoinBlock(1, 2, kQ).At(400).End(2).Join(1, 2);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_actor(1).blocked_ns, 300);
  EXPECT_THAT(
      log.requests(),
      ElementsAre(Asking{
          1, kEnd + 2, kQ, {}, How::kBlocking, Mode::kExclusive, 1, {1}}));
}

TEST_F(ScanTest, WaitersAtOneTimeAreCountedOverAllActors) {
  Start(2);
  Start(3);
  b.At(100).Block(1, kA, kP, 9, kQ).At(150).Block(2, kA, kP, 9, kQ);
  b.At(200).Unblock(1).Section(1, kA, kP).Block(3, kA, kP, 9, kQ);
  b.Block(1, kA, kP, 9, kQ);
  EXPECT_EQ(ScannedLog(b).of_object(kA).max_waiters, 3u);
}

TEST_F(ScanTest, AStandingWaitLastsToTheEndOfTheLog) {
  Start(2);
  b.At(100).Block(1, kA, kP, 2, kQ).At(1100).End(2);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_actor(1).blocked_ns, 1000);
  EXPECT_EQ(log.of_actor(1).last_ticks, LogBuilder::kStartTicks + 1100);
  EXPECT_EQ(log.of_object(kA).contended, 1u);
  EXPECT_EQ(log.of_object(kA).unmet, 1u);
  EXPECT_EQ(log.of_object(kA).standing, 1u);
  EXPECT_EQ(log.of_object(kA).wait.total(), 1000);
  EXPECT_EQ(log.of_site(kP).wait.total(), 1000);
  EXPECT_EQ(log.of_actor(1).wait.total(), 1000);
  EXPECT_EQ(log.of_actor(2).caused_ns, 1000);
  EXPECT_EQ(log.statistics().end_ns, 1100);
}

TEST_F(ScanTest, AStandingWaitIsChargedToItsLastOwnerFromThenOn) {
  Start(2);
  Start(3);
  b.At(100).Block(1, kA, kP, 2, kQ).At(300).Wake(1, 3, kR);
  b.At(1100).End(2);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_actor(2).caused_ns, 200);
  EXPECT_EQ(log.of_actor(3).caused_ns, 800);
}

TEST_F(ScanTest, AWaitThatGotNothingIsUnmet) {
  b.At(200).Block(1, kA, kP, 2, kQ, {.how = How::kTimed});
  b.At(500).Unblock(1, Outcome::kTimedOut);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_object(kA).unmet, 1u);
  EXPECT_EQ(log.of_site(kP).unmet, 1u);
  EXPECT_EQ(log.of_actor(1).unmet, 1u);
  EXPECT_EQ(log.of_object(kA).standing, 0u);
}

TEST_F(ScanTest, SampledTimingGivesAttributedBlame) {
  b.Note(1, NoteKind::kTiming, 1).Note(1, NoteKind::kSampleInterval, 16);
  b.At(10).Block(1, kA, kP, 0, 0).At(20).Unblock(1).Section(1, kA, kP);
  const ScannedLog log(b);
  EXPECT_FALSE(log.statistics().exact);
  EXPECT_EQ(log.statistics().sample_interval, 16u);
  EXPECT_THAT(
      log.statistics().blame,
      ElementsAre(AllOf(Field(&Blame::exact, false),
                        Field(&Blame::holder, kNone), Field(&Blame::ns, 10))));
}

TEST_F(ScanTest, FullTimingGivesExactBlame) {
  b.Note(1, NoteKind::kTiming, 2);
  b.At(10).Block(1, kA, kP, 0, 0).At(20).Unblock(1).Section(1, kA, kP);
  const ScannedLog log(b);
  EXPECT_TRUE(log.statistics().exact);
  EXPECT_THAT(log.statistics().blame, ElementsAre(Field(&Blame::exact, true)));
}

TEST_F(ScanTest, WithoutAnExitTheEndedActorsGiveTheCpuTime) {
  Start(2);
  b.At(1000).End(2, 700);
  EXPECT_EQ(ScannedLog(b).statistics().cpu_ns, 700);
}

TEST_F(ScanTest, ProgressIsToldFromTheCallingThreadAndNeverGoesBack) {
  for (int i = 0; i < 2000; ++i) b.Section(1, kA, kP).NewSegment(1);
  b.Write(::testing::TempDir() + "scan_progress.log");
  const auto recording =
      log::Recording::Open(::testing::TempDir() + "scan_progress.log");
  ASSERT_TRUE(recording.ok());
  struct Told {
    double last = 0;
    int times = 0;
    bool sane = true;
  } told;
  const auto hear = [](double fraction, void* data) {
    auto* t = static_cast<Told*>(data);
    t->sane &= fraction >= t->last && fraction <= 1;
    t->last = fraction;
    ++t->times;
  };
  Scan(**recording, {.threads = 1, .progress = hear, .progress_data = &told});
  EXPECT_GT(told.times, 5);
  EXPECT_TRUE(told.sane);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

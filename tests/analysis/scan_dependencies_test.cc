// Which dependencies and requests the scan finds, each once with a count, and
// which stack is shown with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/analysis/scan_test.h"
#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::StackReason;
using model::How;
using model::Mode;
using model::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

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

}  // namespace
}  // namespace lockcheck::analysis::testing

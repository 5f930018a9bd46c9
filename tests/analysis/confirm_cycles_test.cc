// Which possible cycles get a schedule, and what is missing for the others.
#include "lib/analysis/confirm_cycles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ConfirmCycles : public ::testing::Test {
 protected:
  // Holds the one and asks for the other, and lets go of both.
  void Nested(ActorIndex actor, ObjectIndex outer, ObjectIndex inner) {
    t_.Acquire(actor, outer);
    t_.Section(actor, inner);
    t_.Release(actor, outer);
  }
  // The cycle of two locks, as any actors make it.
  Finding Abba(ActorIndex first, ActorIndex second) const {
    Finding finding;
    finding.verdict = Verdict::kPossible;
    for (const auto& [actor, holds, wants] :
         {std::tuple(first, x_, y_), std::tuple(second, y_, x_)}) {
      Part& part = finding.parts.emplace_back();
      part.actor = actor;
      part.holds = {{.object = holds}};
      part.wants = wants;
    }
    return finding;
  }
  Finding Judged(Finding finding, const ConfirmOptions& options = {}) {
    ::lockcheck::analysis::ConfirmCycles(t_.trace(), TraceOrder(t_.trace()),
                                         options, {&finding});
    return finding;
  }
  Finding Judged(const ConfirmOptions& options = {}) {
    return Judged(Abba(a_, b_), options);
  }
  // Who takes what, in the witness.
  static std::vector<std::pair<ActorIndex, ObjectIndex>> Takes(
      const Finding& finding) {
    std::vector<std::pair<ActorIndex, ObjectIndex>> takes;
    for (const WitnessStep& step : finding.witness.steps) {
      if (step.kind == EventKind::kAcquire) {
        takes.emplace_back(step.actor, step.object);
      }
    }
    return takes;
  }

  Told t_;
  const ActorIndex a_ = t_.Actor(), b_ = t_.Actor();
  const ObjectIndex x_ = t_.Lock(), y_ = t_.Lock(), z_ = t_.Lock();
};

TEST_F(ConfirmCycles, OppositeOrdersMeet) {
  Nested(a_, x_, y_);
  Nested(b_, y_, x_);
  const Finding found = Judged();
  EXPECT_EQ(found.verdict, Verdict::kConfirmed);
  EXPECT_THAT(Takes(found), ::testing::UnorderedElementsAre(std::pair(a_, x_),
                                                            std::pair(b_, y_)));
  EXPECT_THAT(found.assumes, IsEmpty());
}

TEST_F(ConfirmCycles, WhatCameBeforeIsInTheSchedule) {
  t_.Section(a_, z_);
  Nested(a_, x_, y_);
  t_.Section(b_, z_);
  Nested(b_, y_, x_);
  const Finding found = Judged();
  EXPECT_EQ(found.verdict, Verdict::kConfirmed);
  EXPECT_EQ(found.witness.length, 6u);
  size_t matter = 0;
  for (const WitnessStep& step : found.witness.steps) matter += step.matters;
  EXPECT_EQ(matter, 2u) << "what both hold in the end";
}

// The first of a's sections of x comes before b's, so a later one is taken.
TEST_F(ConfirmCycles, ALaterTimeIsTriedIfAnEarlierOneIsOver) {
  Nested(a_, x_, y_);
  t_.Section(b_, x_);
  Nested(b_, y_, x_);
  Nested(a_, x_, y_);
  const Finding found = Judged();
  EXPECT_EQ(found.verdict, Verdict::kConfirmed);
  EXPECT_THAT(found.assumes, IsEmpty());
  EXPECT_EQ(Takes(found).back(), std::pair(a_, x_));
}

TEST_F(ConfirmCycles, ALockMayBeTakenInAnotherOrderThanWasSeen) {
  Nested(a_, x_, y_);
  t_.Section(b_, x_);
  Nested(b_, y_, x_);
  const Finding found = Judged();
  EXPECT_EQ(found.verdict, Verdict::kConfirmed);
  EXPECT_THAT(found.assumes, SizeIs(1)) << "and the finding says so";
  EXPECT_EQ(Takes(found).front(), std::pair(b_, x_));
}

TEST_F(ConfirmCycles, AnOrderThatIsNeededIsKept) {
  const ObjectIndex s = t_.Object(ObjectKind::kSemaphore);
  Nested(a_, x_, y_);
  t_.Post(a_, s, Post::kRelease);
  t_.Take(b_, s);
  Nested(b_, y_, x_);
  const Finding found = Judged();
  EXPECT_EQ(found.verdict, Verdict::kPossible);
  EXPECT_EQ(found.doubt, Doubt::kNoSchedule);
}

TEST_F(ConfirmCycles, OneActorIsNoTwo) {
  Nested(a_, x_, y_);
  Nested(a_, y_, x_);
  EXPECT_EQ(Judged().verdict, Verdict::kPossible);
}

TEST_F(ConfirmCycles, AGateThatBothHoldKeepsThemApart) {
  t_.Acquire(a_, z_);
  Nested(a_, x_, y_);
  t_.Release(a_, z_);
  t_.Acquire(b_, z_);
  Nested(b_, y_, x_);
  t_.Release(b_, z_);
  EXPECT_EQ(Judged().verdict, Verdict::kPossible);
}

TEST_F(ConfirmCycles, OthersThanThoseThatAreShownMayBeTheOnes) {
  const ObjectIndex s = t_.Object(ObjectKind::kSemaphore);
  const ActorIndex c = t_.Actor();
  Nested(a_, x_, y_);
  t_.Post(a_, s, Post::kRelease);
  t_.Take(b_, s);
  Nested(b_, y_, x_);
  Nested(c, x_, y_);
  const Finding found = Judged();
  EXPECT_EQ(found.verdict, Verdict::kConfirmed);
  EXPECT_EQ(found.parts[0].actor, c);
  EXPECT_EQ(found.parts[1].actor, b_);
  EXPECT_THAT(found.parts[0].holds,
              ElementsAre(::testing::Field(&Hold::object, x_)));
}

TEST_F(ConfirmCycles, AJoinIsARequest) {
  const ActorIndex child = t_.ForkedBy(a_);
  t_.Section(child, x_);
  t_.Acquire(a_, x_);
  t_.Join(a_, child);
  t_.Release(a_, x_);
  const auto end = static_cast<ObjectIndex>(t_.trace().objects.size() + child);
  Finding finding = Abba(a_, child);
  finding.parts[0].wants = end;
  finding.parts[1].holds = {{.object = end}};
  const Finding found = Judged(finding);
  EXPECT_EQ(found.verdict, Verdict::kConfirmed);
  EXPECT_THAT(found.witness.steps, Not(IsEmpty()));
  EXPECT_EQ(found.witness.steps[0].kind, EventKind::kFork);
}

// 1,000,000 combinations of times, of which none can be.
TEST_F(ConfirmCycles, AllTimesOfTwoActorsAreOnePass) {
  const ObjectIndex s = t_.Object(ObjectKind::kSemaphore);
  for (int i = 0; i < 1000; ++i) Nested(a_, x_, y_);
  t_.Post(a_, s, Post::kRelease);
  t_.Take(b_, s);
  for (int i = 0; i < 1000; ++i) Nested(b_, y_, x_);
  const uint64_t events = 2 * 4000 + 2;
  EXPECT_EQ(Judged({.max_work = 20 * events}).doubt, Doubt::kNoSchedule);
}

TEST_F(ConfirmCycles, ABoundIsSaid) {
  Nested(a_, x_, y_);
  Nested(b_, y_, x_);
  EXPECT_EQ(Judged({.max_choices = 0}).doubt, Doubt::kManyWays);
  EXPECT_EQ(Judged({.max_work = 0}).doubt, Doubt::kManyWays);
  EXPECT_EQ(Judged({.max_nodes = 0}).doubt, Doubt::kManyWays);
}

TEST_F(ConfirmCycles, OfALongScheduleOnlyWhatMattersIsKept) {
  for (int i = 0; i < 100; ++i) t_.Section(a_, z_);
  Nested(a_, x_, y_);
  for (int i = 0; i < 100; ++i) t_.Section(b_, z_);
  Nested(b_, y_, x_);
  const Finding found = Judged({.max_steps = 50});
  EXPECT_EQ(found.verdict, Verdict::kConfirmed);
  EXPECT_EQ(found.witness.length, 402u);
  EXPECT_THAT(found.witness.steps, SizeIs(2));
}

TEST_F(ConfirmCycles, WhatIsCutOffIsSaid) {
  Nested(a_, x_, y_);
  t_.trace().cut = {b_};
  EXPECT_EQ(Judged().doubt, Doubt::kCut);
}

TEST_F(ConfirmCycles, ASectionThatIsCutOffIsNeverOver) {
  Nested(a_, x_, y_);
  t_.Acquire(b_, x_);
  t_.Release(b_, x_);
  Nested(b_, y_, x_);
  // a still holds x when what is known of it ends, and took it first.
  t_.trace().actors[a_].events.resize(2);
  for (Event& e : t_.trace().actors[a_].events) e.match = kNone;
  t_.trace().actors[a_].ended = false;
  t_.trace().cut = {a_};
  const Finding found = Judged();
  EXPECT_EQ(found.verdict, Verdict::kConfirmed)
      << "b is done with x before a takes it";
  EXPECT_EQ(Takes(found).front(), std::pair(b_, x_));
}

TEST_F(ConfirmCycles, WhoseStartIsNotSeenMayComeAfterTheOthers) {
  Nested(a_, x_, y_);
  Nested(b_, y_, x_);
  t_.trace().actors[b_].unseen_start = true;
  const Finding found = Judged();
  EXPECT_EQ(found.verdict, Verdict::kPossible);
  EXPECT_EQ(found.doubt, Doubt::kUnseenStart);
}

// Two tasks, of which the second has x before the first one keeps it.
class OfTasks : public ConfirmCycles {
 protected:
  Finding Run(uint32_t workers) {
    const ObjectIndex slots = t_.Slots(workers);
    const ActorIndex one = t_.ForkedBy(a_), two = t_.ForkedBy(b_);
    t_.Take(one, slots);
    Nested(one, x_, y_);
    t_.GiveBack(one, slots);
    t_.Take(two, slots);
    t_.Section(two, x_);
    Nested(two, y_, x_);
    t_.GiveBack(two, slots);
    return Judged(Abba(one, two));
  }
};

TEST_F(OfTasks, SectionsMayChangePlaces) {
  const Finding found = Run(2);
  EXPECT_EQ(found.verdict, Verdict::kConfirmed);
  EXPECT_THAT(found.assumes, SizeIs(1));
}

TEST_F(OfTasks, OneWorkerRunsOneAtATime) {
  EXPECT_EQ(Run(1).verdict, Verdict::kPossible);
}

// The pool's other worker has a task that was submitted before.
TEST_F(OfTasks, TheyBeginInTheOrderInWhichTheyWereSubmitted) {
  const ObjectIndex slots = t_.Slots(2);
  const ActorIndex first = t_.ForkedBy(a_), one = t_.ForkedBy(a_),
                   two = t_.ForkedBy(a_);
  t_.Take(first, slots);
  t_.Take(one, slots);
  Nested(one, x_, y_);
  t_.GiveBack(one, slots);
  t_.GiveBack(first, slots);
  t_.Take(two, slots);
  t_.Section(two, x_);
  Nested(two, y_, x_);
  t_.GiveBack(two, slots);
  const Finding found = Judged(Abba(one, two));
  EXPECT_EQ(found.verdict, Verdict::kConfirmed);
  std::vector<ActorIndex> begun;
  for (const WitnessStep& step : found.witness.steps) {
    if (step.kind == EventKind::kTake && step.object == slots) {
      begun.push_back(step.actor);
    }
  }
  EXPECT_THAT(begun, ElementsAre(first, one, two));
}

// Actor a takes z, and then x and y at once; b has y or x, and wants z.
class SeveralAtOnce : public ConfirmCycles {
 protected:
  void Run(ObjectIndex member, How then = How::kTry) {
    t_.Acquire(a_, z_);
    t_.Acquire(a_, x_);
    t_.Acquire(a_, y_, then);
    for (const ObjectIndex lock : {y_, x_, z_}) t_.Release(a_, lock);
    Nested(b_, member, z_);
  }
  Finding Asked(ObjectIndex member, How how = How::kMulti) {
    Finding finding = Abba(a_, b_);
    finding.parts[0].how = how;
    finding.parts[0].wants = finding.parts[1].holds[0].object = member;
    finding.parts[1].wants = finding.parts[0].holds[0].object = z_;
    return Judged(finding);
  }
};

TEST_F(SeveralAtOnce, UnderALockThatWhoHasAMemberWants) {
  Run(y_);
  for (const How how : {How::kMulti, How::kRetried}) {
    const Finding found = Asked(y_, how);
    EXPECT_EQ(found.verdict, Verdict::kConfirmed);
    EXPECT_THAT(Takes(found), ElementsAre(std::pair(a_, z_), std::pair(b_, y_)))
        << "it has none of them in the end";
  }
}

TEST_F(SeveralAtOnce, TheFirstOneMayBeTheOne) {
  Run(x_);
  EXPECT_EQ(Asked(x_).verdict, Verdict::kConfirmed);
}

TEST_F(SeveralAtOnce, WhatItTakesMeanwhileItGivesBack) {
  t_.Acquire(a_, x_);
  t_.Acquire(a_, y_, How::kTry);
  t_.Release(a_, y_);
  t_.Release(a_, x_);
  Nested(b_, y_, x_);
  Finding finding = Abba(a_, b_);
  finding.parts[0].how = How::kMulti;
  EXPECT_EQ(Judged(finding).verdict, Verdict::kPossible)
      << "only what it held before";
}

TEST_F(SeveralAtOnce, WhetherItIsOneMustBeKnown) {
  Run(y_);
  Finding finding;
  finding.doubt = Doubt::kManyAtOnce;
  EXPECT_EQ(Judged(finding).doubt, Doubt::kManyAtOnce);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

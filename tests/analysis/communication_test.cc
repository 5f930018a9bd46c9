// Deadlocks through semaphores and events that can happen, each with a twin
// that cannot. Whether what is reported can happen at all is the oracle's
// question (tests/oracle/signal_oracle_test.cc).
#include "lib/analysis/communication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// ---- Semaphores -------------------------------------------------------------

class SignalUnderLock : public Communication {
 protected:
  const ObjectIndex s_ = t_.Object(ObjectKind::kSemaphore);

  void PostUnderLock(ActorIndex actor) {
    t_.Acquire(actor, m_);
    t_.Post(actor, s_, Post::kRelease);
    t_.Release(actor, m_);
  }
  void WaitUnderLock(ActorIndex actor, How how = How::kBlocking) {
    t_.Acquire(actor, m_);
    t_.Take(actor, s_, how);
    t_.Release(actor, m_);
  }
};

TEST_F(SignalUnderLock, TheOnlyPosterNeedsTheLock) {
  PostUnderLock(a_);
  WaitUnderLock(b_);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(std::pair(b_, s_), std::pair(a_, m_)));
  EXPECT_THAT(found[0].objects, ElementsAre(s_, m_));
  ASSERT_EQ(found[0].parts[0].holds.size(), 1u);
  EXPECT_EQ(found[0].parts[0].holds[0].object, m_);
}

TEST_F(SignalUnderLock, TheLockIsNeededBeforeThePostOnly) {
  t_.Section(a_, m_);
  t_.Post(a_, s_, Post::kRelease);
  WaitUnderLock(b_);
  // The section is one that nothing happens in, but b keeps the lock.
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

TEST_F(SignalUnderLock, SafeIfTheLockIsNeededAfterThePost) {
  t_.Post(a_, s_, Post::kRelease);
  t_.Section(a_, m_);
  WaitUnderLock(b_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(SignalUnderLock, SafeIfASecondPosterDoesWithout) {
  const ActorIndex c = t_.Actor();
  PostUnderLock(a_);
  WaitUnderLock(b_);
  t_.Post(c, s_, Post::kRelease);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(SignalUnderLock, SafeIfThePostIsOrderedBeforeByForkAndJoin) {
  Told t;
  const ActorIndex main = t.Actor();
  const ObjectIndex m = t.Lock(), s = t.Object(ObjectKind::kSemaphore);
  const ActorIndex poster = t.ForkedBy(main);
  t.Acquire(poster, m);
  t.Post(poster, s, Post::kRelease);
  t.Release(poster, m);
  t.Join(main, poster);
  t.Acquire(main, m);
  t.Take(main, s);
  t.Release(main, m);
  EXPECT_THAT(t.Found(), IsEmpty());
}

TEST_F(SignalUnderLock, BothAreStartedAndAskAtOnce) {
  Told t;
  const ActorIndex main = t.Actor();
  const ObjectIndex m = t.Lock(), s = t.Object(ObjectKind::kSemaphore);
  const ActorIndex poster = t.ForkedBy(main), waiter = t.ForkedBy(main);
  t.Section(poster, m);
  t.Post(poster, s, Post::kRelease);
  t.Acquire(waiter, m);
  t.Take(waiter, s);
  t.Release(waiter, m);
  t.Join(main, poster);
  t.Join(main, waiter);
  EXPECT_THAT(t.Found(), ElementsAre(IsDeadlock()));
}

TEST_F(SignalUnderLock, SafeIfAnotherSignalPutsThemInOrder) {
  const ObjectIndex order = t_.Object(ObjectKind::kSemaphore);
  PostUnderLock(a_);
  t_.Post(a_, order, Post::kRelease);
  t_.Take(b_, order);
  WaitUnderLock(b_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(SignalUnderLock, SafeIfTheWaitGivesUp) {
  PostUnderLock(a_);
  WaitUnderLock(b_, How::kTimed);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(SignalUnderLock, SafeIfThePosterOnlyTriesTheLock) {
  t_.Acquire(a_, m_, How::kTry);
  t_.Post(a_, s_, Post::kRelease);
  t_.Release(a_, m_);
  WaitUnderLock(b_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(SignalUnderLock, SafeIfThePosterGoesOnAfterItsEventsInTheLog) {
  WaitUnderLock(b_);
  t_.Acquire(a_, m_);
  t_.Post(a_, s_, Post::kRelease);
  t_.GoesOn(a_);
  // Records are missing: there is a take before any post.
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(SignalUnderLock, TheFirstRoundIsSafeAndTheSecondIsNot) {
  t_.Post(a_, s_, Post::kRelease);
  WaitUnderLock(b_);
  PostUnderLock(a_);
  WaitUnderLock(b_);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

TEST_F(SignalUnderLock, SafeIfPermitsAreThereFromTheBeginning) {
  Told t;
  const ActorIndex a = t.Actor(), b = t.Actor();
  const ObjectIndex m = t.Lock(), s = t.Object(ObjectKind::kSemaphore, 1);
  t.Acquire(a, m);
  t.Post(a, s, Post::kRelease);
  t.Release(a, m);
  t.Acquire(b, m);
  t.Take(b, s);
  t.Release(b, m);
  EXPECT_THAT(t.Found(), IsEmpty());
}

// The textbook's bounded buffer, with the mutex taken too early.
TEST_F(SignalUnderLock, RoomIsAwaitedUnderTheMutexThatMakesRoom) {
  Told t;
  const ActorIndex producer = t.Actor(), consumer = t.Actor();
  const ObjectIndex m = t.Lock(), room = t.Object(ObjectKind::kSemaphore, 1),
                    full = t.Object(ObjectKind::kSemaphore);
  const auto put = [&](bool is_hold) {
    t.Acquire(producer, m);
    t.Take(producer, room);
    if (is_hold) t.trace().actors[producer].events.back().order = 0;
    t.Release(producer, m);
    t.Post(producer, full, Post::kRelease);
  };
  const auto get = [&] {
    t.Take(consumer, full);
    t.Section(consumer, m);
    t.Post(consumer, room, Post::kRelease);
  };
  put(true);
  get();
  put(false);
  get();
  const auto found = t.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(std::pair(producer, room), std::pair(consumer, m)));
}

TEST_F(SignalUnderLock, OneReleaseOfTwoPermitsServesTwo) {
  const ActorIndex c = t_.Actor();
  t_.Post(a_, s_, Post::kRelease, 2);
  t_.Take(c, s_);
  WaitUnderLock(b_);
  t_.Section(a_, m_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(SignalUnderLock, WhoIsInADeadlockOfLocksAnywayIsNotSaidAgain) {
  const ObjectIndex n = t_.Lock();
  const ActorIndex c = t_.Actor();
  const auto nested = [&](ActorIndex actor, ObjectIndex x, ObjectIndex y) {
    t_.Acquire(actor, x);
    t_.Section(actor, y);
    t_.Release(actor, x);
  };
  nested(a_, m_, n);
  t_.Post(a_, s_, Post::kRelease);
  nested(b_, n, m_);
  t_.Take(c, s_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// ---- Joins ------------------------------------------------------------------

TEST_F(Communication, WhoWouldPostJoinsWhoWaits) {
  const ActorIndex main = t_.Actor();
  const ObjectIndex s = t_.Object(ObjectKind::kSemaphore);
  const ActorIndex child = t_.ForkedBy(main);
  const ActorIndex other = t_.Actor();
  t_.Section(other, m_);
  t_.Post(other, s, Post::kRelease);
  t_.Acquire(main, m_);
  t_.Take(child, s);
  t_.Join(main, child);
  t_.Release(main, m_);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_EQ(found[0].parts.size(), 3u);
}

// ---- Events -----------------------------------------------------------------

class EventWaits : public Communication {
 protected:
  const ObjectIndex e_ = t_.Object(ObjectKind::kEvent);
};

TEST_F(EventWaits, SetOnlyUnderTheLockThatTheWaiterHolds) {
  t_.Acquire(a_, m_);
  t_.Post(a_, e_, Post::kSet);
  t_.Release(a_, m_);
  t_.Acquire(b_, m_);
  t_.Find(b_, e_, 1);
  t_.Release(b_, m_);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

TEST_F(EventWaits, SafeIfSetBeforeTheLock) {
  t_.Post(a_, e_, Post::kSet);
  t_.Section(a_, m_);
  t_.Acquire(b_, m_);
  t_.Find(b_, e_, 1);
  t_.Release(b_, m_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(EventWaits, SetAndClearedBeforeItsOnlyWaiterComes) {
  t_.Post(a_, e_, Post::kSet);
  t_.Find(b_, e_, 1);
  t_.Post(a_, e_, Post::kClear);
  const auto found = t_.Found();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, Kind::kHazard);
  EXPECT_EQ(found[0].rule, Rule::kLostWakeup);
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(std::pair(b_, e_), std::pair(a_, e_)));
}

// A pulse: whoever waits is let go, and it was seen to wait.
TEST_F(EventWaits, SafeIfItWaitsWhenItIsSetAndClearedAtOnce) {
  const uint32_t ticket = t_.Wait(b_, e_);
  t_.SetFor(a_, e_, ticket);
  t_.Post(a_, e_, Post::kClear);
  t_.Find(b_, e_, 1);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(EventWaits, SafeIfItIsSetOnceMoreAtTheEnd) {
  t_.Post(a_, e_, Post::kSet);
  t_.Find(b_, e_, 1);
  t_.Post(a_, e_, Post::kClear);
  t_.Post(a_, e_, Post::kSet);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(EventWaits, SafeIfItIsClearedOnlyWhenTheWaiterHasEnded) {
  Told t;
  const ActorIndex main = t.Actor();
  const ObjectIndex e = t.Object(ObjectKind::kEvent);
  const ActorIndex child = t.ForkedBy(main);
  t.Post(main, e, Post::kSet);
  t.Find(child, e, 1);
  t.Join(main, child);
  t.Post(main, e, Post::kClear);
  EXPECT_THAT(t.Found(), IsEmpty());
}

// ---- Permits ----------------------------------------------------------------

// Two actors keep a permit until d, which needs the lock first, has posted; c
// needs a permit before it takes the lock, when both have theirs.
class TwoKeepPermits : public Communication {
 protected:
  void Run(uint32_t permits) {
    const ObjectIndex p = t_.Object(ObjectKind::kSemaphore, permits);
    t_.trace().objects[p].held = true;
    const ActorIndex c = t_.Actor(), d = t_.Actor();
    const auto signal = [&] { return t_.Object(ObjectKind::kSemaphore); };
    const ObjectIndex a_has = signal(), b_has = signal(), a_goes = signal(),
                      b_goes = signal(), last = signal();
    t_.Take(a_, p);
    t_.Post(a_, a_has, Post::kRelease);
    t_.Take(b_, p);
    t_.Post(b_, b_has, Post::kRelease);
    t_.Section(d, m_);
    t_.Post(d, a_goes, Post::kRelease);
    t_.Post(d, b_goes, Post::kRelease);
    t_.Take(a_, a_goes);
    t_.GiveBack(a_, p);
    t_.Take(b_, b_goes);
    t_.GiveBack(b_, p);
    t_.Take(c, a_has);
    t_.Take(c, b_has);
    t_.Take(c, p);
    t_.GiveBack(c, p);
    t_.Acquire(c, m_);
    t_.Post(d, last, Post::kRelease);
    t_.Take(c, last);
    t_.Release(c, m_);
  }
};

TEST_F(TwoKeepPermits, SafeIfThereAreNoOthers) {
  Run(2);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(TwoKeepPermits, UnsafeIfThereIsAThirdOne) {
  Run(3);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

// ---- Bounds -----------------------------------------------------------------

TEST_F(SignalUnderLock, ASearchThatIsCutSaysSo) {
  PostUnderLock(a_);
  WaitUnderLock(b_);
  Findings result;
  FindCommunication(t_.trace(), {.max_sets = 1}, result);
  EXPECT_FALSE(result.exhaustive);
  EXPECT_EQ(result.notes.size(), 1u);
}

TEST_F(SignalUnderLock, WhatIsNotReplayedIsPossibleAndSaysWhy) {
  PostUnderLock(a_);
  WaitUnderLock(b_);
  const auto doubt = [&](const CommunicationOptions& options) {
    Findings result;
    FindCommunication(t_.trace(), options, result);
    EXPECT_THAT(result.findings, ElementsAre(IsPossibleDeadlock()));
    return result.findings.empty() ? Doubt::kNone : result.findings[0].doubt;
  };
  EXPECT_EQ(doubt({.max_replayed = 0}), Doubt::kManyWays);
  t_.trace().actors[a_].unseen_start = true;
  EXPECT_EQ(doubt({}), Doubt::kUnseenStart);
  t_.trace().incomplete = true;
  EXPECT_EQ(doubt({}), Doubt::kPartial);
  t_.trace().cut = {t_.Actor()};
  t_.trace().incomplete = false;
  EXPECT_EQ(doubt({}), Doubt::kCut);
}

TEST_F(SignalUnderLock, TheScheduleEndsWhereTheyWait) {
  PostUnderLock(a_);
  WaitUnderLock(b_);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  ASSERT_THAT(found[0].witness.steps, SizeIs(1));
  EXPECT_EQ(found[0].witness.steps[0].actor, b_);
  EXPECT_EQ(found[0].witness.steps[0].object, m_);
  EXPECT_TRUE(found[0].witness.steps[0].matters);
  EXPECT_EQ(found[0].assumes.size(), 1u);
}

TEST_F(SignalUnderLock, SoDoesOneOfTooManyActors) {
  const ActorIndex c = t_.Actor();
  PostUnderLock(a_);
  PostUnderLock(c);
  WaitUnderLock(b_);
  Findings result;
  FindCommunication(t_.trace(), {.max_actors = 2}, result);
  EXPECT_THAT(result.findings, IsEmpty());
  EXPECT_FALSE(result.exhaustive);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

TEST_F(SignalUnderLock, SoDoesOneOfTooManyPlaces) {
  PostUnderLock(a_);
  WaitUnderLock(b_);
  Findings result;
  FindCommunication(t_.trace(), {.max_nodes = 2}, result);
  EXPECT_FALSE(result.exhaustive);
  EXPECT_THAT(result.findings, IsEmpty());
}

// One step of the search for each would be too deep.
TEST_F(EventWaits, ThoseWhoSetItMayBeVeryMany) {
  constexpr uint32_t kMany = 30'000;
  constexpr SiteIndex kPlace = 1'000'000;
  for (uint32_t i = 0; i < kMany; ++i) {
    const ActorIndex setter = t_.Actor();
    t_.Post(setter, e_, Post::kSet);
    t_.trace().actors[setter].events.back().site = kPlace;
  }
  t_.Find(b_, e_, kMany);
  t_.Post(a_, e_, Post::kClear);
  const auto found = t_.Found();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].rule, Rule::kLostWakeup);
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[1].site, kPlace);
  EXPECT_EQ(found[0].parts[1].count, kMany);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

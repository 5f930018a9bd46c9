// Which schedules are runs that end in a deadlock.
#include "lib/analysis/witness_check.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

class WitnessCheck : public ::testing::Test {
 protected:
  // Each has one lock and asks for the other's.
  void Abba() {
    t_.Acquire(a_, x_);
    t_.Acquire(a_, y_);
    t_.Release(a_, y_);
    t_.Release(a_, x_);
    t_.Acquire(b_, y_);
    t_.Acquire(b_, x_);
    t_.Release(b_, x_);
    t_.Release(b_, y_);
  }
  WitnessWait Wants(ActorIndex actor, ObjectIndex lock) const {
    return {.actor = actor, .object = lock};
  }
  WitnessWait Joins(ActorIndex actor, ActorIndex child) const {
    return {.actor = actor, .kind = EventKind::kJoin, .object = child};
  }
  bool Leads(const std::vector<ActorIndex>& schedule,
             const std::vector<WitnessWait>& waits) {
    return analysis::WitnessCheck(t_.trace()).LeadsToDeadlock(schedule, waits);
  }
  bool LeadsToAbba(const std::vector<ActorIndex>& schedule) {
    return Leads(schedule, {Wants(a_, y_), Wants(b_, x_)});
  }
  // What both do before, if they are to be in an ABBA after it.
  ActorIndex Third() { return t_.Actor(); }

  Told t_;
  const ActorIndex a_ = t_.Actor(), b_ = t_.Actor();
  const ObjectIndex x_ = t_.Lock(), y_ = t_.Lock();
};

TEST_F(WitnessCheck, EachHasWhatTheOtherAsksFor) {
  Abba();
  EXPECT_TRUE(LeadsToAbba({a_, b_}));
  EXPECT_TRUE(LeadsToAbba({b_, a_}));
}

TEST_F(WitnessCheck, WhoIsNotThereYetOrHasGoneOnIsNotStuck) {
  Abba();
  EXPECT_FALSE(LeadsToAbba({a_}));
  EXPECT_FALSE(LeadsToAbba({}));
  EXPECT_FALSE(LeadsToAbba({a_, a_, a_, b_}));
}

TEST_F(WitnessCheck, NobodyTakesWhatAnotherHas) {
  Abba();
  EXPECT_FALSE(LeadsToAbba({a_, a_, b_}));
}

TEST_F(WitnessCheck, NobodyDoesMoreThanHeDid) {
  Abba();
  EXPECT_FALSE(LeadsToAbba({a_, a_, a_, a_, a_, b_}));
  EXPECT_FALSE(LeadsToAbba({a_, b_, 77}));
}

TEST_F(WitnessCheck, WhoWaitsForSomebodyElseIsNotStuck) {
  Abba();
  const ActorIndex c = Third();
  t_.Acquire(c, y_);
  EXPECT_FALSE(Leads({a_, c}, {Wants(a_, y_)})) << "c may let go of it";
}

TEST_F(WitnessCheck, OneOfThemAloneIsNotAllThatIsStuck) {
  Abba();
  EXPECT_FALSE(Leads({a_, b_}, {Wants(a_, y_)}));
  EXPECT_FALSE(Leads({a_, b_}, {}));
}

TEST_F(WitnessCheck, TheRequestIsTheOneThatIsSaid) {
  Abba();
  EXPECT_FALSE(Leads({a_, b_}, {Wants(a_, x_), Wants(b_, x_)}));
  EXPECT_FALSE(Leads({a_, b_}, {Wants(a_, y_), Wants(a_, y_)}));
}

TEST_F(WitnessCheck, WhoGivesUpIsNotStuck) {
  t_.Acquire(a_, x_);
  t_.Acquire(a_, y_, How::kTry);
  t_.Acquire(b_, y_);
  t_.Acquire(b_, x_);
  EXPECT_FALSE(LeadsToAbba({a_, b_}));
}

TEST_F(WitnessCheck, ARequestThatStandsIsOne) {
  t_.Acquire(a_, x_);
  t_.trace().actors[a_].stands = Event{.object = y_};
  t_.Acquire(b_, y_);
  t_.Acquire(b_, x_);
  EXPECT_TRUE(LeadsToAbba({a_, b_}));
}

TEST_F(WitnessCheck, NobodyBeginsBeforeHeIsForked) {
  const ActorIndex child = t_.ForkedBy(a_);
  t_.Acquire(a_, x_);
  t_.Acquire(a_, y_);
  t_.Acquire(child, y_);
  t_.Acquire(child, x_);
  const std::vector<WitnessWait> waits = {Wants(a_, y_), Wants(child, x_)};
  EXPECT_FALSE(Leads({child, a_, a_}, waits));
  EXPECT_TRUE(Leads({a_, child, a_}, waits));
}

TEST_F(WitnessCheck, AJoinWaitsForTheEnd) {
  const ActorIndex child = t_.ForkedBy(a_);
  t_.Acquire(a_, x_);
  t_.Join(a_, child);
  t_.Acquire(child, y_);
  t_.Release(child, y_);
  t_.Acquire(child, x_);
  t_.Release(child, x_);
  EXPECT_TRUE(
      Leads({a_, a_, child, child}, {Joins(a_, child), Wants(child, x_)}));
  EXPECT_FALSE(Leads({a_, child, child, child, child, a_},
                     {Joins(a_, child), Wants(child, x_)}))
      << "it has ended";
  EXPECT_FALSE(Leads({a_, a_, a_}, {Joins(a_, child)}))
      << "nobody joins who has not ended";
}

TEST_F(WitnessCheck, ReadersDoNotKeepEachOtherOut) {
  const auto read = [&](ActorIndex actor, ObjectIndex lock) {
    t_.Acquire(actor, lock);
    t_.trace().actors[actor].events.back().mode = model::Mode::kShared;
  };
  const ActorIndex c = Third();
  read(a_, x_);
  t_.Acquire(a_, y_);
  t_.Acquire(b_, y_);
  read(b_, x_);
  read(c, x_);
  EXPECT_FALSE(LeadsToAbba({a_, b_})) << "b reads";
  EXPECT_FALSE(Leads(
      {a_, b_}, {Wants(a_, y_),
                 {.actor = b_, .object = x_, .mode = model::Mode::kShared}}))
      << "a reads, too";
  EXPECT_FALSE(LeadsToAbba({a_, c, b_, b_})) << "b has it";
}

// A signal before the ABBA, of both actors.
class WitnessOfSignals : public WitnessCheck {
 protected:
  // `a` gives it, and `b` needs it.
  bool NeedsIt() {
    Abba();
    return LeadsToAbba({a_, b_, a_, b_}) && !LeadsToAbba({b_, b_, a_, a_});
  }
};

TEST_F(WitnessOfSignals, ATakeNeedsAUnit) {
  const ObjectIndex s = t_.Object(ObjectKind::kSemaphore);
  t_.Post(a_, s, Post::kRelease);
  t_.Take(b_, s);
  EXPECT_TRUE(NeedsIt());
}

TEST_F(WitnessOfSignals, AFlagIsFoundSetWhenItIs) {
  const ObjectIndex e = t_.Object(ObjectKind::kEvent);
  t_.Post(a_, e, Post::kSet);
  t_.Find(b_, e, 1);
  EXPECT_TRUE(NeedsIt());
}

TEST_F(WitnessOfSignals, ALatchNeedsAllArrivals) {
  const ObjectIndex l = t_.Object(ObjectKind::kLatch, 1);
  t_.Arrive(a_, l, 1);
  t_.Find(b_, l, 1);
  EXPECT_TRUE(NeedsIt());
}

TEST_F(WitnessOfSignals, ANotificationWakesWhoWaits) {
  const ObjectIndex c = t_.Object(ObjectKind::kConditionVariable);
  const uint32_t ticket = t_.Wait(b_, c);
  t_.Notify(a_, c, ticket, 1);
  t_.Wake(b_, c, ticket);
  Abba();
  EXPECT_TRUE(LeadsToAbba({b_, a_, b_, b_, a_}));
  EXPECT_FALSE(LeadsToAbba({a_, b_, b_, b_, a_})) << "nobody waited";
  EXPECT_FALSE(LeadsToAbba({b_, b_, a_, b_, a_})) << "nobody notified";
}

TEST_F(WitnessOfSignals, APredicateIsTrueAfterAllThatWasDoneUnderItsLock) {
  const ObjectIndex c = t_.Object(ObjectKind::kConditionVariable);
  const ObjectIndex m = t_.Lock();
  t_.Section(a_, m);
  t_.Acquire(b_, m);
  t_.Found(b_, c, m);
  t_.Release(b_, m);
  Abba();
  EXPECT_TRUE(LeadsToAbba({a_, a_, b_, b_, b_, b_, b_, a_, b_}));
  EXPECT_FALSE(LeadsToAbba({b_, b_, b_, b_, b_, a_, a_, a_, b_}));
}

TEST_F(WitnessOfSignals, AOnceFlagIsPassedWhenItsFunctionHasRun) {
  const ObjectIndex once = t_.Object(ObjectKind::kOnceFlag);
  t_.Section(a_, once);
  t_.Pass(b_, once);
  Abba();
  EXPECT_TRUE(LeadsToAbba({a_, a_, b_, b_, a_, b_}));
  EXPECT_FALSE(LeadsToAbba({b_, b_, a_, a_, a_, b_}));
}

TEST_F(WitnessOfSignals, WhatIsNotWholeIsNoRun) {
  const ObjectIndex s = t_.Object(ObjectKind::kSemaphore);
  t_.Post(a_, s, Post::kRelease);
  t_.Take(b_, s);
  t_.trace().objects[s].whole = false;
  Abba();
  EXPECT_FALSE(LeadsToAbba({a_, b_, a_, b_}));
}

TEST_F(WitnessOfSignals, AsManySectionsOfTheLockAreNotTheSameOnes) {
  const ObjectIndex c = t_.Object(ObjectKind::kConditionVariable);
  const ObjectIndex m = t_.Lock();
  const ActorIndex other = Third();
  t_.Section(a_, m);
  t_.Acquire(b_, m);
  t_.Found(b_, c, m);
  t_.Release(b_, m);
  t_.Section(other, m);
  Abba();
  EXPECT_TRUE(LeadsToAbba({a_, a_, b_, b_, b_, b_, b_, a_, b_}));
  EXPECT_FALSE(LeadsToAbba({other, other, b_, b_, b_, b_, b_, a_, a_, a_, b_}));
}

// Who waits for a signal in the end: b, with x, which a needs before it posts.
class WitnessOfWaits : public WitnessCheck {
 protected:
  WitnessWait Takes(ActorIndex actor, ObjectIndex object) const {
    return {.actor = actor, .kind = EventKind::kTake, .object = object};
  }
  bool LeadsToBoth(const std::vector<ActorIndex>& schedule) {
    return Leads(schedule, {Takes(b_, s_), Wants(a_, x_)});
  }
  void PosterNeedsTheLock() {
    t_.Section(a_, x_);
    t_.Post(a_, s_, Post::kRelease);
    t_.Acquire(b_, x_);
    t_.Take(b_, s_);
    t_.Release(b_, x_);
  }
  const ObjectIndex s_ = t_.Object(ObjectKind::kSemaphore);
};

TEST_F(WitnessOfWaits, NobodyIsLeftWhoPosts) {
  PosterNeedsTheLock();
  EXPECT_TRUE(LeadsToBoth({b_}));
  EXPECT_FALSE(LeadsToBoth({a_, a_, b_})) << "a has had the lock";
  EXPECT_FALSE(LeadsToBoth({a_, a_, a_, b_})) << "it is there";
}

TEST_F(WitnessOfWaits, SomebodyElseWhoPostsLaterEndsIt) {
  PosterNeedsTheLock();
  t_.Post(Third(), s_, Post::kRelease);
  EXPECT_FALSE(LeadsToBoth({b_}));
}

TEST_F(WitnessOfWaits, SoDoesWhoMayPostMoreThanWasRecorded) {
  const ActorIndex c = Third(), d = Third();
  t_.Post(c, s_, Post::kRelease);
  t_.Take(d, s_);
  PosterNeedsTheLock();
  EXPECT_TRUE(LeadsToBoth({c, d, b_}));
  t_.GoesOn(c);
  EXPECT_FALSE(LeadsToBoth({c, d, b_}));
}

TEST_F(WitnessOfWaits, WhoIsStartedByOneOfThemPostsNothing) {
  const ActorIndex child = t_.ForkedBy(a_);
  t_.Acquire(a_, x_);
  t_.Post(child, s_, Post::kRelease);
  t_.Acquire(b_, x_);
  t_.Take(b_, s_);
  EXPECT_FALSE(LeadsToBoth({b_, a_})) << "it has started it";
  Told later;
  const ActorIndex a = later.Actor(), b = later.Actor();
  const ObjectIndex x = later.Lock(), s = later.Object(ObjectKind::kSemaphore);
  later.Section(a, x);
  later.Post(later.ForkedBy(a), s, Post::kRelease);
  later.Acquire(b, x);
  later.Take(b, s);
  const std::vector<ActorIndex> schedule = {b};
  const std::vector<WitnessWait> waits = {Takes(b, s), Wants(a, x)};
  EXPECT_TRUE(
      analysis::WitnessCheck(later.trace()).LeadsToDeadlock(schedule, waits));
}

TEST_F(WitnessOfWaits, AQueueThatIsClosedEndsIt) {
  const ObjectIndex items = t_.Object(ObjectKind::kQueue);
  const ActorIndex c = Third();
  t_.Section(a_, x_);
  t_.Post(a_, items, Post::kPut);
  t_.Acquire(b_, x_);
  t_.Take(b_, items);
  t_.Post(c, items, Post::kClose);
  const std::vector<WitnessWait> waits = {Takes(b_, items), Wants(a_, x_)};
  EXPECT_FALSE(Leads({c, b_}, waits));
  EXPECT_FALSE(Leads({b_}, waits)) << "c will";
}

TEST_F(WitnessOfWaits, AllWhoAreMissingAtABarrierMustCome) {
  const ObjectIndex barrier = t_.Object(ObjectKind::kBarrier, 3);
  const ActorIndex c = Third();
  t_.Section(a_, x_);
  t_.Acquire(b_, x_);
  for (const ActorIndex actor : {a_, b_, c}) t_.Arrive(actor, barrier, 1);
  for (const ActorIndex actor : {a_, b_, c}) t_.Find(actor, barrier, 1);
  t_.Release(b_, x_);
  const std::vector<WitnessWait> waits = {Takes(b_, barrier), Wants(a_, x_)};
  EXPECT_TRUE(Leads({b_, b_}, waits)) << "c alone is not enough";
  EXPECT_FALSE(Leads({a_, a_, b_, b_}, waits));
  const ActorIndex later = Third();
  t_.Arrive(later, barrier, 2);
  EXPECT_FALSE(Leads({b_, b_}, waits)) << "it may come in a's place";
}

TEST_F(WitnessOfWaits, APredicateIsFalseIfAllWasAsItWasThen) {
  const ObjectIndex c = t_.Object(ObjectKind::kConditionVariable);
  const ObjectIndex m = t_.Lock();
  const ActorIndex before = Third();
  t_.Section(before, m);
  t_.Acquire(b_, x_);
  t_.Section(b_, m);
  const uint32_t ticket = t_.Wait(b_, c);
  t_.Acquire(a_, m);
  t_.Notify(a_, c, ticket, 1);
  t_.Release(a_, m);
  t_.Acquire(a_, x_);
  t_.Wake(b_, c, ticket);
  // As if a needed x before it notifies.
  auto& events = t_.trace().actors[a_].events;
  events.insert(events.begin(), events.back());
  events.pop_back();
  for (Event& e : events) {
    if (e.match != kNone) ++e.match;
  }
  const std::vector<WitnessWait> waits = {Takes(b_, c), Wants(a_, x_)};
  EXPECT_TRUE(Leads({before, before, b_, b_, b_, b_}, waits));
  EXPECT_FALSE(Leads({b_, b_, b_, b_}, waits)) << "it may be true";
}

TEST_F(WitnessOfWaits, AMemberOfSeveralAtOnceIsAskedForUnderWhatCameBefore) {
  const ObjectIndex z = t_.Lock();
  t_.Acquire(a_, z);
  t_.Acquire(a_, x_);
  t_.Acquire(a_, y_, How::kTry);
  t_.Acquire(b_, y_);
  t_.Acquire(b_, z);
  WitnessWait many = Wants(a_, y_);
  EXPECT_FALSE(Leads({a_, b_}, {many, Wants(b_, z)})) << "first it asks for x";
  many.of_many = true;
  EXPECT_TRUE(Leads({a_, b_}, {many, Wants(b_, z)}));
  EXPECT_FALSE(Leads({a_, a_, b_}, {many, Wants(b_, z)}))
      << "what remains is a try";
  EXPECT_FALSE(Leads({a_}, {many, Wants(b_, z)}));
}

}  // namespace
}  // namespace lockcheck::analysis::testing

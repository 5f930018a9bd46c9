// Deadlocks through signals that can happen, primitive by primitive, each with
// a twin that cannot. Whether what is reported can happen at all is the
// oracle's question (tests/oracle/signal_oracle_test.cc).
#include "lib/analysis/communication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "lib/analysis/trace.h"

namespace lockcheck::analysis {
namespace {

using model::How;
using model::ObjectKind;
using model::Post;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Events in the order in which they happened; each has a site of its own.
class Told {
 public:
  ObjectIndex Object(ObjectKind kind, uint32_t initial = 0) {
    trace_.objects.push_back({.kind = kind, .initial = initial});
    acts_.push_back(0);
    tickets_.push_back(1);
    last_holder_.push_back(kNone);
    return static_cast<ObjectIndex>(trace_.objects.size() - 1);
  }
  ObjectIndex Lock() { return Object(ObjectKind::kMutex); }
  ObjectIndex Slots(uint32_t size) {
    const ObjectIndex slots = Object(ObjectKind::kThreadPool, size);
    trace_.objects[slots].held = true;
    return slots;
  }
  ActorIndex Actor() {
    trace_.actors.emplace_back().ended = true;
    return static_cast<ActorIndex>(trace_.actors.size() - 1);
  }
  ActorIndex ForkedBy(ActorIndex parent) {
    const ActorIndex child = Actor();
    trace_.actors[child].forked_by = {parent, Size(parent)};
    Add(parent, {.kind = EventKind::kFork, .object = child});
    return child;
  }
  void Join(ActorIndex actor, ActorIndex child) {
    Add(actor, {.kind = EventKind::kJoin, .object = child});
  }
  void GoesOn(ActorIndex actor) { trace_.actors[actor].ended = false; }

  void Acquire(ActorIndex actor, ObjectIndex lock, How how = How::kBlocking) {
    if (last_holder_[lock] != actor) ++acts_[lock];
    last_holder_[lock] = actor;
    Add(actor, {.kind = EventKind::kAcquire,
                .how = how,
                .object = lock,
                .order = acts_[lock]});
  }
  void Release(ActorIndex actor, ObjectIndex lock) {
    End(actor, lock, {.kind = EventKind::kRelease, .object = lock});
  }
  void Section(ActorIndex actor, ObjectIndex lock) {
    Acquire(actor, lock);
    Release(actor, lock);
  }
  void Take(ActorIndex actor, ObjectIndex object, How how = How::kBlocking) {
    Add(actor, {.kind = EventKind::kTake,
                .how = how,
                .object = object,
                .order = ++acts_[object]});
  }
  // Of what is set, or open: the act by which it became so.
  void Find(ActorIndex actor, ObjectIndex object, uint32_t act) {
    Add(actor, {.kind = EventKind::kTake, .object = object, .order = act});
  }
  void Post(ActorIndex actor, ObjectIndex object, model::Post post,
            uint32_t amount = 1) {
    Add(actor, {.kind = EventKind::kPost,
                .post = post,
                .object = object,
                .order = ++acts_[object],
                .amount = amount});
  }
  void GiveBack(ActorIndex actor, ObjectIndex slots) {
    End(actor, slots,
        {.kind = EventKind::kPost, .post = Post::kTaskDone, .object = slots});
  }
  void Arrive(ActorIndex actor, ObjectIndex barrier, uint32_t phase) {
    Add(actor, {.kind = EventKind::kPost,
                .post = Post::kArrive,
                .object = barrier,
                .order = phase});
  }
  // Returns the ticket.
  uint32_t Wait(ActorIndex actor, ObjectIndex condition,
                How how = How::kBlocking) {
    Add(actor, {.kind = EventKind::kWaitBegin,
                .how = how,
                .object = condition,
                .order = tickets_[condition]});
    return tickets_[condition]++;
  }
  void Notify(ActorIndex actor, ObjectIndex condition, uint32_t first = 0,
              uint32_t count = 0) {
    Add(actor, {.kind = EventKind::kPost,
                .post = Post::kNotifyOne,
                .object = condition,
                .order = tickets_[condition],
                .first_ticket = first,
                .tickets = count});
  }
  // Lets go who has waited since that ticket.
  void SetFor(ActorIndex actor, ObjectIndex event, uint32_t ticket) {
    Add(actor, {.kind = EventKind::kPost,
                .post = Post::kSet,
                .object = event,
                .order = ++acts_[event],
                .first_ticket = ticket,
                .tickets = 1});
  }
  void Wake(ActorIndex actor, ObjectIndex condition, uint32_t ticket) {
    Add(actor,
        {.kind = EventKind::kTake, .object = condition, .order = ticket});
  }
  // As ReadTrace() has it: a wait would have let go of the lock meanwhile.
  void Found(ActorIndex actor, ObjectIndex condition, ObjectIndex lock) {
    Release(actor, lock);
    Add(actor, {.kind = EventKind::kFound, .object = condition});
    Acquire(actor, lock);
  }

  Findings Findings_() const {
    Findings result;
    FindCommunication(trace_, {}, result);
    return result;
  }
  std::vector<Finding> Found() const { return Findings_().findings; }
  Trace& trace() { return trace_; }

 private:
  uint32_t Size(ActorIndex actor) const {
    return static_cast<uint32_t>(trace_.actors[actor].events.size());
  }
  void Add(ActorIndex actor, Event event) {
    event.site = next_site_++;
    trace_.actors[actor].events.push_back(event);
  }
  // Of the latest hold of it.
  void End(ActorIndex actor, ObjectIndex object, Event event) {
    auto& events = trace_.actors[actor].events;
    for (uint32_t i = Size(actor); i-- > 0;) {
      if (events[i].object != object || events[i].match != kNone) continue;
      events[i].match = Size(actor);
      event.match = i;
      break;
    }
    Add(actor, event);
  }

  Trace trace_;
  std::vector<uint32_t> acts_, tickets_;
  std::vector<ActorIndex> last_holder_;
  SiteIndex next_site_ = 0;
};

// Who waits for what: (actor, object) of each part.
std::vector<std::pair<ActorIndex, ObjectIndex>> Waits(const Finding& finding) {
  std::vector<std::pair<ActorIndex, ObjectIndex>> waits;
  for (const Part& part : finding.parts) {
    waits.emplace_back(part.actor, part.wants);
  }
  return waits;
}

MATCHER(IsDeadlock, "") {
  return arg.kind == Kind::kDeadlock && arg.rule == Rule::kCommunication &&
         arg.verdict == Verdict::kPossible;
}

class Communication : public ::testing::Test {
 protected:
  Told t_;
  const ActorIndex a_ = t_.Actor(), b_ = t_.Actor();
  const ObjectIndex m_ = t_.Lock();
};

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

// ---- Queues -----------------------------------------------------------------

class Queues : public Communication {
 protected:
  struct Queue {
    ObjectIndex items, room;
  };
  Queue Bounded(uint32_t size) {
    return {t_.Object(ObjectKind::kQueue),
            t_.Object(ObjectKind::kQueueSlots, size)};
  }
  void Put(ActorIndex actor, const Queue& q) {
    t_.Take(actor, q.room);
    t_.Post(actor, q.items, Post::kPut);
  }
  void Get(ActorIndex actor, const Queue& q) {
    t_.Take(actor, q.items);
    t_.Post(actor, q.room, Post::kGet);
  }
};

TEST_F(Queues, PutWithALockThatTheConsumerNeeds) {
  const Queue q = Bounded(1);
  t_.Acquire(a_, m_);
  Put(a_, q);
  t_.Release(a_, m_);
  t_.Section(b_, m_);
  Get(b_, q);
  t_.Acquire(a_, m_);
  Put(a_, q);
  t_.Release(a_, m_);
  t_.Section(b_, m_);
  Get(b_, q);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(std::pair(a_, q.room), std::pair(b_, m_)));
}

TEST_F(Queues, SafeIfThereIsRoomForAll) {
  const Queue q = Bounded(2);
  for (int i = 0; i < 2; ++i) {
    t_.Acquire(a_, m_);
    Put(a_, q);
    t_.Release(a_, m_);
    t_.Section(b_, m_);
    Get(b_, q);
  }
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(Queues, SafeAreAProducerAndAConsumer) {
  const Queue q = Bounded(1);
  for (int i = 0; i < 100; ++i) {
    Put(a_, q);
    Get(b_, q);
  }
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(Queues, SafeAreRequestsAndReplies) {
  const Queue requests = Bounded(3), replies = Bounded(3);
  for (int i = 0; i < 20; ++i) {
    for (int k = 0; k < 3; ++k) Put(a_, requests);
    for (int k = 0; k < 3; ++k) {
      Get(b_, requests);
      Put(b_, replies);
    }
    for (int k = 0; k < 3; ++k) Get(a_, replies);
  }
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// One producer and one consumer for each queue: whether they come to a
// standstill does not depend on luck, so those that came to their end are safe.
TEST_F(Queues, SafeAreTwoThatSendToEachOtherAndCameThrough) {
  const Queue to_a = Bounded(1), to_b = Bounded(1);
  for (int i = 0; i < 3; ++i) {
    Put(b_, to_a);
    Put(a_, to_b);
    Get(b_, to_b);
    Put(a_, to_b);
    Get(a_, to_a);
    Put(b_, to_a);
    Get(b_, to_b);
    Get(a_, to_a);
  }
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// A third puts into both: if it comes first, it has the room that they need
// before they look at what is there.
TEST_F(Queues, TwoThatFillEachOthersQueueWithAThird) {
  const Queue to_a = Bounded(1), to_b = Bounded(1);
  const ActorIndex client = t_.Actor();
  Put(a_, to_b);
  Put(b_, to_a);
  Get(a_, to_a);
  Get(b_, to_b);
  Put(client, to_a);
  Put(client, to_b);
  Get(a_, to_a);
  Get(b_, to_b);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]), UnorderedElementsAre(std::pair(a_, to_b.room),
                                                    std::pair(b_, to_a.room)));
}

TEST_F(Queues, SafeIfThereIsRoomForTheThird) {
  const Queue to_a = Bounded(2), to_b = Bounded(2);
  const ActorIndex client = t_.Actor();
  Put(a_, to_b);
  Put(b_, to_a);
  Get(a_, to_a);
  Get(b_, to_b);
  Put(client, to_a);
  Put(client, to_b);
  Get(a_, to_a);
  Get(b_, to_b);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// Two consumers: which of them gets the item is luck, and c needs the lock that
// a keeps while it waits for room.
TEST_F(Queues, PutUnderALockThatOneOfTwoConsumersNeeds) {
  const Queue q = Bounded(1);
  const ActorIndex c = t_.Actor();
  t_.Acquire(a_, m_);
  Put(a_, q);
  Get(b_, q);
  Put(a_, q);
  t_.Release(a_, m_);
  t_.Section(c, m_);
  Get(c, q);
  EXPECT_THAT(t_.Found(), IsEmpty()) << "b needs no lock";
}

TEST_F(Queues, WhoMayCloseTheQueueEndsTheWaits) {
  const Queue q = Bounded(1);
  t_.Acquire(a_, m_);
  Put(a_, q);
  t_.Release(a_, m_);
  t_.Section(b_, m_);
  Get(b_, q);
  t_.Acquire(a_, m_);
  Put(a_, q);
  t_.Release(a_, m_);
  t_.Section(b_, m_);
  Get(b_, q);
  const ActorIndex c = t_.Actor();
  t_.Post(c, q.room, Post::kClose);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// ---- Conditions -------------------------------------------------------------

class Conditions : public Communication {
 protected:
  const ObjectIndex outer_ = t_.Lock(),
                    c_ = t_.Object(ObjectKind::kConditionVariable);

  void NotifyUnderBoth(ActorIndex actor, uint32_t first = 0,
                       uint32_t count = 0) {
    t_.Acquire(actor, outer_);
    t_.Acquire(actor, m_);
    t_.Notify(actor, c_, first, count);
    t_.Release(actor, m_);
    t_.Release(actor, outer_);
  }
};

TEST_F(Conditions, FoundWithAnOuterLockThatTheNotifierNeeds) {
  NotifyUnderBoth(a_);
  t_.Acquire(b_, outer_);
  t_.Acquire(b_, m_);
  t_.Found(b_, c_, m_);
  t_.Release(b_, m_);
  t_.Release(b_, outer_);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(std::pair(b_, c_), std::pair(a_, outer_)));
  EXPECT_EQ(found[0].assumes.size(), 2u);
}

TEST_F(Conditions, SafeIfOnlyItsOwnLockIsHeld) {
  for (int round = 0; round < 2; ++round) {
    t_.Acquire(b_, m_);
    t_.Release(b_, m_);
    const uint32_t ticket = t_.Wait(b_, c_);
    t_.Acquire(a_, m_);
    t_.Notify(a_, c_, ticket, 1);
    t_.Release(a_, m_);
    t_.Wake(b_, c_, ticket);
    t_.Section(b_, m_);
    t_.Acquire(a_, m_);
    t_.Notify(a_, c_);
    t_.Release(a_, m_);
    t_.Acquire(b_, m_);
    t_.Found(b_, c_, m_);
    t_.Release(b_, m_);
  }
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(Conditions, WaitedWithAnOuterLockOnceByLuck) {
  const ActorIndex c = t_.Actor();
  t_.Acquire(b_, outer_);
  const uint32_t ticket = t_.Wait(b_, c_);
  t_.Notify(c, c_, ticket, 1);
  t_.Wake(b_, c_, ticket);
  t_.Release(b_, outer_);
  NotifyUnderBoth(a_);
  // c may notify at any time.
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(Conditions, SafeIfTheNotifierNeedsTheOuterLockAfterwards) {
  t_.Acquire(a_, m_);
  t_.Notify(a_, c_);
  t_.Release(a_, m_);
  t_.Section(a_, outer_);
  t_.Acquire(b_, outer_);
  t_.Acquire(b_, m_);
  t_.Found(b_, c_, m_);
  t_.Release(b_, m_);
  t_.Release(b_, outer_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// ---- Barriers, latches ------------------------------------------------------

TEST_F(Communication, BarrierWithALockThatAnotherParticipantNeeds) {
  const ObjectIndex barrier = t_.Object(ObjectKind::kBarrier, 2);
  t_.Section(a_, m_);
  t_.Arrive(a_, barrier, 1);
  t_.Acquire(b_, m_);
  t_.Arrive(b_, barrier, 1);
  t_.Find(b_, barrier, 1);
  t_.Release(b_, m_);
  t_.Find(a_, barrier, 1);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(std::pair(b_, barrier), std::pair(a_, m_)));
}

TEST_F(Communication, SafeIfTheLockIsLetGoBeforeTheBarrier) {
  const ObjectIndex barrier = t_.Object(ObjectKind::kBarrier, 2);
  for (uint32_t phase = 1; phase < 4; ++phase) {
    for (const ActorIndex actor : {a_, b_}) {
      t_.Section(actor, m_);
      t_.Arrive(actor, barrier, phase);
    }
    t_.Find(a_, barrier, phase);
    t_.Find(b_, barrier, phase);
  }
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(Communication, SafeIfAllNeedTheLockInAPhaseBefore) {
  const ObjectIndex barrier = t_.Object(ObjectKind::kBarrier, 2);
  t_.Section(a_, m_);
  t_.Arrive(a_, barrier, 1);
  t_.Arrive(b_, barrier, 1);
  t_.Find(a_, barrier, 1);
  t_.Find(b_, barrier, 1);
  t_.Arrive(a_, barrier, 2);
  t_.Acquire(b_, m_);
  t_.Arrive(b_, barrier, 2);
  t_.Find(b_, barrier, 2);
  t_.Release(b_, m_);
  t_.Find(a_, barrier, 2);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(Communication, LatchWithALockThatAnotherParticipantNeeds) {
  const ObjectIndex latch = t_.Object(ObjectKind::kLatch, 2);
  t_.Section(a_, m_);
  t_.Post(a_, latch, Post::kArrive);
  t_.Acquire(b_, m_);
  t_.Post(b_, latch, Post::kArrive);
  t_.Find(b_, latch, 2);
  t_.Release(b_, m_);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

// ---- Futures ----------------------------------------------------------------

TEST_F(Communication, FutureUnderALockThatItsProducerNeeds) {
  const ObjectIndex future = t_.Object(ObjectKind::kFuture);
  t_.Section(a_, m_);
  t_.Post(a_, future, Post::kFulfil);
  t_.Acquire(b_, m_);
  t_.Find(b_, future, 1);
  t_.Release(b_, m_);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

TEST_F(Communication, SafeIfTheProducerIsDoneWithTheLock) {
  const ObjectIndex future = t_.Object(ObjectKind::kFuture);
  t_.Post(a_, future, Post::kFulfil);
  t_.Section(a_, m_);
  t_.Acquire(b_, m_);
  t_.Find(b_, future, 1);
  t_.Release(b_, m_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// ---- Pools ------------------------------------------------------------------

// Two tasks each wait for one that they submit, with `size` workers.
Findings TwoNestedTasks(uint32_t size) {
  Told t;
  const ActorIndex main = t.Actor();
  const ObjectIndex slots = t.Slots(size);
  std::vector<ActorIndex> outer, inner;
  for (int i = 0; i < 2; ++i) outer.push_back(t.ForkedBy(main));
  for (const ActorIndex task : outer) {
    t.Take(task, slots);
    const ActorIndex child = t.ForkedBy(task);
    t.Take(child, slots);
    t.GiveBack(child, slots);
    t.Join(task, child);
    t.GiveBack(task, slots);
  }
  return t.Findings_();
}

TEST(CommunicationOfPools, TasksThatWaitForTasksBehindThem) {
  const auto found = TwoNestedTasks(2).findings;
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_EQ(found[0].parts.size(), 4u);
}

TEST(CommunicationOfPools, SafeWithAWorkerMore) {
  EXPECT_THAT(TwoNestedTasks(3).findings, IsEmpty());
}

TEST(CommunicationOfPools, SafeIfTheTasksWaitedForWereSubmittedBefore) {
  Told t;
  const ActorIndex main = t.Actor();
  const ObjectIndex slots = t.Slots(2);
  std::vector<ActorIndex> first, waiting;
  for (int i = 0; i < 2; ++i) first.push_back(t.ForkedBy(main));
  for (int i = 0; i < 2; ++i) waiting.push_back(t.ForkedBy(main));
  for (const ActorIndex task : first) {
    t.Take(task, slots);
    t.GiveBack(task, slots);
  }
  for (size_t i = 0; i < 2; ++i) {
    t.Take(waiting[i], slots);
    t.Join(waiting[i], first[i]);
    t.GiveBack(waiting[i], slots);
  }
  EXPECT_THAT(t.Found(), IsEmpty());
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

}  // namespace
}  // namespace lockcheck::analysis

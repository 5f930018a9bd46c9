// Deadlocks through queues, conditions and futures that can happen, each with a
// twin that cannot; see communication_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "lib/analysis/communication.h"
#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

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
  // a puts under the lock; b needs it before it gets.
  void TwoRounds(const Queue& q) {
    for (int i = 0; i < 2; ++i) {
      t_.Acquire(a_, m_);
      Put(a_, q);
      t_.Release(a_, m_);
      t_.Section(b_, m_);
      Get(b_, q);
    }
  }
};

TEST_F(Queues, PutWithALockThatTheConsumerNeeds) {
  const Queue q = Bounded(1);
  TwoRounds(q);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(std::pair(a_, q.room), std::pair(b_, m_)));
}

TEST_F(Queues, SafeIfThereIsRoomForAll) {
  const Queue q = Bounded(2);
  TwoRounds(q);
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
  TwoRounds(q);
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
  ASSERT_THAT(found, ElementsAre(IsPossibleDeadlock()));
  EXPECT_EQ(found[0].doubt, Doubt::kPredicate);
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(std::pair(b_, c_), std::pair(a_, outer_)));
  EXPECT_EQ(found[0].assumes.size(), 2u);
}

// A monitor: each notifies the other, and one of them need not wait.
TEST_F(Conditions, SafeAreTwoWhoTakeTurns) {
  for (int i = 0; i < 3; ++i) {
    for (const ActorIndex actor : {a_, b_}) {
      t_.Acquire(actor, m_);
      t_.Notify(actor, c_);
      t_.Release(actor, m_);
      t_.Acquire(actor, m_);
      t_.Found(actor, c_, m_);
      t_.Release(actor, m_);
    }
  }
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// Room in a buffer, say: it is there before anybody takes something out.
TEST_F(Conditions, SafeIfThePredicateIsTrueBeforeAnybodyNotifies) {
  for (int i = 0; i < 2; ++i) {
    t_.Acquire(b_, outer_);
    t_.Acquire(b_, m_);
    t_.Found(b_, c_, m_);
    t_.Release(b_, m_);
    t_.Release(b_, outer_);
    NotifyUnderBoth(a_);
  }
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// The second waiter gave up, so the two that were woken are not the first two.
TEST_F(Conditions, WokenBehindOneThatGaveUp) {
  const ObjectIndex s = t_.Object(ObjectKind::kSemaphore);
  const ActorIndex c = t_.Actor();
  const uint32_t ticket = t_.Wait(c, c_);
  t_.Wait(a_, c_, How::kTimed);
  const uint32_t last = t_.Wait(b_, c_);
  t_.Notify(a_, c_, ticket, 2);
  t_.Wake(c, c_, ticket);
  t_.Wake(b_, c_, last);
  t_.Acquire(a_, m_);
  t_.Post(a_, s, Post::kRelease);
  t_.Release(a_, m_);
  t_.Acquire(b_, m_);
  t_.Take(b_, s);
  t_.Release(b_, m_);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

// A log may say anything: no work for each ticket, and nobody is woken twice.
TEST_F(Conditions, ANotificationMaySayThatItWokeFourBillion) {
  t_.Acquire(b_, outer_);
  const uint32_t ticket = t_.Wait(b_, c_);
  t_.Wake(b_, c_, ticket);
  t_.Release(b_, outer_);
  NotifyUnderBoth(a_, ticket, UINT32_MAX);
  EXPECT_THAT(t_.Found(), ElementsAre(IsPossibleDeadlock()));
  t_.Notify(a_, c_, 1000, 1);
  EXPECT_THAT(t_.Found(), IsEmpty());
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

// ---- once_flag --------------------------------------------------------------

// An event that a once_flag's function sets under a lock, and a waiter that has
// the lock.
class SetOnce : public Communication {
 protected:
  const ObjectIndex flag_ = t_.Object(ObjectKind::kOnceFlag),
                    event_ = t_.Object(ObjectKind::kEvent);

  void Run() {
    t_.Acquire(a_, flag_);
    SetUnderLock();
    t_.Release(a_, flag_);
  }
  void SetUnderLock() {
    t_.Acquire(a_, m_);
    t_.Post(a_, event_, Post::kSet);
    t_.Release(a_, m_);
  }
  void WaitUnderLock() {
    t_.Acquire(b_, m_);
    t_.Find(b_, event_, 1);
    t_.Release(b_, m_);
  }
};

TEST_F(SetOnce, SafeForWhoHasPassed) {
  Run();
  t_.Pass(b_, flag_);
  WaitUnderLock();
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(SetOnce, NotForWhoPassesAfterwards) {
  Run();
  WaitUnderLock();
  t_.Pass(b_, flag_);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

TEST_F(SetOnce, NorIfItIsSetBehindTheFunction) {
  t_.Acquire(a_, flag_);
  t_.Release(a_, flag_);
  SetUnderLock();
  t_.Pass(b_, flag_);
  WaitUnderLock();
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

}  // namespace
}  // namespace lockcheck::analysis::testing

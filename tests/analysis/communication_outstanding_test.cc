// Deadlocks through a queue's join() and through operations of the outside that
// can happen, each with a twin that cannot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "lib/analysis/communication.h"
#include "lib/analysis/outstanding.h"
#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// ---- Queues -----------------------------------------------------------------

// a puts, and joins; b gets.
class JoinedQueue : public Communication {
 protected:
  void Put(ActorIndex actor) { t_.Put(actor, items_, end_); }
  void Get(ActorIndex actor) { t_.Take(actor, items_); }
  void Done(ActorIndex actor) { t_.TaskDone(actor, end_); }
  void Join(ActorIndex actor) { t_.FindOver(actor, end_); }
  // Needs the lock between its item and the end of that.
  void Consume(ActorIndex actor) {
    Get(actor);
    t_.Section(actor, m_);
    Done(actor);
  }
  void JoinHolding(ActorIndex actor) {
    t_.Acquire(actor, m_);
    Join(actor);
    t_.Release(actor, m_);
  }

  const ObjectIndex items_ = t_.Object(ObjectKind::kQueue),
                    end_ = t_.EndOf(items_);
};

TEST_F(JoinedQueue, WithALockThatTheConsumerNeedsBeforeItIsDone) {
  Put(a_);
  Consume(b_);
  JoinHolding(a_);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(std::pair(a_, end_), std::pair(b_, m_)));
}

TEST_F(JoinedQueue, WithALockThatTheConsumerNeedsBeforeItGets) {
  Put(a_);
  t_.Section(b_, m_);
  Get(b_);
  Done(b_);
  JoinHolding(a_);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

TEST_F(JoinedQueue, OfWhichEachConsumerNeedsTheLock) {
  const ActorIndex c = t_.Actor();
  for (int i = 0; i < 2; ++i) Put(a_);
  for (const ActorIndex consumer : {b_, c}) Consume(consumer);
  JoinHolding(a_);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

// Somebody else puts, before and after the join that was seen.
TEST_F(JoinedQueue, IntoWhichAThirdPuts) {
  const ActorIndex c = t_.Actor();
  JoinHolding(a_);
  Put(c);
  Consume(b_);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

TEST_F(JoinedQueue, SafeIfTheConsumerNeedsTheLockAfterIt) {
  Put(a_);
  Get(b_);
  Done(b_);
  t_.Section(b_, m_);
  JoinHolding(a_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(JoinedQueue, SafeIfItIsJoinedWithoutTheLock) {
  Put(a_);
  Consume(b_);
  Join(a_);
  t_.Section(a_, m_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(JoinedQueue, SafeIfNothingWasPutYet) {
  JoinHolding(a_);
  Put(a_);
  Consume(b_);
  Join(a_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// Whoever else is done later: b has an item.
TEST_F(JoinedQueue, OfWhichOneOfTheConsumersNeedsTheLock) {
  const ActorIndex c = t_.Actor();
  for (int i = 0; i < 2; ++i) Put(a_);
  Consume(b_);
  Get(c);
  Done(c);
  JoinHolding(a_);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

// The other one may get both.
TEST_F(JoinedQueue, SafeIfTheOneThatNeedsTheLockHasNoItemThen) {
  const ActorIndex c = t_.Actor();
  for (int i = 0; i < 2; ++i) Put(a_);
  t_.Section(b_, m_);
  for (const ActorIndex consumer : {b_, c}) {
    Get(consumer);
    Done(consumer);
  }
  JoinHolding(a_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// c is done with what b got, and b with what nobody did.
TEST_F(JoinedQueue, SafeIfOthersAreDoneWithWhatOneGot) {
  const ActorIndex c = t_.Actor();
  Put(a_);
  Get(b_);
  t_.Section(b_, m_);
  Done(c);
  JoinHolding(a_);
  Put(a_);
  Done(b_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(JoinedQueue, SafeIfItsItemsAreNotKnown) {
  Put(a_);
  Consume(b_);
  JoinHolding(a_);
  ASSERT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
  t_.trace().objects[end_].items = kNone;
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// A task_done() is missing: nothing was left when it was joined.
TEST_F(JoinedQueue, SafeIfTheActsDoNotAddUp) {
  for (int i = 0; i < 2; ++i) Put(a_);
  Consume(b_);
  JoinHolding(a_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// What is done in the first round is not what the second one waits for.
TEST_F(JoinedQueue, InALaterRoundOnly) {
  Put(a_);
  Get(b_);
  Done(b_);
  JoinHolding(a_);
  Put(a_);
  Consume(b_);
  JoinHolding(a_);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  const auto& events = t_.trace().actors[a_].events;
  EXPECT_EQ(found[0].parts[0].site, events[events.size() - 2].site);
}

// ---- Operations -------------------------------------------------------------

// a starts it, and waits; b completes it.
class Operation : public Communication {
 protected:
  void Start() { t_.Start(a_, read_); }
  void Complete(ActorIndex actor) { t_.Complete(actor, read_); }
  void WaitHolding() {
    t_.Acquire(a_, m_);
    t_.FindOver(a_, read_);
    t_.Release(a_, m_);
  }

  const ObjectIndex read_ = t_.Object(ObjectKind::kOperation);
};

TEST_F(Operation, WithALockThatWhoCompletesItNeeds) {
  Start();
  t_.Section(b_, m_);
  Complete(b_);
  WaitHolding();
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(std::pair(a_, read_), std::pair(b_, m_)));
}

TEST_F(Operation, SafeIfItIsCompleteBeforeTheLockIsTaken) {
  Start();
  Complete(b_);
  t_.Section(b_, m_);
  WaitHolding();
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(Operation, SafeIfSomebodyElseCompletesOneLater) {
  const ActorIndex c = t_.Actor();
  Start();
  t_.Section(b_, m_);
  Complete(b_);
  Start();
  Complete(c);
  WaitHolding();
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// The outside, for all that is known of it.
TEST_F(Operation, SafeIfWhoCompletesItNeedsNothing) {
  const ActorIndex c = t_.Actor();
  Start();
  Complete(c);
  t_.Section(b_, m_);
  WaitHolding();
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(Operation, SafeIfNobodyWasSeenToCompleteIt) {
  t_.Section(b_, m_);
  WaitHolding();
  Start();
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// ---- Their order ------------------------------------------------------------

TEST(Outstanding, EndsAreOrderedByHowManyAreLeft) {
  Told t;
  const ActorIndex a = t.Actor(), b = t.Actor();
  const ObjectIndex items = t.Object(ObjectKind::kQueue), end = t.EndOf(items);
  for (int i = 0; i < 2; ++i) t.Put(a, items, end);
  t.TaskDone(b, end);
  t.TaskDone(a, end);
  t.FindOver(b, end);
  const std::vector<EventRef> starts = {{a, 1}, {a, 0}},
                              ends = {{a, 2}, {b, 0}}, takes = {{b, 1}};
  const auto ordered = OrderOutstanding(t.trace(), starts, ends, takes);
  ASSERT_TRUE(ordered);
  EXPECT_THAT(ordered->starts, ElementsAre(EventRef{a, 0}, EventRef{a, 1}));
  EXPECT_THAT(ordered->ends, ElementsAre(EventRef{b, 0}, EventRef{a, 2}));
  EXPECT_THAT(ordered->ended, ElementsAre(2));
}

TEST(Outstanding, NothingIsKnownIfMoreEndsThanWasBegun) {
  Told t;
  const ActorIndex a = t.Actor();
  const ObjectIndex read = t.Object(ObjectKind::kOperation);
  t.Start(a, read);
  t.Complete(a, read);
  const std::vector<EventRef> starts = {{a, 0}}, ends = {{a, 1}};
  EXPECT_TRUE(OrderOutstanding(t.trace(), starts, ends, {}));
  EXPECT_FALSE(OrderOutstanding(t.trace(), {}, ends, {}));
}

}  // namespace
}  // namespace lockcheck::analysis::testing

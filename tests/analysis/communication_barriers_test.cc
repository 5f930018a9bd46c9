// Deadlocks through barriers and latches that can happen, each with a twin that
// cannot.
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

// Two pairs meet at a barrier for two; c always comes when a is there.
class TwoPairs : public Communication {
 protected:
  void Meet(bool needs_lock) {
    const ObjectIndex barrier = t_.Object(ObjectKind::kBarrier, 2),
                      s = t_.Object(ObjectKind::kSemaphore);
    const ActorIndex c = t_.Actor(), d = t_.Actor();
    t_.Section(b_, m_);
    t_.Arrive(b_, barrier, 1);
    if (needs_lock) t_.Section(d, m_);
    t_.Acquire(a_, m_);
    t_.Arrive(a_, barrier, 1);
    t_.Post(a_, s, Post::kRelease);
    t_.Find(a_, barrier, 1);
    t_.Release(a_, m_);
    t_.Take(c, s);
    if (needs_lock) t_.Section(c, m_);
    t_.Arrive(c, barrier, 2);
    t_.Arrive(d, barrier, 2);
  }
};

TEST_F(TwoPairs, SafeIfOneOfTheOtherPairTakesTheMissingOnesPlace) {
  Meet(false);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(TwoPairs, UnsafeIfAllTheOthersNeedTheLock) {
  Meet(true);
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
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

// a arrives, and takes the lock before it waits; who comes last needs it for
// what is done when all are there.
class Completion : public Communication {
 protected:
  void ArriveAndKeep(bool waits_holding) {
    t_.Arrive(a_, barrier_, 1);
    t_.Arrive(b_, barrier_, 1);
    t_.Section(b_, m_);
    t_.Completed(b_, barrier_, 1);
    t_.Find(b_, barrier_, 1);
    t_.Acquire(a_, m_);
    if (!waits_holding) t_.Release(a_, m_);
    t_.Find(a_, barrier_, 1);
    if (waits_holding) t_.Release(a_, m_);
  }

  const ObjectIndex barrier_ = t_.Object(ObjectKind::kBarrier, 2);
};

TEST_F(Completion, NeedsALockThatWhoHasArrivedHolds) {
  ArriveAndKeep(true);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(std::pair(a_, barrier_), std::pair(b_, m_)));
}

TEST_F(Completion, SafeIfWhoHasArrivedLetsGoOfItBeforeTheWait) {
  ArriveAndKeep(false);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// The lock is taken by the one who comes last, afterwards.
TEST_F(Completion, SafeIfItIsOverBeforeTheLockIsTaken) {
  t_.Arrive(a_, barrier_, 1);
  t_.Arrive(b_, barrier_, 1);
  t_.Completed(b_, barrier_, 1);
  t_.Section(b_, m_);
  t_.Find(b_, barrier_, 1);
  t_.Acquire(a_, m_);
  t_.Find(a_, barrier_, 1);
  t_.Release(a_, m_);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// The function clears what a waits for before it arrives: if b could run it
// alone, nobody would be left to set that.
TEST_F(Completion, RunsWhenAllHaveArrived) {
  const ObjectIndex ready = t_.Object(ObjectKind::kEvent);
  const ActorIndex c = t_.Actor();
  t_.Post(c, ready, Post::kSet);
  t_.Acquire(a_, m_);
  t_.Find(a_, ready, 1);
  t_.Release(a_, m_);
  t_.Arrive(a_, barrier_, 1);
  t_.Arrive(b_, barrier_, 1);
  t_.Post(b_, ready, Post::kClear);
  t_.Section(b_, m_);
  t_.Post(b_, ready, Post::kSet);
  t_.Completed(b_, barrier_, 1);
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

}  // namespace
}  // namespace lockcheck::analysis::testing

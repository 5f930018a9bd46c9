// Deadlocks through pools that can happen, each with a twin that cannot; see
// communication_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "lib/analysis/communication.h"
#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

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
  return t.All();
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

// A task waits for one that another thread has submitted before it.
class TaskWaitsForAnother : public ::testing::Test {
 protected:
  ActorIndex Inner(ActorIndex submitter, ObjectIndex pool) {
    const ActorIndex task = t_.ForkedBy(submitter);
    t_.Take(task, pool);
    t_.GiveBack(task, pool);
    return task;
  }
  ActorIndex Outer(ActorIndex submitter, ObjectIndex pool, ActorIndex inner) {
    const ActorIndex task = t_.ForkedBy(submitter);
    t_.Take(task, pool);
    t_.Join(task, inner);
    t_.GiveBack(task, pool);
    return task;
  }

  Told t_;
  const ActorIndex a_ = t_.Actor(), b_ = t_.Actor();
  const ObjectIndex one_worker_ = t_.Slots(1), two_workers_ = t_.Slots(2),
                    another_ = t_.Slots(1);
};

TEST_F(TaskWaitsForAnother, WhichMayBeSubmittedLater) {
  const ActorIndex inner = Inner(a_, one_worker_);
  const ActorIndex outer = Outer(b_, one_worker_, inner);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(Pair(inner, one_worker_), Pair(outer, _)));
}

// That one's slot is free by then.
TEST_F(TaskWaitsForAnother, BehindATaskOfTheSameSubmitter) {
  Inner(b_, one_worker_);
  Outer(b_, one_worker_, Inner(a_, one_worker_));
  EXPECT_THAT(t_.Found(), ElementsAre(IsDeadlock()));
}

TEST_F(TaskWaitsForAnother, SafeIfOneSubmitsItFirst) {
  Outer(a_, one_worker_, Inner(a_, one_worker_));
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(TaskWaitsForAnother, SafeIfTheOtherIsSubmittedWhenItHasBeen) {
  const ObjectIndex submitted = t_.Object(ObjectKind::kSemaphore);
  const ActorIndex inner = Inner(a_, one_worker_);
  t_.Post(a_, submitted, Post::kRelease);
  t_.Take(b_, submitted);
  Outer(b_, one_worker_, inner);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(TaskWaitsForAnother, SafeWithTwoWorkers) {
  Outer(b_, two_workers_, Inner(a_, two_workers_));
  EXPECT_THAT(t_.Found(), IsEmpty());
}

TEST_F(TaskWaitsForAnother, SafeInAnotherPool) {
  Outer(b_, one_worker_, Inner(a_, another_));
  EXPECT_THAT(t_.Found(), IsEmpty());
}

// ---- Tasks that are not submitted yet --------------------------------------

// Of two workers one is had by who waits, the other by who needs what it keeps.
class NotSubmittedYet : public ::testing::Test {
 protected:
  // A task that `submits` another one when it has had the lock; `waits` is a
  // task that keeps the lock and waits until the other has posted.
  void Tell(bool before_the_lock) {
    const ActorIndex waits = t_.ForkedBy(main_), submits = t_.ForkedBy(main_);
    t_.Take(submits, slots_);
    ActorIndex posts = kNone;
    if (before_the_lock) posts = t_.ForkedBy(submits);
    t_.Section(submits, m_);
    if (!before_the_lock) posts = t_.ForkedBy(submits);
    t_.GiveBack(submits, slots_);
    t_.Take(posts, slots_);
    t_.Post(posts, posted_, Post::kRelease);
    t_.GiveBack(posts, slots_);
    t_.Take(waits, slots_);
    t_.Acquire(waits, m_);
    t_.Take(waits, posted_);
    t_.Release(waits, m_);
    t_.GiveBack(waits, slots_);
    waits_ = waits;
    submits_ = submits;
  }

  Told t_;
  const ActorIndex main_ = t_.Actor();
  const ObjectIndex slots_ = t_.Slots(3), m_ = t_.Lock(),
                    posted_ = t_.Object(ObjectKind::kSemaphore);
  ActorIndex waits_ = kNone, submits_ = kNone;
};

TEST_F(NotSubmittedYet, WhoIsToPost) {
  Tell(/*before_the_lock=*/false);
  const auto found = t_.Found();
  ASSERT_THAT(found, ElementsAre(IsDeadlock()));
  EXPECT_THAT(Waits(found[0]),
              ElementsAre(Pair(waits_, posted_), Pair(submits_, m_)));
}

TEST_F(NotSubmittedYet, SafeIfItIsSubmittedBefore) {
  Tell(/*before_the_lock=*/true);
  EXPECT_THAT(t_.Found(), IsEmpty());
}

}  // namespace
}  // namespace lockcheck::analysis::testing

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

}  // namespace
}  // namespace lockcheck::analysis::testing

// Which parts of a trace can be run by the objects' rules alone.
#include "lib/analysis/can_be_run.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

class Part : public Communication {
 protected:
  // Of all that was told.
  bool CanBeRunWhole() { return CanBeRunWithout(kNone); }
  bool CanBeRunWithout(ActorIndex actor) {
    std::vector<uint32_t> length;
    for (const TraceActor& each : t_.trace().actors) {
      length.push_back(static_cast<uint32_t>(each.events.size()));
    }
    if (actor != kNone) length[actor] = 0;
    uint64_t work = 0;
    return CanBeRun(t_.trace(), TraceOrder(t_.trace()), length, work);
  }
  ActorIndex TaskOf(ActorIndex submitter, ObjectIndex slots) {
    const ActorIndex task = t_.ForkedBy(submitter);
    t_.Take(task, slots);
    return task;
  }

  const ObjectIndex e_ = t_.Object(ObjectKind::kEvent),
                    s_ = t_.Object(ObjectKind::kSemaphore);
};

TEST_F(Part, AFlagIsFoundBeforeItIsCleared) {
  t_.Post(a_, e_, Post::kSet);
  t_.Find(b_, e_, 1);
  t_.Post(a_, e_, Post::kClear);
  EXPECT_TRUE(CanBeRunWhole());
}

TEST_F(Part, AFlagIsNotFoundAfterItWasCleared) {
  t_.Post(a_, e_, Post::kSet);
  t_.Post(a_, e_, Post::kClear);
  t_.Post(a_, s_, Post::kRelease);
  t_.Take(b_, s_);
  t_.Find(b_, e_, 1);
  EXPECT_FALSE(CanBeRunWhole());
}

TEST_F(Part, AFlagMayBeSetAgain) {
  t_.Post(a_, e_, Post::kSet);
  t_.Post(a_, e_, Post::kClear);
  t_.Post(a_, s_, Post::kRelease);
  t_.Take(b_, s_);
  t_.Post(a_, e_, Post::kSet);
  t_.Find(b_, e_, 3);
  EXPECT_TRUE(CanBeRunWhole());
}

// Else it would be set at last, or cleared, as it never was.
TEST_F(Part, AFlagChangesInTheOrderThatWasSeen) {
  const ObjectIndex slots = t_.Slots(1);
  const ActorIndex keeps = TaskOf(a_, slots);
  t_.Post(keeps, e_, Post::kSet);
  const ActorIndex gives_back = TaskOf(b_, slots);
  t_.Post(gives_back, e_, Post::kClear);
  t_.GiveBack(gives_back, slots);
  EXPECT_FALSE(CanBeRunWhole());
}

TEST_F(Part, WhoRunsACompletionFunctionArrivesFirst) {
  const ObjectIndex barrier = t_.Object(ObjectKind::kBarrier, 2);
  t_.Arrive(a_, barrier, 1);
  t_.Arrive(b_, barrier, 1);
  t_.Completed(b_, barrier, 1);
  t_.Find(a_, barrier, 1);
  EXPECT_TRUE(CanBeRunWhole());
  EXPECT_FALSE(CanBeRunWithout(a_));
}

// Whoever gives its permit back comes before those who do not.
TEST_F(Part, PermitsAreKeptAtLast) {
  const ObjectIndex slots = t_.Slots(2);
  const ActorIndex c = t_.Actor();
  t_.Take(c, slots);
  t_.GiveBack(c, slots);
  t_.Take(a_, slots);
  t_.Take(b_, slots);
  EXPECT_TRUE(CanBeRunWhole());
}

TEST_F(Part, ATaskDoesNotBeginBeforeOneThatWasSubmittedBefore) {
  const ObjectIndex slots = t_.Slots(2);
  const ActorIndex first = TaskOf(a_, slots);
  TaskOf(a_, slots);
  EXPECT_TRUE(CanBeRunWhole());
  EXPECT_FALSE(CanBeRunWithout(first));
}

TEST_F(Part, ATaskOfAnotherMayBeSubmittedBefore) {
  const ObjectIndex slots = t_.Slots(2);
  const ActorIndex first = TaskOf(a_, slots);
  TaskOf(b_, slots);
  EXPECT_TRUE(CanBeRunWithout(first));
}

TEST_F(Part, ATaskOfAnotherIsNotSubmittedBeforeIfThatCameOfIt) {
  const ObjectIndex slots = t_.Slots(2);
  const ActorIndex first = TaskOf(a_, slots);
  t_.Post(a_, s_, Post::kRelease);
  t_.Take(b_, s_);
  TaskOf(b_, slots);
  EXPECT_FALSE(CanBeRunWithout(first));
}

TEST_F(Part, PermitsAreNotKeptAndGivenToAnother) {
  const ObjectIndex slots = t_.Slots(1);
  t_.Take(a_, slots);
  t_.Post(a_, s_, Post::kRelease);
  t_.Take(b_, s_);
  t_.Take(b_, slots);
  t_.GiveBack(b_, slots);
  EXPECT_FALSE(CanBeRunWhole());
}

}  // namespace
}  // namespace lockcheck::analysis::testing

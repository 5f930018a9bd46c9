// Programs with many tasks are searched whole: how many sets are looked at does
// not grow with the ways to choose who has the workers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "lib/analysis/communication.h"
#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;

// Tasks that put into a queue with room for two.
class ManyTasks : public ::testing::Test {
 protected:
  void Submit(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) tasks_.push_back(t_.ForkedBy(main_));
  }
  void Run(uint32_t task) {
    t_.Take(tasks_[task], slots_);
    t_.Take(tasks_[task], room_);
    t_.Post(tasks_[task], items_, Post::kPut);
    t_.GiveBack(tasks_[task], slots_);
  }
  void Get(ActorIndex actor) {
    t_.Take(actor, items_);
    t_.Post(actor, room_, Post::kGet);
  }
  void Join(uint32_t task) { t_.Join(main_, tasks_[task]); }

  Findings FoundWithin(uint64_t sets) {
    Findings result;
    FindCommunication(t_.trace(), {.max_sets = sets}, result);
    return result;
  }

  Told t_;
  const ActorIndex main_ = t_.Actor();
  const ObjectIndex slots_ = t_.Slots(3),
                    items_ = t_.Object(ObjectKind::kQueue),
                    room_ = t_.Object(ObjectKind::kQueueSlots, 2);
  std::vector<ActorIndex> tasks_;
};

// Of whom there are more than a thousand ways to choose three.
constexpr uint32_t kTasks = 20;
constexpr uint64_t kSets = 15'000;

TEST_F(ManyTasks, SafeIfTheQueueIsDrainedBeforeAnybodyIsWaitedFor) {
  Submit(kTasks);
  for (uint32_t i = 0; i < kTasks; ++i) {
    Run(i);
    Get(main_);
  }
  for (uint32_t i = 0; i < kTasks; ++i) Join(i);
  const Findings found = FoundWithin(kSets);
  EXPECT_TRUE(found.exhaustive);
  EXPECT_THAT(found.findings, IsEmpty());
}

TEST_F(ManyTasks, SafeIfTheRestHasRoom) {
  Submit(kTasks);
  for (uint32_t i = 0; i < kTasks; ++i) {
    Run(i);
    if (i < kTasks - 2) Get(main_);
  }
  for (uint32_t i = 0; i < kTasks; ++i) Join(i);
  Get(main_);
  Get(main_);
  const Findings found = FoundWithin(kSets);
  EXPECT_TRUE(found.exhaustive);
  EXPECT_THAT(found.findings, IsEmpty());
}

TEST_F(ManyTasks, OneThatIsWaitedForBeforeTheQueueIsDrained) {
  Submit(kTasks);
  Run(kTasks - 1);
  Join(kTasks - 1);
  for (uint32_t i = 0; i + 1 < kTasks; ++i) {
    Run(i);
    Get(main_);
  }
  Get(main_);
  for (uint32_t i = 0; i + 1 < kTasks; ++i) Join(i);
  const Findings found = FoundWithin(kSets);
  EXPECT_TRUE(found.exhaustive);
  EXPECT_THAT(found.findings, AllOf(Not(IsEmpty()), Each(IsDeadlock())));
}

TEST_F(ManyTasks, WhoDrainsTheQueueIsATaskBehindThem) {
  Submit(kTasks + 1);
  t_.Take(tasks_[kTasks], slots_);
  for (uint32_t i = 0; i < kTasks; ++i) {
    Run(i);
    Get(tasks_[kTasks]);
  }
  t_.GiveBack(tasks_[kTasks], slots_);
  for (uint32_t i = 0; i <= kTasks; ++i) Join(i);
  const Findings found = FoundWithin(kSets);
  EXPECT_TRUE(found.exhaustive);
  EXPECT_THAT(found.findings, AllOf(Not(IsEmpty()), Each(IsDeadlock())));
}

}  // namespace
}  // namespace lockcheck::analysis::testing

// Which steps of a schedule are shown besides those that matter by themselves,
// so that who follows them is not held up, and that they stay few.
#include "lib/analysis/shown_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ShowsSteps : public ::testing::Test {
 protected:
  // The actor does so many of its events next.
  void Does(ActorIndex actor, size_t events) {
    schedule_.insert(schedule_.end(), events, actor);
  }
  // As a reader of it.
  void Shared(ActorIndex actor) {
    t_.trace().actors[actor].events.back().mode = model::Mode::kShared;
  }
  // Positions in the schedule that are shown besides `shown`.
  std::vector<size_t> Besides(const std::vector<size_t>& shown) {
    const TraceOrder order(t_.trace());
    ShownSteps steps(t_.trace(), order, schedule_);
    for (const size_t i : shown) steps.Show(At(i));
    steps.ShowWhatIsInTheWay(parts_);
    std::vector<size_t> besides;
    for (size_t i = 0; i < schedule_.size(); ++i) {
      if (steps.IsShown(At(i)) &&
          std::find(shown.begin(), shown.end(), i) == shown.end()) {
        besides.push_back(i);
      }
    }
    return besides;
  }
  EventRef At(size_t position) const {
    EventRef ref = {schedule_[position], 0};
    for (size_t i = 0; i < position; ++i)
      ref.index += schedule_[i] == ref.actor;
    return ref;
  }

  Told t_;
  std::vector<ActorIndex> schedule_;
  const ActorIndex a_ = t_.Actor(), b_ = t_.Actor(), c_ = t_.Actor();
  std::vector<ActorIndex> parts_ = {a_, b_};
  const ObjectIndex x_ = t_.Lock(), y_ = t_.Lock(), z_ = t_.Lock();
};

TEST_F(ShowsSteps, APassageBeforeAnotherOneKeepsTheLock) {
  t_.Section(b_, z_);
  t_.Acquire(a_, z_);
  t_.Acquire(b_, y_);
  Does(b_, 2);
  Does(a_, 1);
  Does(b_, 1);
  EXPECT_THAT(Besides({2, 3}), ElementsAre(0, 1));
}

TEST_F(ShowsSteps, APassageAfterTheLastStepThatIsShown) {
  t_.Acquire(b_, y_);
  t_.Section(b_, z_);
  t_.Acquire(a_, z_);
  Does(b_, 3);
  Does(a_, 1);
  EXPECT_THAT(Besides({0, 3}), ElementsAre(1, 2));
  parts_ = {a_};
  EXPECT_THAT(Besides({0, 3}), IsEmpty()) << "b need not go on";
}

TEST_F(ShowsSteps, WhatIsLetGoOfTooLate) {
  t_.Acquire(b_, z_);
  t_.Acquire(b_, y_);
  t_.Release(b_, z_);
  t_.Acquire(a_, z_);
  Does(b_, 3);
  Does(a_, 1);
  EXPECT_THAT(Besides({1, 3}), ElementsAre(0, 2));
}

TEST_F(ShowsSteps, OfManyPassagesTheLastAlone) {
  for (int i = 0; i < 1000; ++i) t_.Section(b_, z_);
  t_.Acquire(a_, z_);
  t_.Acquire(b_, y_);
  Does(b_, 2000);
  Does(a_, 1);
  Does(b_, 1);
  EXPECT_THAT(Besides({2000, 2001}), ElementsAre(1998, 1999));
}

TEST_F(ShowsSteps, NothingOfALockThatNobodyKeeps) {
  t_.Section(a_, z_);
  t_.Section(b_, z_);
  t_.Acquire(a_, x_);
  t_.Acquire(b_, y_);
  Does(a_, 2);
  Does(b_, 2);
  Does(a_, 1);
  Does(b_, 1);
  EXPECT_THAT(Besides({4, 5}), IsEmpty());
}

TEST_F(ShowsSteps, ReadersAreInNoReadersWay) {
  t_.Acquire(b_, z_);
  Shared(b_);
  t_.Release(b_, z_);
  t_.Acquire(a_, z_);
  Does(b_, 2);
  Does(a_, 1);
  EXPECT_THAT(Besides({2}), ElementsAre(0, 1)) << "but in a writer's";
  Shared(a_);
  EXPECT_THAT(Besides({2}), IsEmpty());
}

TEST_F(ShowsSteps, AFunctionOfAOnceFlagThatFailedBeforeTheOneThatStands) {
  const ObjectIndex once = t_.Object(ObjectKind::kOnceFlag);
  t_.Section(b_, once);
  t_.Acquire(a_, once);
  Does(b_, 2);
  Does(a_, 1);
  EXPECT_THAT(Besides({2}), ElementsAre(0, 1));
}

TEST_F(ShowsSteps, AFunctionThatRunsBeforeAnybodyPasses) {
  const ObjectIndex once = t_.Object(ObjectKind::kOnceFlag);
  t_.Section(c_, once);
  t_.Pass(b_, once);
  t_.Acquire(b_, y_);
  Does(c_, 2);
  Does(b_, 3);
  EXPECT_THAT(Besides({4}), IsEmpty()) << "it runs when b needs it";
}

TEST_F(ShowsSteps, APermitThatIsTakenForGood) {
  const ObjectIndex slots = t_.Slots(2);
  t_.Take(b_, slots);
  t_.GiveBack(b_, slots);
  t_.Take(a_, slots);
  t_.Take(a_, slots);
  Does(b_, 2);
  Does(a_, 2);
  EXPECT_THAT(Besides({2, 3}), ElementsAre(0, 1));
}

TEST_F(ShowsSteps, APermitOfWhichThereIsAnother) {
  const ObjectIndex slots = t_.Slots(2);
  t_.Take(b_, slots);
  t_.GiveBack(b_, slots);
  t_.Take(a_, slots);
  Does(b_, 2);
  Does(a_, 1);
  EXPECT_THAT(Besides({2}), IsEmpty());
}

// While c has one, and gives it back, there are two for a and b; who comes
// before whom is not said by whether one is over when the other one comes.
TEST_F(ShowsSteps, PermitsThatOverlap) {
  const ObjectIndex slots = t_.Slots(2);
  t_.Take(c_, slots);
  t_.Take(b_, slots);
  t_.GiveBack(c_, slots);
  t_.Take(a_, slots);
  t_.GiveBack(b_, slots);
  Does(c_, 1);
  Does(b_, 1);
  Does(c_, 1);
  Does(a_, 1);
  Does(b_, 1);
  EXPECT_THAT(Besides({0, 3}), ElementsAre(1, 2, 4));
}

TEST_F(ShowsSteps, WhatAWaitLetsGoOf) {
  const ObjectIndex cv = t_.Object(ObjectKind::kConditionVariable);
  t_.Section(b_, z_);
  t_.Wait(b_, cv);
  t_.Acquire(a_, z_);
  Does(b_, 3);
  Does(a_, 1);
  EXPECT_THAT(Besides({3}), ElementsAre(0, 1));
}

TEST_F(ShowsSteps, APassageOfWhoIsJoined) {
  t_.Section(c_, z_);
  t_.Acquire(a_, z_);
  t_.Join(b_, c_);
  t_.Acquire(b_, y_);
  Does(c_, 2);
  Does(a_, 1);
  Does(b_, 2);
  EXPECT_THAT(Besides({2, 4}), ElementsAre(0, 1));
}

TEST_F(ShowsSteps, AndWhereHeIsStarted) {
  const ActorIndex d = t_.ForkedBy(c_);
  t_.Section(d, z_);
  t_.Acquire(a_, z_);
  t_.Join(b_, d);
  t_.Acquire(b_, y_);
  Does(c_, 1);
  Does(d, 2);
  Does(a_, 1);
  Does(b_, 2);
  EXPECT_THAT(Besides({3, 5}), ElementsAre(0, 1, 2));
}

// Each lets go of his lock after he has passed the next one's, which is to be
// let go of then.
void ShowChain(Told& told, size_t length, std::vector<ActorIndex>& actors,
               std::vector<ActorIndex>& schedule) {
  std::vector<ObjectIndex> locks;
  for (size_t i = 0; i < length; ++i) {
    actors.push_back(told.Actor());
    locks.push_back(told.Lock());
    told.Acquire(actors[i], locks[i]);
    schedule.push_back(actors[i]);
  }
  for (size_t i = length; i-- > 0;) {
    if (i + 1 < length) told.Section(actors[i], locks[i + 1]);
    told.Release(actors[i], locks[i]);
    schedule.insert(schedule.end(), i + 1 < length ? 3 : 1, actors[i]);
  }
}

TEST_F(ShowsSteps, WhatIsShownNeedsMore) {
  std::vector<ActorIndex> actors;
  ShowChain(t_, 4, actors, schedule_);
  parts_ = {actors[0]};
  EXPECT_THAT(Besides({0, 1, 2, 3}), ElementsAre(4, 7, 10));
}

TEST_F(ShowsSteps, AllHoldsIfThereIsNoEndOfIt) {
  std::vector<ActorIndex> actors;
  ShowChain(t_, 100, actors, schedule_);
  parts_ = {actors[0]};
  std::vector<size_t> acquired(actors.size());
  std::iota(acquired.begin(), acquired.end(), 0);
  EXPECT_EQ(Besides(acquired).size(), schedule_.size() - acquired.size());
}

}  // namespace
}  // namespace lockcheck::analysis::testing

// A log that is read while it is written shows each actor at another moment, so
// several may seem to hold one lock. The hand-over counts say who does.
#include "lib/analysis/last_holder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;
using model::Mode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint32_t kA = 1, kB = 2;    // locks
constexpr uint32_t kP = 11, kQ = 12;  // sites

class LastHolderTest : public ::testing::Test {
 protected:
  LastHolderTest() {
    b.Process(1).Actor(1, BeginHow::kMain);
    b.Object(kA, model::ObjectKind::kMutex);
    b.Object(kB, model::ObjectKind::kSharedMutex);
    b.Site(kP, {0x10}).Site(kQ, {0x20});
    for (const uint32_t actor : {2, 3}) {
      b.Fork(1, actor).Actor(actor, BeginHow::kStarted,
                             {.parent = 1, .hot = true});
    }
  }
  LogBuilder b;
};

TEST_F(LastHolderTest, OnlyTheOneWithTheHighestCountHoldsTheLock) {
  b.Open(1, kA, kP, {.handover = 7}).Open(2, kA, kP, {.handover = 9});
  b.Open(3, kA, kP, {.handover = 8});
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(1), IsEmpty());
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kA, kP}));
  EXPECT_THAT(log.HeldAtEnd(3), IsEmpty());
}

TEST_F(LastHolderTest, WithoutACountTheLastOneShownStands) {
  b.Section(2, kA, kP, {.handover = 9}).Section(2, kA, kP).Open(2, kA, kQ);
  b.Open(3, kA, kP, {.handover = 8});
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kA, kQ}));
  EXPECT_THAT(log.HeldAtEnd(3), IsEmpty());
}

TEST_F(LastHolderTest, TheCountMayStandInAnEarlierSegment) {
  b.Open(2, kA, kP, {.handover = 9}).Close(2).NewBlock(2);
  b.Section(2, kB, kP, {.handover = 30}).Open(2, kA, kQ).NewBlock(2);
  b.Open(3, kA, kP, {.handover = 8});
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kA, kQ}));
  EXPECT_THAT(log.HeldAtEnd(3), IsEmpty());
}

TEST_F(LastHolderTest, TheFirstHolderOfAllHasCountZero) {
  b.Open(2, kA, kP).Open(3, kA, kQ, {.handover = 1});
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(2), IsEmpty());
  EXPECT_THAT(log.HeldAtEnd(3), ElementsAre(HeldId{kA, kQ}));
}

// A ring forgets counts. Hot blocks are copied one after the other.
TEST_F(LastHolderTest, IfNoCountIsLeftTheOneReadLastHoldsTheLock) {
  b.Open(2, kA, kP).Open(3, kA, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(2), IsEmpty());
  EXPECT_THAT(log.HeldAtEnd(3), ElementsAre(HeldId{kA, kQ}));
}

TEST_F(LastHolderTest, IfNoCountIsLeftAHotBlockGoesBeforeASealedOne) {
  b.Open(2, kA, kP).Open(1, kA, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(1), IsEmpty());
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kA, kP}));
}

TEST_F(LastHolderTest, OtherHoldsOfTheActorAreNotTouched) {
  b.Open(2, kA, kP).Open(2, kB, kP).Open(3, kA, kQ, {.handover = 1});
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kB, kP}));
  EXPECT_THAT(log.HeldAtEnd(3), ElementsAre(HeldId{kA, kQ}));
}

TEST_F(LastHolderTest, AForkedProcessHasALockOfItsOwn) {
  b.Open(2, kA, kP, {.handover = 4});
  b.Process(2).Actor(9, BeginHow::kForkChild,
                     {.parent = 1, .hot = true, .held = {{kA, kQ}}});
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kA, kP}));
  EXPECT_THAT(log.HeldAtEnd(9), ElementsAre(HeldId{kA, kQ}));
}

TEST_F(LastHolderTest, ReadersHoldTogether) {
  b.Open(2, kB, kP, {.mode = Mode::kShared, .handover = 3});
  b.Open(3, kB, kQ, {.mode = Mode::kShared, .handover = 5});
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kB, kP, Mode::kShared}));
  EXPECT_THAT(log.HeldAtEnd(3), ElementsAre(HeldId{kB, kQ, Mode::kShared}));
}

// With the lock taken away, the actor that seemed to hold it blocks nobody.
TEST_F(LastHolderTest, WhoWaitsForALockWaitsForItsLastHolder) {
  b.Open(2, kA, kP).Open(2, kB, kP).Open(3, kA, kP, {.handover = 1});
  b.Block(2, kA, kQ, 3, kP);
  const ScannedLog log(b);
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kB, kP}));
  EXPECT_TRUE(log.end(2).wait);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

#include "lib/analysis/misuse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockcheck::analysis {
namespace {

using model::Misuse;
using testing::ElementsAre;
using testing::SizeIs;

class MisuseTest : public testing::Test {
 protected:
  MisuseTest() {
    observations_.object_count = 3;
    observations_.actor_count = 3;
    observations_.end.resize(3);
    observations_.phase_count.assign(3, 1);
  }
  void Happens(Misuse misuse, ActorIndex actor, ObjectIndex object,
               SiteIndex site, uint64_t ticks, uint64_t count = 1,
               ActorIndex owner = kNone) {
    observations_.misuses.push_back(
        {misuse, actor, object, site, owner, kNone, ticks, count});
  }
  // By actor 0, with nothing held.
  void Asked(ObjectIndex lock, SiteIndex site) {
    Request& request = observations_.requests.emplace_back();
    request.actor = 0;
    request.lock = lock;
    request.site = site;
  }
  const std::vector<Finding>& Judge() {
    found_ = Find(observations_, {});
    return found_.findings;
  }

  Observations observations_;
  Findings found_;
};

TEST_F(MisuseTest, OneMisuseIsAFindingWithoutAVerdict) {
  Happens(Misuse::kUnlockFree, 1, 2, 7, 100);
  ASSERT_THAT(Judge(), SizeIs(1));
  const Finding& f = found_.findings[0];
  EXPECT_EQ(f.kind, Kind::kMisuse);
  EXPECT_EQ(f.rule, Rule::kMisuse);
  EXPECT_EQ(f.misuse, Misuse::kUnlockFree);
  EXPECT_FALSE(f.verdict.has_value());
  EXPECT_THAT(f.objects, ElementsAre(2));
  ASSERT_THAT(f.parts, SizeIs(1));
  EXPECT_EQ(f.parts[0].actor, 1u);
  EXPECT_EQ(f.parts[0].site, 7u);
  EXPECT_EQ(f.ticks, 100u);
}

TEST_F(MisuseTest, TheSameAtOnePlaceIsMergedAndShowsTheFirst) {
  Happens(Misuse::kUnlockFree, 1, 2, 7, 100, 4);
  Happens(Misuse::kUnlockFree, 2, 2, 7, 50);
  ASSERT_THAT(Judge(), SizeIs(1));
  EXPECT_EQ(found_.findings[0].count, 5u);
  EXPECT_EQ(found_.findings[0].ticks, 50u);
  EXPECT_EQ(found_.findings[0].parts[0].actor, 2u);
}

TEST_F(MisuseTest, AnotherMisuseObjectOrPlaceIsAnotherFinding) {
  Happens(Misuse::kUnlockFree, 1, 2, 7, 100);
  Happens(Misuse::kUnlockFree, 1, 1, 7, 100);
  Happens(Misuse::kUnlockFree, 1, 2, 8, 100);
  Happens(Misuse::kDestroyHeld, 1, 2, 7, 100);
  EXPECT_THAT(Judge(), SizeIs(4));
}

TEST_F(MisuseTest, TheOwnerThatWasWrongedIsNamed) {
  Happens(Misuse::kUnlockByOther, 1, 2, 7, 100, 1, /*owner=*/0);
  ASSERT_THAT(Judge(), SizeIs(1));
  ASSERT_THAT(found_.findings[0].parts, SizeIs(2));
  EXPECT_EQ(found_.findings[0].parts[1].actor, 0u);
  EXPECT_EQ(found_.findings[0].parts[1].holds.front().object, 2u);
}

TEST_F(MisuseTest, TheOwnersHoldHasThePlaceIfThereIsOnlyOne) {
  Asked(/*lock=*/2, /*site=*/5);
  Happens(Misuse::kUnlockByOther, 1, 2, 7, 100, 1, /*owner=*/0);
  EXPECT_EQ(Judge()[0].parts[1].holds[0].site, 5u);
  Asked(/*lock=*/2, /*site=*/6);
  EXPECT_EQ(Judge()[0].parts[1].holds[0].site, kNone);
  observations_.end[0].held = {{2, model::Mode::kExclusive, 6}};
  EXPECT_EQ(Judge()[0].parts[1].holds[0].site, 6u);
}

// A destruction's record names where the lock had been acquired.
TEST_F(MisuseTest, ADestructionIsNotWhereTheLockWasAcquired) {
  Happens(Misuse::kDestroyHeld, 1, 2, 7, 100, 1, /*owner=*/0);
  ASSERT_THAT(Judge()[0].parts, SizeIs(2));
  EXPECT_EQ(found_.findings[0].parts[0].site, kNone);
  EXPECT_EQ(found_.findings[0].parts[1].holds[0].site, 7u);
}

TEST_F(MisuseTest, WhoDestroysItsOwnHoldHoldsIt) {
  Happens(Misuse::kDestroyHeld, 1, 2, 7, 100, 1, /*owner=*/1);
  ASSERT_THAT(Judge()[0].parts, SizeIs(1));
  EXPECT_EQ(found_.findings[0].parts[0].holds[0].site, 7u);
}

TEST_F(MisuseTest, AnEndWithAHoldIsNoPlace) {
  Happens(Misuse::kExitHolding, 1, 2, 7, 100, 1, /*owner=*/1);
  ASSERT_THAT(Judge()[0].parts, SizeIs(1));
  EXPECT_EQ(found_.findings[0].parts[0].site, kNone);
  EXPECT_EQ(found_.findings[0].parts[0].holds[0].site, 7u);
}

TEST_F(MisuseTest, ASelfLockThatWasGotOverStaysAMisuse) {
  Happens(Misuse::kSelfLock, 1, 2, 7, 100, 1, /*owner=*/1);
  ASSERT_THAT(Judge(), SizeIs(1));
  EXPECT_EQ(found_.findings[0].parts[0].wants, 2u);
  EXPECT_THAT(found_.findings[0].parts, SizeIs(1));
}

}  // namespace
}  // namespace lockcheck::analysis

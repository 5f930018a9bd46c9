// lock(a, b, ...) and scoped_lock: each member is asked for under what was held
// before the whole request; among the members there is no order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "lib/analysis/findings.h"
#include "tests/analysis/scanned_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using model::How;
using model::ObjectKind;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kG = 1, kA = 2, kB = 3, kSite = 8, kOtherSite = 9;

class SeveralAtOnce : public ::testing::Test {
 protected:
  SeveralAtOnce() {
    b_.At(0).Process(1).Actor(1, BeginHow::kMain).Actor(2, BeginHow::kForeign);
    b_.Object(kG, ObjectKind::kMutex, "g");
    b_.Object(kA, ObjectKind::kMutex, "a");
    b_.Object(kB, ObjectKind::kMutex, "b");
  }
  void Both(uint32_t actor, uint32_t first, uint32_t second) {
    b_.Open(actor, first, kSite, {.how = How::kMulti, .group = 0});
    b_.Open(actor, second, kSite, {.how = How::kMulti, .group = 1});
    b_.Close(actor).Close(actor);
  }
  std::vector<Finding> Found() {
    return Find(ScannedLog(b_).observations(), {}).findings;
  }
  log::testing::LogBuilder b_;
};

TEST_F(SeveralAtOnce, InOppositeOrdersIsNoInversion) {
  Both(1, kA, kB);
  Both(2, kB, kA);
  EXPECT_THAT(Found(), IsEmpty());
}

// A rule that takes the second member for a try misses this one.
TEST_F(SeveralAtOnce, UnderAGuardIsPossibleAgainstEachMember) {
  for (const uint32_t member : {kA, kB}) {
    b_.Open(1, kG, kSite);
    Both(1, kA, kB);
    b_.Close(1);
    b_.Open(2, member, kOtherSite).Open(2, kG, kOtherSite).Close(2).Close(2);
  }
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, SizeIs(2));
  for (const Finding& finding : found) {
    EXPECT_EQ(finding.verdict, Verdict::kPossible);
    EXPECT_THAT(finding.parts, SizeIs(2));
  }
}

TEST_F(SeveralAtOnce, AgainstOneAfterTheOtherIsNoInversion) {
  Both(1, kA, kB);
  b_.Open(2, kB, kOtherSite).Open(2, kA, kOtherSite).Close(2).Close(2);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(SeveralAtOnce, HoldsItsMembersForWhatIsAskedForWithin) {
  b_.Open(1, kA, kSite, {.how = How::kMulti, .group = 0});
  b_.Open(1, kB, kSite, {.how = How::kMulti, .group = 1});
  b_.Open(1, kG, kSite).Close(1).Close(1).Close(1);
  b_.Open(2, kG, kOtherSite).Open(2, kB, kOtherSite).Close(2).Close(2);
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].verdict, Verdict::kPossible);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

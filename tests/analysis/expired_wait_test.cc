// Waits for a signal that a time limit ended while who signalled next was held
// up, and what is none of these.
#include "lib/analysis/expired_wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "lib/analysis/findings.h"
#include "tests/analysis/found_in_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using model::How;
using model::ObjectKind;
using model::Outcome;
using model::Post;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kMain = 1, kPoster = 2;
constexpr uint32_t kEvent = 1, kLock = 2, kOther = 3;
constexpr uint32_t kHoldSite = 8, kWaitSite = 9, kLockSite = 10, kSetSite = 11;

class ExpiredWait : public ::testing::Test {
 protected:
  ExpiredWait() {
    b_.At(0).Process(1).Actor(kMain, BeginHow::kMain, {.hot = true});
    b_.Object(kEvent, ObjectKind::kEvent, "ready");
    b_.Object(kLock, ObjectKind::kMutex, "lock");
    b_.Object(kOther, ObjectKind::kMutex, "other");
    b_.Fork(kMain, kPoster);
    b_.Actor(kPoster, BeginHow::kStarted, {.parent = kMain, .hot = true});
  }
  // Main waits for the event from 10 on, with `held`.
  void WaitsUntil(uint64_t end, Outcome outcome = Outcome::kTimedOut,
                  uint32_t held = kLock) {
    b_.Open(kMain, held, kHoldSite);
    b_.At(10).Block(kMain, kEvent, kWaitSite, 0, 0,
                    {.how = How::kTimed, .ticket = 1});
    b_.At(end).Unblock(kMain, outcome);
    b_.Close(kMain);
  }
  // The other one waits for the lock.
  void IsHeldUp(uint64_t from, uint64_t to, How how = How::kBlocking) {
    b_.At(from).Block(kPoster, kLock, kLockSite, kMain, kHoldSite,
                      {.how = how});
    b_.At(to).Unblock(kPoster, Outcome::kAcquired);
    b_.Section(kPoster, kLock, kLockSite, {.handover = 1});
  }
  void Sets() { b_.Act(kPoster, Post::kSet, kEvent, kSetSite, {.value = 1}); }
  std::vector<Finding> Found() {
    b_.At(200).End(kPoster).Join(kMain, kPoster).Exit(kMain);
    return FoundIn(b_);
  }

  log::testing::LogBuilder b_;
};

TEST_F(ExpiredWait, WithWhatWhoSignalsNextWaitedForIsATimedCycle) {
  WaitsUntil(100);
  IsHeldUp(50, 101);
  Sets();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, Kind::kHazard);
  EXPECT_EQ(found[0].rule, Rule::kTimedCycle);
  EXPECT_TRUE(found[0].was_refused);
  EXPECT_THAT(found[0].objects, ElementsAre(1, 0));
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[0].actor, kPoster - 1);
  EXPECT_EQ(found[0].parts[1].actor, kMain - 1);
  EXPECT_EQ(found[0].parts[1].how, How::kTimed);
}

TEST_F(ExpiredWait, ThatWasSignalledIsNothing) {
  WaitsUntil(100, Outcome::kSignalled);
  IsHeldUp(50, 101);
  Sets();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(ExpiredWait, WithAnotherLockIsNothing) {
  WaitsUntil(100, Outcome::kTimedOut, kOther);
  IsHeldUp(50, 101);
  Sets();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(ExpiredWait, ThatWasOverBeforeTheOtherWaitedIsNothing) {
  WaitsUntil(100);
  IsHeldUp(110, 120);
  Sets();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(ExpiredWait, OfWhatTheOtherDoesNotSignalIsNothing) {
  WaitsUntil(100);
  IsHeldUp(50, 101);
  EXPECT_THAT(Found(), IsEmpty());
}

// It signalled first, and was held up then.
TEST_F(ExpiredWait, OfWhatWasSignalledBeforeIsNothing) {
  Sets();
  b_.Act(kPoster, Post::kClear, kEvent, kSetSite, {});
  WaitsUntil(100);
  IsHeldUp(50, 101);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(ExpiredWait, OfOneWhoWouldHaveGivenUpIsNothing) {
  WaitsUntil(100);
  IsHeldUp(50, 101, How::kTimed);
  Sets();
  EXPECT_THAT(Found(), IsEmpty());
}

}  // namespace
}  // namespace lockcheck::analysis::testing

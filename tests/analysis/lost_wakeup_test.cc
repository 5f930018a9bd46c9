// A notification that came before the wait that it should have ended, and each
// way in which that is no lost wake-up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/log/recording.h"
#include "tests/analysis/found_in_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using model::How;
using model::ObjectKind;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kMain = 1, kWaiter = 2, kNotifier = 3;
constexpr uint32_t kReady = 1, kLock = 2;
constexpr uint32_t kNotifySite = 8, kWaitSite = 9, kJoinSite = 10;

// Main joins the waiter, which another thread notified.
class LostWakeup : public ::testing::Test {
 protected:
  LostWakeup() {
    b_.At(0).Process(1).Actor(kMain, BeginHow::kMain, {.hot = true});
    b_.Object(kReady, ObjectKind::kConditionVariable, "ready");
    b_.Object(kLock, ObjectKind::kMutex, "lock");
    b_.Actor(kWaiter, BeginHow::kForeign, {.hot = true});
    b_.Actor(kNotifier, BeginHow::kForeign, {.hot = true});
  }
  void NotifyNobody(uint32_t actor = kNotifier, uint32_t next_ticket = 1) {
    b_.At(10).Post(actor, kReady, kNotifySite, 0, 0, next_ticket);
  }
  void Wait(uint32_t ticket = 1, How how = How::kBlocking) {
    b_.At(20).Block(kWaiter, kReady, kWaitSite, 0, 0,
                    {.how = how, .ticket = ticket});
  }
  void Stop() {
    b_.At(30).End(kNotifier);
    b_.JoinBlock(kMain, kWaiter, kJoinSite);
  }
  std::vector<Finding> Found(log::Liveness liveness = log::Liveness::kGone) {
    return FoundIn(b_, liveness);
  }

  log::testing::LogBuilder b_;
};

// An event stays set, a barrier counts who has arrived: what came before the
// wait is there.
class NoLostWakeup : public ::testing::TestWithParam<ObjectKind> {};

TEST_P(NoLostWakeup, OfWhatKeepsWhatCameBefore) {
  log::testing::LogBuilder b;
  b.At(0).Process(1).Actor(kMain, BeginHow::kMain, {.hot = true});
  b.Object(kReady, GetParam(), "ready");
  b.Actor(kNotifier, BeginHow::kForeign, {.hot = true});
  b.At(10).Post(kNotifier, kReady, kNotifySite, 0, 0, 1);
  b.At(20).Block(kMain, kReady, kWaitSite, 0, 0, {.ticket = 1});
  b.At(30).End(kNotifier);
  EXPECT_THAT(FoundIn(b, log::Liveness::kGone), IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(Kinds, NoLostWakeup,
                         ::testing::Values(ObjectKind::kEvent,
                                           ObjectKind::kLatch,
                                           ObjectKind::kBarrier,
                                           ObjectKind::kFuture));

TEST_F(LostWakeup, IsAHazardThatNamesTheWaiterAndWhoNotified) {
  NotifyNobody();
  Wait();
  Stop();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, Kind::kHazard);
  EXPECT_EQ(found[0].rule, Rule::kLostWakeup);
  EXPECT_EQ(found[0].verdict, std::nullopt);
  EXPECT_THAT(found[0].assumes, SizeIs(1));
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[0].actor, kWaiter - 1);
  EXPECT_EQ(found[0].parts[0].wants, found[0].objects[0]);
  EXPECT_EQ(found[0].parts[1].actor, kNotifier - 1);
  EXPECT_NE(found[0].parts[0].site, found[0].parts[1].site);
}

// The predicate was looked at under the lock: nobody waits.
TEST_F(LostWakeup, IsNothingIfNobodyWaitsAtTheEnd) {
  NotifyNobody();
  Stop();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(LostWakeup, IsNothingIfALaterNotificationEndedTheWait) {
  NotifyNobody();
  Wait();
  b_.Post(kNotifier, kReady, kNotifySite, 1, 1, 2);
  b_.Unblock(kWaiter, model::Outcome::kSignalled);
  Wait(2);
  Stop();
  EXPECT_THAT(Found(), IsEmpty());
}

// The latest one was for the wait before this one, and ended it.
TEST_F(LostWakeup, IsNothingIfTheNotificationWasForAnEarlierWait) {
  Wait(1);
  b_.Post(kNotifier, kReady, kNotifySite, 1, 1, 2);
  b_.Unblock(kWaiter, model::Outcome::kSignalled);
  Wait(2);
  Stop();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(LostWakeup, IsNothingIfTheNotificationIsOlderThanAnEarlierWait) {
  NotifyNobody();
  Wait(2);
  Stop();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(LostWakeup, IsNothingIfTheWaiterItselfNotified) {
  NotifyNobody(kWaiter);
  Wait();
  Stop();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(LostWakeup, IsNothingIfTheWaitHasATimeLimit) {
  NotifyNobody();
  Wait(1, How::kTimed);
  Stop();
  EXPECT_THAT(Found(), IsEmpty());
}

// A consumer that has taken what there was, and waits for more.
TEST_F(LostWakeup, IsNothingWhileSomebodyCouldStillNotify) {
  NotifyNobody();
  Wait();
  b_.JoinBlock(kMain, kWaiter, kJoinSite);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(LostWakeup, IsNothingWhileSomebodyIsKeptFromNotifyingByALock) {
  NotifyNobody();
  Wait();
  Stop();
  b_.Actor(4, BeginHow::kForeign, {.hot = true});
  b_.Block(4, kLock, kNotifySite, 0, 0);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(LostWakeup, IsNothingWhileTheProcessRuns) {
  NotifyNobody();
  Wait();
  Stop();
  EXPECT_THAT(Found(log::Liveness::kRunning), IsEmpty());
  EXPECT_THAT(Found(log::Liveness::kNotKnown), SizeIs(1));
}

TEST_F(LostWakeup, IsNothingAfterTheProcessHasExited) {
  NotifyNobody();
  Wait();
  b_.End(kNotifier);
  b_.Exit(kMain);
  EXPECT_THAT(Found(), IsEmpty());
}

}  // namespace
}  // namespace lockcheck::analysis::testing

// Notifications of what did not change under the lock of who waits for them,
// and each way in which that is not so or matters to nobody.
#include "lib/analysis/naked_notify.h"

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
using model::Mode;
using model::ObjectKind;
using model::Outcome;
using model::Post;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kMain = 1, kWaiter = 2, kNotifier = 3;
constexpr uint32_t kReady = 1, kLock = 2, kOther = 3;
constexpr uint32_t kLookSite = 8, kWaitSite = 9, kNotifySite = 10;

// Main waits for nobody: it ends last.
class NakedNotify : public ::testing::Test {
 protected:
  NakedNotify() {
    b_.At(0).Process(1).Actor(kMain, BeginHow::kMain, {.hot = true});
    b_.Object(kReady, ObjectKind::kConditionVariable, "ready");
    b_.Object(kLock, ObjectKind::kMutex, "lock");
    b_.Object(kOther, ObjectKind::kMutex, "other");
    b_.Actor(kWaiter, BeginHow::kForeign, {.hot = true});
    b_.Actor(kNotifier, BeginHow::kForeign, {.hot = true});
  }

  // Looks, and lets go of the lock to wait.
  void Wait(uint32_t ticket = 1, How how = How::kBlocking) {
    b_.Open(kWaiter, kLock, kLookSite).Close(kWaiter);
    b_.At(10).Block(kWaiter, kReady, kWaitSite, 0, 0,
                    {.how = how, .ticket = ticket});
  }
  void IsWoken(Outcome outcome = Outcome::kSignalled) {
    b_.At(20).Unblock(kWaiter, outcome);
  }
  void Notify(uint32_t first = 1, uint32_t count = 1, uint32_t next = 2,
              uint32_t actor = kNotifier) {
    b_.Post(actor, kReady, kNotifySite, first, count, next);
  }
  void TakesAgain() { b_.Section(kWaiter, kLock, kWaitSite); }
  std::vector<Finding> Found() {
    b_.At(30).End(kNotifier).End(kWaiter).Exit(kMain);
    return FoundIn(b_);
  }
  // The plain story.
  void WaitAndNotify() {
    Wait();
    Notify();
    IsWoken();
    TakesAgain();
  }

  log::testing::LogBuilder b_;
};

TEST_F(NakedNotify, IsAHazardThatNamesBothAndTheLock) {
  WaitAndNotify();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, Kind::kHazard);
  EXPECT_EQ(found[0].rule, Rule::kNakedNotify);
  EXPECT_EQ(found[0].verdict, std::nullopt);
  EXPECT_THAT(found[0].assumes, SizeIs(1));
  EXPECT_THAT(found[0].objects, ::testing::ElementsAre(0, 1));
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[0].actor, kWaiter - 1);
  EXPECT_EQ(found[0].parts[1].actor, kNotifier - 1);
  EXPECT_NE(found[0].parts[0].site, found[0].parts[1].site);
}

TEST_F(NakedNotify, IsNothingIfSomebodyHadTheLockMeanwhile) {
  Wait();
  b_.Section(kNotifier, kLock, kNotifySite, {.handover = 2});
  Notify();
  IsWoken();
  b_.Section(kWaiter, kLock, kWaitSite, {.handover = 3});
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(NakedNotify, OfWhoHadAnotherLockIsOneAllTheSame) {
  Wait();
  b_.Open(kNotifier, kOther, kNotifySite);
  Notify();
  b_.Close(kNotifier);
  IsWoken();
  TakesAgain();
  EXPECT_THAT(Found(), SizeIs(1));
}

TEST_F(NakedNotify, IsNothingIfAnotherNotificationCameLater) {
  WaitAndNotify();
  Notify(0, 0, 3, kMain);
  EXPECT_THAT(Found(), IsEmpty());
}

// Whether the other one was later is not known.
TEST_F(NakedNotify, IsNothingIfAnotherOneCameBeforeTheNextWait) {
  WaitAndNotify();
  Notify(0, 0, 2, kMain);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(NakedNotify, IsNothingIfTheActorRepeatsThem) {
  Notify(0, 0, 1);
  WaitAndNotify();
  EXPECT_THAT(Found(), IsEmpty());
}

// It gives work under the lock, and at last asks all to end without.
TEST_F(NakedNotify, IsOneIfTheActorsOthersWereNotNaked) {
  b_.Section(kNotifier, kLock, kNotifySite);
  Notify(0, 0, 1);
  b_.Open(kWaiter, kLock, kLookSite, {.handover = 1}).Close(kWaiter);
  b_.At(10).Block(kWaiter, kReady, kWaitSite, 0, 0, {.ticket = 1});
  Notify();
  IsWoken();
  TakesAgain();
  EXPECT_THAT(Found(), SizeIs(1));
}

TEST_F(NakedNotify, IsNothingIfTheWaitHasATimeLimit) {
  Wait(1, How::kTimed);
  Notify();
  IsWoken();
  TakesAgain();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(NakedNotify, IsNothingIfAnotherWaitWasNotified) {
  Wait();
  IsWoken();
  TakesAgain();
  Notify(2, 1, 3);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(NakedNotify, IsNothingIfAStopWasRequested) {
  Wait();
  b_.Act(kNotifier, Post::kStop, kReady, kNotifySite,
         {.first = 1, .count = 1, .next_ticket = 2});
  IsWoken();
  TakesAgain();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(NakedNotify, IsNothingIfTheWaiterHadNoLockThatIsKnown) {
  b_.At(10).Block(kWaiter, kReady, kWaitSite, 0, 0, {.ticket = 1});
  Notify();
  IsWoken();
  TakesAgain();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(NakedNotify, IsNothingOfAReader) {
  b_.Open(kWaiter, kLock, kLookSite, {.mode = Mode::kShared}).Close(kWaiter);
  b_.At(10).Block(kWaiter, kReady, kWaitSite, 0, 0, {.ticket = 1});
  Notify();
  IsWoken();
  b_.Section(kWaiter, kLock, kWaitSite, {.mode = Mode::kShared});
  EXPECT_THAT(Found(), IsEmpty());
}

// More may come.
TEST_F(NakedNotify, IsNothingOfAnActorThatHasNotEnded) {
  WaitAndNotify();
  b_.At(30).End(kWaiter).Exit(kMain);
  EXPECT_THAT(FoundIn(b_), IsEmpty());
}

}  // namespace
}  // namespace lockcheck::analysis::testing

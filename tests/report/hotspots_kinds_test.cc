// The hotspots that are particular to a kind of primitive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "lib/report/json.h"
#include "lib/report/text.h"
#include "tests/report/all_forms.h"
#include "tests/report/hotspots_test.h"

namespace lockcheck::report::testing {
namespace {

using log::BeginHow;
using model::Mode;
using model::ObjectKind;
using model::Outcome;
using model::Post;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// ---- Levels and permits ----

TEST_F(HotspotsTest, OfSeveralQueuesTheBusiestIsShown) {
  b_.Object(kA, ObjectKind::kQueue, "q").Object(kB, ObjectKind::kQueue, "q");
  b_.ShortPost(1, Post::kPut, kA, kSite, 1);
  b_.ShortPost(1, Post::kPut, kB, kSite, 1);
  b_.ShortPost(2, Post::kPut, kB, kSite, 2);
  const Report report = Made();
  const ClassRow& row = Class(report, "q");
  EXPECT_EQ(row.usage.posts, 3u);
  EXPECT_EQ(row.usage.woke_nobody, 3u);
  ASSERT_TRUE(row.level);
  EXPECT_EQ(row.level->of, "items");
  EXPECT_EQ(row.level->max, 2u);
  EXPECT_THAT(row.level->parts, ElementsAre(1, 2));
  const std::string text = Text(report, {});
  EXPECT_THAT(text, HasSubstr("SIGNALS  1 of 1 class"));
  EXPECT_THAT(text, HasSubstr("2 objects in 1 class"));  // and no locks
  EXPECT_THAT(text, HasSubstr("levels"));
  EXPECT_THAT(text, HasSubstr("1 2\n"));
}

// Acts of 1 with a wait, so two stamps, before and behind each.
TEST_F(HotspotsTest, AQueueHasALevelOverTimeWhereActsHaveStampsNearThem) {
  b_.Object(kA, ObjectKind::kQueue, "q").Object(kB, ObjectKind::kMutex, "b");
  Wait(1, kB, 90, 100);
  b_.ShortPost(1, Post::kPut, kA, kSite, 1);
  Wait(1, kB, 110, 700);
  b_.ShortTake(1, kA, kSite, 2);
  Wait(1, kB, 710, 720);
  const Report report = Made();
  const LevelRow& level = Class(report, "q").level.value();
  EXPECT_DOUBLE_EQ(level.mean, 0.5);
  // One item from 110 to 700, and for a part of 10 before and behind.
  const LevelInTimeRow& row = level.in_time.value();
  EXPECT_DOUBLE_EQ(row.ns, 610);
  EXPECT_DOUBLE_EQ(row.mean, (590 + 5 + 5) / 610.0);
  EXPECT_NEAR(row.error, (5 + 5) / 610.0, 1e-9);
  EXPECT_EQ(row.p50, 1u);
  EXPECT_THAT(Text(report, {}), HasSubstr("over time"));
}

TEST_F(HotspotsTest, WithoutStampsItsLevelOverTimeIsNotClaimed) {
  b_.Object(kA, ObjectKind::kQueue, "q");
  for (uint32_t i = 1; i <= 100; ++i) {
    b_.ShortPost(1, Post::kPut, kA, kSite, i);
  }
  for (uint32_t i = 101; i <= 200; ++i) b_.ShortTake(1, kA, kSite, i);
  const Report report = Made();
  const LevelInTimeRow& row = Class(report, "q").level.value().in_time.value();
  EXPECT_LE(row.mean - row.error, 0);
  EXPECT_GE(row.mean + row.error, 100);
  EXPECT_THAT(Text(report, {}), ContainsRegex("1.00 us +50 +50 +- +- +- +-"));
}

TEST_F(HotspotsTest, PermitsInUseAreTheirHoldsOverTheRun) {
  b_.Note(1, log::NoteKind::kTiming, 2);
  b_.Object(kA, ObjectKind::kSemaphore, "a", 0, 0, 0, 3);
  for (const uint32_t actor : {1, 2, 3}) {
    b_.Section(actor, kA, kSite,
               {.mode = Mode::kShared, .handover = 0, .start = 0, .end = 500});
  }
  const Report report = Made();
  const ClassRow& row = Class(report, "a");
  ASSERT_TRUE(row.permits);
  EXPECT_EQ(row.permits->begins_with, 3u);
  EXPECT_EQ(row.permits->acquired, 3u);
  EXPECT_NEAR(row.permits->in_use.value(), 1.5, 0.001);
  EXPECT_FALSE(row.permits->all_in_use);
  EXPECT_FALSE(row.level);
  EXPECT_THAT(Text(report, {}), HasSubstr("permits"));
}

TEST_F(HotspotsTest, WhoeverWaitedForAPermitFoundAllInUse) {
  b_.Object(kA, ObjectKind::kSemaphore, "a", 0, 0, 0, 3);
  Wait(2, kA, 100, 300);
  const Report report = Made();
  EXPECT_TRUE(Class(report, "a").permits.value().all_in_use);
}

TEST_F(HotspotsTest, WhileSomebodyWaitsAllPermitsAreInUse) {
  b_.Object(kA, ObjectKind::kSemaphore, "a", 0, 0, 0, 3);
  for (int i = 0; i < 9; ++i) {
    b_.Section(1, kA, kSite, {.mode = Mode::kShared, .handover = 0});
  }
  b_.Section(1, kA, kSite,
             {.mode = Mode::kShared, .handover = 0, .start = 0, .end = 10});
  Wait(2, kA, 100, 300);
  const Report report = Made();
  const PermitsRow& row = Class(report, "a").permits.value();
  EXPECT_DOUBLE_EQ(row.all_in_use_share.value(), 0.2);
  EXPECT_DOUBLE_EQ(row.in_use.value(), 0.6);
  EXPECT_FALSE(row.in_use_error);
  EXPECT_THAT(Text(report, {}), ContainsRegex(">0.6 +- +20%"));
}

TEST_F(HotspotsTest, PermitsInUseHaveAnErrorIfSomeHoldsWereSampled) {
  b_.Object(kA, ObjectKind::kSemaphore, "a", 0, 0, 0, 3);
  b_.Section(1, kA, kSite, {.mode = Mode::kShared, .handover = 0});
  b_.Section(1, kA, kSite,
             {.mode = Mode::kShared, .handover = 0, .start = 0, .end = 100});
  const PermitsRow row = Class(Made(), "a").permits.value();
  EXPECT_NEAR(row.in_use.value(), 0.2, 0.001);
  EXPECT_GT(row.in_use_error.value(), 0);
}

TEST_F(HotspotsTest, ToWhomAPermitGoesIsNotInTheLog) {
  b_.Object(kA, ObjectKind::kSemaphore, "a", 0, 0, 0, 3);
  Wait(2, kA, 100, 300, Outcome::kAcquired);
  b_.Section(2, kA, kSite, {.mode = Mode::kShared, .handover = 0});
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_FALSE(usage.found_waiters);
  EXPECT_FALSE(usage.owner_changes);
}

TEST_F(HotspotsTest, APermitIsNoShareOfASemaphore) {
  b_.Object(kA, ObjectKind::kSemaphore, "a", 0, 0, 0, 3);
  b_.Object(kB, ObjectKind::kSharedMutex, "b");
  const log::testing::Extras shared = {.mode = Mode::kShared, .handover = 0};
  b_.Open(2, kA, kSite, shared).Open(3, kB, kSite, shared);
  const std::string status = StatusText(Opened(), {.all = true});
  EXPECT_THAT(status, HasSubstr("holds  a  in"));
  EXPECT_THAT(status, HasSubstr("holds  b (shared)"));
}

TEST_F(HotspotsTest, ASignalsPermitsAreNotInUse) {
  b_.Object(kA, ObjectKind::kSemaphore, "a");
  Wait(2, kA, 100, 300, Outcome::kAcquired);
  b_.Act(1, Post::kRelease, kA, kSite, {.next_ticket = 0});
  b_.Take(2, kA, kSite, 2, 4);
  const Report report = Made();
  const ClassRow& row = Class(report, "a");
  EXPECT_FALSE(row.permits.value().all_in_use);
  EXPECT_FALSE(row.permits->in_use);
  EXPECT_EQ(row.level.value().of, "permits");
  EXPECT_EQ(row.level->max, 4u);
  EXPECT_EQ(row.usage.posts, 1u);
  EXPECT_FALSE(row.usage.woke_nobody);
}

// ---- Pools, the gil, joins ----

TEST_F(HotspotsTest, APoolHasAGroupOfItsOwn) {
  b_.Object(kA, ObjectKind::kThreadPool, "pool (slots)", 0, 0, 0, 2);
  b_.At(100).Fork(1, 11);
  b_.At(150).Actor(11, BeginHow::kTask, {.parent = 1});
  b_.ShortTake(11, kA, kSite, 0).At(250).End(11);
  const Report report = Made();
  const PoolRow& pool = Class(report, "pool (slots)").pool.value();
  EXPECT_EQ(pool.workers, 2u);
  EXPECT_EQ(pool.tasks, 1u);
  EXPECT_DOUBLE_EQ(pool.queued.total, 50);
  EXPECT_DOUBLE_EQ(pool.utilisation, 100.0 / 300);
  EXPECT_THAT(Text(report, {}), HasSubstr("POOLS\n"));
}

TEST_F(HotspotsTest, TheGilHasSwitchesAndRunningAgainstWaitingTime) {
  b_.Note(1, log::NoteKind::kTiming, 2).Object(kA, ObjectKind::kGil, "gil");
  b_.Section(1, kA, kSite, {.start = 0, .end = 400}).SawWaiters(1, kA);
  Wait(2, kA, 100, 400, Outcome::kAcquired);
  b_.Section(2, kA, kSite, {.handover = 1, .start = 400, .end = 500});
  const Report report = Made();
  const GilRow& gil = Class(report, "gil").gil.value();
  EXPECT_EQ(gil.switches, 1u);
  EXPECT_NEAR(gil.running_ns.value(), 500, 1);
  EXPECT_DOUBLE_EQ(gil.waiting_ns, 300);
  EXPECT_DOUBLE_EQ(gil.waited_share, 0.5);
  EXPECT_DOUBLE_EQ(gil.convoy, 0.5);
  EXPECT_THAT(Text(report, {}), HasSubstr("GIL\n"));
}

TEST_F(HotspotsTest, SomebodyRunsWhileAnotherWaitsForTheGil) {
  b_.Object(kA, ObjectKind::kGil, "gil");
  b_.Section(1, kA, kSite, {.start = 0, .end = 10});
  Wait(2, kA, 100, 400);
  EXPECT_DOUBLE_EQ(Class(Made(), "gil").gil.value().running_ns.value(), 300);
}

TEST_F(HotspotsTest, NobodyRunsWithTheGilWhileItsNewOwnerIsWoken) {
  b_.Object(kA, ObjectKind::kGil, "gil");
  b_.At(50).Block(2, kA, kSite, 1, kSite);
  b_.Section(1, kA, kSite).At(100).SawWaiters(1, kA);
  b_.At(110).Block(1, kA, kSite, 2, 0);
  b_.At(700).Unblock(2).Section(2, kA, kSite, {.handover = 1});
  b_.At(800).SawWaiters(2, kA).At(900).Unblock(1);
  const Report report = Made();
  const GilRow& gil = Class(report, "gil").gil.value();
  EXPECT_DOUBLE_EQ(gil.waiting_ns, 650 + 790);
  // 1 from 50 to 100, 2 from 700 to 800.
  EXPECT_DOUBLE_EQ(gil.running_ns.value(), 150);
  EXPECT_FALSE(gil.running_error_ns);
  EXPECT_THAT(Text(report, {}), HasSubstr(">150 ns"));
  EXPECT_THAT(Text(report, {}), HasSubstr("convoy"));
}

TEST_F(HotspotsTest, WhoIsWokenWithTheGilHasItFromWhereItWaits) {
  constexpr uint32_t kOther = 11;
  b_.Object(kA, ObjectKind::kGil, "gil").Site(kOther, {0x50});
  b_.At(50).Block(2, kA, kOther, 1, kSite);
  b_.Section(1, kA, kSite).At(100).SawWaiters(1, kA);
  b_.At(110).Block(1, kA, kSite, 2, 0);
  b_.At(700).Unblock(2).Section(2, kA, kOther, {.handover = 1});
  b_.At(900).Unblock(1).Section(1, kA, kSite, {.handover = 2});
  const Report report = Made();
  ASSERT_EQ(report.blame.size(), 2u);
  EXPECT_EQ(report.blame[0].ns, 790);
  EXPECT_EQ(report.blame[0].holder_site, report.blame[1].waiter_site);
  EXPECT_EQ(report.blame[0].waiter_site, report.blame[1].holder_site);
}

TEST_F(HotspotsTest, WhereAnOwnerTookItLaterIsNotGuessed) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  Wait(2, kA, 50, 100, Outcome::kAcquired);
  b_.Section(2, kA, kSite, {.handover = 1});
  b_.At(300).Block(1, kA, kSite, 2, 0).At(400).Unblock(1);
  const Report report = Made();
  ASSERT_EQ(report.blame.size(), 2u);
  EXPECT_FALSE(report.blame[0].holder_site);
}

TEST_F(HotspotsTest, PermitsThatAreAllTakenAtOnePlaceAreHeldFromThere) {
  b_.Object(kA, ObjectKind::kSemaphore, "a", 0, 0, 0, 2);
  b_.Object(kB, ObjectKind::kSemaphore, "b", 0, 0, 0, 2).Site(11, {0x50});
  const log::testing::Extras shared = {.mode = Mode::kShared, .handover = 0};
  b_.Section(1, kA, kSite, shared).Section(1, kB, kSite, shared);
  b_.Section(1, kB, 11, shared);
  b_.At(100).Block(2, kA, kSite, 0, 0).At(400).Unblock(2);
  b_.At(500).Block(2, kB, kSite, 0, 0).At(600).Unblock(2);
  const Report report = Made();
  ASSERT_EQ(report.blame.size(), 2u);
  EXPECT_EQ(report.blame[0].holder_site, report.blame[0].waiter_site);
  EXPECT_FALSE(report.blame[1].holder_site);
  EXPECT_THAT(Text(report, {}), HasSubstr("(whoever had one)"));
}

TEST_F(HotspotsTest, AConditionHasNoTakesAndAtMostSoManyWakeUpsInVain) {
  b_.Object(kA, ObjectKind::kConditionVariable, "a");
  b_.Act(1, Post::kNotifyAll, kA, kSite, {}).Take(2, kA, kSite, 0, 0);
  b_.Object(kB, ObjectKind::kMutex, "b");
  for (const uint64_t at : {100, 300}) {
    Wait(2, kA, at, at + 100, Outcome::kSignalled);
    b_.Section(2, kB, kSite);
  }
  const Report report = Made();
  EXPECT_FALSE(Class(report, "a").usage.takes);
  EXPECT_EQ(Class(report, "a").usage.woken_in_vain, 1u);
  EXPECT_THAT(Text(report, {}), HasSubstr("in vain, at most"));
}

TEST_F(HotspotsTest, NobodyRunsForLongerThanAllLivedAndDidNotWait) {
  b_.Object(kA, ObjectKind::kGil, "gil");
  b_.Section(2, kA, kSite, {.start = 0, .end = 500});  // of ten
  for (int i = 0; i < 9; ++i) b_.Section(2, kA, kSite);
  Wait(1, kA, 0, 990);
  Wait(2, kA, 500, 1000);
  Wait(3, kA, 0, 1000);
  const GilRow gil = Class(Made(), "gil").gil.value();
  EXPECT_LE(gil.running_ns.value(), 510 + 1);
  EXPECT_GE(gil.running_ns.value(), 500);
}

TEST_F(HotspotsTest, JoinsAreShownApartFromLocks) {
  b_.At(500).JoinBlock(1, 2, kSite).At(700).End(2).Unblock(1).Join(1, 2);
  const Report report = Made();
  EXPECT_EQ(report.joins.value().wait.n, 1u);
  EXPECT_DOUBLE_EQ(report.joins->wait.total, 200);
  EXPECT_THAT(Text(report, {}), HasSubstr("JOINS\n"));
}

// ---- Other kinds ----

TEST_F(HotspotsTest, OfALogWithPlainLocksAloneNothingIsAdded) {
  b_.Object(kA, ObjectKind::kMutex, "a").Section(1, kA, kSite);
  const Report report = Made();
  const ClassRow& row = Class(report, "a");
  EXPECT_FALSE(row.usage.posts);
  EXPECT_FALSE(row.level || row.permits || row.pool || row.gil);
  EXPECT_FALSE(report.joins);
  for (const char* group : {"GIL", "SIGNALS", "POOLS", "JOINS", "serial"}) {
    EXPECT_THAT(Text(report, {}), Not(HasSubstr(group))) << group;
  }
}

TEST_F(HotspotsTest, TwoKindsOfSignalsWithOneNameAreTwoClasses) {
  b_.Object(kA, ObjectKind::kEvent, "a").Object(kB, ObjectKind::kQueue, "a");
  const Report report = Made();
  ASSERT_EQ(report.classes.size(), 2u);
  EXPECT_EQ(report.classes[0].name, "a (event)");
  EXPECT_EQ(report.classes[1].name, "a (queue)");
  EXPECT_EQ(report.classes[1].stable, "a (queue)");
}

}  // namespace
}  // namespace lockcheck::report::testing

// The hotspots that are particular to a kind of primitive, from logs whose
// numbers are computed by hand. A tick is a nanosecond.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "lib/report/json.h"
#include "lib/report/text.h"
#include "tests/log/log_builder.h"
#include "tests/report/all_forms.h"

namespace lockcheck::report::testing {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;
using model::Mode;
using model::ObjectKind;
using model::Outcome;
using model::Post;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint32_t kSite = 10, kA = 1, kB = 2;

// Three actors from 0 to 1000 ns.
class HotspotsTest : public ::testing::Test {
 protected:
  HotspotsTest() {
    b_.Process(1).Actor(1, BeginHow::kMain).Site(kSite, {0x40});
    b_.Fork(1, 2).Fork(1, 3);
    b_.Actor(2, BeginHow::kStarted, {.parent = 1});
    b_.Actor(3, BeginHow::kStarted, {.parent = 1}).In(1);
  }
  void Wait(uint32_t actor, uint32_t object, uint64_t from, uint64_t to,
            Outcome outcome = Outcome::kTimedOut) {
    b_.At(from).Block(actor, object, kSite, 1, kSite);
    b_.At(to).Unblock(actor, outcome);
  }
  Report Made() {
    b_.At(1000).Exit(1);
    return Opened();
  }
  Report Opened() {
    const std::string path =
        ::testing::TempDir() + "hotspots." + std::to_string(getpid()) + ".log";
    b_.Write(path);
    auto recording = log::Recording::Open(path);
    std::remove(path.c_str());
    EXPECT_TRUE(recording.ok()) << recording.status();
    return ReportOf(**recording);
  }
  const ClassRow& Class(const Report& report, const std::string& name) {
    for (const ClassRow& row : report.classes) {
      if (row.name == name) return row;
    }
    ADD_FAILURE() << "no class " << name;
    return report.classes.at(0);
  }

  LogBuilder b_;
};

// ---- The speed-up at most ----

TEST_F(HotspotsTest, TimeForWhichSeveralWaitedBoundsTheSpeedUpOnce) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  Wait(2, kA, 100, 300);
  Wait(3, kA, 200, 400);
  Wait(2, kA, 500, 600);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.wait.total, 500);
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 400);
  EXPECT_DOUBLE_EQ(usage.crowd.value(), 500.0 / 400);
  EXPECT_DOUBLE_EQ(usage.serial.value(), 0.4);  // at least: nothing was timed
  EXPECT_DOUBLE_EQ(usage.speed_up.value(), 1000.0 / 600);
}

TEST_F(HotspotsTest, AClassIsRemovedAsAWhole) {
  b_.Object(kA, ObjectKind::kMutex, "a").Object(kB, ObjectKind::kMutex, "a");
  Wait(2, kA, 100, 300);
  Wait(3, kB, 200, 400);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 300);
  EXPECT_DOUBLE_EQ(usage.speed_up.value(), 1000.0 / 700);
}

TEST_F(HotspotsTest, ALockThatNobodyWaitedForGainsNothing) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.Section(1, kA, kSite, {.start = 0, .end = 1000});
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 0);
  EXPECT_FALSE(usage.crowd);
  EXPECT_DOUBLE_EQ(usage.speed_up.value(), 1);
}

TEST_F(HotspotsTest, AWaitThatStandsLastsUpToTheEnd) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.At(600).Block(2, kA, kSite, 1, kSite);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 400);
  EXPECT_DOUBLE_EQ(usage.speed_up.value(), 1000.0 / 600);
}

TEST_F(HotspotsTest, IfSomebodyAlwaysWaitedThereIsNoBound) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.At(0).Block(2, kA, kSite, 1, kSite);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 1000);
  EXPECT_FALSE(usage.speed_up);
}

TEST_F(HotspotsTest, ASignalCannotBeRemoved) {
  b_.Object(kA, ObjectKind::kConditionVariable, "a");
  Wait(2, kA, 100, 300);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.waited_ns.value(), 200);
  EXPECT_FALSE(usage.speed_up);
  EXPECT_FALSE(usage.serial);
}

// ---- The serial share ----

TEST_F(HotspotsTest, SerialIsTheShareOfTheLockThatWasHeldForLongest) {
  b_.Note(1, log::NoteKind::kTiming, 2);
  b_.Object(kA, ObjectKind::kMutex, "a").Object(kB, ObjectKind::kMutex, "a");
  b_.Section(1, kA, kSite, {.start = 100, .end = 350});
  b_.Section(2, kB, kSite, {.start = 100, .end = 250});
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.serial.value(), 0.25);
  EXPECT_DOUBLE_EQ(usage.serial_error.value(), 0);
}

TEST_F(HotspotsTest, SampledHoldsMakeItAnEstimate) {
  // Two of three were measured: 100 and 200, so 450 +- ...
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.Section(1, kA, kSite, {.start = 100, .end = 200});
  b_.Section(1, kA, kSite, {.start = 300, .end = 500});
  b_.Section(1, kA, kSite);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_NEAR(usage.serial.value(), 0.45, 0.001);
  EXPECT_GT(usage.serial_error.value(), 0);
}

TEST_F(HotspotsTest, SamplesThatMissTheLongHoldsDoNotHideIt) {
  b_.Object(kA, ObjectKind::kMutex, "a");
  b_.Section(1, kA, kSite, {.start = 0, .end = 10});
  Wait(2, kA, 100, 700);
  const UsageRow usage = Class(Made(), "a").usage;
  EXPECT_DOUBLE_EQ(usage.serial.value(), 0.6);
  EXPECT_FALSE(usage.serial_error);
}

TEST_F(HotspotsTest, SharedHoldsAreNotSerial) {
  b_.Object(kA, ObjectKind::kSharedMutex, "a");
  b_.Section(1, kA, kSite, {.start = 100, .end = 350});
  b_.Section(2, kA, kSite,
             {.mode = Mode::kShared, .handover = 0, .start = 400, .end = 500});
  EXPECT_FALSE(Class(Made(), "a").usage.serial);
}

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
  EXPECT_THAT(text, HasSubstr("levels"));
  EXPECT_THAT(text, HasSubstr("1 2\n"));
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

TEST_F(HotspotsTest, JoinsAreShownApartFromLocks) {
  b_.At(500).JoinBlock(1, 2, kSite).At(700).End(2).Unblock(1).Join(1, 2);
  const Report report = Made();
  EXPECT_EQ(report.joins.value().wait.n, 1u);
  EXPECT_DOUBLE_EQ(report.joins->wait.total, 200);
  EXPECT_THAT(Text(report, {}), HasSubstr("JOINS\n"));
}

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

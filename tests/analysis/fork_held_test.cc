// A forked child has its own copy of every lock, and of its parent's threads
// only the one that forked. A lock that another of them held stays locked in
// the child for ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/analysis/findings.h"
#include "lib/analysis/statistics.h"
#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::NoteKind;
using log::testing::ActorOptions;
using log::testing::Held;
using log::testing::LogBuilder;
using model::How;
using model::Misuse;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kA = 1;                     // the lock
constexpr uint32_t kP = 11, kQ = 12, kR = 13;  // sites
constexpr uint32_t kMain = 1, kWorker = 2;     // of the parent
constexpr uint32_t kChild = 3, kOfChild = 4;   // of the child

// Main forks the child while the worker, or main itself, holds the lock.
class ForkHeldTest : public ::testing::Test {
 protected:
  ForkHeldTest() {
    b.Process(1).Actor(kMain, BeginHow::kMain);
    b.Object(kA, model::ObjectKind::kMutex);
    for (const uint32_t site : {kP, kQ, kR}) b.Site(site, {site * 16});
    b.Fork(kMain, kWorker);
    b.Actor(kWorker, BeginHow::kStarted, {.parent = kMain, .hot = true});
  }
  void Fork(const std::vector<Held>& inherited = {}) {
    b.Fork(kMain, kChild);
    b.Process(2, {.parent = 1});
    b.Actor(kChild, BeginHow::kForkChild,
            {.parent = kMain, .hot = true, .held = inherited});
  }
  void ChildStartsAThread() {
    b.Fork(kChild, kOfChild);
    b.Actor(kOfChild, BeginHow::kStarted, {.parent = kChild, .hot = true});
  }
  Findings Judge() {
    log_ = std::make_unique<ScannedLog>(b);
    return Find(log_->observations(), {});
  }
  LogBuilder b;
  std::unique_ptr<ScannedLog> log_;
};

TEST_F(ForkHeldTest, WhoWaitsForALockOfAThreadThatIsNotThereIsStuck) {
  b.Open(kWorker, kA, kP);
  Fork();
  b.At(90).Block(kChild, kA, kQ, kWorker, kP);
  b.Close(kWorker).End(kWorker).Exit(kMain);
  const Findings found = Judge();
  ASSERT_THAT(found.findings, SizeIs(1));
  const Finding& f = found.findings[0];
  EXPECT_EQ(f.rule, Rule::kWaitFor);
  EXPECT_EQ(f.verdict, Verdict::kActual);
  EXPECT_THAT(f.objects, ElementsAre(log_->recording().FindObject(1, kA)));
  ASSERT_THAT(f.parts, SizeIs(2));
  EXPECT_EQ(log_->ActorId(f.parts[0].actor), kChild);
  EXPECT_EQ(f.parts[0].wants, f.objects[0]);
  EXPECT_EQ(log_->ActorId(f.parts[1].actor), kWorker);
  EXPECT_EQ(f.parts[1].wants, kNone);
  EXPECT_THAT(log_->Held(f.parts[1].holds), ElementsAre(HeldId{kA, kP}));
  EXPECT_EQ(f.ticks, LogBuilder::kStartTicks + 90);
  ASSERT_THAT(found.standing_waits, SizeIs(1));
  EXPECT_TRUE(found.standing_waits[0].stuck);
}

TEST_F(ForkHeldTest, ThoseWhoWaitWithItAreCounted) {
  b.Open(kWorker, kA, kP);
  Fork();
  ChildStartsAThread();
  b.At(90).Block(kChild, kA, kQ, kWorker, kP);
  b.At(95).Block(kOfChild, kA, kR, kWorker, kP);
  const Findings found = Judge();
  ASSERT_THAT(found.findings, SizeIs(1));
  EXPECT_EQ(found.findings[0].count, 2u);
}

TEST_F(ForkHeldTest, AWaitThatEndedIsNone) {
  b.Open(kWorker, kA, kP);
  Fork();
  b.Block(kChild, kA, kQ, kWorker, kP).Unblock(kChild);
  b.Section(kChild, kA, kQ, {.handover = 1});
  EXPECT_THAT(Judge().findings, IsEmpty());
}

TEST_F(ForkHeldTest, ATimedWaitEndsByItself) {
  b.Open(kWorker, kA, kP);
  Fork();
  b.Block(kChild, kA, kQ, kWorker, kP, {.how = How::kTimed});
  EXPECT_THAT(Judge().findings, IsEmpty());
}

TEST_F(ForkHeldTest, TheThreadThatForkedGoesOnInTheChild) {
  b.Open(kMain, kA, kP);
  Fork({{kA, kP}});
  ChildStartsAThread();
  b.Block(kOfChild, kA, kQ, kMain, kP);  // the lock still names the parent's
  EXPECT_THAT(Judge().findings, IsEmpty());
}

TEST_F(ForkHeldTest, ALockThatTheChildHoldsAgainIsNotTheParentsAnyMore) {
  b.Open(kWorker, kA, kP);
  Fork();
  ChildStartsAThread();
  b.Misuse(kChild, Misuse::kUnlockByOther, kA, kR, kWorker);
  b.Open(kChild, kA, kR, {.handover = 1});
  b.Block(kOfChild, kA, kQ, kWorker, kP);
  EXPECT_THAT(Judge().findings,
              ::testing::Not(::testing::Contains(
                  ::testing::Field(&Finding::verdict, Verdict::kActual))));
}

TEST_F(ForkHeldTest, ALockThatTheChildUnlockedIsFree) {
  b.Open(kWorker, kA, kP);
  Fork();
  ChildStartsAThread();
  b.At(90).Block(kOfChild, kA, kQ, kWorker, kP);
  b.At(95).Misuse(kChild, Misuse::kUnlockByOther, kA, kR, kWorker);
  EXPECT_FALSE(Judge().standing_waits.at(0).stuck);
}

TEST_F(ForkHeldTest, WhatTheParentUnlocksIsItsOwnCopy) {
  b.Open(kWorker, kA, kP);
  Fork();
  b.At(90).Block(kChild, kA, kQ, kWorker, kP);
  b.At(95).Misuse(kMain, Misuse::kUnlockByOther, kA, kR, kWorker);
  EXPECT_TRUE(Judge().standing_waits.at(0).stuck);
}

TEST_F(ForkHeldTest, AnOwnerThatIsNotKnownMakesNobodyStuck) {
  Fork();
  b.Block(kChild, kA, kQ, 0, kP);
  EXPECT_THAT(Judge().findings, IsEmpty());
}

TEST_F(ForkHeldTest, AnOwnerOfTheSameProcessIsAnotherMatter) {
  Fork();
  ChildStartsAThread();
  b.Block(kChild, kA, kQ, kOfChild, kP);
  EXPECT_THAT(Judge().findings, IsEmpty());
}

// ---- What the child's stream says of the fork -------------------------------
class ForkHazardTest : public ForkHeldTest {
 protected:
  static uint64_t Note(uint32_t low, uint32_t high) {
    return uint64_t{high} << 32 | low;
  }
  void ForkWhileTheWorkerHolds() {
    b.Open(kWorker, kA, kP);
    Fork();
    b.Note(kChild, NoteKind::kForkActor, Note(kMain, kR));
    b.Note(kChild, NoteKind::kForkActor, Note(kWorker, 0));
    b.Note(kChild, NoteKind::kForkHeld, Note(kA, kP));
  }
  void ForkHolding() {
    b.Open(kMain, kA, kP);
    Fork({{kA, kP}});
    b.Note(kChild, NoteKind::kForkActor, Note(kMain, kR));
  }
  // By the child, which then closes it.
  void UseAnother(model::ObjectKind kind = model::ObjectKind::kMutex) {
    b.Object(kB, kind).Section(kChild, kB, kQ);
  }
  static constexpr uint32_t kB = 2;
};

TEST_F(ForkHazardTest, SaysWhoHeldWhatWhereAndWhoForkedWhere) {
  ForkWhileTheWorkerHolds();
  UseAnother();
  const Findings found = Judge();
  ASSERT_THAT(found.findings, SizeIs(1));
  const Finding& f = found.findings[0];
  EXPECT_EQ(f.kind, Kind::kHazard);
  EXPECT_EQ(f.rule, Rule::kForkWhileHeld);
  EXPECT_THAT(f.objects, ElementsAre(log_->recording().FindObject(0, kA)));
  ASSERT_THAT(f.parts, SizeIs(2));
  EXPECT_EQ(log_->ActorId(f.parts[0].actor), kWorker);
  EXPECT_THAT(log_->Held(f.parts[0].holds), ElementsAre(HeldId{kA, kP}));
  EXPECT_EQ(log_->ActorId(f.parts[1].actor), kMain);
  EXPECT_EQ(f.parts[1].site, log_->recording().FindSite(kR));
}

TEST_F(ForkHazardTest, OfAChildThatAsksForNoLockNothingIsSaid) {
  ForkWhileTheWorkerHolds();
  EXPECT_THAT(Judge().findings, IsEmpty());
}

TEST_F(ForkHazardTest, NorOfOneThatAsksForThoseBetweenProcessesOnly) {
  ForkWhileTheWorkerHolds();
  UseAnother(model::ObjectKind::kProcessMutex);
  EXPECT_THAT(Judge().findings, IsEmpty());
}

TEST_F(ForkHazardTest, ThreadsOfTheChildCountToo) {
  ForkWhileTheWorkerHolds();
  ChildStartsAThread();
  b.Object(kB, model::ObjectKind::kMutex).Section(kOfChild, kB, kQ);
  EXPECT_THAT(Judge().findings, SizeIs(1));
}

TEST_F(ForkHazardTest, IsSaidOnceForEachPlaceOfTheFork) {
  ForkWhileTheWorkerHolds();
  UseAnother();
  constexpr uint32_t kSecond = 5;
  b.Fork(kMain, kSecond).Process(3, {.parent = 1});
  b.Actor(kSecond, BeginHow::kForkChild, {.parent = kMain, .hot = true});
  b.Note(kSecond, NoteKind::kForkActor, Note(kMain, kR));
  b.Note(kSecond, NoteKind::kForkActor, Note(kWorker, 0));
  b.Note(kSecond, NoteKind::kForkHeld, Note(kA, kP));
  b.Section(kSecond, kB, kQ);
  const Findings found = Judge();
  ASSERT_THAT(found.findings, SizeIs(1));
  EXPECT_EQ(found.findings[0].count, 2u);
}

TEST_F(ForkHazardTest, ADeadlockSaysAllOfIt) {
  ForkWhileTheWorkerHolds();
  b.At(90).Block(kChild, kA, kQ, kWorker, kP);
  const Findings found = Judge();
  ASSERT_THAT(found.findings, SizeIs(1));
  EXPECT_EQ(found.findings[0].verdict, Verdict::kActual);
}

TEST_F(ForkHazardTest, WhoGoesOnUnderItsCopyIsNamedWithWhatItAsksFor) {
  ForkHolding();
  UseAnother();
  b.Close(kChild);
  const Findings found = Judge();
  ASSERT_THAT(found.findings, SizeIs(1));
  const Finding& f = found.findings[0];
  EXPECT_EQ(f.rule, Rule::kInheritedLock);
  ASSERT_THAT(f.parts, SizeIs(2));
  EXPECT_EQ(log_->ActorId(f.parts[0].actor), kChild);
  EXPECT_THAT(log_->Held(f.parts[0].holds), ElementsAre(HeldId{kA, kP}));
  EXPECT_EQ(f.parts[0].wants, log_->recording().FindObject(1, kB));
  EXPECT_EQ(f.parts[0].site, log_->recording().FindSite(kQ));
  EXPECT_EQ(log_->ActorId(f.parts[1].actor), kMain);
}

TEST_F(ForkHazardTest, WhoLetsGoOfItsCopyFirstIsNot) {
  ForkHolding();
  b.Close(kChild);
  UseAnother();
  b.Section(kChild, kA, kP);
  EXPECT_THAT(Judge().findings, IsEmpty());
}

TEST_F(ForkHazardTest, ALogWithoutSuchNotesSaysNothing) {
  b.Open(kMain, kA, kP);
  Fork();
  UseAnother();
  EXPECT_THAT(Judge().findings, IsEmpty());
}

}  // namespace
}  // namespace lockcheck::analysis::testing

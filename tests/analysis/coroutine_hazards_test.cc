// What a log says of coroutines that keep a thread, and of those that no thread
// can resume.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/analysis/found_in_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::NoteKind;
using log::testing::LogBuilder;
using model::How;
using model::ObjectKind;
using model::Outcome;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kM = 1, kAwaited = 2, kPermits = 3, kReady = 4;
constexpr uint32_t kTaken = 10, kAwait = 11, kAsked = 12;  // sites
constexpr uint32_t kA = 2, kB = 3;                         // coroutines

class CoroutineHazardsTest : public ::testing::Test {
 protected:
  CoroutineHazardsTest() {
    b.At(1).Process(1).Actor(1, BeginHow::kMain);
    b.Object(kM, ObjectKind::kMutex);
    b.Object(kAwaited, ObjectKind::kCoroutineMutex);
    b.Object(kPermits, ObjectKind::kSemaphore);
    b.Object(kReady, ObjectKind::kEvent);
    for (const uint32_t site : {kTaken, kAwait, kAsked}) {
      b.Site(site, {uint64_t{site} * 16});
    }
    for (const uint32_t actor : {kA, kB}) {
      b.Fork(1, actor).Actor(actor, BeginHow::kCoroutine, {.parent = 1});
    }
  }
  // For so many microseconds, while so many were ready.
  void Kept(uint32_t actor, uint64_t us, uint64_t ready) {
    b.Note(actor, NoteKind::kKeptThread,
           kAwait | uint64_t{log::EncodeTicks(us)} << 32 | ready << 48);
  }
  std::vector<Finding> Ended() {
    b.At(900).End(kA).End(kB).Exit(1);
    return FoundIn(b);
  }
  LogBuilder b;
};

TEST_F(CoroutineHazardsTest, LocksOfThreadsHeldAcrossAnAwaitAreToldOnce) {
  for (int i = 0; i < 3; ++i) {
    b.Open(kA, kAwaited, kTaken).Open(kA, kPermits, kTaken);
    b.Open(kA, kM, kTaken).Note(kA, NoteKind::kHeldAcross, kAwait);
    b.NewSegment(kA).Close(kA).Close(kA).Close(kA);
  }
  const std::vector<Finding> found = Ended();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].rule, Rule::kLockAcrossAwait);
  EXPECT_EQ(found[0].count, 3u);
  EXPECT_FALSE(found[0].elsewhere);
  ASSERT_THAT(found[0].parts, SizeIs(1));
  EXPECT_THAT(found[0].parts[0].holds, SizeIs(1));
  EXPECT_NE(found[0].parts[0].awaits, kNone);
}

// One thread changes from one coroutine to another only where one is suspended.
TEST_F(CoroutineHazardsTest, WhatOneThreadRunsIsAssumedToBeSuspendedBetween) {
  for (const uint32_t thread_of_other : {1001, 1002}) {
    LogBuilder c;
    c.At(1).Process(1).Actor(1, BeginHow::kMain);
    for (const uint32_t lock : {1, 2}) {
      c.Object(lock, ObjectKind::kCoroutineMutex);
    }
    c.Site(kTaken, {0x100}).Site(kAsked, {0x200});
    for (const uint32_t actor : {kA, kB}) {
      c.Fork(1, actor).Actor(
          actor, BeginHow::kCoroutine,
          {.parent = 1, .tid = actor == kA ? 1001 : thread_of_other});
      c.Open(actor, actor == kA ? 1 : 2, kTaken);
      c.Section(actor, actor == kA ? 2 : 1, kAsked).Close(actor).End(actor);
    }
    const std::vector<Finding> found = FoundIn(c.At(900).Exit(1));
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].verdict, Verdict::kConfirmed);
    EXPECT_THAT(found[0].assumes, SizeIs(thread_of_other == 1001 ? 1 : 0));
  }
}

TEST_F(CoroutineHazardsTest, AndThatItWentOnInAnotherThread) {
  b.Open(kA, kM, kTaken).Note(kA, NoteKind::kHeldAcross, kAwait);
  b.NewSegment(kA);
  b.Note(kA, NoteKind::kHeldAcross, kAwait | uint64_t{1} << 32).Close(kA);
  const std::vector<Finding> found = Ended();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_TRUE(found[0].elsewhere);
  EXPECT_EQ(found[0].count, 1u);
}

TEST_F(CoroutineHazardsTest, AWaitInTheThreadIsToldWithTheMostThatWereReady) {
  for (const uint64_t ready : {1, 5, 2}) {
    b.At(10).Block(kA, kReady, kAsked, 0, 0).At(20);
    b.Unblock(kA, Outcome::kSignalled);
    Kept(kA, 0, ready);
  }
  const std::vector<Finding> found = Ended();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].rule, Rule::kBlockingInCoroutine);
  EXPECT_EQ(found[0].ready, 5u);
  EXPECT_EQ(found[0].count, 3u);
}

// What it awaits keeps no thread; a wait for a lock is short.
TEST_F(CoroutineHazardsTest, WhatItAwaitsIsNoWaitInTheThread) {
  b.Block(kA, kReady, kAsked, 0, 0, {.awaited = true}).NewSegment(kA);
  b.Unblock(kA, Outcome::kSignalled);
  b.Block(kA, kM, kAsked, 1, 0).Unblock(kA);
  b.Block(1, kReady, kAsked, 0, 0).Unblock(1, Outcome::kSignalled);
  EXPECT_THAT(Ended(), IsEmpty());
}

TEST_F(CoroutineHazardsTest, OfLongRunsTheLongestIsTold) {
  Kept(kA, 20'000, 1);
  Kept(kB, 50'000, 0);
  Kept(kB, 0, 7);  // it was not long
  const std::vector<Finding> found = Ended();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].rule, Rule::kLongRun);
  EXPECT_EQ(found[0].count, 2u);
  EXPECT_EQ(found[0].ready, 1u);
  EXPECT_NEAR(static_cast<double>(found[0].ns), 50e6, 50e6 / 1024);
}

class NoCarrierTest : public CoroutineHazardsTest {
 protected:
  // kA is suspended with the lock, and kB waits for it.
  void Suspend() {
    b.Open(kA, kM, kTaken).Note(kA, NoteKind::kHeldAcross, kAwait);
    b.At(10).Block(kB, kM, kAsked, kA, kTaken);
  }
  void NobodyResumes() {
    b.Note(kB, NoteKind::kNoCarrier, kA | uint64_t{kB} << 32);
  }
};

TEST_F(NoCarrierTest, WhoOnlyTheWaiterCouldResumeIsStuckWithIt) {
  Suspend();
  NobodyResumes();
  const std::vector<Finding> found = FoundIn(b);
  ASSERT_THAT(found, SizeIs(1));  // not as a hazard again
  EXPECT_EQ(found[0].rule, Rule::kCarrier);
  EXPECT_EQ(found[0].verdict, Verdict::kActual);
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_NE(found[0].parts[0].awaits, kNone);
  EXPECT_THAT(found[0].parts[0].holds, SizeIs(1));
  EXPECT_EQ(found[0].parts[1].wants, found[0].objects[0]);
}

TEST_F(NoCarrierTest, WithoutTheNoteItIsAHazard) {
  Suspend();
  const std::vector<Finding> found = FoundIn(b);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].rule, Rule::kLockAcrossAwait);
}

TEST_F(NoCarrierTest, TheNoteIsOfTheWaitThatItStandsIn) {
  Suspend();
  NobodyResumes();
  b.At(20).NewSegment(kA).Close(kA);
  b.At(30).Unblock(kB).Section(kB, kM, kAsked, {.handover = 1});
  b.At(40).Open(kA, kM, kTaken, {.handover = 2});
  b.Note(kA, NoteKind::kHeldAcross, kAwait);
  b.At(50).Block(kB, kM, kAsked, kA, kTaken);
  const std::vector<Finding> found = FoundIn(b);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].rule, Rule::kLockAcrossAwait);
}

TEST_F(NoCarrierTest, ARefusalWasADeadlockToo) {
  Suspend();
  NobodyResumes();
  b.At(20).Unblock(kB, Outcome::kInterrupted);
  b.At(30).NewSegment(kA).Close(kA);
  const std::vector<Finding> found = Ended();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].rule, Rule::kCarrier);
  EXPECT_TRUE(found[0].was_refused);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

// How long the scan says that was waited, for which lock, where, by whom and
// because of whom; and that a wait for a signal is no contention.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "lib/analysis/statistics.h"
#include "tests/analysis/scan_test.h"
#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::NoteKind;
using log::testing::LogBuilder;
using model::How;
using model::Mode;
using model::Outcome;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

TEST_F(ScanTest, EveryWaitIsMeasuredAndCountedAsContended) {
  b.At(100).Block(1, kA, kP, 2, kQ).At(160).Unblock(1).Section(1, kA, kP);
  b.At(200).Block(1, kA, kP, 2, kQ, {.how = How::kTimed});
  b.At(500).Unblock(1, Outcome::kTimedOut);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_object(kA).contended, 2u);
  EXPECT_EQ(log.of_object(kA).acquisitions, 1u);
  EXPECT_EQ(log.of_object(kA).wait.count(), 2u);
  EXPECT_EQ(log.of_object(kA).wait.total(), 360);
  EXPECT_EQ(log.of_site(kP).wait.total(), 360);
  EXPECT_EQ(log.of_actor(1).wait.total(), 360);
  EXPECT_EQ(log.of_actor(1).blocked_ns, 360);
}

TEST_F(ScanTest, AWaitIsChargedToEachOwnerForItsTime) {
  b.Actor(2, BeginHow::kForeign).Actor(3, BeginHow::kForeign);
  b.At(100).Block(1, kA, kP, 2, kQ).At(130).Wake(1, 3, kR);
  b.At(140).Wake(1, 3, kR).At(150).Unblock(1).Section(1, kA, kP);
  const ScannedLog log(b);
  const auto& blame = log.statistics().blame;
  ASSERT_EQ(blame.size(), 2u);
  EXPECT_EQ(log.ActorId(blame[0].holder), 2u);
  EXPECT_EQ(log.SiteId(blame[0].holder_site), kQ);
  EXPECT_EQ(log.SiteId(blame[0].waiter_site), kP);
  EXPECT_EQ(log.ActorId(blame[0].waiter), 1u);
  EXPECT_EQ(log.ObjectId(blame[0].object), kA);
  EXPECT_EQ(blame[0].ns, 30);
  EXPECT_EQ(blame[0].waits, 1u);
  EXPECT_EQ(log.ActorId(blame[1].holder), 3u);
  EXPECT_EQ(blame[1].ns, 20);
  EXPECT_EQ(blame[1].waits, 1u);
  EXPECT_EQ(log.of_actor(2).caused_ns, 30);
  EXPECT_EQ(log.of_site(kR).caused_ns, 20);
  EXPECT_EQ(log.of_object(kA).caused_ns, 50);
}

TEST_F(ScanTest, AWaitForAnEndIsNoContention) {
  Start(2);
  b.At(100).JoinBlock(1, 2, kQ).At(400).End(2).Unblock(1).Join(1, 2);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_actor(1).blocked_ns, 300);
  EXPECT_EQ(log.of_actor(1).contended, 0u);
  EXPECT_THAT(log.statistics().blame, IsEmpty());
}

TEST_F(ScanTest, AJoinWithoutAnUnblockEndsItsWaitItself) {
  Start(2);
  b.At(100).JoinBlock(1, 2, kQ).At(400).End(2).Join(1, 2);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_actor(1).blocked_ns, 300);
  EXPECT_THAT(
      log.requests(),
      ElementsAre(Asking{
          1, kEnd + 2, kQ, {}, How::kBlocking, Mode::kExclusive, 1, {1}}));
}

TEST_F(ScanTest, WaitersAtOneTimeAreCountedOverAllActors) {
  Start(2);
  Start(3);
  b.At(100).Block(1, kA, kP, 9, kQ).At(150).Block(2, kA, kP, 9, kQ);
  b.At(200).Unblock(1).Section(1, kA, kP).Block(3, kA, kP, 9, kQ);
  b.Block(1, kA, kP, 9, kQ);
  EXPECT_EQ(ScannedLog(b).of_object(kA).max_waiters, 3u);
}

TEST_F(ScanTest, AStandingWaitLastsToTheEndOfTheLog) {
  Start(2);
  b.At(100).Block(1, kA, kP, 2, kQ).At(1100).End(2);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_actor(1).blocked_ns, 1000);
  EXPECT_EQ(log.of_actor(1).last_ticks, LogBuilder::kStartTicks + 1100);
  EXPECT_EQ(log.of_object(kA).contended, 1u);
  EXPECT_EQ(log.of_object(kA).unmet, 1u);
  EXPECT_EQ(log.of_object(kA).standing, 1u);
  EXPECT_EQ(log.of_object(kA).wait.total(), 1000);
  EXPECT_EQ(log.of_site(kP).wait.total(), 1000);
  EXPECT_EQ(log.of_actor(1).wait.total(), 1000);
  EXPECT_EQ(log.of_actor(2).caused_ns, 1000);
  EXPECT_EQ(log.statistics().end_ns, 1100);
}

TEST_F(ScanTest, AStandingWaitIsChargedToItsLastOwnerFromThenOn) {
  Start(2);
  Start(3);
  b.At(100).Block(1, kA, kP, 2, kQ).At(300).Wake(1, 3, kR);
  b.At(1100).End(2);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_actor(2).caused_ns, 200);
  EXPECT_EQ(log.of_actor(3).caused_ns, 800);
}

TEST_F(ScanTest, AWaitThatGotNothingIsUnmet) {
  b.At(200).Block(1, kA, kP, 2, kQ, {.how = How::kTimed});
  b.At(500).Unblock(1, Outcome::kTimedOut);
  const ScannedLog log(b);
  EXPECT_EQ(log.of_object(kA).unmet, 1u);
  EXPECT_EQ(log.of_site(kP).unmet, 1u);
  EXPECT_EQ(log.of_actor(1).unmet, 1u);
  EXPECT_EQ(log.of_object(kA).standing, 0u);
}

TEST_F(ScanTest, SampledTimingGivesAttributedBlame) {
  b.Note(1, NoteKind::kTiming, 1).Note(1, NoteKind::kSampleInterval, 16);
  b.At(10).Block(1, kA, kP, 0, 0).At(20).Unblock(1).Section(1, kA, kP);
  const ScannedLog log(b);
  EXPECT_FALSE(log.statistics().exact);
  EXPECT_EQ(log.statistics().sample_interval, 16u);
  EXPECT_THAT(
      log.statistics().blame,
      ElementsAre(AllOf(Field(&Blame::exact, false),
                        Field(&Blame::holder, kNone), Field(&Blame::ns, 10))));
}

TEST_F(ScanTest, FullTimingGivesExactBlame) {
  b.Note(1, NoteKind::kTiming, 2);
  b.At(10).Block(1, kA, kP, 0, 0).At(20).Unblock(1).Section(1, kA, kP);
  const ScannedLog log(b);
  EXPECT_TRUE(log.statistics().exact);
  EXPECT_THAT(log.statistics().blame, ElementsAre(Field(&Blame::exact, true)));
}

// Nothing can be held of a condition variable: E.
class SignalTest : public ScanTest {
 protected:
  SignalTest() { b.Object(kE, model::ObjectKind::kConditionVariable); }
  static constexpr uint32_t kE = 5;
  static void ExpectNoContention(const ScannedLog& log) {
    EXPECT_EQ(log.of_object(kE).contended, 0u);
    EXPECT_EQ(log.of_object(kE).unmet, 0u);
    EXPECT_EQ(log.of_object(kE).acquisitions, 0u);
    EXPECT_EQ(log.of_site(kQ).contended, 0u);
    EXPECT_EQ(log.of_site(kQ).unmet, 0u);
    EXPECT_EQ(log.of_site(kQ).wait.count(), 0u);
    EXPECT_EQ(log.of_actor(1).contended, 0u);
    EXPECT_EQ(log.of_actor(1).unmet, 0u);
    EXPECT_EQ(log.of_actor(1).wait.count(), 0u);
    EXPECT_THAT(log.statistics().blame, IsEmpty());
    EXPECT_THAT(log.dependencies(), IsEmpty());
    EXPECT_THAT(log.requests(), ElementsAre(Asking{1, kA, kP}));
  }
  static void ExpectAwaited(const ScannedLog& log, uint64_t ns) {
    EXPECT_EQ(log.of_object(kE).wait.total(), ns);
    EXPECT_EQ(log.of_object(kE).max_waiters, 1u);
    EXPECT_EQ(log.of_object(kE).signal_ns, ns);
    EXPECT_EQ(log.of_site(kQ).signal_ns, ns);
    EXPECT_EQ(log.of_site(kQ).signal_waits, 1u);
    EXPECT_EQ(log.of_actor(1).signal_ns, ns);
    EXPECT_EQ(log.of_actor(1).blocked_ns, ns);
  }
};

TEST_F(SignalTest, AWaitForASignalIsNoContention) {
  b.Open(1, kA, kP).At(100).Block(1, kE, kQ, 0, 0).At(400);
  b.Unblock(1, Outcome::kSignalled);
  const ScannedLog log(b);
  ExpectNoContention(log);
  ExpectAwaited(log, 300);
}

TEST_F(SignalTest, AWaitForASignalThatTimesOutIsNone) {
  b.Open(1, kA, kP).At(100).Block(1, kE, kQ, 0, 0, {.how = How::kTimed});
  b.At(400).Unblock(1, Outcome::kTimedOut);
  const ScannedLog log(b);
  ExpectNoContention(log);
  ExpectAwaited(log, 300);
}

TEST_F(SignalTest, AWaitForASignalThatStandsIsAStandingWaitAndNoContention) {
  Start(2);
  b.Open(1, kA, kP).At(100).Block(1, kE, kQ, 0, 0).At(1100).End(2);
  const ScannedLog log(b);
  EXPECT_THAT(log.requests(),
              ElementsAre(Asking{
                  1, kA, kP, {}, How::kBlocking, Mode::kExclusive, 1, {1}}));
  EXPECT_THAT(log.statistics().blame, IsEmpty());
  ExpectAwaited(log, 1000);
  EXPECT_EQ(log.of_object(kE).standing, 1u);
  EXPECT_EQ(log.of_object(kE).contended, 0u);
  EXPECT_EQ(log.of_site(kQ).standing, 1u);
  EXPECT_EQ(log.of_actor(1).wait.count(), 0u);
  ASSERT_TRUE(log.end(1).wait);
  EXPECT_EQ(log.ObjectId(log.end(1).wait->object), kE);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

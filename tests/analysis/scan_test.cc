// How the scan follows an actor from segment to segment and from phase to
// phase, and what it tells on the way: misuse, and how far it has come.
#include "tests/analysis/scan_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "lib/analysis/statistics.h"
#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::StackReason;
using log::testing::LogBuilder;
using model::How;
using model::Misuse;
using model::Mode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// ---- Segments ----

TEST_F(ScanTest, HoldsGoOnInTheNextBlock) {
  b.Open(1, kA, kP, {.mode = Mode::kShared, .start = 100}).NewBlock(1);
  b.Section(1, kB, kQ).Close(1, 0, {.end = 600});
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(),
              ElementsAre(Asking{1, kB, kQ, {{kA, kP, Mode::kShared}}}));
  EXPECT_EQ(log.of_object(kA).hold.total(), 500);
}

TEST_F(ScanTest, AfterALostBlockTheNextSegmentSaysWhatIsHeld) {
  b.Open(1, kA, kP).NewBlock(1);
  const uint64_t lost = b.NextBlock();
  b.Close(1).Open(1, kB, kQ).NewBlock(1).Section(1, kC, kR);
  b.ZeroBlock(lost);
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(), ElementsAre(Asking{1, kC, kR, {{kB, kQ}}}));
  EXPECT_THAT(log.HeldAtEnd(1), ElementsAre(HeldId{kB, kQ}));
}

TEST_F(ScanTest, AWaitGoesOnInTheNextBlock) {
  b.At(10).Block(1, kA, kP, 2, kQ).NewBlock(1).At(60).Unblock(1);
  b.NewBlock(1).Section(1, kA, kP);
  EXPECT_EQ(ScannedLog(b).of_object(kA).wait.total(), 50);
}

TEST_F(ScanTest, AForkedChildInheritsWhatItsParentHeld) {
  b.Process(2, {.parent = 1})
      .Actor(2, BeginHow::kForkChild,
             {.process = 2, .parent = 1, .held = {{kA, kP}}});
  b.Section(2, kB, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(), ElementsAre(Asking{2, kB, kQ, {{kA, kP}}}));
  EXPECT_THAT(log.HeldAtEnd(2), ElementsAre(HeldId{kA, kP}));
  EXPECT_THAT(log.phase_edges(), IsEmpty());
}

TEST_F(ScanTest, AReleaseOfNoHoldIsIgnoredAndSaid) {
  b.Open(1, kA, kP).Close(1, 7).Section(1, kB, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(), ElementsAre(Asking{1, kB, kQ, {{kA, kP}}}));
  EXPECT_THAT(log.warnings(), ElementsAre(HasSubstr("1 release names a hold")));
}

// ---- Phases ----

TEST_F(ScanTest, ForkAndJoinOrderPhases) {
  Start(2);
  b.Section(2, kA, kP).End(2).Join(1, 2).Section(1, kA, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(log.phase_edges(), UnorderedElementsAre(std::tuple(1, 0, 2, 0),
                                                      std::tuple(2, 0, 1, 2)));
  EXPECT_THAT(log.observations().phase_count, ElementsAre(3, 1));
}

TEST_F(ScanTest, ADependencyListsThePhasesItOccurredIn) {
  const auto nest = [this] { b.Open(1, kA, kP).SectionThenClose(1, kB, kQ); };
  nest();
  nest();
  Start(2);
  Start(3);
  nest();
  Start(4);
  nest();
  const ScannedLog log(b);
  const std::vector<uint32_t> phases = {0, 2, 3};
  EXPECT_THAT(
      log.dependencies(),
      ElementsAre(Asking{
          1, kB, kQ, {{kA, kP}}, How::kBlocking, Mode::kExclusive, 4, phases}));
  EXPECT_THAT(log.requests(),
              ElementsAre(Asking{
                  1, kA, kP, {}, How::kBlocking, Mode::kExclusive, 4, phases}));
}

TEST_F(ScanTest, AJoinIsARequestForTheEndOfTheActor) {
  Start(2);
  b.Open(1, kA, kP).JoinBlock(1, 2, kQ).End(2).Unblock(1).Join(1, 2).Close(1);
  const ScannedLog log(b);
  EXPECT_THAT(log.dependencies(), ElementsAre(Asking{1,
                                                     kEnd + 2,
                                                     kQ,
                                                     {{kA, kP}},
                                                     How::kBlocking,
                                                     Mode::kExclusive,
                                                     1,
                                                     {1}}));
}

TEST_F(ScanTest, AJoinThatStandsAtTheEndIsARequestAndAWait) {
  Start(2);
  b.At(70).JoinBlock(1, 2, kQ);
  const ScannedLog log(b);
  EXPECT_THAT(
      log.requests(),
      ElementsAre(Asking{
          1, kEnd + 2, kQ, {}, How::kBlocking, Mode::kExclusive, 1, {1}}));
  const EndState& end = log.end(1);
  EXPECT_EQ(end.state, ActorState::kBlocked);
  ASSERT_TRUE(end.wait);
  EXPECT_EQ(log.ObjectId(end.wait->object), kEnd + 2);
  EXPECT_EQ(log.ActorId(end.wait->owner), 2u);
}

// ---- Misuse ----

TEST_F(ScanTest, EqualMisusesAreOneWithACount) {
  b.Stack(3, {StackReason::kMisuseStack, kA}, {1});
  b.At(5).Misuse(1, Misuse::kUnlockFree, kA, kP, 0, 3);
  b.At(6).Misuse(1, Misuse::kUnlockFree, kA, kP);
  b.At(7).Misuse(1, Misuse::kUnlockFree, kA, kQ);
  const ScannedLog log(b);
  ASSERT_EQ(log.observations().misuses.size(), 2u);
  const MisuseEvent& e = log.observations().misuses[0];
  EXPECT_EQ(e.misuse, Misuse::kUnlockFree);
  EXPECT_EQ(log.ActorId(e.actor), 1u);
  EXPECT_EQ(log.ObjectId(e.object), kA);
  EXPECT_EQ(log.SiteId(e.site), kP);
  EXPECT_EQ(e.stack, log.recording().FindStack(3));
  EXPECT_EQ(e.owner, kNone);
  EXPECT_EQ(e.ticks, LogBuilder::kStartTicks + 5);
  EXPECT_EQ(e.count, 2u);
  EXPECT_EQ(log.observations().misuses[1].count, 1u);
}

// ---- Progress ----

TEST_F(ScanTest, ProgressIsToldFromTheCallingThreadAndNeverGoesBack) {
  for (int i = 0; i < 2000; ++i) b.Section(1, kA, kP).NewSegment(1);
  const std::string path =
      ::testing::TempDir() + "scan_progress." + std::to_string(getpid());
  b.Write(path);
  const auto recording = log::Recording::Open(path);
  ASSERT_TRUE(recording.ok());
  struct Told {
    double last = 0;
    int times = 0;
    bool sane = true;
  } told;
  const auto hear = [](double fraction, void* data) {
    auto* t = static_cast<Told*>(data);
    t->sane &= fraction >= t->last && fraction <= 1;
    t->last = fraction;
    ++t->times;
  };
  Scan(**recording, {.threads = 1, .progress = hear, .progress_data = &told});
  EXPECT_GT(told.times, 5);
  EXPECT_TRUE(told.sane);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

// Waits that nobody in any process of the recording is left to end, and each
// way in which somebody is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/nobody_left.h"
#include "tests/analysis/found_in_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::NoteKind;
using model::How;
using model::ObjectKind;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Actors: of the first process, and of its children.
constexpr uint32_t kMain = 1, kOther = 2, kThird = 3;
constexpr uint32_t kWatch = 9, kOthersWatch = 10, kThirdsWatch = 11;
constexpr uint32_t kLock = 1, kSignal = 2;
constexpr uint32_t kSite = 8, kOtherSite = 9;

MATCHER(IsCommunication, "") {
  return arg.kind == Kind::kDeadlock && arg.rule == Rule::kCommunication &&
         arg.verdict == Verdict::kActual;
}
MATCHER_P(HasRule, rule, "") { return arg.rule == rule; }
MATCHER(IsStall, "") {
  return arg.kind == Kind::kHazard && arg.rule == Rule::kStall;
}

class NobodyLeftAcross : public ::testing::Test {
 protected:
  NobodyLeftAcross() {
    b_.At(0).Process(1).Actor(kMain, BeginHow::kMain, {.hot = true});
    b_.Object(kLock, ObjectKind::kProcessMutex, "lock");
    b_.Object(kSignal, ObjectKind::kProcessEvent, "signal");
    Fork(kOther, 2);
  }
  void Fork(uint32_t child, uint32_t process) {
    b_.Fork(kMain, child);
    b_.Actor(child, BeginHow::kForkChild,
             {.process = process, .parent = kMain, .hot = true});
  }
  // Main holds the lock and waits for the signal, its child for the lock.
  void HolderWaits(How how = How::kBlocking) {
    b_.At(10).Open(kMain, kLock, kSite);
    b_.At(20).Block(kMain, kSignal, kSite, 0, 0, {.how = how});
    b_.At(20).Block(kOther, kLock, kOtherSite, kMain, kSite);
  }
  // The runtime has looked.
  void Note(uint32_t watch, uint32_t process, uint64_t ticks) {
    b_.At(ticks).Actor(watch, BeginHow::kForeign,
                       {.process = process, .hot = true});
    b_.Note(watch, NoteKind::kQuiescentAcross,
            log::testing::LogBuilder::kStartTicks + ticks);
  }
  void BothNote(uint64_t first = 100, uint64_t second = 110) {
    Note(kWatch, 1, first);
    Note(kOthersWatch, 2, second);
  }
  std::vector<Finding> Found() { return FoundIn(b_, log::Liveness::kNotKnown); }

  log::testing::LogBuilder b_;
};

TEST_F(NobodyLeftAcross, WhoHoldsWhatTheSignallerNeedsIsInADeadlock) {
  HolderWaits();
  BothNote();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsCommunication()));
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[0].actor, kMain - 1);
  EXPECT_EQ(found[0].parts[1].actor, kOther - 1);
}

TEST_F(NobodyLeftAcross, IsNotSaidIfAProcessHasNoNote) {
  HolderWaits();
  Note(kWatch, 1, 100);
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitHolding)));
}

TEST_F(NobodyLeftAcross, IsNotSaidIfAThirdProcessRuns) {
  Fork(kThird, 3);
  HolderWaits();
  BothNote();
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitHolding)));
}

TEST_F(NobodyLeftAcross, IsNotSaidIfAChildHasRecordedNothing) {
  b_.Fork(kMain, kThird);
  HolderWaits();
  BothNote();
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitHolding)));
}

TEST_F(NobodyLeftAcross, IsNotSaidIfAWaitWasBegunAfterTheFirstNote) {
  Fork(kThird, 3);
  HolderWaits();
  b_.At(105).Block(kThird, kSignal, kSite, 0, 0);
  BothNote(100, 110);
  Note(kThirdsWatch, 3, 120);
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitHolding)));
}

TEST_F(NobodyLeftAcross, ButIfTheNotesWereWrittenAgain) {
  Fork(kThird, 3);
  HolderWaits();
  b_.At(105).Block(kThird, kSignal, kSite, 0, 0);
  BothNote(100, 104);
  Note(kThirdsWatch, 3, 120);
  for (const uint32_t watch : {kWatch, kOthersWatch}) {
    b_.At(130).Note(watch, NoteKind::kQuiescentAcross,
                    log::testing::LogBuilder::kStartTicks + 130);
  }
  EXPECT_THAT(Found(), Contains(IsCommunication()));
}

TEST_F(NobodyLeftAcross, WhoWasJoinedIsNoHelp) {
  Fork(kThird, 3);
  b_.At(5).Join(kMain, kThird);
  HolderWaits();
  BothNote();
  EXPECT_THAT(Found(), ElementsAre(IsCommunication()));
}

TEST_F(NobodyLeftAcross, WhoExitedIsNoHelp) {
  Fork(kThird, 3);
  HolderWaits();
  b_.At(30).Exit(kThird);
  BothNote();
  EXPECT_THAT(Found(), ElementsAre(IsCommunication()));
}

TEST_F(NobodyLeftAcross, IsNotSaidIfAWaitHasATimeLimit) {
  HolderWaits(How::kTimed);
  BothNote();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(NobodyLeftAcross, IsNotSaidIfAWaitHasEndedSince) {
  HolderWaits();
  BothNote();
  b_.At(120).Unblock(kMain, model::Outcome::kSignalled);
  b_.At(130).Block(kMain, kSignal, kSite, 0, 0);
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kWaitHolding)));
}

TEST_F(NobodyLeftAcross, WhoWaitsForOneThatWasJoinedStalls) {
  b_.At(10).Join(kMain, kOther);
  b_.At(20).Block(kMain, kSignal, kSite, 0, 0);
  Note(kWatch, 1, 100);
  EXPECT_THAT(Found(), ElementsAre(IsStall()));
}

}  // namespace
}  // namespace lockcheck::analysis::testing

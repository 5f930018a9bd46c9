// Waits that are not in the log, but in the note that the runtime has written
// of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "lib/analysis/findings.h"
#include "tests/analysis/found_in_log.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::NoteKind;
using model::ObjectKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kMain = 1, kOther = 2, kWatch = 9;
constexpr uint32_t kLock = 1, kSignal = 2;
constexpr uint32_t kSite = 8, kOtherSite = 9;

MATCHER_P(IsActual, rule, "") {
  return arg.kind == Kind::kDeadlock && arg.rule == rule &&
         arg.verdict == Verdict::kActual;
}
MATCHER_P(HasRule, rule, "") { return arg.rule == rule; }

class ElsewhereTest : public ::testing::Test {
 protected:
  ElsewhereTest() {
    b_.At(0).Process(1).Actor(kMain, BeginHow::kMain, {.hot = true});
    b_.Object(kLock, ObjectKind::kMutex, "lock");
    b_.Object(kSignal, ObjectKind::kEvent, "signal");
    b_.Actor(kOther, BeginHow::kForeign, {.hot = true});
  }
  // Main holds the lock, the other one waits for it.
  void OtherNeedsLock() {
    b_.At(10).Open(kMain, kLock, kSite);
    b_.At(20).Block(kOther, kLock, kOtherSite, 0, 0);
  }
  // The runtime has seen that these sleep, and that nobody is left.
  void Note(const std::vector<uint64_t>& elsewhere) {
    b_.At(100).Actor(kWatch, BeginHow::kForeign, {.hot = true});
    for (const uint64_t value : elsewhere) {
      b_.Note(kWatch, NoteKind::kElsewhere, value);
    }
    b_.Note(kWatch, NoteKind::kQuiescent,
            log::testing::LogBuilder::kStartTicks + 100);
  }
  static uint64_t Joins(uint32_t actor, uint32_t joined) {
    return uint64_t{joined} << 32 | actor;
  }
  std::vector<Finding> Found() { return FoundIn(b_, log::Liveness::kNotKnown); }

  log::testing::LogBuilder b_;
};

TEST_F(ElsewhereTest, AJoinUnderALockIsACircle) {
  OtherNeedsLock();
  Note({Joins(kMain, kOther)});
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsActual(Rule::kWaitFor)));
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[0].wants, found[0].parts[1].holds[0].object);
  EXPECT_EQ(found[0].parts[1].wants, found[0].parts[0].holds[0].object);
}

TEST_F(ElsewhereTest, WhatIsNotKnownIsWaitedForAsASignalIs) {
  OtherNeedsLock();
  Note({kMain});
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, ElementsAre(IsActual(Rule::kCommunication)));
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[0].actor, kMain - 1);
  EXPECT_EQ(found[0].parts[0].wants, kUnseen);
  EXPECT_EQ(found[0].parts[1].wants, found[0].parts[0].holds[0].object);
}

TEST_F(ElsewhereTest, WhoIsJoinedMaySleepThere) {
  b_.At(20).JoinBlock(kMain, kOther, kSite);
  Note({kOther});
  EXPECT_THAT(Found(), ElementsAre(IsActual(Rule::kCommunication)));
}

TEST_F(ElsewhereTest, InNobodysWayItIsAHazard) {
  b_.At(20).Block(kOther, kSignal, kOtherSite, 0, 0);
  Note({kMain});
  EXPECT_THAT(Found(), ElementsAre(HasRule(Rule::kStall)));
}

TEST_F(ElsewhereTest, WithoutANoteOfItsOwnAThreadRuns) {
  OtherNeedsLock();
  Note({});
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(ElsewhereTest, WhoHasGoneOnSinceDoesNotSleep) {
  OtherNeedsLock();
  Note({Joins(kMain, kOther)});
  b_.At(110).Block(kMain, kSignal, kSite, 0, 0);
  b_.At(120).Unblock(kMain, model::Outcome::kSignalled);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(ElsewhereTest, AnActorThatIsNotThereDoesNotMatter) {
  OtherNeedsLock();
  Note({77, Joins(kMain, 78)});
  EXPECT_THAT(Found(), ElementsAre(IsActual(Rule::kCommunication)));
}

}  // namespace
}  // namespace lockcheck::analysis::testing

// A request that was refused because it had closed a deadlock: the deadlock
// happened, though nobody waits at the log's end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/analysis/found_in_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;
using model::How;
using model::ObjectKind;
using model::Outcome;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::Truly;

constexpr uint32_t kA = 1, kB = 2, kC = 3;  // locks; the site of a lock is 10 *
                                            // its number where it is held, one
                                            // more where it is asked for

class RefusedTest : public ::testing::Test {
 protected:
  RefusedTest() {
    b.At(1).Process(1).Actor(1, BeginHow::kMain);
    for (const uint32_t lock : {kA, kB, kC}) {
      b.Object(lock, ObjectKind::kMutex);
      b.Site(10 * lock, {160 * lock}).Site(10 * lock + 1, {161 * lock});
    }
    for (const uint32_t actor : {2, 3, 4}) {
      b.Fork(1, actor).Actor(actor, BeginHow::kStarted, {.parent = 1});
    }
  }
  void Hold(uint32_t actor, uint32_t lock) { b.Open(actor, lock, 10 * lock); }
  void Block(uint32_t actor, uint32_t lock, uint32_t owner,
             How how = How::kBlocking) {
    b.Block(actor, lock, 10 * lock + 1, owner, 10 * lock, {.how = how});
  }
  // The wait is over, and the actor has the lock for a moment.
  void Get(uint32_t actor, uint32_t lock) {
    b.Unblock(actor).Section(actor, lock, 10 * lock + 1, {.handover = 1});
    b.Close(actor);
  }
  void Refuse(uint32_t actor) {
    b.Unblock(actor, Outcome::kInterrupted).Close(actor);
  }
  // 3 closes a cycle with 2.
  void LockUpAndRefuse() {
    Hold(2, kA);
    Hold(3, kB);
    b.At(10);
    Block(2, kB, 3);
    b.At(20);
    Block(3, kA, 2);
    b.At(30);
    Refuse(3);
    b.At(40);
    Get(2, kB);
  }
  std::vector<Finding> Judge() {
    b.At(900).End(2).End(3).End(4).Exit(1);
    return FoundIn(b);
  }
  LogBuilder b;
};

// Two coroutines that their context has destroyed since; a third one that
// waited then is none of those that were left.
TEST_F(RefusedTest, WhomNobodyWasLeftToResumeIsInADeadlockThatHappened) {
  Hold(2, kA);
  b.Object(9, ObjectKind::kEvent).Site(90, {1440});
  b.At(10).Block(2, 9, 90, 0, 0, {.ticket = 1});
  b.At(20);
  Block(3, kA, 2);
  Block(4, kA, 2);
  b.At(30).Note(1, log::NoteKind::kLeft, 2).Note(1, log::NoteKind::kLeft, 3);
  b.Note(1, log::NoteKind::kNobodyResumes, LogBuilder::kStartTicks + 30);
  b.At(40);
  Refuse(2);
  b.Unblock(3, Outcome::kInterrupted).Unblock(4, Outcome::kInterrupted);
  const std::vector<Finding> found = Judge();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].verdict, Verdict::kActual);
  EXPECT_EQ(found[0].rule, Rule::kCommunication);
  EXPECT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].ticks, LogBuilder::kStartTicks + 20);
}

TEST_F(RefusedTest, TheCycleThatWasRefusedHappened) {
  LockUpAndRefuse();
  const std::vector<Finding> found = Judge();
  ASSERT_THAT(found, SizeIs(1));  // not as a possible one again
  EXPECT_EQ(found[0].verdict, Verdict::kActual);
  EXPECT_EQ(found[0].rule, Rule::kWaitFor);
  EXPECT_TRUE(found[0].was_refused);
  EXPECT_EQ(found[0].ticks, LogBuilder::kStartTicks + 20);
  EXPECT_THAT(found[0].parts, SizeIs(2));
}

// The cycle of kA and kB was never closed: 3 was alone when it was refused.
TEST_F(RefusedTest, WhoDidNotWaitThenIsInNoCycle) {
  Hold(2, kA);
  Hold(3, kB);
  b.At(10);
  Block(2, kB, 3);
  b.At(20);
  b.Close(3);
  Get(2, kB);
  b.At(30);
  Hold(3, kB);
  Block(3, kA, 4);
  b.At(40);
  Refuse(3);
  const std::vector<Finding> found = Judge();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].verdict, Verdict::kPossible);
}

// Two cycles over one refused request's locks, of which one happened.
TEST_F(RefusedTest, OnlyTheCycleThatWasClosedHappened) {
  // 4 takes kC and kA the other way round at another time.
  Hold(4, kC);
  b.Section(4, kA, 11).Close(4);
  LockUpAndRefuse();
  b.At(50);
  Hold(2, kA);
  b.Section(2, kC, 31).Close(2);
  const std::vector<Finding> found = Judge();
  EXPECT_THAT(found,
              ElementsAre(Field(&Finding::verdict, Verdict::kActual),
                          Field(&Finding::verdict, Verdict::kConfirmed)));
}

TEST_F(RefusedTest, AWaitThatGivesUpIsNoPartOfIt) {
  Hold(2, kA);
  Hold(3, kB);
  b.At(10);
  Block(2, kB, 3, How::kTimed);
  b.At(20);
  Block(3, kA, 2);
  b.At(30);
  Refuse(3);
  b.At(40);
  b.Unblock(2, Outcome::kTimedOut).Close(2);
  for (const Finding& finding : Judge()) {
    EXPECT_NE(finding.verdict, Verdict::kActual);
  }
}

bool IsTimedCycle(const Finding& finding) {
  return finding.kind == Kind::kHazard && finding.rule == Rule::kTimedCycle &&
         finding.was_refused && finding.parts.size() == 2;
}

TEST_F(RefusedTest, ACycleThatATimeLimitEndedIsAHazard) {
  Hold(2, kA);
  Hold(3, kB);
  b.At(10);
  Block(2, kB, 3);
  b.At(20);
  Block(3, kA, 2, How::kTimed);
  b.At(30);
  b.Unblock(3, Outcome::kTimedOut).Close(3);
  b.At(40);
  Get(2, kB);
  EXPECT_THAT(Judge(),
              ElementsAre(Truly(IsTimedCycle),
                          Field(&Finding::verdict, Verdict::kRefuted)));
}

// The other one asked when it was over.
TEST_F(RefusedTest, ATimeLimitThatEndedNoCycleIsNone) {
  Hold(2, kA);
  Hold(3, kB);
  b.At(10);
  Block(3, kA, 2, How::kTimed);
  b.At(20);
  b.Unblock(3, Outcome::kTimedOut);
  b.At(30);
  Block(2, kB, 3);
  b.At(40);
  b.Close(3);
  b.At(50);
  Get(2, kB);
  EXPECT_THAT(Judge(),
              ElementsAre(Field(&Finding::verdict, Verdict::kRefuted)));
}

// So often at one place, and then in a cycle.
TEST_F(RefusedTest, ALaterTimeLimitOfOnePlaceIsLookedAt) {
  Hold(2, kA);
  Hold(3, kB);
  for (int64_t i = 0; i < 5; ++i) {
    b.At(10 + 10 * i);
    Block(3, kA, 2, How::kTimed);
    if (i == 4) Block(2, kB, 3);
    b.At(15 + 10 * i);
    b.Unblock(3, Outcome::kTimedOut);
  }
  b.Close(3);
  b.At(100);
  Get(2, kB);
  EXPECT_THAT(Judge(), Contains(Truly(IsTimedCycle)));
}

TEST_F(RefusedTest, ATimedJoinThatGaveUpWhileTheOtherWaitedIsAHazard) {
  Hold(1, kA);
  b.At(10).JoinBlock(1, 2, 21, How::kTimed);
  b.At(20);
  Block(2, kA, 1);
  b.At(30).Unblock(1, Outcome::kTimedOut).Close(1);
  b.At(40);
  Get(2, kA);
  b.At(50).JoinBlock(1, 2, 21).End(2).Unblock(1).Join(1, 2);
  b.At(900).End(3).End(4).Exit(1);
  EXPECT_THAT(FoundIn(b),
              ElementsAre(Truly(IsTimedCycle),
                          Field(&Finding::verdict, Verdict::kRefuted)));
}

// Nobody waited: it could have given up.
TEST_F(RefusedTest, ATimedJoinThatWasNotHeldUpIsNoDeadlock) {
  b.Section(2, kA, 11).End(2);
  Hold(1, kA);
  b.At(20).JoinBlock(1, 2, 21, How::kTimed).Unblock(1).Join(1, 2).Close(1);
  b.At(900).End(3).End(4).Exit(1);
  EXPECT_THAT(FoundIn(b), ElementsAre(Field(&Finding::reason, Reason::kTry)));
}

// A join can be a part of it.
TEST_F(RefusedTest, WhoJoinedTheRefusedOneWaitedToo) {
  Hold(1, kA);
  b.At(10).JoinBlock(1, 2, 21);
  b.At(20);
  b.Block(2, kA, 11, 1, 10);
  b.At(30).Unblock(2, Outcome::kInterrupted).End(2);
  b.At(40).Unblock(1).Join(1, 2).Close(1);
  b.At(900).End(3).End(4).Exit(1);
  const std::vector<Finding> found = FoundIn(b);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].verdict, Verdict::kActual);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

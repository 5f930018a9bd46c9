// A program goes on while its log is read: what a second look finds changed is
// not believed.
#include "lib/analysis/second_look.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "lib/analysis/findings.h"
#include "lib/analysis/statistics.h"
#include "tests/log/log_builder.h"

namespace lockcheck::analysis {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::SizeIs;

constexpr uint32_t kA = 1, kB = 2;    // locks
constexpr uint32_t kP = 11, kQ = 12;  // sites

MATCHER(IsActual, "") { return arg.verdict == Verdict::kActual; }

class SecondLookTest : public ::testing::Test {
 protected:
  SecondLookTest() { Begin(); }
  ~SecondLookTest() override { std::remove(path_.c_str()); }

  void Begin() {
    b.Process(1).Actor(1, BeginHow::kMain);
    b.Object(kA, model::ObjectKind::kMutex);
    b.Object(kB, model::ObjectKind::kMutex);
    b.Site(kP, {0x10}).Site(kQ, {0x20});
    for (const uint32_t actor : {2, 3}) {
      b.Fork(1, actor).Actor(actor, BeginHow::kStarted,
                             {.parent = 1, .hot = true});
    }
  }
  // Actors 2 and 3 wait for each other, as far as a reader can see.
  LogBuilder& Circle() {
    b.Open(2, kA, kP).Open(3, kB, kP);
    return b.At(10).Block(2, kB, kQ, 3, kP).Block(3, kA, kQ, 2, kP);
  }
  // Opens the log as it is now.
  void Open() {
    LogBuilder now = b;
    now.Write(path_);
    auto opened = log::Recording::Open(path_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    recording_ = *std::move(opened);
  }
  // The program goes on; then the analysis comes to its second look.
  Findings Judge() {
    LogBuilder now = b;
    now.Write(path_);
    return Find(Scan(*recording_, {.threads = 1}).observations, {});
  }

  const std::string path_ = ::testing::TempDir() + "/second_look." +
                            std::to_string(getpid()) + ".log";
  LogBuilder b;
  std::unique_ptr<log::Recording> recording_;
};

TEST_F(SecondLookTest, WaitsThatStandStillAreADeadlock) {
  Circle();
  Open();
  const Findings found = Judge();
  EXPECT_THAT(found.findings, ElementsAre(IsActual()));
  EXPECT_THAT(found.standing_waits, SizeIs(2));
}

TEST_F(SecondLookTest, AWaitThatHasEndedMakesNobodyStuck) {
  Circle();
  Open();
  b.Unblock(3);
  const Findings found = Judge();
  EXPECT_THAT(found.findings, Not(Contains(IsActual())));
  ASSERT_THAT(found.standing_waits, SizeIs(1));
  EXPECT_FALSE(found.standing_waits[0].stuck);
}

// The record that would say how the wait ended may be lost.
TEST_F(SecondLookTest, AnActorThatActsWaitsNoMore) {
  Circle();
  Open();
  b.Post(3, kA, kQ);
  const Findings found = Judge();
  EXPECT_THAT(found.findings, Not(Contains(IsActual())));
  EXPECT_THAT(found.standing_waits, SizeIs(1));
}

TEST_F(SecondLookTest, AnotherWaitForTheSameLockIsNotTheSame) {
  Circle();
  Open();
  b.Unblock(3).Section(3, kA, kQ, {.handover = 1});
  b.At(20).Block(3, kA, kQ, 2, kP);
  EXPECT_THAT(Judge().findings, Not(Contains(IsActual())));
}

TEST_F(SecondLookTest, WhoWokeAndFoundTheLockTakenWaitsStill) {
  Circle();
  Open();
  b.At(20).Wake(3, 2, kQ);
  EXPECT_THAT(Judge().standing_waits, SizeIs(2));
}

TEST_F(SecondLookTest, AnActorThatWentOnInANewBlockHasGoneOn) {
  Circle();
  Open();
  b.Unblock(3).NewBlock(3);
  EXPECT_THAT(Judge().findings, Not(Contains(IsActual())));
}

TEST_F(SecondLookTest, AWaitThatBeganInAnEarlierBlockCanStand) {
  Circle().NewBlock(3).Wake(3, 2, kQ);
  Open();
  EXPECT_THAT(Judge().standing_waits, SizeIs(2));
}

TEST_F(SecondLookTest, AWaitThatBeganInAnEarlierBlockCanEnd) {
  Circle().NewBlock(3).Wake(3, 2, kQ);
  Open();
  b.Unblock(3);
  EXPECT_THAT(Judge().findings, Not(Contains(IsActual())));
}

TEST_F(SecondLookTest, ARingIsLookedAtAgainToo) {
  b = LogBuilder().Ring(4);
  Begin();
  Circle();
  Open();
  EXPECT_THAT(Judge().standing_waits, SizeIs(2));
  b.Unblock(3);
  EXPECT_THAT(Judge().standing_waits, SizeIs(1));
}

}  // namespace
}  // namespace lockcheck::analysis

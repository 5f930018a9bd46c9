// What is said in plain words of a hazard and of misuse: its sentence, why, and
// what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/report/words_test.h"

namespace lockcheck::report {
namespace {

using analysis::Rule;
using analysis::Verdict;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(WordsTest, AWaitForANotificationWithALockHeldIsToldToReleaseIt) {
  finding_.kind = analysis::Kind::kHazard;
  finding_.rule = Rule::kWaitHolding;
  row_.kind = FindingKind::kHazard;
  Part(kPlato, 0, 1).Part(kKant, {}, 0);
  row_.objects = {0};
  EXPECT_EQ(Explained().message,
            "A2 (plato) holds fork[0] and waits until somebody notifies "
            "fork[1], while A3 (kant) waits for fork[0]");
  EXPECT_THAT(row_.why, HasSubstr("no deadlock for certain"));
  EXPECT_EQ(row_.advice,
            "release fork[0] before waiting, or do without it what the wait "
            "is for");
}

TEST_F(WordsTest, ALostWakeupNamesWhoNotifiedAndWhoWaits) {
  finding_.kind = analysis::Kind::kHazard;
  finding_.rule = Rule::kLostWakeup;
  row_.kind = FindingKind::kHazard;
  Part(kPlato, {}, 1).Part(kKant, {}, 1);
  row_.objects = {1};
  EXPECT_EQ(Explained().message,
            "A3 (kant) notified fork[1] when nobody waited; A2 (plato) began "
            "to wait after that, and nobody has notified it since");
  EXPECT_THAT(row_.advice, HasSubstr("wait(lock, predicate)"));
}

TEST_F(WordsTest, AnEventThatIsClearedTooSoonNamesWhoSetsIt) {
  finding_.kind = analysis::Kind::kHazard;
  finding_.rule = Rule::kLostWakeup;
  row_.kind = FindingKind::kHazard;
  report_.objects[1].kind = model::ObjectKind::kEvent;
  Part(kPlato, {}, 1).Part(kKant, {}, 1);
  row_.objects = {1};
  EXPECT_EQ(Explained().message,
            "A2 (plato) waits for fork[1], which A3 (kant) sets and which is "
            "cleared again: if it comes after that, nobody sets it any more");
  EXPECT_THAT(row_.advice, StartsWith("clear fork[1] only when"));
}

TEST_F(WordsTest, ManyWhoWaitToBeSignalledAreCounted) {
  finding_.kind = analysis::Kind::kHazard;
  finding_.rule = Rule::kStall;
  row_.kind = FindingKind::kHazard;
  for (int i = 0; i < 4; ++i) Part(kPlato, {}, 1);
  EXPECT_EQ(Explained().message,
            "4 actors wait to be signalled; nobody is left who could end a "
            "wait");
  EXPECT_THAT(row_.why, StartsWith("no deadlock, since nobody waits for what"));
}

TEST_F(WordsTest, ARecursiveReadNamesTheWriterThatMayComeBetween) {
  finding_.kind = analysis::Kind::kHazard;
  finding_.rule = Rule::kRecursiveRead;
  row_.kind = FindingKind::kHazard;
  Part(kPlato, 0, 0).Part(kKant, {}, 0);
  row_.objects = {0};
  EXPECT_EQ(Explained().message,
            "A2 (plato) holds fork[0] shared and asks for it shared again; A3 "
            "(kant) asks for it exclusively, and if that comes between, each "
            "waits for the other");
  EXPECT_THAT(row_.why, HasSubstr("the standard forbids it"));
}

TEST_F(WordsTest, ANakedNotificationNamesTheLockThatItDoesWithout) {
  finding_.kind = analysis::Kind::kHazard;
  finding_.rule = Rule::kNakedNotify;
  row_.kind = FindingKind::kHazard;
  Part(kPlato, {}, 0).Part(kKant, {}, 0);
  row_.objects = {0, 1};
  EXPECT_EQ(Explained().message,
            "A3 (kant) notifies fork[0] of something that did not change with "
            "fork[1] held: if that comes when A2 (plato) has looked and does "
            "not wait yet, it wakes nobody");
  EXPECT_THAT(row_.why, HasSubstr("nobody had fork[1] while A2 (plato)"));
  EXPECT_THAT(row_.advice, StartsWith("hold fork"));
}

TEST_F(WordsTest, WhatNobodyHasSignalledIsToldByItsKind) {
  finding_.kind = analysis::Kind::kHazard;
  finding_.rule = Rule::kNeverSignalled;
  row_.kind = FindingKind::kHazard;
  Part(kPlato, {}, 0);
  row_.objects = {0};
  const auto explained = [&](model::ObjectKind kind) {
    report_.objects[0].kind = kind;
    return Explained();
  };
  EXPECT_EQ(explained(model::ObjectKind::kEvent).message,
            "A2 (plato) waits for fork[0], and nobody has set it in this run: "
            "whoever waits for it waits for ever");
  EXPECT_THAT(row_.why, HasSubstr("a program that joined A2 (plato)"));
  EXPECT_THAT(row_.advice, StartsWith("see who was to set fork[0]"));
  EXPECT_THAT(explained(model::ObjectKind::kFuture).message,
              HasSubstr("nobody has fulfilled it"));
  EXPECT_THAT(row_.advice, HasSubstr("fulfil it, with an exception"));
  EXPECT_THAT(explained(model::ObjectKind::kLatch).message,
              HasSubstr("nobody has counted it down"));
  EXPECT_THAT(row_.advice, StartsWith("have as many arrivals"));
  EXPECT_THAT(explained(model::ObjectKind::kQueueDone).message,
              HasSubstr("nobody has called task_done()"));
  EXPECT_THAT(row_.advice, StartsWith("call task_done() once for each item"));
}

TEST_F(WordsTest, WhatIsDestroyedWhileSomebodyWaitsIsCalledWhatItIs) {
  finding_.rule = Rule::kMisuse;
  finding_.misuse = model::Misuse::kDestroyWaited;
  Part(kPlato, {}, {});
  row_.objects = {0};
  EXPECT_EQ(Explained().message,
            "A2 (plato) destroys a lock while somebody waits for it: fork[0]");
  report_.objects[0].kind = model::ObjectKind::kEvent;
  EXPECT_EQ(Explained().message,
            "A2 (plato) destroys an event while somebody waits for it: "
            "fork[0]");
}

TEST_F(WordsTest, AMisusedPoolIsCalledAsItsOwnerCallsIt) {
  report_.objects[0].kind = model::ObjectKind::kThreadPool;
  report_.objects[0].name = "crew (slots)";
  finding_.kind = analysis::Kind::kMisuse;
  finding_.misuse = model::Misuse::kJoinByOwnTask;
  row_.kind = FindingKind::kMisuse;
  Is(Rule::kMisuse, Verdict::kActual);
  Part(kPlato, {}, 0);
  EXPECT_THAT(Explained().message, EndsWith(": crew"));
}

TEST_F(WordsTest, ALockThatNobodyEverAskedForIsNotInTheLog) {
  finding_.kind = analysis::Kind::kMisuse;
  finding_.misuse = model::Misuse::kUnlockFree;
  finding_.objects = {log::kNone};
  row_.kind = FindingKind::kMisuse;
  Is(Rule::kMisuse, Verdict::kPossible);
  Part(kPlato, std::nullopt, std::nullopt);
  EXPECT_EQ(Explained().message,
            "A2 (plato) unlocks a lock that nobody holds, nor ever asked for; "
            "the program's standard error says where it was made");
}

}  // namespace
}  // namespace lockcheck::report

// What is said in plain words of a deadlock of locks and ends of threads: its
// sentence, why, and what to do.
#include "tests/report/words_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace lockcheck::report {
namespace {

using analysis::Rule;
using analysis::Verdict;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(WordsTest, AnInversionIsToldActorByActor) {
  Is(Rule::kLockOrder, Verdict::kPossible);
  Part(kPlato, 0, 1, 12).Part(kKant, 1, 0, 1);
  EXPECT_EQ(Explained().message,
            "A2 (plato) holds fork[0] and asks for fork[1], while A3 (kant) "
            "holds fork[1] and asks for fork[0]");
  EXPECT_EQ(row_.advice,
            "always take fork[0] before fork[1], or take both at once with "
            "lockcheck::scoped_lock; the other order is the rare one, seen 1 "
            "time in Philosopher::Eat philosophers.cc:42");
}

TEST_F(WordsTest, AnOrderSeenAboutAsOftenIsNotCalledRare) {
  Is(Rule::kLockOrder, Verdict::kPossible);
  Part(kPlato, 0, 1, 5520).Part(kKant, 1, 0, 5519);
  EXPECT_THAT(Explained().advice, Not(HasSubstr("rare")));
}

TEST_F(WordsTest, WhatGivesUpBreaksNoRuleOfTheOrder) {
  Is(Rule::kLockOrder, Verdict::kRefuted);
  row_.reason = analysis::Reason::kTry;
  Part(kPlato, 0, 1).Part(kKant, 1, 0);
  EXPECT_THAT(Explained().advice, Not(HasSubstr("--policy")));
}

TEST_F(WordsTest, AJoinUnderALockIsToldAsAWaitForAnEnd) {
  Is(Rule::kLockOrder, Verdict::kPossible);
  Part(kPlato, 0, kEndOfKant).Part(kKant, kEndOfKant, 0);
  EXPECT_EQ(Explained().message,
            "A2 (plato) holds fork[0] and waits for the end of A3 (kant), "
            "while A3 (kant) asks for fork[0] before it ends");
  EXPECT_THAT(row_.advice, StartsWith("let go of fork[0] before waiting for "
                                      "the end of A3 (kant)"));
}

TEST_F(WordsTest, NobodyCanLetGoOfAnEnd) {
  Is(Rule::kWaitFor, Verdict::kActual);
  Part(kPlato, kEndOfPlato, kEndOfKant).Part(kKant, kEndOfKant, kEndOfPlato);
  EXPECT_EQ(Explained().advice,
            "have each joined by one whom it does not wait for");
}

TEST_F(WordsTest, AnOwnerThatEndedIsToldToUseAGuard) {
  Is(Rule::kWaitFor, Verdict::kActual);
  report_.actors[kKant].state = analysis::ActorState::kEnded;
  Part(kPlato, 0, 1).Part(kKant, 1, std::nullopt);
  EXPECT_EQ(Explained().message,
            "A2 (plato) holds fork[0] and waits for fork[1], while A3 (kant) "
            "has ended and still holds fork[1]");
  EXPECT_THAT(row_.advice, HasSubstr("lockcheck::lock_guard"));
  EXPECT_THAT(row_.advice, Not(HasSubstr("before")));
}

TEST_F(WordsTest, AnOwnerThatIsInTheParentOnlyIsSaidToBe) {
  report_.processes.emplace_back().pid = 4712;
  report_.actors[kKant].process = 1;
  report_.actors[kPlato].pid = 4711;
  Is(Rule::kWaitFor, Verdict::kActual);
  Part(kKant, {}, 1).Part(kPlato, 1, {});
  EXPECT_EQ(Explained().message,
            "A3 (kant) waits for fork[1], which A2 (plato) held when the "
            "process was forked; A2 (plato) exists in the parent only (pid "
            "4711)");
  EXPECT_THAT(row_.why, HasSubstr("only the one that forked"));
  EXPECT_THAT(row_.advice, HasSubstr("fork while no other thread holds"));
}

TEST_F(WordsTest, ALockThatItsOwnerAsksForAgainIsASelfDeadlock) {
  Is(Rule::kSelf, Verdict::kActual);
  Part(kPlato, 0, 0);
  EXPECT_EQ(Explained().message,
            "A2 (plato) waits for fork[0], which it already holds");
  EXPECT_THAT(row_.advice, HasSubstr("lockcheck::recursive_mutex"));
}

// To take the gil first, and go on to wait for the lock under it, would be the
// deadlock.
TEST_F(WordsTest, ALockIsWaitedForWithoutTheGil) {
  report_.objects[0].kind = model::ObjectKind::kGil;
  Is(Rule::kLockOrder, Verdict::kPossible);
  Part(kPlato, 0, 1).Part(kKant, 1, 0);
  EXPECT_EQ(Explained().advice,
            "where fork[0] is held, wait for fork[1] without it, as an "
            "interpreter does: fork[0].lock(fork[1]); or ask for fork[1] with "
            "fork[0] let go (release_scope)");
}

TEST_F(WordsTest, AGilThatIsHeldIsNotToldToBeRecursive) {
  report_.objects[0].kind = model::ObjectKind::kGil;
  Is(Rule::kSelf, Verdict::kActual);
  Part(kPlato, 0, 0);
  row_.objects = {0};
  EXPECT_THAT(Explained().advice, Not(HasSubstr("recursive")));
}

TEST_F(WordsTest, OnlyLocksAreToldToBeTakenAtOnce) {
  for (const auto kind :
       {model::ObjectKind::kOnceFlag, model::ObjectKind::kSemaphore,
        model::ObjectKind::kSharedMutex}) {
    report_.objects[0].kind = model::ObjectKind::kMutex;
    report_.objects[1].kind = kind;
    row_ = {};
    Is(Rule::kLockOrder, Verdict::kPossible);
    Part(kPlato, 0, 1, 5520).Part(kKant, 1, 0, 1);
    const bool lock = kind == model::ObjectKind::kSharedMutex;
    EXPECT_EQ(Explained().advice.find("scoped_lock") != std::string::npos,
              lock);
    EXPECT_THAT(row_.advice,
                StartsWith(lock ? "always take fork[0] before fork[1]"
                                : "keep one order: fork[0] always before"));
    EXPECT_THAT(row_.advice, HasSubstr("the other order is the rare one"));
  }
}

TEST_F(WordsTest, ARingThroughAPermitIsNotToldToBeTakenAtOnce) {
  report_.objects.resize(3);
  report_.objects[2] = report_.objects[1];
  report_.objects[2].name = "permits";
  report_.objects[2].kind = model::ObjectKind::kSemaphore;
  report_.objects[2].lock_class.reset();
  Is(Rule::kLockOrder, Verdict::kPossible);
  Part(kPlato, 0, 1).Part(kKant, 1, 2).Part(0, 2, 0);
  EXPECT_EQ(Explained().advice,
            "give what is held one order; A1 (main) then has to take fork[0] "
            "before permits");
}

TEST_F(WordsTest, AnUpgradeIsToldToReleaseTheSharedHoldFirst) {
  Is(Rule::kSelf, Verdict::kActual);
  Part(kPlato, 0, 0);
  row_.parts[0].holds[0].mode = model::Mode::kShared;
  EXPECT_THAT(Explained().advice,
              StartsWith("release the shared hold before asking for the "
                         "exclusive one"));
  EXPECT_THAT(row_.advice, Not(HasSubstr("recursive")));
}

TEST_F(WordsTest, AReaderWithinItsOwnWriteIsToldThatItMayReadAlready) {
  Is(Rule::kSelf, Verdict::kActual);
  Part(kPlato, 0, 0);
  row_.parts[0].wants->mode = model::Mode::kShared;
  EXPECT_THAT(Explained().advice,
              StartsWith("do not ask for the shared hold within the exclusive "
                         "one"));
}

TEST_F(WordsTest, TwoActorsBehindAGateAreBoth) {
  Is(Rule::kLockOrder, Verdict::kRefuted);
  row_.reason = analysis::Reason::kGate;
  row_.gate = 0;
  Part(kPlato, 0, 1).Part(kKant, 1, 0);
  EXPECT_THAT(Explained().why, StartsWith("both hold fork[0] all the while"));
  Part(kPlato, 0, 1);
  EXPECT_THAT(Explained().why, StartsWith("two of the actors hold"));
}

TEST_F(WordsTest, AnActorThatJoinsItselfWaitsForItsOwnEnd) {
  Is(Rule::kSelf, Verdict::kActual);
  Part(kPlato, kEndOfPlato, kEndOfPlato);
  EXPECT_EQ(Explained().message, "A2 (plato) waits for its own end");
  EXPECT_EQ(row_.advice, "let another actor join it");
}

}  // namespace
}  // namespace lockcheck::report

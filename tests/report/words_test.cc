// What a finding says in plain words: its sentence, why, and what to do.
#include "lib/report/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/report/sample_report.h"

namespace lockcheck::report {
namespace {

using analysis::Finding;
using analysis::Rule;
using analysis::Verdict;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Actors A1 main, A2 plato and A3 kant; locks fork[0] and fork[1]; the ends of
// plato and kant as objects 2 and 3.
class WordsTest : public ::testing::Test {
 public:  // so that verbs can be chained
  static constexpr uint32_t kPlato = 1, kKant = 2;
  static constexpr uint32_t kEndOfPlato = 2, kEndOfKant = 3;

  WordsTest() {
    for (const char* name : {"the end of A2 (plato)", "the end of A3 (kant)"}) {
      ObjectRow end;
      end.name = name;
      end.kind = model::ObjectKind::kActorEnd;
      report_.objects.push_back(end);
    }
  }

  WordsTest& Is(Rule rule, Verdict verdict) {
    finding_.rule = rule;
    row_.verdict = verdict;
    return *this;
  }
  WordsTest& Part(uint32_t actor, std::optional<uint32_t> holds,
                  std::optional<uint32_t> wants, uint64_t count = 1) {
    PartRow part;
    part.actor = actor;
    part.count = count;
    if (holds) part.holds = {{*holds, model::Mode::kExclusive, 0}};
    if (wants) {
      part.wants = WantRow{.object = *wants, .site = 1};
      row_.objects.push_back(*wants);
    }
    row_.parts.push_back(part);
    return *this;
  }
  const FindingRow& Explained() {
    Explain(report_, finding_, row_);
    return row_;
  }

  Report report_ = testing::SampleReport();
  Finding finding_;
  FindingRow row_;
};

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

TEST_F(WordsTest, AnOrderSeenAboutAsOftenIsNotCalledRare) {
  Is(Rule::kLockOrder, Verdict::kPossible);
  Part(kPlato, 0, 1, 5520).Part(kKant, 1, 0, 5519);
  EXPECT_THAT(Explained().advice, Not(HasSubstr("rare")));
}

// --policy order does not forbid it.
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

// Of fork[1] permits are given, by anybody.
TEST_F(WordsTest, ADeadlockThroughASignalSaysThatNobodyIsLeft) {
  report_.objects[1].kind = model::ObjectKind::kSemaphore;
  Is(Rule::kCommunication, Verdict::kActual);
  Part(kPlato, 0, 1).Part(kKant, {}, 0);
  EXPECT_EQ(Explained().message,
            "A2 (plato) holds fork[0] and waits for fork[1], while A3 (kant) "
            "waits for fork[0]; nobody is left who could end a wait");
  EXPECT_THAT(row_.why, StartsWith("it happened: the program saw"));
  EXPECT_THAT(row_.advice,
              StartsWith("let go of fork[0] before waiting for fork[1]"));
}

TEST_F(WordsTest, ADeadlockThroughASignalThatCanHappenSaysIf) {
  report_.objects[1].kind = model::ObjectKind::kSemaphore;
  Is(Rule::kCommunication, Verdict::kPossible);
  Part(kPlato, 0, 1).Part(kKant, {}, 0);
  EXPECT_EQ(Explained().message,
            "A2 (plato) holds fork[0] and asks for fork[1], while A3 (kant) "
            "asks for fork[0]; if all of them come there, nobody is left who "
            "could end a wait");
  EXPECT_THAT(row_.why, StartsWith("it did not happen in this run"));
  EXPECT_THAT(row_.advice,
              StartsWith("let go of fork[0] before waiting for fork[1]"));
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

TEST_F(WordsTest, AJoinOfOneWhoWaitsForASignalIsToldToSignalFirst) {
  report_.objects[1].kind = model::ObjectKind::kEvent;
  Is(Rule::kCommunication, Verdict::kActual);
  Part(kPlato, kEndOfPlato, 1).Part(kKant, {}, kEndOfPlato);
  EXPECT_EQ(Explained().message,
            "A2 (plato) waits for fork[1] and so does not end, while A3 (kant) "
            "waits for the end of A2 (plato); nobody is left who could end a "
            "wait");
  EXPECT_EQ(row_.advice,
            "see that somebody sets fork[1] for A2 (plato): A3 (kant) before "
            "it waits for the end of A2 (plato), or another one");
}

// That one of them is joined makes no difference.
TEST_F(WordsTest, OfSeveralWhoWaitForSignalsTheJoinIsNotToBlame) {
  report_.objects[0].kind = model::ObjectKind::kQueueSlots;
  report_.objects[1].kind = model::ObjectKind::kQueueSlots;
  Is(Rule::kCommunication, Verdict::kActual);
  Part(kPlato, kEndOfPlato, 1).Part(kKant, {}, 0).Part(0, {}, kEndOfPlato);
  EXPECT_EQ(Explained().advice,
            "have more of fork[1], or get what others put before putting more");
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

TEST_F(WordsTest, PermitsThatAreHeldAreToldToHaveAnOrder) {
  for (const uint32_t permit : {0u, 1u}) {
    report_.objects[permit].kind = model::ObjectKind::kSemaphore;
  }
  Is(Rule::kCommunication, Verdict::kActual);
  Part(kPlato, 0, 1).Part(kKant, 1, 0);
  EXPECT_EQ(Explained().advice,
            "keep one order: fork[0] always before fork[1]");
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

// Both hold one of its permits: an order of one thing is none.
TEST_F(WordsTest, SecondPermitsOfOneSemaphoreAreAskedForWithNoneHeld) {
  report_.objects[0].kind = model::ObjectKind::kSemaphore;
  Is(Rule::kCommunication, Verdict::kPossible);
  Part(kPlato, 0, 0).Part(kKant, 0, 0);
  EXPECT_THAT(Explained().advice,
              StartsWith("ask for fork[0] with none of it held"));
}

// Nobody holds anything.
TEST_F(WordsTest, WhoWaitsForSignalsAloneIsToldWhatHelps) {
  const auto advice_for = [&](model::ObjectKind first,
                              model::ObjectKind second) {
    report_.objects[0].kind = first;
    report_.objects[1].kind = second;
    row_ = {};
    Is(Rule::kCommunication, Verdict::kPossible);
    Part(kPlato, {}, 0).Part(kKant, {}, 1);
    return Explained().advice;
  };
  using model::ObjectKind;
  EXPECT_EQ(advice_for(ObjectKind::kQueue, ObjectKind::kQueueSlots),
            "have more of fork[1], or get what others put before putting more");
  EXPECT_EQ(advice_for(ObjectKind::kQueue, ObjectKind::kQueue),
            "put into fork[0] before getting, in one of them at least, or "
            "close it when nothing more comes");
  EXPECT_EQ(advice_for(ObjectKind::kConditionVariable, ObjectKind::kEvent),
            "signal fork[0] before waiting, in one of them at least");
}

// Whatever they hold: nobody waits for it.
TEST_F(WordsTest, WhoWaitsForWhatIsOwedToItIsToldWhoseItIs) {
  const auto advice_for = [&](model::ObjectKind kind) {
    report_.objects[1].kind = kind;
    row_ = {};
    Is(Rule::kCommunication, Verdict::kActual);
    Part(kPlato, 0, 1);
    return Explained().advice;
  };
  using model::ObjectKind;
  EXPECT_EQ(advice_for(ObjectKind::kFuture),
            "let an actor that does not wait for fork[1] fulfil it, with an "
            "exception if there is no value");
  EXPECT_EQ(row_.message,
            "A2 (plato) holds fork[0] and waits for fork[1]; nobody is left "
            "who could end a wait");
  EXPECT_EQ(advice_for(ObjectKind::kQueueDone),
            "call task_done() once for each item that was put, by whoever got "
            "it and whatever came of it");
  EXPECT_EQ(advice_for(ObjectKind::kQueueSlots),
            "let somebody get for as long as others put, or have more of "
            "fork[1]");
  EXPECT_EQ(advice_for(ObjectKind::kLatch),
            "have as many arrivals at fork[1] as it expects, whatever happens "
            "to who is to arrive");
}

TEST_F(WordsTest, WhoHoldsWhatWhoOwesItNeedsIsToldToLetGo) {
  report_.objects[1].kind = model::ObjectKind::kFuture;
  Is(Rule::kCommunication, Verdict::kActual);
  Part(kPlato, 0, 1).Part(kKant, {}, 0);
  EXPECT_THAT(Explained().advice,
              StartsWith("let go of fork[0] before waiting for fork[1]"));
}

// A worker of the pool is no lock that its task could let go of.
TEST_F(WordsTest, ATaskIsToldNotToWaitForALaterOne) {
  report_.objects[0].kind = model::ObjectKind::kThreadPool;
  report_.objects[0].name = "crew (slots)";
  Is(Rule::kCommunication, Verdict::kPossible);
  Part(kPlato, 0, kEndOfKant).Part(kKant, kEndOfKant, 0);
  EXPECT_THAT(Explained().advice, StartsWith("do not wait in a task of crew "));
  row_ = {};
  Is(Rule::kCommunication, Verdict::kPossible);
  Part(kPlato, 0, 1).Part(kKant, 1, 0);
  EXPECT_THAT(Explained().advice, StartsWith("do not wait in a task of crew "));
}

// A queued task is nowhere; who joins the pool is somewhere.
TEST_F(WordsTest, OfAPoolATaskAsksForAWorkerAndAJoinerForAll) {
  report_.objects[0].kind = model::ObjectKind::kThreadPool;
  report_.objects[0].name = "crew (slots)";
  Is(Rule::kCommunication, Verdict::kActual);
  Part(kPlato, 1, 0).Part(kKant, kEndOfKant, 0);
  row_.parts[1].wants->site.reset();
  EXPECT_THAT(Explained().message,
              StartsWith("A2 (plato) holds fork[1] and waits for crew, while "
                         "A3 (kant) waits for a worker of crew and so does "
                         "not end"));
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

// Where a lock is held, too, that is what can be let go of.
TEST_F(WordsTest, ALockIsLetGoOfBeforeATaskIsWaitedFor) {
  report_.objects[0].kind = model::ObjectKind::kThreadPool;
  report_.objects[0].name = "crew (slots)";
  Is(Rule::kLockOrder, Verdict::kPossible);
  Part(kPlato, 0, kEndOfKant).Part(0, 1, kEndOfPlato).Part(kKant, 0, 1);
  EXPECT_THAT(Explained().advice, StartsWith("let go of fork[1] before "));
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

TEST_F(WordsTest, AnActorThatJoinsItselfWaitsForItsOwnEnd) {
  Is(Rule::kSelf, Verdict::kActual);
  Part(kPlato, kEndOfPlato, kEndOfPlato);
  EXPECT_EQ(Explained().message, "A2 (plato) waits for its own end");
  EXPECT_EQ(row_.advice, "let another actor join it");
}

}  // namespace
}  // namespace lockcheck::report

// What is said in plain words of a deadlock through signals, permits and tasks:
// its sentence, why, and what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/report/words_test.h"

namespace lockcheck::report {
namespace {

using analysis::Rule;
using analysis::Verdict;
using ::testing::StartsWith;

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

TEST_F(WordsTest, PermitsThatAreHeldAreToldToHaveAnOrder) {
  for (const uint32_t permit : {0u, 1u}) {
    report_.objects[permit].kind = model::ObjectKind::kSemaphore;
  }
  Is(Rule::kCommunication, Verdict::kActual);
  Part(kPlato, 0, 1).Part(kKant, 1, 0);
  EXPECT_EQ(Explained().advice,
            "keep one order: fork[0] always before fork[1]");
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

// Where a lock is held, too, that is what can be let go of.
TEST_F(WordsTest, ALockIsLetGoOfBeforeATaskIsWaitedFor) {
  report_.objects[0].kind = model::ObjectKind::kThreadPool;
  report_.objects[0].name = "crew (slots)";
  Is(Rule::kLockOrder, Verdict::kPossible);
  Part(kPlato, 0, kEndOfKant).Part(0, 1, kEndOfPlato).Part(kKant, 0, 1);
  EXPECT_THAT(Explained().advice, StartsWith("let go of fork[1] before "));
}

}  // namespace
}  // namespace lockcheck::report

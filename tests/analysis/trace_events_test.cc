// What of a log becomes an event, and what is left out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "lib/analysis/trace.h"
#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using model::ObjectKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint32_t kMain = 1, kOther = 2;
constexpr uint32_t kOuter = 1, kInner = 2, kSignal = 3;
constexpr uint32_t kSite = 8;

class TraceEventsTest : public ::testing::Test {
 protected:
  TraceEventsTest() {
    b_.Process(1).Actor(kMain, BeginHow::kMain);
    b_.Object(kOuter, ObjectKind::kMutex, "outer");
    b_.Object(kInner, ObjectKind::kMutex, "inner");
    b_.Object(kSignal, ObjectKind::kSemaphore, "signal");
    b_.Site(kSite, {log::PackFrame(0, 0x40)});
  }
  void StartOther() {
    b_.Fork(kMain, kOther);
    b_.Actor(kOther, BeginHow::kStarted, {.parent = kMain});
  }
  Trace Read(const TraceOptions& options = {}) {
    log_.emplace_back(b_);
    return ReadTrace(log_.back().observations(), options);
  }
  static std::vector<EventKind> KindsOf(const Trace& trace, uint32_t actor) {
    std::vector<EventKind> kinds;
    for (const Event& e : trace.actors[actor - 1].events) {
      kinds.push_back(e.kind);
    }
    return kinds;
  }

  log::testing::LogBuilder b_;
  std::vector<ScannedLog> log_;
};

using enum EventKind;

TEST_F(TraceEventsTest, ALogWithoutSignalsHasNothingThatOrders) {
  log::testing::LogBuilder b;
  b.Process(1).Actor(kMain, BeginHow::kMain);
  b.Object(kOuter, ObjectKind::kMutex).Section(kMain, kOuter, kSite);
  const ScannedLog log(b);
  EXPECT_FALSE(HasWhatOrders(log.observations()));
}

TEST_F(TraceEventsTest, LocksThatNobodyKeepsAreLeftOut) {
  b_.Section(kMain, kOuter, kSite).Open(kMain, kOuter, kSite);
  b_.Section(kMain, kInner, kSite).Close(kMain).Exit(kMain);
  EXPECT_THAT(KindsOf(Read(), kMain),
              ElementsAre(kAcquire, kRelease, kAcquire, kRelease));
}

TEST_F(TraceEventsTest, ASectionThatIsKeptAnywhereCountsEverywhere) {
  StartOther();
  b_.Section(kMain, kOuter, kSite);
  b_.Open(kOther, kOuter, kSite, {.handover = 1});
  b_.Take(kOther, kSignal, kSite, 1, 0).Close(kOther).End(kOther);
  const Trace trace = Read();
  EXPECT_THAT(KindsOf(trace, kMain), ElementsAre(kFork, kAcquire, kRelease));
  EXPECT_THAT(KindsOf(trace, kOther), ElementsAre(kAcquire, kTake, kRelease));
  const auto& events = trace.actors[kOther - 1].events;
  EXPECT_EQ(events[0].match, 2u);
  EXPECT_EQ(events[0].order, 1u);
  EXPECT_EQ(events[2].match, 0u);
  EXPECT_TRUE(trace.actors[kOther - 1].ended);
  EXPECT_EQ(trace.actors[kOther - 1].forked_by, (EventRef{kMain - 1, 0}));
}

TEST_F(TraceEventsTest, WhatExceedsTheBoundIsCutAndHasNoEnd) {
  b_.SplitEvery(100);
  StartOther();
  for (uint32_t i = 0; i < 100; ++i) {
    b_.Release(kOther, kSignal, kSite, i + 1, i + 1);
  }
  b_.End(kOther);
  const Trace trace = Read({.max_words = 400});
  const TraceActor& other = trace.actors[kOther - 1];
  EXPECT_LT(other.events.size(), 60u);
  EXPECT_GT(other.events.size(), 10u);
  EXPECT_FALSE(other.ended);
  EXPECT_THAT(trace.cut, ElementsAre(kOther - 1));
}

TEST_F(TraceEventsTest, WhoDidLittleIsReadWhole) {
  b_.SplitEvery(100);
  StartOther();
  for (uint32_t i = 0; i < 200; ++i) {
    b_.Release(kMain, kSignal, kSite, i + 1, i + 1);
  }
  b_.Take(kOther, kSignal, kSite, 201, 199).End(kOther);
  const Trace trace = Read({.max_words = 1000});
  EXPECT_GT(trace.actors[kMain - 1].events.size(), 50u);
  EXPECT_LT(trace.actors[kMain - 1].events.size(), 150u);
  // Of the take the post is known, not that of the acts between them.
  EXPECT_THAT(trace.cut, ElementsAre(kMain - 1, kOther - 1));
}

// Else it would seem to begin at any time.
TEST_F(TraceEventsTest, WhoseForkIsCutOffIsLeftOut) {
  b_.SplitEvery(100);
  for (uint32_t i = 0; i < 100; ++i) {
    b_.Release(kMain, kSignal, kSite, i + 1, i + 1);
  }
  StartOther();
  b_.Section(kOther, kOuter, kSite).Open(kOther, kOuter, kSite);
  b_.Section(kOther, kInner, kSite).Close(kOther).End(kOther);
  const Trace trace = Read({.max_words = 400});
  EXPECT_FALSE(trace.actors[kMain - 1].events.empty());
  EXPECT_THAT(trace.actors[kOther - 1].events, IsEmpty());
  EXPECT_FALSE(trace.actors[kOther - 1].ended);
  EXPECT_THAT(trace.cut, ElementsAre(kMain - 1, kOther - 1));
}

// Got, it is an event; else it is none, and may be a part of a cycle.
class RequestTest : public TraceEventsTest {
 protected:
  void Ask(const log::testing::Extras& extras = {}) {
    StartOther();
    b_.Section(kOther, kOuter, kSite);
    b_.Block(kOther, kOuter, kSite, kMain, kSite, extras);
  }
};

TEST_F(RequestTest, ThatGetsTheLockIsAnEvent) {
  Ask();
  b_.Unblock(kOther).Section(kOther, kOuter, kSite, {.handover = 1});
  EXPECT_FALSE(Read().incomplete);
}

TEST_F(RequestTest, ThatGivesUpIsNoPartOfACycle) {
  Ask({.how = model::How::kTimed});
  b_.Unblock(kOther, model::Outcome::kTimedOut);
  EXPECT_FALSE(Read().incomplete);
}

TEST_F(RequestTest, ThatStandsIsKnownAndIsNoEvent) {
  Ask();
  const Trace trace = Read();
  EXPECT_FALSE(trace.incomplete);
  const auto standing =
      std::count_if(trace.actors.begin(), trace.actors.end(),
                    [](const TraceActor& a) { return a.stands.has_value(); });
  EXPECT_EQ(standing, 1);
}

TEST_F(RequestTest, ThatIsRefusedLeavesATraceIncomplete) {
  Ask();
  b_.Unblock(kOther, model::Outcome::kInterrupted).End(kOther);
  EXPECT_TRUE(Read().incomplete);
}

// A wait would have let go of the lock.
TEST_F(TraceEventsTest, APredicateThatHoldsIsFoundWithoutTheLock) {
  constexpr uint32_t kChanged = 4;
  b_.Object(kChanged, ObjectKind::kConditionVariable, "changed");
  b_.Open(kMain, kOuter, kSite).Open(kMain, kInner, kSite);
  b_.Take(kMain, kChanged, kSite, 0, 0).Close(kMain).Close(kMain).Exit(kMain);
  const Trace trace = Read();
  EXPECT_THAT(KindsOf(trace, kMain),
              ElementsAre(kAcquire, kAcquire, kRelease, kFound, kAcquire,
                          kRelease, kRelease));
  const auto& events = trace.actors[kMain - 1].events;
  EXPECT_EQ(events[2].object, events[1].object);
  EXPECT_EQ(events[4].match, 5u);
}

// Of a queue's end the log says which queue it is of, and how many items are
// left.
TEST_F(TraceEventsTest, AQueuesEndIsOfItsItems) {
  constexpr uint32_t kItems = 4, kEnd = 5;
  b_.Object(kItems, ObjectKind::kQueue, "jobs");
  b_.Object(kEnd, ObjectKind::kQueueDone, "jobs (end)", 0, 0, 0, kItems);
  b_.Act(kMain, model::Post::kPut, kItems, kSite, {.sequence = 1, .value = 1});
  b_.Act(kMain, model::Post::kTaskDone, kEnd, kSite,
         {.sequence = 1, .value = 0});
  b_.Take(kMain, kEnd, kSite, 1, 0).Exit(kMain);
  const Trace trace = Read();
  EXPECT_THAT(KindsOf(trace, kMain), ElementsAre(kPost, kPost, kTake));
  const auto& events = trace.actors[kMain - 1].events;
  EXPECT_EQ(trace.objects[events[1].object].items, events[0].object);
  EXPECT_EQ(trace.objects[events[1].object].initial, 0u);
  EXPECT_EQ(events[0].level, 1u);
  EXPECT_EQ(events[1].level, 0u);
}

// What threads of the program do with it.
TEST_F(TraceEventsTest, AnOperationIsOneOfTheSignals) {
  log::testing::LogBuilder b;
  b.Process(1).Actor(kMain, BeginHow::kMain);
  b.Object(kSignal, ObjectKind::kOperation, "read");
  b.Act(kMain, model::Post::kClear, kSignal, kSite,
        {.sequence = 1, .value = 1});
  b.Act(kMain, model::Post::kComplete, kSignal, kSite,
        {.sequence = 2, .value = 0});
  b.Take(kMain, kSignal, kSite, 2, 0).Exit(kMain);
  const ScannedLog log(b);
  EXPECT_THAT(KindsOf(ReadTrace(log.observations(), {}), kMain),
              ElementsAre(kPost, kPost, kTake));
}

// A signal handler of the thread comes between a write and its record.
TEST_F(TraceEventsTest, AVariableWhoseVersionsFallInOneActorIsMixed) {
  constexpr uint32_t kFalls = 4, kRises = 5;
  b_.Object(kFalls, ObjectKind::kAtomic).Object(kRises, ObjectKind::kAtomic);
  b_.Access(kMain, model::Access::kRead, kFalls, kSite, 1);
  b_.Access(kMain, model::Access::kWrite, kFalls, kSite, 1);
  b_.Access(kMain, model::Access::kWrite, kRises, kSite, 1);
  b_.Access(kMain, model::Access::kRead, kRises, kSite, 1).Exit(kMain);
  const Trace trace = Read();
  ASSERT_THAT(KindsOf(trace, kMain), ElementsAre(kRead, kWrite, kWrite, kRead));
  const auto& events = trace.actors[kMain - 1].events;
  EXPECT_TRUE(trace.objects[events[0].object].mixed);
  EXPECT_FALSE(trace.objects[events[2].object].mixed);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

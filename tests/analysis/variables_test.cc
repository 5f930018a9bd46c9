// What reads and writes of variables rule out, each with a twin that they do
// not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "lib/analysis/confirm_cycles.h"
#include "lib/analysis/ordered_cycles.h"
#include "lib/analysis/reads_first.h"
#include "lib/analysis/variable_states.h"
#include "lib/analysis/variable_versions.h"
#include "lib/analysis/witness_check.h"
#include "tests/analysis/found_in_log.h"
#include "tests/analysis/scanned_log.h"
#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Variables : public Communication {
 protected:
  const ObjectIndex n_ = t_.Lock();
  const ObjectIndex x_ = t_.Object(ObjectKind::kAtomic);

  void Nested(ActorIndex actor, ObjectIndex outer, ObjectIndex inner) {
    t_.Acquire(actor, outer);
    t_.Section(actor, inner);
    t_.Release(actor, outer);
  }
  // The cycle of m and n: confirmed, refuted, or neither.
  Finding Judged() {
    Finding cycle;
    cycle.verdict = Verdict::kPossible;
    for (const auto& [actor, holds, wants] :
         {std::tuple(a_, m_, n_), std::tuple(b_, n_, m_)}) {
      Part& part = cycle.parts.emplace_back();
      part.actor = actor;
      part.holds = {{.object = holds}};
      part.wants = wants;
    }
    const TraceOrder order(t_.trace());
    std::vector<Finding> findings = {cycle};
    ConfirmCycles(t_.trace(), order, {}, {&findings[0]});
    RefuteOrderedCycles(t_.trace(), order, {}, findings);
    return findings[0];
  }
  void ExpectRefuted() {
    const Finding cycle = Judged();
    EXPECT_EQ(cycle.verdict, Verdict::kRefuted);
    EXPECT_EQ(cycle.reason, Reason::kHistory);
  }
  void ExpectConfirmed() { EXPECT_EQ(Judged().verdict, Verdict::kConfirmed); }
  void ExpectPossible() { EXPECT_EQ(Judged().verdict, Verdict::kPossible); }
};

TEST_F(Variables, AReadComesAfterTheWriteThatItSaw) {
  Nested(a_, m_, n_);
  t_.Write(a_, x_);
  t_.Read(b_, x_);
  Nested(b_, n_, m_);
  ExpectRefuted();
}

TEST_F(Variables, AReadOfWhatWasThereBeforeDoesNot) {
  Nested(a_, m_, n_);
  t_.Read(b_, x_);
  t_.Write(a_, x_);
  Nested(b_, n_, m_);
  ExpectConfirmed();
}

TEST_F(Variables, AWriteAfterAWriteIsNotRead) {
  Nested(a_, m_, n_);
  t_.Write(a_, x_);
  t_.Write(b_, x_);
  t_.Read(b_, x_);
  Nested(b_, n_, m_);
  ExpectConfirmed();
}

TEST_F(Variables, UpdatesAreAChain) {
  Nested(a_, m_, n_);
  t_.Update(a_, x_);
  t_.Update(b_, x_);
  Nested(b_, n_, m_);
  ExpectRefuted();
}

// b has n in the end, so a had it before, and had written before that, or not.
TEST_F(Variables, AReadOfWhatWasThereComesBeforeAllWrites) {
  t_.Acquire(b_, n_);
  t_.Read(b_, x_);
  t_.Section(b_, m_);
  t_.Release(b_, n_);
  t_.Write(a_, x_);
  t_.Section(a_, n_);
  Nested(a_, m_, n_);
  EXPECT_EQ(Judged().verdict, Verdict::kRefuted);
  EXPECT_EQ(Judged().reason, Reason::kGuard);
}

TEST_F(Variables, WhatIsWrittenLaterRulesNothingOut) {
  t_.Acquire(b_, n_);
  t_.Read(b_, x_);
  t_.Section(b_, m_);
  t_.Release(b_, n_);
  t_.Section(a_, n_);
  t_.Write(a_, x_);
  Nested(a_, m_, n_);
  ExpectConfirmed();
}

// What b read first it may have read again behind the second: both are so when
// b takes n, which a has had by then.
TEST_F(Variables, WhatMayHaveBeenReadAgainStaysUntilTheLastRead) {
  const ObjectIndex y = t_.Object(ObjectKind::kVariable);
  t_.Read(b_, x_);
  t_.Read(b_, y);
  Nested(b_, n_, m_);
  t_.Section(a_, n_);
  t_.Write(a_, x_);
  t_.Write(a_, y);
  Nested(a_, m_, n_);
  ExpectConfirmed();
}

// The same, one step after the other: x stays until y is read, if nothing else
// comes between the two.
TEST_F(Variables, StayFromARecordedReadToTheLastOneBehindIt) {
  for (const bool is_between : {false, true}) {
    Told told;
    const ActorIndex reader = told.Actor(), writer = told.Actor();
    const ObjectIndex lock = told.Lock();
    const ObjectIndex x = told.Object(ObjectKind::kAtomic);
    const ObjectIndex y = told.Object(ObjectKind::kAtomic);
    told.Read(reader, x);
    if (is_between) told.Section(reader, lock);
    told.Read(reader, y);
    told.Write(writer, x);
    const Trace& trace = told.trace();
    const auto last = static_cast<uint32_t>(trace.actors[reader].events.size());
    const std::vector<uint32_t> length = {last, 1};
    VariableStates states;
    states.Begin(trace, length, length);
    const EventRef write = {writer, 0};
    EXPECT_FALSE(states.Can(write, trace.At(write))) << "x is to be read";
    states.Do({reader, 0}, trace.At({reader, 0}));
    EXPECT_EQ(states.Can(write, trace.At(write)), is_between);
    states.Do({reader, last - 1}, trace.At({reader, last - 1}));
    EXPECT_TRUE(states.Can(write, trace.At(write)));
    states.Undo({reader, last - 1}, trace.At({reader, last - 1}));
    EXPECT_EQ(states.Can(write, trace.At(write)), is_between);
  }
}

TEST_F(Variables, WhoseWriteIsMissingIsInNoSchedule) {
  Nested(a_, m_, n_);
  t_.ReadVersion(b_, x_, 5);
  Nested(b_, n_, m_);
  ExpectPossible();
}

TEST_F(Variables, WhatIsThereWhenTheTraceBeginsNeedsNoWrite) {
  t_.trace().objects[x_].first_version = 5;
  Nested(a_, m_, n_);
  t_.ReadVersion(b_, x_, 5);
  Nested(b_, n_, m_);
  ExpectConfirmed();
}

TEST_F(Variables, TheReplayKnowsTheLastWrite) {
  t_.Write(a_, x_);
  t_.Acquire(a_, m_);
  t_.Acquire(a_, n_);
  t_.Read(b_, x_);
  t_.Write(b_, x_);
  t_.Update(b_, x_);
  t_.Acquire(b_, n_);
  t_.Acquire(b_, m_);
  const std::vector<WitnessWait> waits = {{.actor = a_, .object = n_},
                                          {.actor = b_, .object = m_}};
  const auto leads = [&](const std::vector<ActorIndex>& schedule) {
    return WitnessCheck(t_.trace()).LeadsToDeadlock(schedule, waits);
  };
  EXPECT_TRUE(leads({a_, a_, b_, b_, b_, b_}));
  EXPECT_TRUE(leads({a_, b_, b_, b_, b_, a_}));
  EXPECT_FALSE(leads({b_, a_, a_, b_, b_, b_})) << "nobody had written";
}

// What was not recorded again has to be possible, too.
TEST_F(Variables, TheReplayKnowsWhatMayHaveBeenReadAgain) {
  for (const bool is_between : {false, true}) {
    Told told;
    const ActorIndex a = told.Actor(), b = told.Actor();
    const ObjectIndex m = told.Lock(), n = told.Lock(), other = told.Lock();
    const ObjectIndex x = told.Object(ObjectKind::kAtomic);
    const ObjectIndex y = told.Object(ObjectKind::kVariable);
    told.Read(b, x);
    if (is_between) told.Section(b, other);
    told.Read(b, y);
    told.Write(a, x);
    told.Acquire(a, m);
    told.Acquire(a, n);
    told.Acquire(b, n);
    told.Acquire(b, m);
    const std::vector<WitnessWait> waits = {{.actor = a, .object = n},
                                            {.actor = b, .object = m}};
    const auto leads = [&](std::vector<ActorIndex> schedule) {
      return WitnessCheck(told.trace()).LeadsToDeadlock(schedule, waits);
    };
    if (is_between) {
      EXPECT_TRUE(leads({b, a, a, b, b, b, b}));
    } else {
      EXPECT_FALSE(leads({b, a, a, b, b})) << "x is another one by then";
      EXPECT_TRUE(leads({b, b, a, a, b}));
      EXPECT_TRUE(leads({b, b, b, a, a}));
    }
  }
}

// A handler read x between its thread's write and the record of that, or wrote
// it, too.
TEST_F(Variables, ThatFallForAnActorSayNothing) {
  t_.ReadVersion(a_, x_, 1);
  t_.Write(a_, x_);
  Nested(a_, m_, n_);
  Nested(b_, n_, m_);
  ExpectRefuted();  // if that were so
  FindMixedVersions(t_.trace());
  ExpectPossible();
}

TEST_F(Variables, WhoseWritesFallForAnActorSayNothing) {
  Nested(a_, m_, n_);
  t_.Write(a_, x_);
  t_.Write(a_, x_);
  auto& events = t_.trace().actors[a_].events;
  std::swap(events.back().order, std::prev(events.end(), 2)->order);
  t_.ReadVersion(b_, x_, 1);
  Nested(b_, n_, m_);
  ExpectRefuted();
  FindMixedVersions(t_.trace());
  ExpectPossible();
}

TEST_F(Variables, ThatRiseForEachActorDo) {
  Nested(a_, m_, n_);
  t_.Read(a_, x_);
  t_.Write(a_, x_);
  t_.Read(a_, x_);
  t_.Read(a_, x_);
  t_.Update(a_, x_);
  t_.Update(b_, x_);
  t_.ReadVersion(a_, x_, 2);
  t_.Read(b_, x_);
  Nested(b_, n_, m_);
  FindMixedVersions(t_.trace());
  ExpectRefuted();
}

// Each write comes after all of the reads: not by looking at each of them.
TEST(ReadsFirstTest, LooksAtEachReadOnce) {
  constexpr uint32_t kMany = 500'000;
  Told told;
  const ActorIndex reader = told.Actor(), writer = told.Actor();
  const ObjectIndex x = told.Object(ObjectKind::kAtomic);
  for (uint32_t i = 0; i < kMany; ++i) told.ReadVersion(reader, x, 0);
  for (uint32_t i = 0; i < kMany; ++i) told.Write(writer, x);
  const Trace& trace = told.trace();
  const std::vector<uint32_t> length = {kMany, kMany};
  ReadsFirst reads_first(trace, length);
  std::vector<uint32_t> at = {kMany - 1, 0};
  EXPECT_FALSE(reads_first.IsMet({writer, 0}, trace.At({writer, 0}), at));
  at[reader] = kMany;
  uint32_t met = 0;
  for (; at[writer] < kMany; ++at[writer]) {
    const EventRef write = {writer, at[writer]};
    met += reads_first.IsMet(write, trace.At(write), at);
  }
  EXPECT_EQ(met, kMany);
}

// With the event inside n a waits for, and b sets it inside m.
TEST_F(Variables, KeepApartWhoWaitsForASignalToo) {
  for (const bool reads : {false, true}) {
    Told told;
    const ActorIndex a = told.Actor(), b = told.Actor();
    const ObjectIndex m = told.Lock();
    const ObjectIndex s = told.Object(ObjectKind::kSemaphore);
    const ObjectIndex x = told.Object(ObjectKind::kAtomic);
    told.Acquire(b, m);
    told.Post(b, s, Post::kRelease);
    told.Release(b, m);
    told.Write(b, x);
    if (reads) told.Read(a, x);
    told.Acquire(a, m);
    told.Take(a, s);
    told.Release(a, m);
    if (reads) {
      EXPECT_THAT(told.Found(), IsEmpty());
    } else {
      EXPECT_THAT(told.Found(), ElementsAre(IsDeadlock()));
    }
  }
}

// A child goes on with what its parent has written.
TEST_F(Variables, OfAForkedProcessBeginWithWhatTheParentHad) {
  using log::BeginHow;
  using model::Access;
  log::testing::LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain);
  b.Object(1, ObjectKind::kMutex, "m").Object(2, ObjectKind::kMutex, "n");
  b.Object(3, ObjectKind::kAtomic, "x");
  b.Access(1, Access::kWrite, 3, 8, 1).Access(1, Access::kWrite, 3, 8, 2);
  b.Process(2, {.parent = 1}).Actor(2, BeginHow::kForkChild, {.parent = 1});
  b.Fork(2, 3).Actor(3, BeginHow::kStarted, {.parent = 2});
  b.Access(2, Access::kRead, 3, 9, 2);
  b.Open(2, 1, 10).Section(2, 2, 11).Close(2);
  b.Access(3, Access::kWrite, 3, 12, 3);
  b.Open(3, 2, 13).Section(3, 1, 14).Close(3);
  b.End(3).Exit(2).Exit(1);
  const ScannedLog log(b);
  const Trace trace = ReadTrace(log.observations(), {});
  std::vector<uint32_t> first;
  for (const TraceActor& actor : trace.actors) {
    for (const Event& e : actor.events) {
      if (IsAccess(e.kind)) {
        first.push_back(trace.objects[e.object].first_version);
      }
    }
  }
  std::sort(first.begin(), first.end());
  EXPECT_THAT(first, ElementsAre(0, 0, 2, 2));  // the parent, the child
  const auto found = FoundIn(b);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].verdict, Verdict::kRefuted);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

// The search for deadlocks through signals against an exhaustive search: what
// is reported can happen; how much of what can happen is reported is printed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <random>
#include <string>

#include "lib/analysis/communication.h"
#include "tests/oracle/pool_program.h"
#include "tests/oracle/random_walk.h"
#include "tests/oracle/signal_program.h"
#include "tests/oracle/signal_run.h"
#include "tests/oracle/signal_search.h"
#include "tests/oracle/signal_witness.h"
#include "tests/rounds.h"

namespace lockcheck::oracle {
namespace {

using analysis::Findings;

struct Tally {
  int traces = 0;
  uint64_t stuck = 0, reported_of_them = 0, reports = 0;
  uint64_t confirmed_of_them = 0, confirmed = 0;
  uint64_t walks_stuck = 0;  // sets of waits at the ends of random walks
};

bool HasDeadlock(const Findings& found) {
  return std::any_of(
      found.findings.begin(), found.findings.end(),
      [](const Finding& f) { return f.kind == analysis::Kind::kDeadlock; });
}

void CheckWalks(const Trace& trace, std::mt19937& random, Tally& tally) {
  analysis::WitnessCheck check(trace);
  for (int i = 0; i < 4; ++i) {
    tally.walks_stuck += RandomWalk(trace, random).AskOfAll(check);
  }
  ASSERT_FALSE(::testing::Test::HasNonfatalFailure()) << Show(trace);
}

void Check(const Trace& trace, Tally& tally) {
  const SignalSearch search(trace);
  Findings found;
  FindCommunication(trace, {}, found);
  ++tally.traces;
  for (const StuckSet& set : search.found()) {
    CheckCycles(trace, set);
    if (::testing::Test::HasFatalFailure()) return;
  }
  Findings asked_of_all;
  FindCommunication(trace, {.few_sets = 0}, asked_of_all);
  ASSERT_EQ(found.findings.size(), asked_of_all.findings.size())
      << "what two can meet is not to matter\n"
      << Show(trace);
  for (const Finding& finding : found.findings) {
    tally.reports += finding.kind == analysis::Kind::kDeadlock;
    const StuckSet waits = WaitsOf(finding, trace);
    ASSERT_FALSE(waits.empty());
    // It says that it assumes what a predicate is.
    if (finding.doubt == analysis::Doubt::kPredicate) continue;
    const bool can_happen =
        std::any_of(search.found().begin(), search.found().end(),
                    [&](const StuckSet& set) { return Contains(set, waits); });
    ASSERT_TRUE(can_happen) << Show(waits) << Show(trace);
    if (!IsConfirmed(finding)) continue;
    ++tally.confirmed;
    CheckWitness(trace, finding, waits);
    if (::testing::Test::HasFatalFailure()) return;
  }
  tally.stuck += search.has_circle();
  tally.reported_of_them += search.has_circle() && HasDeadlock(found);
  tally.confirmed_of_them +=
      search.has_circle() &&
      std::any_of(found.findings.begin(), found.findings.end(), IsConfirmed);
}

template <typename Program, typename Mix>
void Compare(const char* name, const Mix& mix) {
  const uint32_t seed = Seed();
  SCOPED_TRACE(std::string("LOCKCHECK_TEST_SEED=") + std::to_string(seed));
  std::mt19937 random(seed);
  Tally tally;
  const int wanted = tests::Rounds(4'000);
  for (int i = 0; i < 50 * wanted; ++i) {
    // Of conditions one in some 2,000 is confirmed: go on until there is one.
    const bool has_enough = tally.traces >= wanted || i >= 5 * wanted;
    if (has_enough && tally.confirmed > 0) break;
    const Program program(mix, random);
    const auto trace = SignalRun(program.program(), random).ToItsEnd();
    if (trace) Check(*trace, tally);
    if (trace && !::testing::Test::HasFatalFailure()) {
      CheckWalks(*trace, random, tally);
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
  std::cout << name << ": seed " << seed << ", " << tally.traces << " traces, "
            << tally.stuck << " can deadlock through a signal, "
            << tally.reported_of_them << " of them are reported, "
            << tally.confirmed_of_them << " confirmed; " << tally.reports
            << " reports, " << tally.confirmed << " confirmed; "
            << tally.walks_stuck << " deadlocks of random walks\n";
  EXPECT_GT(tally.walks_stuck, 0u);
  EXPECT_GT(tally.confirmed, 0u);
}

void Compare(const char* name, const SignalMix& mix) {
  Compare<SignalProgram>(name, mix);
}
void Compare(const char* name, const PoolMix& mix) {
  Compare<PoolProgram>(name, mix);
}

TEST(SignalOracle, Semaphores) {
  Compare("semaphores", SignalMix{.signals = {ObjectKind::kSemaphore,
                                              ObjectKind::kSemaphore}});
}
TEST(SignalOracle, SemaphoresThatBeginWithPermits) {
  Compare("semaphores with permits", SignalMix{.initial = 1});
}
TEST(SignalOracle, Events) {
  Compare("events", SignalMix{.signals = {ObjectKind::kEvent}});
}
TEST(SignalOracle, Mixed) {
  Compare("mixed",
          SignalMix{.signals = {ObjectKind::kSemaphore, ObjectKind::kEvent},
                    .steps = 7,
                    .try_percent = 15});
}
TEST(SignalOracle, Queues) {
  Compare("queues",
          SignalMix{.locks = 1,
                    .signals = {ObjectKind::kQueue, ObjectKind::kQueueSlots,
                                ObjectKind::kQueue, ObjectKind::kQueueSlots},
                    .queues = true});
}
TEST(SignalOracle, JoinsOfQueues) {
  Compare("joins of queues",
          {.locks = 1,
           .signals = {ObjectKind::kQueue, ObjectKind::kQueueDone},
           .steps = 7,
           .joins = true});
}
TEST(SignalOracle, JoinsOfQueuesWhoseItemsAreEndedByWhoGotThem) {
  Compare("joins, own items",
          {.locks = 1,
           .signals = {ObjectKind::kQueue, ObjectKind::kQueueDone},
           .steps = 7,
           .joins = true,
           .own_items = true});
}
TEST(SignalOracle, Operations) {
  Compare("operations",
          SignalMix{.signals = {ObjectKind::kOperation}, .steps = 7});
}
TEST(SignalOracle, OperationsAndSemaphores) {
  Compare("operations and semaphores",
          SignalMix{.locks = 1,
                    .signals = {ObjectKind::kOperation, ObjectKind::kSemaphore},
                    .steps = 7});
}
TEST(SignalOracle, Barriers) {
  Compare("barriers", SignalMix{.signals = {ObjectKind::kBarrier}, .steps = 7});
}
TEST(SignalOracle, Conditions) {
  Compare(
      "conditions",
      {.locks = 3, .signals = {ObjectKind::kConditionVariable}, .under = true});
}
TEST(SignalOracle, PermitsThatAreGivenBack) {
  Compare("permits", {.locks = 1, .steps = 7, .initial = 2, .held = true});
}
TEST(SignalOracle, WithoutForks) {
  Compare("without forks",
          SignalMix{.locks = 1,
                    .signals = {ObjectKind::kSemaphore, ObjectKind::kEvent},
                    .steps = 7,
                    .forks = false});
}

TEST(SignalOracle, PoolOfOne) { Compare("pool of one", PoolMix{}); }
TEST(SignalOracle, PoolOfTwo) {
  Compare("pool of two", PoolMix{.pools = {2}, .tasks = 4, .steps = 2});
}
TEST(SignalOracle, TwoPools) {
  Compare("two pools", PoolMix{.pools = {1, 1}, .tasks = 4, .steps = 2});
}
TEST(SignalOracle, PoolAndEvents) {
  Compare("pool and events", PoolMix{.signals = {ObjectKind::kEvent}});
}
TEST(SignalOracle, PoolAndLocksAlone) {
  Compare("pool and locks alone",
          PoolMix{.locks = 2, .signals = {}, .steps = 4});
}

}  // namespace
}  // namespace lockcheck::oracle

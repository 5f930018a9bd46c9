// Cycles of locks in logs with signals, pools and requests for several locks,
// against an exhaustive search: what can happen is not refuted, and what is
// confirmed can happen.
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "lib/analysis/confirm_cycles.h"
#include "lib/analysis/ordered_cycles.h"
#include "tests/oracle/pool_program.h"
#include "tests/oracle/signal_program.h"
#include "tests/oracle/signal_run.h"
#include "tests/oracle/signal_search.h"
#include "tests/oracle/signal_witness.h"
#include "tests/rounds.h"

namespace lockcheck::oracle {
namespace {

// `how`: the first part asks.
Finding CycleOf(uint32_t one, uint32_t other,
                model::How how = model::How::kBlocking) {
  Finding cycle;
  cycle.verdict = analysis::Verdict::kPossible;
  for (const auto& [wants, holds] :
       {std::pair(one, other), std::pair(other, one)}) {
    analysis::Part& part = cycle.parts.emplace_back();
    part.wants = wants;
    part.holds = {{.object = holds}};
  }
  cycle.parts[0].how = how;
  return cycle;
}

bool IsRefuted(const Trace& trace, uint32_t one, uint32_t other) {
  std::vector<Finding> findings = {CycleOf(one, other)};
  RefuteOrderedCycles(trace, analysis::TraceOrder(trace), {}, findings);
  return findings[0].verdict == analysis::Verdict::kRefuted;
}

// Whether two of those that are stuck are in the cycle of the first two locks.
bool IsOfCycle(const Trace& trace, const StuckSet& stuck) {
  const auto asks = [&](uint32_t wants, uint32_t has) {
    return std::any_of(stuck.begin(), stuck.end(), [&](const auto& wait) {
      const auto& events = trace.actors[wait.first].events;
      bool asks = false;
      for (uint32_t i = wait.second;
           i < events.size() && events[i].kind == EventKind::kAcquire &&
           (i == wait.second || events[i].level == kWithTheFirst);
           ++i) {
        asks |= events[i].object == wants;
      }
      return asks && HoldsAt(trace, wait.first, wait.second, has);
    });
  };
  return asks(0, 1) && asks(1, 0);
}

// What is confirmed can happen.
template <typename Program, typename Mix>
void ConfirmCyclesOf(const char* name, const Mix& mix,
                     model::How how = model::How::kBlocking) {
  const uint32_t seed = Seed();
  SCOPED_TRACE(std::string("LOCKCHECK_TEST_SEED=") + std::to_string(seed));
  std::mt19937 random(seed);
  const int wanted = tests::Rounds(4'000);
  int traces = 0;
  uint64_t can = 0, confirmed = 0, in_another_order = 0;
  for (int i = 0; i < 5 * wanted && traces < wanted; ++i) {
    const Program program(mix, random);
    const auto trace = SignalRun(program.program(), random).ToItsEnd();
    if (!trace) continue;
    ++traces;
    const SignalSearch search(*trace);
    can += std::any_of(
        search.found().begin(), search.found().end(),
        [&](const StuckSet& set) { return IsOfCycle(*trace, set); });
    Finding cycle = CycleOf(0, 1, how);
    ConfirmCycles(*trace, analysis::TraceOrder(*trace), {}, {&cycle});
    if (!IsConfirmed(cycle)) continue;
    ++confirmed;
    in_another_order += !cycle.assumes.empty();
    const auto end = AfterWitness(*trace, cycle.witness);
    ASSERT_TRUE(end) << "not a run\n" << Show(*trace);
    StuckSet waits;
    for (const analysis::Part& part : cycle.parts) {
      waits.insert({part.actor, end->first[part.actor]});
    }
    ASSERT_TRUE(IsOfCycle(*trace, waits) && StayStuck(*trace, *end, waits))
        << "goes on\n"
        << Show(waits) << Show(*trace);
  }
  std::cout << name << ": seed " << seed << ", " << traces << " traces, " << can
            << " can deadlock in the cycle, " << confirmed
            << " of them are confirmed, " << in_another_order
            << " with sections in another order\n";
  EXPECT_LE(confirmed, can);
  EXPECT_GT(confirmed, 0u);
}

// Of cycles alone: what can happen is not refuted.
void CompareCycles(const char* name, const SignalMix& mix) {
  const uint32_t seed = Seed();
  SCOPED_TRACE(std::string("LOCKCHECK_TEST_SEED=") + std::to_string(seed));
  std::mt19937 random(seed);
  const int wanted = tests::Rounds(4'000);
  int traces = 0;
  uint64_t stuck = 0, refuted = 0;
  for (int i = 0; i < 15 * wanted && traces < wanted; ++i) {
    const SignalProgram program(mix, random);
    const auto trace = SignalRun(program.program(), random).ToItsEnd();
    if (!trace) continue;
    ++traces;
    const SignalSearch search(*trace);
    for (const StuckSet& set : search.found()) {
      CheckCycles(*trace, set);
      if (::testing::Test::HasFatalFailure()) return;
    }
    stuck += !search.found().empty();
    refuted += IsRefuted(*trace, 0, 1);
  }
  std::cout << name << ": seed " << seed << ", " << traces << " traces, "
            << stuck << " can deadlock; a cycle is refuted in " << refuted
            << "\n";
  EXPECT_GT(stuck, 0u);
  EXPECT_GT(refuted, 0u);
}

TEST(SignalCycles, OnceFlags) {
  CompareCycles(
      "once_flags",
      SignalMix{.signals = {ObjectKind::kOnceFlag}, .steps = 7, .once = true});
}
TEST(SignalCycles, OnceFlagsInOneAnother) {
  CompareCycles("two once_flags", SignalMix{.signals = {ObjectKind::kOnceFlag,
                                                        ObjectKind::kOnceFlag},
                                            .steps = 8,
                                            .forks = false,
                                            .once = true});
}
TEST(SignalCycles, CyclesAndSemaphores) {
  CompareCycles("cycles, semaphores", SignalMix{.steps = 8});
}
TEST(SignalCycles, CyclesAndSemaphoresThatBeginWithPermits) {
  CompareCycles("cycles, semaphores with permits",
                SignalMix{.steps = 8, .initial = 1});
}
TEST(SignalCycles, CyclesAndJoinsOfQueues) {
  CompareCycles("cycles, joins of queues",
                {.signals = {ObjectKind::kQueue, ObjectKind::kQueueDone},
                 .steps = 9,
                 .joins = true});
}
TEST(SignalCycles, CyclesAndOperations) {
  CompareCycles("cycles, operations",
                SignalMix{.signals = {ObjectKind::kOperation}, .steps = 8});
}
TEST(SignalCycles, CyclesOfTasks) {
  ConfirmCyclesOf<PoolProgram>(
      "cycles of tasks",
      PoolMix{.pools = {2}, .tasks = 4, .locks = 2, .signals = {}, .steps = 7});
}
TEST(SignalCycles, OfRequestsForSeveralAtOnce) {
  ConfirmCyclesOf<SignalProgram>(
      "several at once", SignalMix{.locks = 3, .steps = 7, .many_percent = 50},
      model::How::kMulti);
}

}  // namespace
}  // namespace lockcheck::oracle

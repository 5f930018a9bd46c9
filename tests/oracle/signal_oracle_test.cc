// The search for deadlocks through signals against an exhaustive search: what
// is reported can happen; how much of what can happen is reported is printed.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "lib/analysis/communication.h"
#include "lib/analysis/confirm_cycles.h"
#include "lib/analysis/ordered_cycles.h"
#include "tests/oracle/pool_program.h"
#include "tests/oracle/random_walk.h"
#include "tests/oracle/signal_program.h"
#include "tests/oracle/signal_run.h"
#include "tests/oracle/signal_search.h"

namespace lockcheck::oracle {
namespace {

using analysis::Finding;
using analysis::Findings;

const char* NameOf(EventKind kind) {
  switch (kind) {
    case EventKind::kAcquire:
      return "acquire";
    case EventKind::kRelease:
      return "release";
    case EventKind::kTake:
      return "take";
    case EventKind::kPost:
      return "post";
    case EventKind::kFork:
      return "fork";
    case EventKind::kJoin:
      return "join";
    case EventKind::kWaitBegin:
      return "begin-wait";
    case EventKind::kFound:
      return "found";
    default:
      return "?";
  }
}

std::string Show(const Trace& trace) {
  std::ostringstream out;
  for (uint32_t a = 0; a < trace.actors.size(); ++a) {
    out << "actor " << a << ":";
    for (const Event& e : trace.actors[a].events) {
      out << " " << (e.how == model::How::kTry ? "try-" : "")
          << (e.kind != EventKind::kPost ? NameOf(e.kind)
              : e.post == Post::kSet     ? "set"
              : e.post == Post::kClear   ? "clear"
              : EndsOne(e)               ? "end"
                                         : NameOf(e.kind))
          << "(" << e.object << (e.amount > 1 ? " x2" : "") << " #" << e.order
          << ")";
    }
    out << "\n";
  }
  return out.str();
}

// Each event has a site of its own: which event a part waits at.
StuckSet WaitsOf(const Finding& finding, const Trace& trace) {
  StuckSet waits;
  for (const analysis::Part& part : finding.parts) {
    const auto& events = trace.actors[part.actor].events;
    for (uint32_t i = 0; i < events.size(); ++i) {
      if (events[i].site == part.site && events[i].kind != EventKind::kPost) {
        waits.insert({part.actor, i});
      }
    }
  }
  return waits;
}

std::string Show(const StuckSet& waits) {
  std::ostringstream out;
  for (const auto& [actor, index] : waits) {
    out << "actor " << actor << " at " << index << "\n";
  }
  return out.str();
}

bool Contains(const StuckSet& all, const StuckSet& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

// The lock that the actor holds there, of these two; kNone: neither.
bool HoldsAt(const Trace& trace, uint32_t actor, uint32_t index,
             uint32_t lock) {
  bool holds = false;
  for (uint32_t i = 0; i < index; ++i) {
    const Event& e = trace.actors[actor].events[i];
    if (e.object != lock) continue;
    holds = e.kind == EventKind::kAcquire ||
            (holds && e.kind != EventKind::kRelease);
  }
  return holds;
}

// The cycles of two locks that those who are stuck are in: none of them may be
// refuted.
void CheckCycles(const Trace& trace, const StuckSet& stuck) {
  const auto wants = [&](const std::pair<uint32_t, uint32_t>& wait) {
    const Event& e = trace.actors[wait.first].events[wait.second];
    return e.kind == EventKind::kAcquire && e.how == model::How::kBlocking
               ? e.object
               : analysis::kNone;
  };
  for (const auto& a : stuck) {
    for (const auto& b : stuck) {
      if (b.first <= a.first || wants(a) == analysis::kNone ||
          wants(b) == analysis::kNone || wants(a) == wants(b) ||
          !HoldsAt(trace, a.first, a.second, wants(b)) ||
          !HoldsAt(trace, b.first, b.second, wants(a))) {
        continue;
      }
      Finding cycle;
      cycle.verdict = analysis::Verdict::kPossible;
      for (const auto& [wait, held] :
           {std::pair(a, wants(b)), std::pair(b, wants(a))}) {
        analysis::Part& part = cycle.parts.emplace_back();
        part.actor = wait.first;
        part.wants = wants(wait);
        part.holds = {{.object = held}};
      }
      std::vector<Finding> findings = {cycle};
      RefuteOrderedCycles(trace, analysis::TraceOrder(trace), {}, findings);
      ASSERT_EQ(findings[0].verdict, analysis::Verdict::kPossible)
          << Show(trace);
    }
  }
}

Finding CycleOf(uint32_t one, uint32_t other) {
  Finding cycle;
  cycle.verdict = analysis::Verdict::kPossible;
  for (const auto& [wants, holds] :
       {std::pair(one, other), std::pair(other, one)}) {
    analysis::Part& part = cycle.parts.emplace_back();
    part.wants = wants;
    part.holds = {{.object = holds}};
  }
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
      const Event& e = trace.actors[wait.first].events[wait.second];
      return e.kind == EventKind::kAcquire && e.object == wants &&
             HoldsAt(trace, wait.first, wait.second, has);
    });
  };
  return asks(0, 1) && asks(1, 0);
}

struct Tally {
  uint64_t traces = 0, stuck = 0, reported_of_them = 0, reports = 0;
  uint64_t confirmed_of_them = 0, confirmed = 0;
  uint64_t walks_stuck = 0;  // sets of waits at the ends of random walks
};

bool HasDeadlock(const Findings& found) {
  return std::any_of(
      found.findings.begin(), found.findings.end(),
      [](const Finding& f) { return f.kind == analysis::Kind::kDeadlock; });
}

bool IsConfirmed(const Finding& finding) {
  return finding.verdict == analysis::Verdict::kConfirmed;
}

// The state to which the witness leads, by the rules that the search has;
// nothing: it is no run.
std::optional<SignalMoment> AfterWitness(const Trace& trace,
                                         const analysis::Witness& witness) {
  SignalMoment moment = {std::vector<uint32_t>(trace.actors.size()),
                         SignalPast(trace)};
  if (witness.steps.size() != witness.length) return std::nullopt;
  for (const analysis::WitnessStep& step : witness.steps) {
    SignalState state(trace, moment.first);
    const Event* next = state.Next(step.actor);
    if (next == nullptr || next->site != step.site ||
        !state.Enabled(step.actor, moment.second)) {
      return std::nullopt;
    }
    state.Do(step.actor, moment.second);
    moment.first = state.length();
  }
  return moment;
}

// Its witness is a run, and after it these waits stay, whatever else happens.
void CheckWitness(const Trace& trace, const Finding& finding,
                  const StuckSet& waits) {
  const auto end = AfterWitness(trace, finding.witness);
  ASSERT_TRUE(end) << "not a run\n" << Show(trace);
  for (const auto& [actor, index] : waits) {
    ASSERT_EQ(end->first[actor], index) << "is not there\n" << Show(trace);
  }
  ASSERT_TRUE(StayStuck(trace, *end, waits)) << "goes on\n" << Show(trace);
}

uint32_t Seed() {
  const char* text = std::getenv("LOCKCHECK_TEST_SEED");
  return text != nullptr ? static_cast<uint32_t>(std::atoll(text))
                         : std::random_device()();
}

// Cycles of locks in logs with pools: what is confirmed can happen.
void ConfirmCyclesOf(const char* name, const PoolMix& mix) {
  const uint32_t seed = Seed();
  SCOPED_TRACE(std::string("LOCKCHECK_TEST_SEED=") + std::to_string(seed));
  std::mt19937 random(seed);
  uint64_t traces = 0, can = 0, confirmed = 0, in_another_order = 0;
  for (uint32_t i = 0; i < 20'000 && traces < 4'000; ++i) {
    const PoolProgram program(mix, random);
    const auto trace = SignalRun(program.program(), random).ToItsEnd();
    if (!trace) continue;
    ++traces;
    const SignalSearch search(*trace);
    can += std::any_of(
        search.found().begin(), search.found().end(),
        [&](const StuckSet& set) { return IsOfCycle(*trace, set); });
    Finding cycle = CycleOf(0, 1);
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

// Of cycles alone: what can happen is not refuted.
void CompareCycles(const char* name, const SignalMix& mix) {
  const uint32_t seed = Seed();
  SCOPED_TRACE(std::string("LOCKCHECK_TEST_SEED=") + std::to_string(seed));
  std::mt19937 random(seed);
  uint64_t traces = 0, stuck = 0, refuted = 0;
  for (uint32_t i = 0; i < 60'000 && traces < 4'000; ++i) {
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

template <typename Program, typename Mix>
void Compare(const char* name, const Mix& mix) {
  const uint32_t seed = Seed();
  SCOPED_TRACE(std::string("LOCKCHECK_TEST_SEED=") + std::to_string(seed));
  std::mt19937 random(seed);
  Tally tally;
  for (uint32_t i = 0; i < 20'000 && tally.traces < 4'000; ++i) {
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
TEST(SignalOracle, OnceFlags) {
  CompareCycles(
      "once_flags",
      SignalMix{.signals = {ObjectKind::kOnceFlag}, .steps = 7, .once = true});
}
TEST(SignalOracle, OnceFlagsInOneAnother) {
  CompareCycles("two once_flags", SignalMix{.signals = {ObjectKind::kOnceFlag,
                                                        ObjectKind::kOnceFlag},
                                            .steps = 8,
                                            .forks = false,
                                            .once = true});
}
TEST(SignalOracle, CyclesAndSemaphores) {
  CompareCycles("cycles, semaphores", SignalMix{.steps = 8});
}
TEST(SignalOracle, CyclesAndSemaphoresThatBeginWithPermits) {
  CompareCycles("cycles, semaphores with permits",
                SignalMix{.steps = 8, .initial = 1});
}
TEST(SignalOracle, CyclesAndJoinsOfQueues) {
  CompareCycles("cycles, joins of queues",
                {.signals = {ObjectKind::kQueue, ObjectKind::kQueueDone},
                 .steps = 9,
                 .joins = true});
}
TEST(SignalOracle, CyclesAndOperations) {
  CompareCycles("cycles, operations",
                SignalMix{.signals = {ObjectKind::kOperation}, .steps = 8});
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
TEST(SignalOracle, CyclesOfTasks) {
  ConfirmCyclesOf(
      "cycles of tasks",
      PoolMix{.pools = {2}, .tasks = 4, .locks = 2, .signals = {}, .steps = 7});
}
TEST(SignalOracle, PoolAndLocksAlone) {
  Compare("pool and locks alone",
          PoolMix{.locks = 2, .signals = {}, .steps = 4});
}

}  // namespace
}  // namespace lockcheck::oracle

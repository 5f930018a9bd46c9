// A finding against the exhaustive search: who waits where in it, and to what
// its witness leads.
#ifndef LOCKCHECK_TESTS_ORACLE_SIGNAL_WITNESS_H_
#define LOCKCHECK_TESTS_ORACLE_SIGNAL_WITNESS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/ordered_cycles.h"
#include "lib/analysis/trace_order.h"
#include "tests/oracle/signal_search.h"

namespace lockcheck::oracle {

using analysis::Finding;

inline const char* NameOf(EventKind kind) {
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

inline std::string Show(const Trace& trace) {
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
inline StuckSet WaitsOf(const Finding& finding, const Trace& trace) {
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

inline std::string Show(const StuckSet& waits) {
  std::ostringstream out;
  for (const auto& [actor, index] : waits) {
    out << "actor " << actor << " at " << index << "\n";
  }
  return out.str();
}

inline bool Contains(const StuckSet& all, const StuckSet& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

// The lock that the actor holds there, of these two; kNone: neither.
inline bool HoldsAt(const Trace& trace, uint32_t actor, uint32_t index,
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
inline void CheckCycles(const Trace& trace, const StuckSet& stuck) {
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

inline bool IsConfirmed(const Finding& finding) {
  return finding.verdict == analysis::Verdict::kConfirmed;
}

// The state to which the witness leads, by the rules that the search has;
// nothing: it is no run.
inline std::optional<SignalMoment> AfterWitness(
    const Trace& trace, const analysis::Witness& witness) {
  SignalMoment moment = {std::vector<uint32_t>(trace.actors.size()),
                         SignalPast(trace)};
  if (witness.steps.size() != witness.length) return std::nullopt;
  std::vector<uint32_t> done(trace.actors.size());
  for (const analysis::WitnessStep& step : witness.steps) {
    const auto& events = trace.actors[step.actor].events;
    const uint32_t i = done[step.actor]++;
    if (i >= events.size() || events[i].site != step.site) return std::nullopt;
    // Of several at once all are taken with the last: what it got before that
    // it gave back.
    if (i + 1 < events.size() && events[i + 1].level == kWithTheFirst &&
        events[i + 1].kind == EventKind::kAcquire) {
      continue;
    }
    SignalState state(trace, moment.first);
    if (!state.Enabled(step.actor, moment.second)) return std::nullopt;
    state.Do(step.actor, moment.second);
    moment.first = state.length();
  }
  return moment;
}

// Its witness is a run, and after it these waits stay, whatever else happens.
inline void CheckWitness(const Trace& trace, const Finding& finding,
                         const StuckSet& waits) {
  const auto end = AfterWitness(trace, finding.witness);
  ASSERT_TRUE(end) << "not a run\n" << Show(trace);
  for (const auto& [actor, index] : waits) {
    ASSERT_EQ(end->first[actor], index) << "is not there\n" << Show(trace);
  }
  ASSERT_TRUE(StayStuck(trace, *end, waits)) << "goes on\n" << Show(trace);
}

inline uint32_t Seed() {
  const char* text = std::getenv("LOCKCHECK_TEST_SEED");
  return text != nullptr ? static_cast<uint32_t>(std::atoll(text))
                         : std::random_device()();
}

}  // namespace lockcheck::oracle

#endif  // LOCKCHECK_TESTS_ORACLE_SIGNAL_WITNESS_H_

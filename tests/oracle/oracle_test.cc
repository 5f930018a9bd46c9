// The reason to believe the verdicts: on thousands of random traces they are
// compared with an exhaustive search over all correct reorderings.
//   * what really can happen is never refuted;
//   * what really can happen is reported, as possible or actual.
// A failing trace is shrunk and printed in the form that Parse() reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "lib/analysis/findings.h"
#include "tests/oracle/random_trace.h"
#include "tests/oracle/search.h"
#include "tests/oracle/trace.h"
#include "tests/oracle/translate.h"
#include "tests/rounds.h"

namespace lockcheck::oracle {
namespace {

using analysis::Finding;
using analysis::Findings;
using analysis::Verdict;

constexpr int kTracesPerMix = 2'500;

// A cycle as findings tell cycles apart: what is wanted, where it is asked for,
// and where the one who has it got it. Rotated to its smallest element.
struct Link {
  uint32_t object, request_site, hold_site;
  auto operator<=>(const Link&) const = default;
};
using Key = std::vector<Link>;

Key Rotated(Key key) {
  std::rotate(key.begin(), std::min_element(key.begin(), key.end()), key.end());
  return key;
}

Key KeyOf(const Finding& finding) {
  Key key;
  for (size_t i = 0; i < finding.parts.size(); ++i) {
    const analysis::Part& next = finding.parts[(i + 1) % finding.parts.size()];
    EXPECT_EQ(next.holds.front().object, finding.parts[i].wants);
    key.push_back({finding.parts[i].wants, finding.parts[i].site,
                   next.holds.front().site});
  }
  return Rotated(key);
}

Key KeyOf(const Deadlock& deadlock, const Trace& trace) {
  Key key;
  for (size_t i = 0; i < deadlock.requests.size(); ++i) {
    const Event& request = trace.events[deadlock.requests[i]];
    const bool join = request.join || request.op == Op::kJoin;
    const auto object =
        static_cast<uint32_t>(request.object + (join ? trace.locks.size() : 0));
    const size_t acquired = deadlock.acquired[i];
    key.push_back({object, request.site,
                   acquired == Deadlock::kNoEvent
                       ? analysis::kNone
                       : trace.events[acquired].site});
  }
  return Rotated(key);
}

std::vector<uint32_t> ObjectsOf(const Key& key) {
  std::vector<uint32_t> objects;
  for (const Link& link : key) objects.push_back(link.object);
  return objects;
}

struct Comparison {
  std::set<Key> truth, reported, refuted;
  std::set<std::vector<uint32_t>> actual;  // these swallow possible ones
  std::string error;                       // empty: both gates hold
};

Comparison Compare(const Trace& trace) {
  Comparison result;
  for (const Deadlock& d : Search(trace).Run()) {
    result.truth.insert(KeyOf(d, trace));
  }
  for (const Finding& f : analysis::Find(Translate(trace), {}).findings) {
    if (!f.verdict || f.parts.size() != f.objects.size()) continue;
    (*f.verdict == Verdict::kRefuted ? result.refuted : result.reported)
        .insert(KeyOf(f));
    if (f.verdict == Verdict::kActual) {
      result.actual.insert(ObjectsOf(KeyOf(f)));
    }
  }
  for (const Key& key : result.truth) {
    if (result.refuted.contains(key)) {
      result.error = "a deadlock that can happen is refuted";
    } else if (!result.reported.contains(key) &&
               !result.actual.contains(ObjectsOf(key))) {
      result.error = "a deadlock that can happen is not reported";
    }
  }
  return result;
}

// Without event `i`, and without what makes no sense when it is gone.
Trace Without(const Trace& trace, size_t i) {
  Trace smaller = trace;
  smaller.events.clear();
  const Event& gone = trace.events[i];
  bool release_gone = gone.op != Op::kAcquire;
  for (size_t k = 0; k < trace.events.size(); ++k) {
    const Event& e = trace.events[k];
    if (k == i) continue;
    if (k > i && !release_gone && e.op == Op::kRelease &&
        e.actor == gone.actor && e.object == gone.object) {
      release_gone = true;
      continue;
    }
    smaller.events.push_back(e);
  }
  return smaller;
}

Trace Shrink(Trace trace, const std::function<bool(const Trace&)>& fails) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < trace.events.size(); ++i) {
      const Op op = trace.events[i].op;
      if (op == Op::kRelease || op == Op::kFork) continue;
      Trace smaller = Without(trace, i);
      if (!fails(smaller)) continue;
      trace = std::move(smaller);
      changed = true;
      break;
    }
  }
  return trace;
}

uint32_t Seed() {
  const char* given = std::getenv("LOCKCHECK_TEST_SEED");
  return given != nullptr ? static_cast<uint32_t>(std::atoll(given))
                          : std::random_device{}();
}

struct Case {
  const char* name;
  Mix mix;
};

class OracleTest : public testing::TestWithParam<Case> {};

TEST_P(OracleTest, WhatCanHappenIsReportedAndNeverRefuted) {
  const uint32_t seed = Seed();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("LOCKCHECK_TEST_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  size_t truth = 0, reported = 0, excess = 0, refuted = 0;
  for (int i = 0; i < tests::Rounds(kTracesPerMix); ++i) {
    const Trace trace = RandomRun(GetParam().mix, random).Run();
    const Comparison result = Compare(trace);
    truth += result.truth.size();
    reported += result.reported.size();
    for (const Key& key : result.reported)
      excess += !result.truth.contains(key);
    refuted += result.refuted.size();
    if (result.error.empty()) continue;
    const Trace small =
        Shrink(trace, [](const Trace& t) { return !Compare(t).error.empty(); });
    FAIL() << Compare(small).error << ": " << Print(small);
  }
  RecordProperty("truth", std::to_string(truth));
  RecordProperty("reported", std::to_string(reported));
  RecordProperty("reported_in_excess", std::to_string(excess));
  RecordProperty("refuted", std::to_string(refuted));
  std::printf(
      "seed %u: %zu deadlocks can happen; %zu reported, of which %zu cannot; "
      "%zu refuted\n",
      seed, truth, reported, excess, refuted);
  EXPECT_GT(truth, 0u) << "the traces are too tame to test anything";
  EXPECT_GT(refuted, 0u) << "the traces are too wild to test anything";
}

INSTANTIATE_TEST_SUITE_P(
    Mixes, OracleTest,
    testing::Values(Case{"TwoActorsNested",
                         {.actors = 2,
                          .locks = 2,
                          .events_per_actor = 12,
                          .all_at_start = true}},
                    Case{"ThreeActorsNested",
                         {.events_per_actor = 10, .all_at_start = true}},
                    Case{"HandOverHand",
                         {.events_per_actor = 10,
                          .hand_over_hand = true,
                          .all_at_start = true}},
                    Case{"Forks",
                         {.events_per_actor = 12, .hand_over_hand = true}},
                    Case{"ForksAndJoins",
                         {.events_per_actor = 12,
                          .hand_over_hand = true,
                          .join_percent = 25}},
                    Case{"JoinsNested",
                         {.actors = 4,
                          .locks = 2,
                          .events_per_actor = 8,
                          .join_percent = 35}},
                    Case{"Tries",
                         {.events_per_actor = 12,
                          .hand_over_hand = true,
                          .try_percent = 40,
                          .join_percent = 10}},
                    Case{"Readers",
                         {.events_per_actor = 12,
                          .hand_over_hand = true,
                          .shared_percent = 50}},
                    Case{"CoarseSites",
                         {.events_per_actor = 12,
                          .hand_over_hand = true,
                          .try_percent = 20,
                          .join_percent = 15,
                          .site_per_event = false}},
                    Case{"FourActorsCoarseSites",
                         {.actors = 4,
                          .locks = 4,
                          .events_per_actor = 8,
                          .shared_percent = 10,
                          .join_percent = 10,
                          .site_per_event = false}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lockcheck::oracle

// The reason to believe the verdicts: on thousands of random traces they are
// compared with an exhaustive search over all correct reorderings. Each trace
// is written as a log, and what is compared is what that log gives.
//   * what really can happen is never refuted;
//   * what really can happen is reported, as actual, confirmed or possible;
//   * what is confirmed can happen, with just these actors;
//   * who follows the steps that are shown of its schedule is not held up.
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
#include "tests/analysis/scanned_log.h"
#include "tests/oracle/followed.h"
#include "tests/oracle/log_of.h"
#include "tests/oracle/random_trace.h"
#include "tests/oracle/search.h"
#include "tests/oracle/trace.h"
#include "tests/rounds.h"

namespace lockcheck::oracle {
namespace {

using analysis::Finding;
using analysis::Findings;
using analysis::Verdict;
using analysis::testing::ScannedLog;

constexpr int kTracesPerMix = 2'500;

// A cycle as findings tell cycles apart: what is wanted, where it is asked for,
// and where the one who has it got it; and who asks, where that is of interest.
// Rotated to its smallest element.
struct Link {
  uint32_t object, request_site, hold_site;
  uint32_t actor = 0;
  auto operator<=>(const Link&) const = default;
};
using Key = std::vector<Link>;

Key Rotated(Key key) {
  std::rotate(key.begin(), std::min_element(key.begin(), key.end()), key.end());
  return key;
}

Key WithoutActors(Key key) {
  for (Link& link : key) link.actor = 0;
  return Rotated(key);
}

// In the trace's numbers.
class KeysOfLog {
 public:
  KeysOfLog(const ScannedLog& log, const Trace& trace)
      : log_(log), trace_(trace) {}

  Key Of(const Finding& finding) const {
    Key key;
    for (size_t i = 0; i < finding.parts.size(); ++i) {
      const analysis::Part& part = finding.parts[i];
      const analysis::Part& next =
          finding.parts[(i + 1) % finding.parts.size()];
      EXPECT_EQ(next.holds.front().object, part.wants);
      key.push_back({Object(part.wants), Site(part.site),
                     Site(next.holds.front().site),
                     log_.ActorId(part.actor) - 1});
    }
    return Rotated(key);
  }

 private:
  uint32_t Object(analysis::ObjectIndex object) const {
    const uint32_t id = log_.ObjectId(object);
    return id < analysis::testing::kEnd
               ? id - 1
               : static_cast<uint32_t>(id - analysis::testing::kEnd - 1 +
                                       trace_.locks.size());
  }
  uint32_t Site(analysis::SiteIndex site) const {
    return site == analysis::kNone ? site : log_.SiteId(site) - log::kFirstSite;
  }

  const ScannedLog& log_;
  const Trace& trace_;
};

Key KeyOf(const Deadlock& deadlock, const Trace& trace) {
  Key key;
  for (size_t i = 0; i < deadlock.requests.size(); ++i) {
    const Event& request = trace.events[deadlock.requests[i]];
    const bool join = request.join || request.op == Op::kJoin;
    const auto object =
        static_cast<uint32_t>(request.object + (join ? trace.locks.size() : 0));
    const size_t acquired = deadlock.acquired[i];
    key.push_back({object, request.site,
                   acquired == Deadlock::kNoEvent ? analysis::kNone
                                                  : trace.events[acquired].site,
                   request.actor});
  }
  return Rotated(key);
}

std::vector<uint32_t> ObjectsOf(const Key& key) {
  std::vector<uint32_t> objects;
  for (const Link& link : key) objects.push_back(link.object);
  return objects;
}

struct Comparison {
  // Without actors, but for `confirmed`.
  std::set<Key> truth, reported, refuted, confirmed;
  std::set<std::vector<uint32_t>> actual;  // these swallow the others
  std::string error;                       // empty: all gates hold
};

Comparison Compare(const Trace& trace) {
  Comparison result;
  std::set<Key> truth;
  for (const Deadlock& d : Search(trace).Run()) {
    truth.insert(KeyOf(d, trace));
    result.truth.insert(WithoutActors(KeyOf(d, trace)));
  }
  LogOf written(trace);
  const ScannedLog log(written.builder());
  const KeysOfLog keys(log, trace);
  for (const Finding& f : analysis::Find(log.observations(), {}).findings) {
    if (!f.verdict || f.parts.size() != f.objects.size()) continue;
    const Key key = WithoutActors(keys.Of(f));
    (*f.verdict == Verdict::kRefuted ? result.refuted : result.reported)
        .insert(key);
    if (f.verdict == Verdict::kActual) result.actual.insert(ObjectsOf(key));
    if (f.verdict != Verdict::kConfirmed) continue;
    result.confirmed.insert(keys.Of(f));
    if (!truth.contains(keys.Of(f))) {
      result.error = "a deadlock that cannot happen is confirmed";
    }
    if (!CanBeFollowed(f)) {
      result.error = "the steps that are shown of a schedule cannot be done";
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

// How much of what is true is confirmed, and of what is false refuted.
struct Shares {
  size_t truth = 0, confirmed = 0;  // what is not actual anyway
  size_t untrue = 0, refuted = 0;

  void Add(const Comparison& c) {
    for (const Key& key : c.truth) truth += !c.actual.contains(ObjectsOf(key));
    std::set<Key> keys;
    for (const Key& key : c.confirmed) keys.insert(WithoutActors(key));
    for (const Key& key : keys) confirmed += !c.actual.contains(ObjectsOf(key));
    for (const Key& key : c.refuted) refuted += !c.truth.contains(key);
    for (const Key& key : c.reported) {
      untrue += !c.truth.contains(key) && !c.actual.contains(ObjectsOf(key));
    }
  }
  double OfTruth() const { return Percent(confirmed, truth); }
  double OfUntrue() const { return Percent(refuted, refuted + untrue); }

 private:
  static double Percent(size_t part, size_t all) {
    return all == 0
               ? 100
               : 100.0 * static_cast<double>(part) / static_cast<double>(all);
  }
};

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

TEST_P(OracleTest, VerdictsAreTrue) {
  const uint32_t seed = Seed();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("LOCKCHECK_TEST_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  Shares shares;
  for (int i = 0; i < tests::Rounds(kTracesPerMix); ++i) {
    const Trace trace = RandomRun(GetParam().mix, random).Run();
    const Comparison result = Compare(trace);
    shares.Add(result);
    if (result.error.empty()) continue;
    const Trace small =
        Shrink(trace, [](const Trace& t) { return !Compare(t).error.empty(); });
    FAIL() << Compare(small).error << ": " << Print(small);
  }
  std::printf(
      "seed %u: of %zu deadlocks that can happen %.1f %% are confirmed; of %zu "
      "cycles that cannot %.1f %% are refuted\n",
      seed, shares.truth, shares.OfTruth(), shares.untrue + shares.refuted,
      shares.OfUntrue());
  EXPECT_GE(shares.OfTruth(), 95.0);
  EXPECT_GE(shares.OfUntrue(), 95.0);
  EXPECT_GT(shares.truth, 0u) << "the traces are too tame to test anything";
  EXPECT_GT(shares.refuted, 0u) << "the traces are too wild to test anything";
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
                          .site_per_event = false}},
                    Case{"Variables",
                         {.locks = 2,
                          .events_per_actor = 12,
                          .all_at_start = true,
                          .variables = 2,
                          .access_percent = 30}},
                    Case{"OneVariable",
                         {.locks = 2,
                          .events_per_actor = 14,
                          .hand_over_hand = true,
                          .variables = 1,
                          .access_percent = 25}},
                    Case{"VariablesAndAll",
                         {.events_per_actor = 12,
                          .hand_over_hand = true,
                          .try_percent = 10,
                          .shared_percent = 20,
                          .join_percent = 15,
                          .variables = 2,
                          .access_percent = 25,
                          .site_per_event = false}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lockcheck::oracle

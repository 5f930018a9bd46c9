// Traces in the STD format: the log that they are imported into, and that which
// is made of its export, have the findings of the trace itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lib/analysis/findings.h"
#include "lib/analysis/statistics.h"
#include "lib/log/place_frame.h"
#include "tests/analysis/scanned_log.h"
#include "tests/log/imported.h"
#include "tests/oracle/log_of.h"
#include "tests/oracle/random_trace.h"
#include "tests/oracle/trace.h"
#include "tests/rounds.h"

namespace lockcheck::oracle {
namespace {

using analysis::Finding;
using analysis::Findings;
using analysis::Reason;
using analysis::Verdict;
using ::testing::IsEmpty;

// The verdict of what can happen.
constexpr Verdict kCanHappen = Verdict::kConfirmed;

std::string StdText(const Trace& trace) {
  std::string text;
  for (const Event& e : trace.events) {
    const bool on_actor = e.op == Op::kFork || e.op == Op::kJoin;
    const char* op = e.op == Op::kAcquire   ? "acq"
                     : e.op == Op::kRelease ? "rel"
                     : e.op == Op::kRequest ? "req"
                     : e.op == Op::kFork    ? "fork"
                     : e.op == Op::kJoin    ? "join"
                     : e.op == Op::kRead    ? "r"
                     : e.op == Op::kWrite   ? "w"
                                            : "end";
    absl::StrAppend(&text, e.actor, "|", op, "(",
                    e.op == Op::kEnd ? ""
                    : on_actor       ? std::to_string(e.object)
                                     : trace.NameOf(e),
                    ")|", e.site, "\n");
  }
  return text;
}

// The format has no requests for a thread's end.
Trace WithoutStandingJoins(Trace trace) {
  std::erase_if(trace.events, [](const Event& e) { return e.join; });
  return trace;
}

// Names in place of indices.
struct Names {
  std::vector<std::string> objects, actors, sites;

  std::string Object(uint32_t object) const {
    if (object < objects.size()) return objects[object];
    const size_t actor = object - objects.size();
    return absl::StrCat("END(", actor < actors.size() ? actors[actor] : "?",
                        ")");
  }
  std::string Site(uint32_t site) const {
    return site < sites.size() ? sites[site] : "?";
  }
};

Names NamesOf(const log::Recording& recording) {
  Names names;
  for (const auto& object : recording.objects) {
    names.objects.push_back(object.name);
  }
  for (const auto& actor : recording.actors) {
    names.actors.push_back(actor.name);
  }
  for (const auto& site : recording.sites) {
    const log::Place* place =
        site.frames.empty() ? nullptr : log::PlaceOf(recording, site.frames[0]);
    names.sites.push_back(place == nullptr ? "?" : place->function);
  }
  return names;
}

// Sorted; a finding's parts begin with the smallest.
std::vector<std::string> Described(const Findings& found, const Names& names) {
  std::vector<std::string> all;
  for (const Finding& finding : found.findings) {
    // The text does not say that a thread has ended with a lock.
    const bool ended_with_it = std::any_of(
        finding.parts.begin(), finding.parts.end(),
        [](const auto& part) { return part.wants == analysis::kNone; });
    if (ended_with_it) continue;
    std::vector<std::string> parts;
    for (const analysis::Part& part : finding.parts) {
      std::string text =
          absl::StrCat(names.actors[part.actor], " wants ",
                       part.wants == analysis::kNone
                           ? "nothing"
                           : absl::StrCat(names.Object(part.wants), "@",
                                          names.Site(part.site)));
      for (const analysis::Hold& hold : part.holds) {
        absl::StrAppend(&text, " holds ", names.Object(hold.object), "@",
                        names.Site(hold.site));
      }
      parts.push_back(text);
    }
    std::rotate(parts.begin(), std::min_element(parts.begin(), parts.end()),
                parts.end());
    std::string text = absl::StrCat(
        "rule ", static_cast<int>(finding.rule), " verdict ",
        finding.verdict ? static_cast<int>(*finding.verdict) : -1, " reason ",
        finding.reason ? static_cast<int>(*finding.reason) : -1);
    for (const std::string& part : parts) absl::StrAppend(&text, "; ", part);
    all.push_back(text);
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::string> FoundInLog(const log::Recording& recording) {
  const analysis::ScanResult scan = analysis::Scan(recording, {.threads = 1});
  return Described(analysis::Find(scan.observations, {}), NamesOf(recording));
}

// Of a log that LogOf() has made.
Names NamesByNumber(const log::Recording& recording) {
  Names names;
  for (const auto& object : recording.objects) {
    names.objects.push_back(object.name);
  }
  for (const auto& actor : recording.actors) {
    names.actors.push_back(std::to_string(actor.id - 1));
  }
  for (const auto& site : recording.sites) {
    names.sites.push_back(std::to_string(site.id - log::kFirstSite));
  }
  return names;
}

std::vector<std::string> FoundInTrace(const Trace& trace) {
  LogOf written(trace);
  const analysis::testing::ScannedLog log(written.builder());
  return Described(analysis::Find(log.observations(), {}),
                   NamesByNumber(*log.observations().recording));
}

struct Case {
  const char* name;
  Mix mix;
};

class StdOracleTest : public ::testing::TestWithParam<Case> {};

TEST_P(StdOracleTest, ImportedAndExportedTracesHaveTheSameFindings) {
  const char* given = std::getenv("LOCKCHECK_TEST_SEED");
  const uint32_t seed = given != nullptr
                            ? static_cast<uint32_t>(std::atoll(given))
                            : std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("LOCKCHECK_TEST_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  size_t found = 0;
  for (int i = 0; i < tests::Rounds(500); ++i) {
    const Trace trace =
        WithoutStandingJoins(RandomRun(GetParam().mix, random).Run());
    const std::string text = StdText(trace);
    if (text.empty()) continue;
    const auto expected = FoundInTrace(trace);
    found += expected.size();
    const log::testing::Imported imported = log::testing::Import(text);
    ASSERT_TRUE(imported.status.ok()) << imported.status << "\n" << text;
    ASSERT_EQ(FoundInLog(*imported.Read()), expected) << text;
    const log::StdExport exported = log::testing::Export(imported);
    ASSERT_THAT(exported.contradiction, IsEmpty());
    ASSERT_THAT(exported.notes, IsEmpty());
    const log::testing::Imported again = log::testing::Import(exported.text);
    ASSERT_TRUE(again.status.ok()) << again.status << "\n" << exported.text;
    ASSERT_EQ(FoundInLog(*again.Read()), expected) << text << "\n->\n"
                                                   << exported.text;
  }
  EXPECT_GT(found, 0u) << "the traces are too tame to test anything";
}

INSTANTIATE_TEST_SUITE_P(
    Mixes, StdOracleTest,
    ::testing::Values(Case{"AllAtStart", {.all_at_start = true}},
                      Case{"Variables",
                           {.locks = 2,
                            .events_per_actor = 12,
                            .variables = 2,
                            .access_percent = 30,
                            .updates = false}},
                      Case{"Forks", {.hand_over_hand = true}},
                      Case{"ForksAndJoins",
                           {.actors = 4,
                            .events_per_actor = 10,
                            .hand_over_hand = true,
                            .join_percent = 25}},
                      Case{"Deadlocks",
                           {.actors = 4,
                            .locks = 2,
                            .events_per_actor = 12,
                            .all_at_start = true}}),
    [](const auto& info) { return info.param.name; });

struct Example {
  const char* name;
  const char* trace;  // in the short form, with blanks for line ends
  Verdict verdict;
  std::optional<Reason> reason = {};
};

constexpr Example kExamples[] = {
    {"Abba",
     "0/fork(1) 0/fork(2) 1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 2/acq(b) "
     "2/acq(a) 2/rel(a) 2/rel(b) 0/join(1) 0/join(2)",
     kCanHappen},
    {"SameThread",
     "1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/acq(b) 1/acq(a) 1/rel(a) 1/rel(b)",
     Verdict::kRefuted, Reason::kOneActor},
    {"Gate",
     "1/acq(g) 1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/rel(g) 2/acq(g) 2/acq(b) "
     "2/acq(a) 2/rel(a) 2/rel(b) 2/rel(g)",
     Verdict::kRefuted, Reason::kGate},
    {"GateLetGo",
     "1/acq(g) 1/acq(a) 1/rel(g) 1/acq(b) 1/rel(b) 1/rel(a) 2/acq(g) 2/acq(b) "
     "2/rel(g) 2/acq(a) 2/rel(a) 2/rel(b)",
     kCanHappen},
    {"ForkOrdered",
     "0/acq(a) 0/acq(b) 0/rel(b) 0/rel(a) 0/fork(1) 1/acq(b) 1/acq(a) "
     "1/rel(a) 1/rel(b) 0/join(1)",
     Verdict::kRefuted, Reason::kForkJoin},
    {"JoinOrdered",
     "0/fork(1) 1/acq(b) 1/acq(a) 1/rel(a) 1/rel(b) 0/join(1) 0/acq(a) "
     "0/acq(b) 0/rel(b) 0/rel(a)",
     Verdict::kRefuted, Reason::kForkJoin},
};

class StdExampleTest : public ::testing::TestWithParam<Example> {};

TEST_P(StdExampleTest, HasTheVerdictOfTheSpecification) {
  std::string text = GetParam().trace;
  std::replace(text.begin(), text.end(), '/', '|');
  std::replace(text.begin(), text.end(), ' ', '\n');
  const log::testing::Imported imported = log::testing::Import(text);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  const auto recording = imported.Read();
  const analysis::ScanResult scan = analysis::Scan(*recording, {.threads = 1});
  const Findings found = analysis::Find(scan.observations, {});
  ASSERT_EQ(found.findings.size(), 1u);
  EXPECT_EQ(found.findings[0].verdict, GetParam().verdict);
  EXPECT_EQ(found.findings[0].reason, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(Examples, StdExampleTest,
                         ::testing::ValuesIn(kExamples),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lockcheck::oracle

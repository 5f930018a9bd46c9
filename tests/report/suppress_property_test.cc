// Whatever the locks are called, the line that the text prints for a finding,
// pasted into a file, suppresses that finding and no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/statistics.h"
#include "lib/report/build.h"
#include "lib/report/suppress.h"
#include "lib/report/text.h"
#include "tests/log/log_builder.h"
#include "tests/rounds.h"

namespace lockcheck::report {
namespace {

using log::BeginHow;
using model::ObjectKind;
using ::testing::ElementsAre;

constexpr uint32_t kLocks = 5, kSite = 8;

std::string AnyName(std::mt19937_64& random) {
  static const std::vector<std::string> kPieces = {
      "a",        "b",    " ",           "#",    " #",   "  # ",   ":",
      "->",       " -> ", "\n",          "\r\n", "\t",   "\xff",   "\xc3",
      "\xc3\xa4", "*",    "?",           "[x]",  "\\",   "\\x0a",  "/2",
      " in ",     ",",    "lock-order:", "@",    "\x9b", "\x1b[2J"};
  std::string name;
  for (uint64_t n = random() % 5; n > 0; --n) {
    name += kPieces[random() % kPieces.size()];
  }
  return name;
}

// Two threads that nest random locks in random order.
log::testing::LogBuilder AnyLog(std::mt19937_64& random) {
  log::testing::LogBuilder b;
  b.At(0).Process(1).Actor(1, BeginHow::kMain).Site(kSite, {1}).Site(9, {2});
  for (uint32_t id = 1; id <= kLocks; ++id) {
    b.Object(id, ObjectKind::kMutex, AnyName(random));
  }
  b.Fork(1, 2).Fork(1, 3);
  for (const uint32_t actor : {2u, 3u}) {
    b.Actor(actor, BeginHow::kStarted, {.parent = 1});
    for (int i = 0; i < 6; ++i) {
      const auto outer = static_cast<uint32_t>(1 + random() % kLocks);
      const auto inner = static_cast<uint32_t>(1 + random() % kLocks);
      if (outer == inner) {
        b.Misuse(actor, model::Misuse::kUnlockFree, outer, kSite, 0, 0);
        continue;
      }
      b.Open(actor, outer, kSite)
          .SectionThenClose(actor, inner,
                            kSite + static_cast<uint32_t>(random() % 2));
    }
  }
  b.Advance(1000).End(2).End(3).Join(1, 2).Join(1, 3).Exit(1);
  return b;
}

Report ReportOf(log::testing::LogBuilder log) {
  const auto recording = log::Recording::OpenBytes("test", log.bytes());
  EXPECT_TRUE(recording.ok()) << recording.status();
  const analysis::ScanResult scan = analysis::Scan(**recording, {.threads = 1});
  const analysis::Findings findings = analysis::Find(scan.observations, {});
  return Build({**recording, scan.observations, findings, scan.statistics,
                [](const log::Frame& frame, bool) {
                  symbolize::SymbolizedFrame found;
                  found.offset = frame.offset;
                  return found;
                }});
}

// In the order of the findings.
std::vector<std::string> PrintedLines(const Report& report) {
  TextOptions options;
  options.all = true;
  std::vector<std::string> lines;
  const std::string text = Text(report, options);
  const std::string key = "\n    suppress   ";
  for (size_t at = 0; (at = text.find(key, at)) != text.npos;) {
    at += key.size();
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  }
  return lines;
}

TEST(SuppressPropertyTest, ThePrintedLineSuppressesItsFindingAndNoOther) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  size_t tried = 0;
  for (int round = 0; round < tests::Rounds(200); ++round) {
    Report report = ReportOf(AnyLog(random));
    // Refuted ones print no line.
    for (FindingRow& row : report.findings) {
      row.order_violation = row.verdict == analysis::Verdict::kRefuted;
    }
    const std::vector<std::string> lines = PrintedLines(report);
    ASSERT_EQ(lines.size(), report.findings.size());
    for (size_t i = 0; i < lines.size(); ++i, ++tried) {
      auto suppressions = Suppressions::Parse(lines[i] + "\n", "test");
      ASSERT_TRUE(suppressions.ok()) << lines[i] << suppressions.status();
      Report copy = report;
      suppressions->Apply(copy);
      std::vector<size_t> suppressed;
      for (size_t k = 0; k < copy.findings.size(); ++k) {
        if (copy.findings[k].suppressed) suppressed.push_back(k);
      }
      ASSERT_THAT(suppressed, ElementsAre(i)) << lines[i];
    }
  }
  EXPECT_GT(tried, 200u);
}

}  // namespace
}  // namespace lockcheck::report

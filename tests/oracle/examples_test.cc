// The worked examples: short traces with the verdict a reader can check by
// hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "lib/analysis/findings.h"
#include "tests/oracle/search.h"
#include "tests/oracle/trace.h"
#include "tests/oracle/translate.h"

namespace lockcheck::oracle {
namespace {

using analysis::Finding;
using analysis::Findings;
using analysis::Reason;
using analysis::Verdict;

Findings Analyze(std::string_view text) {
  return analysis::Find(Translate(Parse(text)), {});
}

size_t Reachable(std::string_view text) {
  const Trace trace = Parse(text);
  return Search(trace).Run().size();
}

MATCHER(IsPossible, "") { return arg.verdict == Verdict::kPossible; }
MATCHER_P(IsRefutedBy, reason, "") {
  return arg.verdict == Verdict::kRefuted && arg.reason == reason;
}

using testing::ElementsAre;

constexpr std::string_view kAbba =
    "0/fork(1) 0/fork(2) 1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) "
    "2/acq(b) 2/acq(a) 2/rel(a) 2/rel(b) 0/join(1) 0/join(2)";
constexpr std::string_view kSameThread =
    "1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/acq(b) 1/acq(a) 1/rel(a) 1/rel(b)";
constexpr std::string_view kGate =
    "1/acq(g) 1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/rel(g) "
    "2/acq(g) 2/acq(b) 2/acq(a) 2/rel(a) 2/rel(b) 2/rel(g)";
constexpr std::string_view kGateLetGo =
    "1/acq(g) 1/acq(a) 1/rel(g) 1/acq(b) 1/rel(b) 1/rel(a) "
    "2/acq(g) 2/acq(b) 2/rel(g) 2/acq(a) 2/rel(a) 2/rel(b)";
constexpr std::string_view kForkOrdered =
    "0/acq(a) 0/acq(b) 0/rel(b) 0/rel(a) 0/fork(1) "
    "1/acq(b) 1/acq(a) 1/rel(a) 1/rel(b) 0/join(1)";
constexpr std::string_view kJoinOrdered =
    "0/fork(1) 1/acq(b) 1/acq(a) 1/rel(a) 1/rel(b) 0/join(1) "
    "0/acq(a) 0/acq(b) 0/rel(b) 0/rel(a)";

TEST(ExamplesTest, OppositeOrdersInTwoThreadsArePossible) {
  EXPECT_EQ(Reachable(kAbba), 1u);
  EXPECT_THAT(Analyze(kAbba).findings, ElementsAre(IsPossible()));
}

TEST(ExamplesTest, OppositeOrdersInOneThreadAreRefuted) {
  EXPECT_EQ(Reachable(kSameThread), 0u);
  EXPECT_THAT(Analyze(kSameThread).findings,
              ElementsAre(IsRefutedBy(Reason::kOneActor)));
}

TEST(ExamplesTest, AGateHeldThroughoutRefutes) {
  EXPECT_EQ(Reachable(kGate), 0u);
  const Findings found = Analyze(kGate);
  ASSERT_THAT(found.findings, ElementsAre(IsRefutedBy(Reason::kGate)));
  EXPECT_EQ(found.findings[0].gate, 0u) << "g is the first lock of the trace";
}

TEST(ExamplesTest, AGateLetGoBeforeTheSecondLockDoesNot) {
  EXPECT_EQ(Reachable(kGateLetGo), 1u);
  EXPECT_THAT(Analyze(kGateLetGo).findings, ElementsAre(IsPossible()));
}

TEST(ExamplesTest, WhatHappenedBeforeTheForkIsOver) {
  EXPECT_EQ(Reachable(kForkOrdered), 0u);
  EXPECT_THAT(Analyze(kForkOrdered).findings,
              ElementsAre(IsRefutedBy(Reason::kForkJoin)));
}

TEST(ExamplesTest, WhatHappenedBeforeTheJoinIsOver) {
  EXPECT_EQ(Reachable(kJoinOrdered), 0u);
  EXPECT_THAT(Analyze(kJoinOrdered).findings,
              ElementsAre(IsRefutedBy(Reason::kForkJoin)));
}

TEST(ExamplesTest, WhoReadsComesAfterTheWriteThatItSaw) {
  constexpr std::string_view kFlag =
      "1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/w(x) "
      "2/r(x) 2/acq(b) 2/acq(a) 2/rel(a) 2/rel(b)";
  constexpr std::string_view kFlagBefore =
      "2/r(x) 1/acq(a) 1/acq(b) 1/rel(b) 1/rel(a) 1/w(x) "
      "2/acq(b) 2/acq(a) 2/rel(a) 2/rel(b)";
  EXPECT_EQ(Reachable(kFlag), 0u);
  EXPECT_EQ(Reachable(kFlagBefore), 1u);
}

TEST(ExamplesTest, TheLongFormOfTheFormatReadsTheSame) {
  constexpr std::string_view kLong =
      "1|acq(a)|10 1|acq(b)|11 1|rel(b)|12 1|rel(a)|13 "
      "2|acq(b)|20 2|acq(a)|21 2|rel(a)|22 2|rel(b)|23";
  const Findings found = Analyze(kLong);
  ASSERT_THAT(found.findings, ElementsAre(IsPossible()));
  EXPECT_EQ(found.findings[0].parts[0].site, 11u);
  EXPECT_EQ(found.findings[0].parts[1].site, 21u);
}

TEST(ExamplesTest, PrintingGivesTheTextThatWasParsed) {
  constexpr std::string_view kAll =
      "0/fork(1) 1/acq(a) 1/racq(b) 1/try(c) 1/timed(d) 1/rel(d) 1/rrel(b) "
      "0/join(1) 2/req(a) 3/rreq(a) 4/treq(a) 5/jreq(2) 6/end() 7/r(x) "
      "7/w(x) 7/u(y) ";
  EXPECT_EQ(Print(Parse(kAll)), kAll);
}

TEST(ExamplesTest, WordsThatAreNoEventsAreRefusedByName) {
  for (const char* bad : {"acq(a)", "1/acq", "1/take(a)", "1/acq)a("}) {
    EXPECT_THROW(Parse(bad), std::invalid_argument) << bad;
  }
}

}  // namespace
}  // namespace lockcheck::oracle

#include "lib/report/fail_on.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/report/sample_report.h"

namespace lockcheck::report {
namespace {

using ::testing::HasSubstr;

FailOn Parsed(std::string_view list) {
  auto parsed = FailOn::Parse(list);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return *std::move(parsed);
}
// Which findings of the sample fail: possible, misuse, refuted by a gate.
std::vector<bool> Fails(std::string_view list) {
  Report report = testing::SampleReport();
  report.findings[2].order_violation = true;
  Parsed(list).Mark(report);
  std::vector<bool> fails;
  for (const FindingRow& row : report.findings) fails.push_back(row.fails);
  return fails;
}

TEST(FailOnTest, EachKindFailsOnItsOwn) {
  using Three = std::vector<bool>;
  EXPECT_EQ(Fails("deadlock"), (Three{true, false, false}));
  EXPECT_EQ(Fails("possible"), (Three{true, false, false}));
  EXPECT_EQ(Fails("actual"), (Three{false, false, false}));
  EXPECT_EQ(Fails("confirmed"), (Three{false, false, false}));
  EXPECT_EQ(Fails("misuse"), (Three{false, true, false}));
  EXPECT_EQ(Fails("hazard"), (Three{false, false, false}));
  EXPECT_EQ(Fails("order"), (Three{true, false, true}));
  EXPECT_EQ(Fails("none"), (Three{false, false, false}));
  EXPECT_EQ(Fails(" actual , misuse "), (Three{false, true, false}));
  EXPECT_EQ(Fails(FailOn::kDefault), (Three{true, true, false}));
}

TEST(FailOnTest, WhatIsConfirmedIsPossibleToo) {
  Report report = testing::SampleReport();
  report.findings[0].verdict = analysis::Verdict::kConfirmed;
  for (const auto& [list, fails] :
       {std::pair("deadlock", true), std::pair("confirmed", true),
        std::pair("possible", true), std::pair("actual", false)}) {
    Parsed(list).Mark(report);
    EXPECT_EQ(report.findings[0].fails, fails) << list;
  }
}

TEST(FailOnTest, WhatTheAnalysisCallsNoViolationOfTheOrderIsNone) {
  Report report = testing::SampleReport();
  report.findings[2].order_violation = false;
  Parsed("order").Mark(report);
  EXPECT_FALSE(report.findings[2].fails);
}

TEST(FailOnTest, SuppressedFindingsNeverFail) {
  Report report = testing::SampleReport();
  report.findings[0].suppressed = true;
  Parsed("deadlock").Mark(report);
  EXPECT_FALSE(report.findings[0].fails);
}

TEST(FailOnTest, ABudgetForAClassThatNoReportHasIsSaid) {
  Report report = testing::SampleReport();
  FailOn f = Parsed(
      "contention:max>1ns@frok,contention:max>1ns@for*,contention:max>1ns");
  f.CheckBudgets(report);
  EXPECT_THAT(f.UnknownClasses(),
              ::testing::ElementsAre(
                  "--fail-on 'contention:max>1ns@frok': no lock class is "
                  "called 'frok'; did you mean 'fork[0]'?"));
  report.classes[0].name = "frok";
  f.CheckBudgets(report);
  EXPECT_THAT(f.UnknownClasses(), ::testing::IsEmpty());
}

TEST(FailOnTest, AMistypedItemGetsTheNearest) {
  const auto error = [](std::string_view list) {
    return std::string(FailOn::Parse(list).status().message());
  };
  EXPECT_THAT(error("deadlok"), HasSubstr("did you mean 'deadlock'?"));
  EXPECT_THAT(error("contenton:p99>5ms"),
              HasSubstr("did you mean 'contention:...'?"));
  EXPECT_THAT(error("contention:p95>5ms"), HasSubstr("did you mean 'p9"));
}

TEST(FailOnTest, NothingIsSuggestedThatIsNotNear) {
  for (const char* list : {"foo", "contention:foo>5ms", "nome", "xyz"}) {
    const std::string error(FailOn::Parse(list).status().message());
    EXPECT_THAT(error, HasSubstr("one of "));
    EXPECT_THAT(error, ::testing::Not(HasSubstr("did you mean")));
  }
}

TEST(FailOnTest, AnEmptyItemIsNotMistyped) {
  for (const char* list : {"", "deadlock,,misuse", "deadlock,"}) {
    const std::string error(FailOn::Parse(list).status().message());
    EXPECT_THAT(error, HasSubstr("one of deadlock, "));
    EXPECT_THAT(error, ::testing::Not(HasSubstr("did you mean")));
  }
}

TEST(FailOnTest, IncompleteFailsIfRecordsAreMissingOrABoundCutTheSearch) {
  for (const char* list : {"incomplete", "deadlock"}) {
    for (const int all_there : {0, 1, 2, 3}) {
      Report report = testing::SampleReport();
      report.whole = all_there & 1;
      report.exhaustive = all_there & 2;
      Parsed(list).Mark(report);
      EXPECT_EQ(report.fails_as_incomplete,
                all_there != 3 && list == std::string("incomplete"));
    }
  }
}

TEST(FailOnTest, ABudgetHasAMetricALimitAndAClass) {
  FailOn f = Parsed(
      "contention:p99>5ms@Cache::*,contention:contended>10%,"
      "contention:total>1.5s,contention:mean>250us,contention:max > 9 ns");
  ASSERT_EQ(f.budgets().size(), 5u);
  EXPECT_EQ(f.budgets()[0].column, "wait_p99");
  EXPECT_EQ(f.budgets()[0].limit, 5e6);
  EXPECT_EQ(f.budgets()[0].pattern, "Cache::*");
  EXPECT_EQ(f.budgets()[1].column, "contended_percent");
  EXPECT_EQ(f.budgets()[1].limit, 10);
  EXPECT_EQ(f.budgets()[1].pattern, "*");
  EXPECT_EQ(f.budgets()[2].limit, 1.5e9);
  EXPECT_EQ(f.budgets()[3].limit, 250e3);
  EXPECT_EQ(f.budgets()[4].limit, 9);
}

TEST(FailOnTest, AClassOverItsBudgetIsAFinding) {
  Report report = testing::SampleReport();
  FailOn f = Parsed("contention:total>1s");
  f.CheckBudgets(report);
  f.Mark(report);
  ASSERT_EQ(report.findings.size(), 4u);  // fork[0] only; fork[1]: 0.9 s
  const FindingRow& row = report.findings[3];
  EXPECT_EQ(row.kind, FindingKind::kContention);
  EXPECT_TRUE(row.fails);
  EXPECT_EQ(row.message,
            "fork[0] is over its budget: 1.24 s of time waited for it where "
            "1.00 s is allowed");
  EXPECT_EQ(row.suppression, "budget:fork[0]");
}

TEST(FailOnTest, EveryMetricOfAClassIsAFindingOfItsOwn) {
  Report report = testing::SampleReport();
  Parsed("contention:max>1ms@fork[0],contention:mean>1us@fork[0]")
      .CheckBudgets(report);
  ASSERT_EQ(report.findings.size(), 5u);
  EXPECT_NE(report.findings[3].id, report.findings[4].id);
}

TEST(FailOnTest, TwoLimitsOfOneMetricAreOneFinding) {
  Report report = testing::SampleReport();
  Parsed("contention:max>1ms,contention:max>2ms@fork[0]").CheckBudgets(report);
  ASSERT_EQ(report.findings.size(), 5u);  // fork[0] and fork[1]
  EXPECT_EQ(report.findings[3].count, 2u);
  EXPECT_EQ(report.findings[4].count, 1u);
}

TEST(FailOnTest, ABudgetIsNotForWhatCannotBeHeld) {
  Report report = testing::SampleReport();
  report.classes[0].kind = model::ObjectKind::kConditionVariable;
  FailOn f = Parsed("contention:total>1s");
  f.CheckBudgets(report);
  EXPECT_EQ(report.findings.size(), 3u);
  FailOn named = Parsed("contention:total>1s@fork[0]");
  named.CheckBudgets(report);
  EXPECT_THAT(named.UnknownClasses(),
              ::testing::ElementsAre(HasSubstr("did you mean 'fork[1]'?")));
}

TEST(FailOnTest, AtItsBudgetIsNotOver) {
  Report report = testing::SampleReport();
  Parsed("contention:max>7200us").CheckBudgets(report);
  EXPECT_EQ(report.findings.size(), 3u);
}

TEST(FailOnTest, WhatCannotBeMeantIsOneLineThatNamesTheItem) {
  for (const char* list : {"",
                           "deadlok",
                           "deadlock,,misuse",
                           "none,misuse",
                           "contention",
                           "contention:",
                           "contention:p99",
                           "contention:p98>5ms",
                           "contention:p99>5",
                           "contention:p99>ms",
                           "contention:p99>-5ms",
                           "contention:p99>infs",
                           "contention:p99>nanms",
                           "contention:p99>1e999s",
                           "contention:p99>5ms@",
                           "contention:p99>10%",
                           "contention:contended>5ms",
                           "contention:contended>10",
                           "contention:p99>5msx",
                           "Deadlock"}) {
    const auto parsed = FailOn::Parse(list);
    ASSERT_FALSE(parsed.ok()) << list;
    const std::string message(parsed.status().message());
    EXPECT_THAT(message, HasSubstr("--fail-on '"));
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace lockcheck::report

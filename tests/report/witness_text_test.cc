// The schedule of a confirmed deadlock as people and programs read it.
#include "lib/report/witness_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/report/text.h"
#include "tests/report/sample_report.h"

namespace lockcheck::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// The sample's first finding, with a start, two locks, and a section between.
Report Confirmed() {
  Report report = testing::SampleReport();
  FindingRow& row = report.findings[0];
  row.verdict = analysis::Verdict::kConfirmed;
  const auto add = [&](const PartRow& part, const char* act, bool matters) {
    WitnessRow& step = row.witness.emplace_back();
    step.actor = part.actor;
    step.act = act;
    step.object = part.holds[0].object;
    step.site = part.holds[0].site;
    step.matters = matters;
  };
  WitnessRow& start = row.witness.emplace_back();
  start.actor = 0;
  start.act = "start";
  start.other = row.parts[0].actor;
  start.matters = true;
  add(row.parts[0], "acquire", false);
  add(row.parts[0], "release", false);
  add(row.parts[0], "acquire", true);
  add(row.parts[1], "acquire", true);
  row.witness_length = row.witness.size();
  return report;
}

TEST(WitnessTextTest, WhatMattersIsNumberedAndTheRestIsCounted) {
  const Report report = Confirmed();
  const FindingRow& row = report.findings[0];
  const auto lines = WitnessLines(report, row, false);
  ASSERT_THAT(lines, SizeIs(3 + row.parts.size() + 1));
  EXPECT_THAT(lines[0], AllOf(HasSubstr("1. "), HasSubstr(" starts ")));
  EXPECT_THAT(lines[1], AllOf(HasSubstr("2. "), HasSubstr(" takes ")));
  EXPECT_THAT(lines[3], AllOf(HasSubstr("4. now "), HasSubstr(": stuck")));
  EXPECT_EQ(lines.back(),
            "(2 steps are left out that do not matter here; --all shows all)");
}

TEST(WitnessTextTest, AllStepsAreShownOnRequest) {
  const Report report = Confirmed();
  const FindingRow& row = report.findings[0];
  EXPECT_THAT(WitnessLines(report, row, true),
              SizeIs(row.witness.size() + row.parts.size()));
}

TEST(WitnessTextTest, WhatWasNotKeptCannotBeShown) {
  Report report = Confirmed();
  report.findings[0].witness_length = 1000;
  EXPECT_THAT(WitnessLines(report, report.findings[0], true).back(),
              AllOf(HasSubstr("995 steps"), Not(HasSubstr("--all"))));
}

// The second part waits for what nobody has, the first for what that one has.
TEST(WitnessTextTest, WhoWaitsForASignalWaitsForNobodyInParticular) {
  Report report = Confirmed();
  FindingRow& row = report.findings[0];
  row.rule = "communication";
  row.parts.resize(2);
  row.parts[1].wants->object = row.parts[1].holds[0].object;
  row.parts[0].wants->object = row.parts[1].holds[0].object;
  row.parts[0].holds.clear();
  const auto lines = WitnessLines(report, row, false);
  ASSERT_GE(lines.size(), 5u);
  EXPECT_THAT(lines[3], AllOf(HasSubstr(" wants "), HasSubstr(" has: stuck")));
  EXPECT_THAT(lines[4], AllOf(HasSubstr(" waits for "), HasSubstr(": stuck"),
                              Not(HasSubstr(" has"))));
}

TEST(WitnessTextTest, AFindingWithoutOneHasNoSchedule) {
  const Report report = testing::SampleReport();
  EXPECT_THAT(WitnessLines(report, report.findings[0], false), IsEmpty());
  EXPECT_THAT(Text(report, {}), Not(HasSubstr("schedule")));
}

TEST(WitnessTextTest, TheReportHasIt) {
  EXPECT_THAT(
      Text(Confirmed(), {}),
      AllOf(HasSubstr("CONFIRMED DEADLOCK"), HasSubstr("schedule   1. "),
            HasSubstr("FINDINGS  1 confirmed deadlock")));
}

TEST(WitnessTextTest, WhatIsOnlyPossibleSaysWhatItLacks) {
  Report report = testing::SampleReport();
  report.findings[0].missing = MissingFor(analysis::Doubt::kCut);
  EXPECT_THAT(Text(report, {}), HasSubstr("lacks      only the beginning"));
}

}  // namespace
}  // namespace lockcheck::report

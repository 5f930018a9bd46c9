#include "lib/report/baseline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/report/sample_report.h"

namespace lockcheck::report {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kPossible = "3f9a1c22b07e";  // the sample's first finding

Baseline Parsed(std::string_view text) {
  auto parsed = Baseline::Parse(text, "known.ids");
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return *std::move(parsed);
}
std::string ErrorOf(std::string_view text) {
  const auto parsed = Baseline::Parse(text, "known.ids");
  EXPECT_FALSE(parsed.ok());
  return std::string(parsed.status().message());
}

TEST(BaselineTest, MarksTheFindingsThatItHas) {
  Report report = testing::SampleReport();
  Parsed(std::string(kPossible) + "\n000000000000  # gone\n").Apply(report);
  EXPECT_TRUE(report.findings[0].in_baseline);
  EXPECT_FALSE(report.findings[1].in_baseline);
  const Summary sum = Summarize(report);
  EXPECT_EQ(sum.possible, 0u);
  EXPECT_EQ(sum.in_baseline, 1u);
}

TEST(BaselineTest, NothingIsInAnEmptyOne) {
  Report report = testing::SampleReport();
  for (const char* text : {"", "\n", "# nothing yet\n", "\xef\xbb\xbf"}) {
    Parsed(text).Apply(report);
    EXPECT_FALSE(report.findings[0].in_baseline);
    EXPECT_THAT(Parsed(text).Text(), IsEmpty());
  }
}

TEST(BaselineTest, WhatWasOnlyAddedIsNotKnown) {
  Report report = testing::SampleReport();
  Baseline baseline;
  baseline.Add(report.findings[0]);
  baseline.Apply(report);
  EXPECT_FALSE(report.findings[0].in_baseline);
}

TEST(BaselineTest, TheTextIsSortedAndSaysNothingThatChangesFromRunToRun) {
  const Report report = testing::SampleReport();
  Baseline baseline = Parsed("ffffffffffff\n");
  baseline.Add(report.findings[1]);
  baseline.Add(report.findings[0]);
  const std::string text = baseline.Text();
  EXPECT_EQ(text.substr(0, text.find('\n', text.find(kPossible)) + 1),
            text.substr(0, text.find(kPossible)) +
                "3f9a1c22b07e  # possible lock-order: fork[0] -> fork[1]\n");
  EXPECT_THAT(text, HasSubstr("  # misuse unlock-unheld: fork[0]\n"));
  EXPECT_THAT(text, ::testing::EndsWith("\nffffffffffff\n"));
  EXPECT_THAT(text, Not(HasSubstr("A2")));
  EXPECT_EQ(Parsed(text).Text(), text);
}

TEST(BaselineTest, ACommentThatIsThereStays) {
  const Report report = testing::SampleReport();
  Baseline baseline = Parsed("3f9a1c22b07e  # see ticket 7\r\n3f9a1c22b07e\n");
  baseline.Add(report.findings[0]);
  EXPECT_EQ(baseline.Text(), "3f9a1c22b07e  # see ticket 7\n");
}

TEST(BaselineTest, WhatDidNotOccurIsNamedInOneLine) {
  Report report = testing::SampleReport();
  Baseline baseline = Parsed("3f9a1c22b07e\n00000000000a\n00000000000b\n");
  baseline.Add(report.findings[1]);
  baseline.Apply(report);
  EXPECT_EQ(baseline.Unused(),
            "known.ids: 2 of its 3 findings did not occur: 00000000000a "
            "00000000000b; remove those that are fixed");
  EXPECT_THAT(Parsed("").Unused(), IsEmpty());
  std::string many;
  for (int i = 10; i < 21; ++i) many += "0000000000" + std::to_string(i) + "\n";
  EXPECT_THAT(Parsed(many).Unused(), HasSubstr(" 000000000019 ...; remove"));
}

TEST(BaselineTest, ErrorsNameTheLineAndTheMend) {
  EXPECT_EQ(ErrorOf("# x\nlock-order:a -> b  # known\n"),
            "known.ids:2: 'lock-order:a -> b' is no finding's id; write its 12 "
            "hexadecimal digits, or let --write-baseline write the file");
  for (const char* text : {"3f9a1c22b07", "3f9a1c22b07ee", "3F9A1C22B07E",
                           "3f9a1c22b07e 3f9a1c22b07e", "3f9a1c22b07e# x"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("known.ids:1: "));
  }
  EXPECT_EQ(Baseline::Read("/no/such/file").status().message(),
            "/no/such/file: cannot read the baseline: No such file or "
            "directory; --write-baseline writes one");
}

}  // namespace
}  // namespace lockcheck::report

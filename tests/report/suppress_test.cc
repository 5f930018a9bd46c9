#include "lib/report/suppress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/report/sample_report.h"

namespace lockcheck::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Suppressions Parsed(std::string_view text) {
  auto parsed = Suppressions::Parse(text, "known.supp");
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return *std::move(parsed);
}
std::string ErrorOf(std::string_view text) {
  const auto parsed = Suppressions::Parse(text, "known.supp");
  EXPECT_FALSE(parsed.ok());
  return std::string(parsed.status().message());
}
// Is the sample's possible deadlock suppressed by this line?
bool Suppresses(const std::string& rule) {
  Report report = testing::SampleReport();
  Parsed(rule + "  # tested").Apply(report);
  return report.findings[0].suppressed;
}

TEST(SuppressTest, AByteOrderMarkIsSkipped) {
  EXPECT_TRUE(Suppresses("\xef\xbb\xbflock-order:*"));
}

TEST(SuppressTest, KindIsARuleAVerdictOrAKind) {
  EXPECT_TRUE(Suppresses("lock-order:*"));
  EXPECT_TRUE(Suppresses("possible:*"));
  EXPECT_TRUE(Suppresses("deadlock:*"));
  EXPECT_FALSE(Suppresses("wait-for:*"));
  EXPECT_FALSE(Suppresses("refuted:*"));
  EXPECT_FALSE(Suppresses("misuse:*"));
}

TEST(SuppressTest, PatternIsTheIdTheClassesOrAFunction) {
  EXPECT_TRUE(Suppresses("deadlock:3f9a1c22b07e"));
  EXPECT_TRUE(Suppresses("deadlock:fork[0] -> fork[1]"));
  EXPECT_TRUE(Suppresses("deadlock:fork[1]"));
  EXPECT_TRUE(Suppresses("deadlock:Philosopher::*"));
  EXPECT_TRUE(Suppresses("deadlock:fork[?]"));
  EXPECT_FALSE(Suppresses("deadlock:fork"));
  EXPECT_FALSE(Suppresses("deadlock:fork[01]"));
}

// Which findings of the report the line of finding i suppresses.
std::vector<size_t> SuppressedBy(const Report& report, size_t i) {
  Report copy = report;
  Parsed(report.findings[i].suppression + "  # tested").Apply(copy);
  std::vector<size_t> which;
  for (size_t k = 0; k < copy.findings.size(); ++k) {
    if (copy.findings[k].suppressed) which.push_back(k);
  }
  return which;
}

TEST(SuppressTest, ALineThatWouldMeanTwoFindingsIsTheIds) {
  Report report = testing::SampleReport();  // 0 and 2 have the same classes
  ChooseSuppressions(report);
  EXPECT_EQ(report.findings[0].suppression, "lock-order:3f9a1c22b07e");
  EXPECT_EQ(report.findings[0].suppressed_locks, "fork[0] -> fork[1]");
  EXPECT_EQ(report.findings[1].suppression, "unlock-unheld:fork[0]");
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(SuppressedBy(report, i), ElementsAre(i));
  }
  report.findings.pop_back();
  ChooseSuppressions(report);
  EXPECT_EQ(report.findings[0].suppression, "lock-order:fork[0] -> fork[1]");
  EXPECT_EQ(report.findings[0].suppressed_locks, "");
}

TEST(SuppressTest, WhatAPatternCannotSayIsTheIds) {
  for (const char* name :
       {"shard #1", " blank", "blank ", "", " ", "a*", "a?", "a\t# b"}) {
    Report report = testing::SampleReport();
    report.findings.resize(1);
    report.findings[0].suppression_keys = {name};
    ChooseSuppressions(report);
    EXPECT_THAT(SuppressedBy(report, 0), ElementsAre(0)) << name;
    EXPECT_EQ(report.findings[0].suppression, "lock-order:3f9a1c22b07e")
        << name;
  }
}

TEST(SuppressTest, TheLineThatAFindingPrintsSuppressesIt) {
  Report report = testing::SampleReport();
  EXPECT_TRUE(Suppresses(report.findings[0].suppression));
}

TEST(SuppressTest, ANameMayHoldAHash) {
  Suppressions s = Parsed("deadlock:queue#1  # no comment before the blank\n");
  EXPECT_THAT(s.Unused(),
              ElementsAre("known.supp:1: deadlock:queue#1 matches nothing; "
                          "remove it"));
}

TEST(SuppressTest, EmptyLinesAndCommentsSayNothing) {
  EXPECT_THAT(Parsed("\n# all of it\r\n   \n\t# more").Unused(), IsEmpty());
  EXPECT_THAT(Parsed("").Unused(), IsEmpty());
}

TEST(SuppressTest, WhatMatchedInAnyReportIsUsed) {
  Suppressions s = Parsed("deadlock:fork[0] # a\nmisuse:nobody # b\n");
  Report with = testing::SampleReport(), without;
  s.Apply(with);
  s.Apply(without);
  EXPECT_THAT(s.Unused(),
              ElementsAre(HasSubstr("known.supp:2: misuse:nobody")));
}

TEST(SuppressTest, ErrorsNameTheLineAndTheMend) {
  EXPECT_EQ(ErrorOf("# x\n\ndeadlock:fork\n"),
            "known.supp:3: no comment; add  # and why it is safe");
  EXPECT_EQ(ErrorOf("deadlock:fork  #  \n"),
            "known.supp:1: no comment; add  # and why it is safe");
  EXPECT_EQ(ErrorOf("deadlock:  # x"),
            "known.supp:1: no pattern after the colon; * matches everything");
  EXPECT_EQ(ErrorOf("fork  # x"),
            "known.supp:1: write kind:pattern  # why it is safe");
  EXPECT_THAT(ErrorOf("deadlok:fork  # x"),
              HasSubstr("known.supp:1: no kind is called 'deadlok'"));
}

TEST(GlobTest, MatchesTheWholeText) {
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("a*c", "abbbc"));
  EXPECT_TRUE(GlobMatches("a*b*c", "aXbXbXc"));
  EXPECT_TRUE(GlobMatches("**a", "bca"));
  EXPECT_TRUE(GlobMatches("[x]", "[x]"));
  EXPECT_FALSE(GlobMatches("a?", "a"));
  EXPECT_FALSE(GlobMatches("a*c", "abcd"));
  EXPECT_FALSE(GlobMatches("", "a"));
}

}  // namespace
}  // namespace lockcheck::report

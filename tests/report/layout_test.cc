#include "lib/report/layout.h"

#include <gtest/gtest.h>

#include <string>

namespace lockcheck::report {
namespace {

TEST(LayoutTest, DurationsHaveThreeDigitsThatMatter) {
  EXPECT_EQ(FormatDuration(0), "0");
  EXPECT_EQ(FormatDuration(812), "812 ns");
  EXPECT_EQ(FormatDuration(999.7), "1.00 us");
  EXPECT_EQ(FormatDuration(1'240'000), "1.24 ms");
  EXPECT_EQ(FormatDuration(31.25e9), "31.2 s");
  EXPECT_EQ(FormatDuration(119e9), "119 s");
  EXPECT_EQ(FormatDuration(150e9), "2.50 min");
  EXPECT_EQ(FormatDuration(9000e9), "2.50 h");
  EXPECT_EQ(FormatDuration(999'600), "1.00 ms");
}

TEST(LayoutTest, CountsAreGroupedThenScaled) {
  EXPECT_EQ(FormatCount(7), "7");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(999'999), "999,999");
  EXPECT_EQ(FormatCount(1'240'000), "1.24 M");
  EXPECT_EQ(FormatCount(12.4e9), "12.4 G");
  EXPECT_EQ(Counted(1, "class"), "1 class");
  EXPECT_EQ(Counted(2, "class"), "2 classes");
  EXPECT_EQ(Counted(0, "lock"), "0 locks");
}

TEST(LayoutTest, ShorteningKeepsBothEndsAndWholeCodePoints) {
  EXPECT_EQ(Shorten("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(Shorten("abcdefghijk", 9), "abc...ijk");
  EXPECT_EQ(Shorten("\xc3\xa4\xc3\xb6\xc3\xbc", 3), "\xc3\xa4\xc3\xb6\xc3\xbc");
  EXPECT_EQ(DisplayWidth(Shorten(std::string(40, 'x') + "\xc3\xa4", 20)), 20u);
}

TEST(LayoutTest, WrappingBreaksAtBlanksAndIndents) {
  EXPECT_EQ(Wrap("one two three", 9, 2), "one two\n  three");
  EXPECT_EQ(Wrap("unbreakable", 4, 0), "unbreakable");
  EXPECT_EQ(Wrap("", 4, 0), "");
}

TEST(LayoutTest, ColumnsLineUpWhateverTheirNames) {
  TextTable table({"name", "n"}, 1);
  table.Add({"\xc3\xa4", "1"});
  table.Add({"longer", "100"});
  EXPECT_EQ(table.Render(1, Painter(false)),
            " name      n\n"
            " \xc3\xa4         1\n"
            " longer  100\n");
}

TEST(LayoutTest, ANarrowTableLosesWhatIsExpendableThenItsLabelsMiddle) {
  const auto fit = [](size_t width) {
    TextTable table({"where", "count", "mean", "max"}, 1);
    table.Add({"Bank::TransferBetweenAccounts", "1", "2", "3"});
    table.Fit(width, 2, {2, 1});
    return table.Render(2, Painter(false));
  };
  EXPECT_EQ(fit(0), fit(200));
  EXPECT_EQ(fit(45),
            "  where                         count  max\n"
            "  Bank::Transf...tweenAccounts      1    3\n");
  EXPECT_EQ(fit(30),
            "  where                    max\n"
            "  Bank::Tran...enAccounts    3\n");
  EXPECT_EQ(fit(1),
            "  where         max\n"
            "  Bank...ounts    3\n");
}

TEST(LayoutTest, NoColourMeansNoEscape) {
  EXPECT_EQ(Painter(false).Paint(Style::kRed, "x"), "x");
  EXPECT_EQ(Painter(true).Paint(Style::kRed, "x"), "\033[1;31mx\033[0m");
}

}  // namespace
}  // namespace lockcheck::report

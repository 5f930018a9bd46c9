// What the command line means, and that help, docs and parser name the same
// options.
#include "tools/lockcheck/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "fmt/format.h"

namespace lockcheck::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Options Understood(const std::vector<std::string>& words) {
  Parsed parsed = ParseCommandLine(words);
  EXPECT_TRUE(parsed.run) << parsed.error;
  return std::move(parsed.options);
}
std::string ErrorOf(const std::vector<std::string>& words) {
  const Parsed parsed = ParseCommandLine(words);
  EXPECT_FALSE(parsed.run);
  EXPECT_THAT(parsed.text, IsEmpty());
  EXPECT_EQ(parsed.error.find('\n'), std::string::npos) << parsed.error;
  return parsed.error;
}

TEST(CommandLineTest, DefaultsAreThoseOfTheDocs) {
  const Options o = Understood({"analyze", "run.log"});
  EXPECT_THAT(o.logs, ElementsAre("run.log"));
  EXPECT_EQ(o.policy, analysis::Policy::kDeadlock);
  EXPECT_EQ(o.top, 10u);
  EXPECT_STREQ(o.sort->key, "wait_total");
  EXPECT_EQ(o.error_exitcode, 1);
  EXPECT_EQ(o.colour, Colour::kAuto);
  EXPECT_FALSE(o.all);
}

TEST(CommandLineTest, EveryOptionArrives) {
  const Options o = Understood({"analyze",
                                "a.log",
                                "--json",
                                "-",
                                "--policy=order",
                                "--all",
                                "--top",
                                "0",
                                "--sort",
                                "hold_max",
                                "--suppressions",
                                "s",
                                "--baseline",
                                "b",
                                "--write-baseline=w",
                                "--symbols",
                                "d1",
                                "b.log",
                                "--symbols=d2",
                                "--color",
                                "never",
                                "--error-exitcode",
                                "7",
                                "--threads",
                                "2"});
  EXPECT_THAT(o.logs, ElementsAre("a.log", "b.log"));
  EXPECT_THAT(o.symbols, ElementsAre("d1", "d2"));
  EXPECT_EQ(o.json, "-");
  EXPECT_EQ(o.policy, analysis::Policy::kOrder);
  EXPECT_TRUE(o.all);
  EXPECT_EQ(o.top, 0u);
  EXPECT_STREQ(o.sort->key, "hold_max");
  EXPECT_EQ(o.suppressions, "s");
  EXPECT_EQ(o.baseline, "b");
  EXPECT_EQ(o.write_baseline, "w");
  EXPECT_EQ(o.colour, Colour::kNever);
  EXPECT_EQ(o.error_exitcode, 7);
  EXPECT_EQ(o.threads, 2u);
}

TEST(CommandLineTest, ExportTakesAFormAndASide) {
  const Options o = Understood(
      {"export", "run.log", "--to", "folded", "--by", "caused", "-o", "x"});
  EXPECT_EQ(o.form, ExportForm::kFolded);
  EXPECT_EQ(o.by, report::FoldedBy::kCaused);
  EXPECT_EQ(o.output, "x");
}

TEST(CommandLineTest, WordsAfterTwoDashesAreLogs) {
  EXPECT_THAT(Understood({"analyze", "--", "--odd.log"}).logs,
              ElementsAre("--odd.log"));
  EXPECT_THAT(Understood({"analyze", "a.log", "--all", "--", "--", "-b"}).logs,
              ElementsAre("a.log", "--", "-b"));
  EXPECT_THAT(ErrorOf({"status", "a.log", "--", "b.log"}), HasSubstr("LOG"));
}

TEST(CommandLineTest, NoCommandNamesThemAll) {
  EXPECT_EQ(ErrorOf({}),
            "lockcheck: name a command: run, analyze, status, export, "
            "import, dump, shm, confirm (lockcheck --help)");
}

TEST(CommandLineTest, AnUnknownCommandGetsTheNearest) {
  EXPECT_EQ(ErrorOf({"anlayze", "run.log"}),
            "lockcheck: no command is called 'anlayze'; did you mean "
            "'analyze'? (lockcheck --help)");
}

TEST(CommandLineTest, AnOptionWithoutItsDashesGetsThem) {
  EXPECT_EQ(ErrorOf({"version"}),
            "lockcheck: no command is called 'version'; did you mean "
            "'--version'? (lockcheck --help)");
}

TEST(CommandLineTest, AnUnknownThingToFailOnGetsTheNearest) {
  EXPECT_THAT(ErrorOf({"analyze", "run.log", "--fail-on", "deadlok"}),
              HasSubstr("did you mean 'deadlock'?"));
}

TEST(CommandLineTest, ActorsAreNumberedFromOne) {
  EXPECT_EQ(Understood({"dump", "run.log"}).dump.actor, std::nullopt);
  EXPECT_EQ(Understood({"dump", "run.log", "--actor", "0"}).dump.actor, 0u);
}

TEST(CommandLineTest, AnUnknownOptionGetsTheNearest) {
  EXPECT_EQ(ErrorOf({"analyze", "run.log", "--jsno", "x"}),
            "lockcheck analyze: no option is called '--jsno'; did you mean "
            "'--json'? (lockcheck analyze --help)");
}

TEST(CommandLineTest, AnUnknownFormatGetsTheNearest) {
  EXPECT_EQ(ErrorOf({"export", "run.log", "--to", "fold"}),
            "lockcheck export: --to 'fold': it is one of dot, folded, std; did "
            "you mean 'folded'?");
}

TEST(CommandLineTest, AnUnknownColumnGetsTheNearest) {
  EXPECT_THAT(ErrorOf({"analyze", "run.log", "--sort", "wait_p9"}),
              HasSubstr("did you mean 'wait_p90'?"));
}

TEST(CommandLineTest, AnOptionWithOneValueIsGivenOnce) {
  EXPECT_EQ(ErrorOf({"analyze", "x", "--json", "a", "--json=b"}),
            "lockcheck analyze: --json is given twice; give it once (lockcheck "
            "analyze --help)");
  EXPECT_EQ(
      ErrorOf({"export", "x", "--to", "dot", "-oa", "--output", "b"}),
      "lockcheck export: --output is given twice; give it once (lockcheck "
      "export --help)");
  EXPECT_EQ(Understood({"analyze", "x", "--symbols", "a", "--symbols", "b"})
                .symbols.size(),
            2u);
  EXPECT_EQ(Understood({"analyze", "--", "--json", "--json"}).logs.size(), 2u);
}

TEST(CommandLineTest, WrongValuesAreOneLine) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{
           {"analyze"},
           {"analyze", "x", "--top", "many"},
           {"analyze", "x", "--top", "-1"},
           {"analyze", "x", "--top"},
           {"analyze", "x", "--error-exitcode", "256"},
           {"analyze", "x", "--fail-on", "everything"},
           {"analyze", "x", "--fail-on", ""},
           {"analyze", "x", "--color", "red"},
           {"analyze", "x", "--write-baseline", "-"},
           {"export", "x"},
           {"status"},
           {"status", "x", "y"},
           {"dump"},
           {""},
           {"--verison"}}) {
    EXPECT_THAT(ErrorOf(words), HasSubstr("lockcheck"));
  }
}

TEST(CommandLineTest, ANumberThatIsNoneOrDoesNotFitIsQuoted) {
  EXPECT_THAT(ErrorOf({"analyze", "x", "--top", "many"}),
              HasSubstr("--top: 'many' is no whole number"));
  EXPECT_THAT(ErrorOf({"analyze", "x", "--threads", "1.5"}),
              HasSubstr("--threads: '1.5' is no whole number"));
  EXPECT_THAT(ErrorOf({"dump", "x", "--limit", "-1"}),
              HasSubstr("--limit: '-1' is below 0"));
  EXPECT_THAT(ErrorOf({"analyze", "x", "--threads", "99999999999"}),
              HasSubstr("--threads: '99999999999' is too large"));
  EXPECT_THAT(ErrorOf({"analyze", "x", "--error-exitcode", "one"}),
              HasSubstr("--error-exitcode 'one': it is from 0 to 255"));
  EXPECT_THAT(ErrorOf({"analyze", "x", "--error-exitcode", "-1"}),
              HasSubstr("--error-exitcode '-1': it is from 0 to 255"));
}

TEST(CommandLineTest, TheOverviewListsTheCommands) {
  EXPECT_THAT(ParseCommandLine({"--help"}).text, HasSubstr("\nCommands:\n"));
}

TEST(CommandLineTest, HelpOfEveryCommandNamesItsOptionsAndHasExamples) {
  for (const auto& [command, options] : AllOptions()) {
    const Parsed parsed = ParseCommandLine({command, "--help"});
    EXPECT_THAT(parsed.text,
                HasSubstr(fmt::format("Examples:\n  lockcheck {}", command)));
    for (const std::string& option : options) {
      EXPECT_THAT(parsed.text, HasSubstr(option)) << command;
    }
  }
  EXPECT_THAT(ParseCommandLine({"--help"}).text, HasSubstr("Examples:"));
}

// The section of docs/command.md about a command.
std::string Section(const std::string& command) {
  std::ostringstream text;
  text << std::ifstream(LOCKCHECK_DOCS "/command.md").rdbuf();
  const std::string all = text.str();
  const size_t from = all.find(fmt::format("## lockcheck {}", command));
  EXPECT_NE(from, std::string::npos) << command;
  if (from == std::string::npos) return "";
  return all.substr(from, all.find("\n## ", from) - from);
}

TEST(CommandLineTest, TheDocsNameExactlyTheOptionsThatExist) {
  for (const auto& [command, options] : AllOptions()) {
    const std::string section = Section(command);
    std::set<std::string> documented;
    std::istringstream lines(section);
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("| `-", 0) != 0) continue;
      std::string cell = line.substr(2, line.find('|', 2) - 2);
      const std::regex name("`(--?[a-z][a-z-]*)");
      for (std::sregex_iterator it(cell.begin(), cell.end(), name), end;
           it != end; ++it) {
        documented.insert((*it)[1]);
      }
    }
    EXPECT_EQ(documented, std::set<std::string>(options.begin(), options.end()))
        << command;
  }
}

TEST(CommandLineTest, TheDocsNameEveryColumn) {
  const std::string section = Section("analyze");
  for (const report::Column& column : report::Columns()) {
    EXPECT_THAT(section, HasSubstr(fmt::format("`{}`", column.key)));
  }
}

}  // namespace
}  // namespace lockcheck::tools

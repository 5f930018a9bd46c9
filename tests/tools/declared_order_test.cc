// What is said of a program that takes locks in another order than it declares:
// when that fails, and by what it is silenced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"
#include "tests/tools/schema_validator.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DeclaredOrderCommandTest : public ::testing::Test {
 protected:
  Finished Run(const std::string& scenario, const std::string& options) {
    return Child("lock_order_program", {scenario}).Options(options).Run();
  }
  Ran Recorded(const std::string& scenario,
               std::vector<std::string> options = {}) {
    const Finished program = Run(scenario, "log=" + log_);
    EXPECT_TRUE(program.Succeeded()) << program;
    EXPECT_EQ(program.err, "");
    return Again(std::move(options));
  }
  Ran Again(std::vector<std::string> options) {
    options.insert(options.begin(), {"analyze", log_});
    return RunCommand(options);
  }

  const Folder folder_;
  const std::string log_ = folder_ / "log";
};

TEST_F(DeclaredOrderCommandTest, WhoBreaksItIsNamedWithWhereItWasDeclared) {
  const Ran ran = Recorded("broken");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(
      ran.out,
      AllOf(HasSubstr("MISUSE  declared-order"),
            HasSubstr("A2 holds journal and asks for index; the program"),
            HasSubstr("declares index before journal"),
            HasSubstr("holds    journal, acquired in"),
            HasSubstr("asks     index, in"), HasSubstr("AppendRecord"),
            ContainsRegex("declared   index before journal, in .*Broken"),
            HasSubstr("do         take index before journal"),
            HasSubstr("suppress   declared-order:index -> journal")));
}

TEST_F(DeclaredOrderCommandTest, NobodyNeedsToHaveKeptItForThat) {
  EXPECT_THAT(
      Recorded("broken", {"--all"}).out,
      AllOf(HasSubstr("FINDINGS  1 misuse\n"), Not(HasSubstr("lock-order"))));
}

TEST_F(DeclaredOrderCommandTest, NothingIsSaidOfWhoKeepsIt) {
  for (const char* scenario : {"kept", "never", "tried", "reborn"}) {
    const Ran ran = Recorded(scenario);
    EXPECT_EQ(ran.status, 0) << scenario;
    EXPECT_THAT(ran.out, AllOf(Not(HasSubstr("declared")), HasSubstr("OK")))
        << scenario;
  }
}

TEST_F(DeclaredOrderCommandTest, TheWayOverOthersIsTold) {
  const Ran ran = Recorded("by-way-of-others");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("index before journal, by way of others"),
                    HasSubstr("declared   index before cache, in "),
                    HasSubstr("           cache before journal, in ")));
}

TEST_F(DeclaredOrderCommandTest, WhoWaitsForAConditionAsksForItsLockAgain) {
  EXPECT_THAT(Recorded("condition").out,
              HasSubstr("A2 holds journal and asks for index"));
}

TEST_F(DeclaredOrderCommandTest, AContradictionFailsToo) {
  const Ran ran = Recorded("contradiction");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("contradict each other: index before cache, "
                              "cache before index"),
                    HasSubstr("take one of the declarations back"),
                    HasSubstr("suppress   declared-order:")));
}

TEST_F(DeclaredOrderCommandTest, AllKindsOfLockHaveOrders) {
  const Ran ran = Recorded("all-kinds");
  for (const char* kind : {"timed", "recursive", "recursive timed", "shared",
                           "shared timed", "read"}) {
    const std::string first = std::string(kind) + " 1";
    const std::string second = std::string(kind) + " 2";
    EXPECT_THAT(ran.out, HasSubstr(first + " before " + second)) << kind;
  }
}

TEST_F(DeclaredOrderCommandTest, ThoseOfProcessesAndCoroutinesToo) {
  EXPECT_THAT(Recorded("processes").out,
              HasSubstr("holds shared c and asks for shared a; the program "
                        "declares shared a before shared c, by way of"));
  EXPECT_THAT(Recorded("coroutines").out,
              HasSubstr("holds coroutine b and asks for coroutine a; the "
                        "program declares coroutine a before coroutine b"));
}

TEST_F(DeclaredOrderCommandTest, ItIsSilencedAsOthersAre) {
  const Ran ran = Recorded("broken", {"--write-baseline", folder_ / "known"});
  EXPECT_EQ(Again({"--fail-on", "misuse"}).status, 1);
  EXPECT_EQ(Again({"--fail-on", "deadlock,order,hazard"}).status, 0);
  EXPECT_EQ(Again({"--baseline", folder_ / "known"}).status, 0);
  const std::string list = folder_ / "list";
  std::ofstream(list) << "declared-order:index -> journal  # never meet\n";
  const Ran suppressed = Again({"--suppressions", list});
  EXPECT_EQ(suppressed.status, 0) << suppressed.out;
  EXPECT_THAT(suppressed.out, Not(HasSubstr("MISUSE")));
}

TEST_F(DeclaredOrderCommandTest, ItsJsonIsWhatTheSchemaSays) {
  const auto schema = nlohmann::json::parse(
      std::ifstream(LOCKCHECK_DOCS "/report.schema.json"));
  for (const char* scenario : {"by-way-of-others", "contradiction"}) {
    const auto report =
        nlohmann::json::parse(Recorded(scenario, {"--json", "-"}).out);
    EXPECT_THAT(SchemaValidator(schema).Check(report), IsEmpty());
    const auto& finding = report.at("findings").at(0);
    EXPECT_EQ(finding.at("rule"), "declared-order");
    EXPECT_EQ(finding.at("kind"), "misuse");
    ASSERT_EQ(finding.at("declared").size(), 2u);
    const auto& first = finding.at("declared").at(0);
    EXPECT_EQ(
        report.at("objects").at(first.at("first").get<size_t>()).at("name"),
        "index");
    EXPECT_FALSE(first.at("site").is_null());
  }
}

TEST_F(DeclaredOrderCommandTest, TheDumpShowsIt) {
  Recorded("broken");
  EXPECT_THAT(RunCommand({"dump", log_}).out,
              ContainsRegex("declared order: object [0-9]+ before object "
                            "[0-9]+ at site [0-9]+"));
}

TEST_F(DeclaredOrderCommandTest, WithModeLiveTheProgramSaysItAtOnce) {
  const Finished broken = Run("broken", "mode=live:exitcode=7");
  EXPECT_EQ(broken.exit_status(), 7) << broken;
  EXPECT_THAT(
      broken.err,
      AllOf(ContainsRegex("misuse .declared-order.: actor 2 asks for "
                          "\"index\", made at .*, in .*AppendRecord"),
            ContainsRegex(
                "holds \"journal\", made at .*, taken in .*AppendRecord"),
            ContainsRegex("declares the first before the second in .*Broken")));
  EXPECT_THAT(Run("by-way-of-others", "mode=live").err,
              ContainsRegex("\"index\".* and holds \"journal\""));
  EXPECT_THAT(Run("processes", "mode=live").err,
              ContainsRegex("\"shared a\".* and holds \"shared c\""));
  const Finished kinds = Run("all-kinds", "mode=live");
  for (const char* kind : {"timed", "recursive", "recursive timed", "shared",
                           "shared timed", "read"}) {
    EXPECT_THAT(kinds.err, HasSubstr(std::string("asks for \"") + kind + " 1"))
        << kind;
  }
}

TEST_F(DeclaredOrderCommandTest, WithModeLiveAKnownWayIsHeldAgainstItToo) {
  EXPECT_THAT(Run("broken-before-and-after", "mode=live").err,
              ContainsRegex("\"index\".* and holds \"journal\""));
}

TEST_F(DeclaredOrderCommandTest, WithModeLiveItsBoundsAreSaidOnce) {
  const Finished program = Run("too-many", "mode=live");
  EXPECT_TRUE(program.Succeeded()) << program;
  EXPECT_THAT(program.err,
              AllOf(HasSubstr("keeps 262144 declared lock orders at most"),
                    HasSubstr("looks at 65536 declared lock orders")));
  EXPECT_EQ(std::count(program.err.begin(), program.err.end(), '\n'), 2);
}

TEST_F(DeclaredOrderCommandTest, APairIsRecordedOnce) {
  Recorded("often");
  const std::string dump = RunCommand({"dump", log_}).out;
  const size_t at = dump.find("declared order: ");
  ASSERT_NE(at, dump.npos);
  EXPECT_EQ(dump.find("declared order: ", at + 1), dump.npos);
}

TEST_F(DeclaredOrderCommandTest, WithModeLiveWhoKeepsItIsNotTold) {
  for (const char* scenario : {"kept", "never", "tried", "reborn"}) {
    const Finished program = Run(scenario, "mode=live:exitcode=7");
    EXPECT_TRUE(program.Succeeded()) << scenario << program;
    EXPECT_EQ(program.err, "") << scenario;
  }
}

TEST_F(DeclaredOrderCommandTest, WithModeOffItIsHarmlessAndSilent) {
  for (const char* scenario : {"broken", "contradiction", "reborn", "all-kinds",
                               "processes", "coroutines"}) {
    const Finished program = Run(scenario, "mode=off");
    EXPECT_TRUE(program.Succeeded()) << scenario << program;
    EXPECT_EQ(program.err, "") << scenario;
  }
  EXPECT_TRUE(Run("coroutines", "mode=live").Succeeded());
  EXPECT_TRUE(Run("contradiction", "mode=live").Succeeded());
}

}  // namespace
}  // namespace lockcheck::tools::testing

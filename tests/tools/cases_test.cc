// The table of tests/tools/cases.h: each latent bug is found in every run, each
// one that hangs is named while it does and in its log, and their safe twins
// are silent.
#include "tests/tools/cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/rounds.h"
#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

#ifdef __SANITIZE_THREAD__
// It has a thread of its own in every program, who might end a wait.
constexpr bool kNobodyCanBeLeft = false;
#else
constexpr bool kNobodyCanBeLeft = true;
#endif

// Of a log, or of what is recorded in memory.
enum class In { kLog, kLive };

class CaseTest : public ::testing::TestWithParam<Case> {
 protected:
  std::string Story(const std::string& end) const {
    return GetParam().name + std::string("-") + end;
  }
  Finished Told(const std::string& story, In where,
                const std::string& more = "") const {
    return Child(GetParam().program, {story})
        .Options(Options(where, more))
        .Run();
  }
  // Of one that does not end; killed when it has said that.
  Finished KilledAfter(const std::string& words, const std::string& story,
                       In where, const std::string& more) const {
    Child child(GetParam().program, {story});
    child.Options(Options(where, more)).Start();
    while (!child.HasEnded() &&
           child.SaidToError().find(words) == std::string::npos) {
      poll(nullptr, 0, 1);
    }
    child.Signal(SIGKILL);
    return child.Wait();
  }
  Ran Analyze() const {
    return RunCommand({"analyze", "--fail-on", "deadlock,misuse,hazard", log_});
  }

  // What a finding says of the thread of that name; it is the one that begins
  // with `heading`.
  static std::string PartOf(const std::string& report,
                            const std::string& heading,
                            const std::string& name) {
    const size_t at = report.find(" " + name + "  tid ", report.find(heading));
    if (at == report.npos) return "(nothing)";
    return report.substr(at, report.find("\n\n", at) - at);
  }
  void ExpectAllParts(const std::string& report, const std::string& heading,
                      In where = In::kLog) const {
    for (const Waits& waits : GetParam().stuck) {
      const bool other = where == In::kLive && waits.live != nullptr;
      const std::string part =
          PartOf(report, heading, other ? waits.live : waits.name);
      EXPECT_THAT(part,
                  AnyOf(HasSubstr(std::string("waits    ") + waits.for_what),
                        HasSubstr(std::string("asks     ") + waits.for_what),
                        // A queued task, of its pool.
                        HasSubstr(std::string("asks     a worker of ") +
                                  waits.for_what)))
          << waits.name << " in " << report;
      if (waits.holds == nullptr) continue;
      EXPECT_THAT(part, HasSubstr(std::string("holds    ") + waits.holds + ","))
          << waits.name << " in " << report;
    }
  }

 private:
  std::string Options(In where, const std::string& more) const {
    const std::string mode = where == In::kLive ? "mode=live" : "log=" + log_;
    return mode + ":command=" LOCKCHECK_COMMAND + more;
  }

  const Folder folder_;
  const std::string log_ = folder_ / "log";
};

std::string NameOf(const ::testing::TestParamInfo<Case>& info) {
  std::string name;
  bool is_first = true;
  for (const char c : std::string(info.param.name)) {
    if (c != '-') name += is_first ? static_cast<char>(std::toupper(c)) : c;
    is_first = c == '-';
  }
  return name;
}

template <typename Has>
std::vector<Case> CasesThat(Has has) {
  std::vector<Case> cases;
  for (const Case& c : Cases()) {
    if (has(c)) cases.push_back(c);
  }
  return cases;
}

// The names of the program's stories that begin so.
std::vector<std::string> StoriesOf(const std::string& program,
                                   const std::string& beginning) {
  std::istringstream names(Child(program).Options("mode=off").Run().out);
  std::vector<std::string> stories;
  for (std::string name; std::getline(names, name);) {
    if (name.starts_with(beginning)) stories.push_back(name);
  }
  return stories;
}

// ---- Latent -----------------------------------------------------------------

// scripts/nightly has each of them run 100 times.
constexpr int kRuns = 5;

class LatentCaseTest : public CaseTest {
 protected:
  // What stands at the beginning of a finding. mode=live has no events of which
  // a schedule could be made.
  std::string Finding(In where) const {
    switch (GetParam().latent) {
      case Finds::kMisuse:
        return std::string("MISUSE  ") + GetParam().rule;
      case Finds::kHazard:
        return std::string("HAZARD  ") + GetParam().rule;
      case Finds::kConfirmed:
      case Finds::kConfirmedCommunication:
        if (where == In::kLog) {
          return std::string("CONFIRMED DEADLOCK  ") + GetParam().rule;
        }
        [[fallthrough]];
      default:
        return std::string("POSSIBLE DEADLOCK  ") + GetParam().rule;
    }
  }
  bool IsToBeFound() const { return GetParam().latent != Finds::kNothing; }
};

INSTANTIATE_TEST_SUITE_P(All, LatentCaseTest,
                         ::testing::ValuesIn(CasesThat([](const Case& c) {
                           return c.latent != Finds::kNoStory;
                         })),
                         NameOf);

TEST_P(LatentCaseTest, TheLogShowsItInEveryRun) {
  for (int run = 0; run < tests::Rounds(kRuns); ++run) {
    const Finished f = Told(Story("latent"), In::kLog);
    ASSERT_TRUE(f.Succeeded()) << f;
    const Ran ran = Analyze();
    if (IsToBeFound()) {
      ASSERT_EQ(ran.status, 1) << "run " << run << ran.out << ran.err;
      ASSERT_THAT(ran.out, AllOf(HasSubstr("[1] " + Finding(In::kLog)),
                                 Not(HasSubstr("[2]"))));
      if (GetParam().latent == Finds::kConfirmed ||
          GetParam().latent == Finds::kConfirmedCommunication) {
        ExpectAllParts(ran.out, "[1] ");
      }
    } else {
      ASSERT_EQ(ran.status, 0) << ran.out;
    }
  }
}

TEST_P(LatentCaseTest, TheProgramSaysItIfItCanKnow) {
  const Finished f = Told(Story("latent"), In::kLive);
  EXPECT_TRUE(f.Succeeded()) << f;
  if (!GetParam().latent_live) {
    EXPECT_EQ(f.err, "") << f;
  } else if (GetParam().latent == Finds::kMisuse) {
    EXPECT_THAT(f.err, HasSubstr(std::string("misuse (") + GetParam().rule));
  } else {
    EXPECT_THAT(f.err, HasSubstr(Finding(In::kLive)));
  }
}

// ---- Hanging ----------------------------------------------------------------

class HangingCaseTest : public CaseTest {
 protected:
  void SetUp() override {
    if (GetParam().hangs == Says::kCommunication && !kNobodyCanBeLeft) {
      GTEST_SKIP() << "ThreadSanitizer has a thread";
    }
  }
  std::string Deadlock() const {
    return std::string("ACTUAL DEADLOCK  ") +
           (GetParam().hangs == Says::kDeadlock ? "wait-for" : "communication");
  }
  // What it has said until it hangs, or has ended.
  std::string SaidIn(In where) const {
    switch (GetParam().hangs) {
      case Says::kTimedCycle: {
        const Finished f = Told(Story("hangs"), where, ":on_deadlock=abort");
        EXPECT_TRUE(f.Succeeded()) << f;
        EXPECT_THAT(f.err, HasSubstr("hazard timed-cycle: 2 threads wait for "
                                     "each other, until a time limit"));
        return f.err;
      }
      case Says::kStall: {
        const Finished f = KilledAfter("waits  m ", Story("hangs"), where,
                                       ":stall=1:on_deadlock=abort");
        EXPECT_THAT(f.err, AllOf(HasSubstr("STALL: "), HasSubstr("holds  m "),
                                 HasSubstr("held by A2 reader")));
        return f.err;
      }
      default: {
        const Finished f = Told(Story("hangs"), where, ":on_deadlock=abort");
        EXPECT_EQ(f.signal(), SIGABRT) << f;
        EXPECT_THAT(f.err, HasSubstr(Deadlock()));
        ExpectAllParts(f.err, Deadlock(), where);
        return f.err;
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(All, HangingCaseTest,
                         ::testing::ValuesIn(CasesThat([](const Case& c) {
                           return c.hangs != Says::kNoStory;
                         })),
                         NameOf);

TEST_P(HangingCaseTest, TheProgramSaysWhoWaitsForWhat) { SaidIn(In::kLive); }

TEST_P(HangingCaseTest, SoDoesItsLog) {
  SaidIn(In::kLog);
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  switch (GetParam().hangs) {
    case Says::kTimedCycle:
      EXPECT_THAT(ran.out, AllOf(HasSubstr("[1] HAZARD  timed-cycle"),
                                 Not(HasSubstr("[2]"))));
      break;
    case Says::kStall:
      EXPECT_THAT(ran.out, AllOf(HasSubstr("[1] HAZARD  blocking-call"),
                                 Not(HasSubstr("[2]"))));
      return;  // its parts: see outside_test
    default:
      EXPECT_THAT(ran.out, HasSubstr("[1] " + Deadlock()));
      EXPECT_THAT(ran.out, HasSubstr("FINDINGS  1 actual deadlock"));
  }
  ExpectAllParts(ran.out, "[1] ");
}

// ---- Safe -------------------------------------------------------------------

class SafeCaseTest : public CaseTest {};

INSTANTIATE_TEST_SUITE_P(All, SafeCaseTest, ::testing::ValuesIn(Cases()),
                         NameOf);

TEST_P(SafeCaseTest, TheTwinsAreSilent) {
  const std::vector<std::string> twins =
      StoriesOf(GetParam().program, Story("safe"));
  EXPECT_FALSE(twins.empty());
  for (const std::string& twin : twins) {
    for (const In where : {In::kLog, In::kLive}) {
      const Finished f = Told(twin, where);
      EXPECT_TRUE(f.Succeeded()) << twin << f;
      EXPECT_EQ(f.err, "") << twin << f;
    }
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 0) << twin << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("FINDINGS  none")) << twin;
  }
}

// ---- The tables -------------------------------------------------------------

TEST(CasesTest, EachStoryOfACaseIsInTheTable) {
  std::set<std::string> programs, names;
  for (const Case& c : Cases()) {
    programs.insert(c.program);
    EXPECT_TRUE(names.insert(c.name).second) << c.name << " is there twice";
  }
  for (const std::string& program : programs) {
    for (const std::string& story : StoriesOf(program, "")) {
      for (const char* end : {"-latent", "-hangs", "-safe"}) {
        const size_t at = story.find(end);
        if (at == story.npos) continue;
        EXPECT_EQ(names.count(story.substr(0, at)), 1u)
            << program << " " << story;
      }
    }
  }
}

// What the document says of a case, by its name: the cells of its row.
std::map<std::string, std::vector<std::string>> DocumentedCases() {
  std::ifstream file(LOCKCHECK_DOCS "/cases.md");
  std::map<std::string, std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    std::istringstream rest(line.substr(2));
    std::vector<std::string> cells;
    for (std::string cell; std::getline(rest, cell, '|');) {
      cells.push_back(cell.starts_with(' ') ? cell.substr(1) : cell);
    }
    const std::string name = cells[0].substr(1, cells[0].find('`', 1) - 1);
    EXPECT_TRUE(rows.emplace(name, cells).second) << name << " is there twice";
  }
  return rows;
}

std::string BeginsWith(const Case& c) {
  const std::string rule = std::string("`") + c.rule + "`";
  switch (c.latent) {
    case Finds::kConfirmed:
    case Finds::kConfirmedCommunication:
      return "confirmed deadlock, " + rule;
    case Finds::kMisuse:
      return "misuse, " + rule;
    case Finds::kHazard:
      return "hazard, " + rule;
    case Finds::kNothing:
      return "nothing: ";
    case Finds::kNoStory:
      return "–";
  }
  return "";
}

std::string BeginsWith(Says says) {
  switch (says) {
    case Says::kDeadlock:
      return "actual deadlock, `wait-for`";
    case Says::kCommunication:
      return "actual deadlock, `communication`";
    case Says::kTimedCycle:
      return "hazard, `timed-cycle`";
    case Says::kStall:
      return "`stall=`";
    case Says::kNoStory:
      return "–";
  }
  return "";
}

TEST(CasesTest, TheDocumentSaysTheSame) {
  auto rows = DocumentedCases();
  for (const Case& c : Cases()) {
    ASSERT_EQ(rows.count(c.name), 1u) << "docs/cases.md lacks " << c.name;
    const std::vector<std::string>& cells = rows[c.name];
    ASSERT_EQ(cells.size(), 5u) << c.name;
    EXPECT_THAT(cells[2], StartsWith(BeginsWith(c))) << c.name;
    EXPECT_THAT(cells[3], StartsWith(BeginsWith(c.hangs))) << c.name;
    EXPECT_NE(cells[4], " ") << c.name << " has no twin";
  }
  EXPECT_EQ(rows.size(), Cases().size()) << "docs/cases.md has others";
}

}  // namespace
}  // namespace lockcheck::tools::testing

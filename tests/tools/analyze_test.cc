// `lockcheck analyze` from outside: exit status, what stands in the report,
// what goes to which stream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#define LOCKCHECK_TESTS_BANK_BODIES
#include "tests/tools/bank_log.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class AnalyzeTest : public ::testing::Test {
 protected:
  AnalyzeTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) /
              (std::string("analyze_") + test->name() + "." +
               std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  ~AnalyzeTest() override {
    if (std::getenv("KEEP_LOGS") == nullptr) fs::remove_all(folder_);
  }

  std::string Path(const std::string& name) { return folder_ / name; }
  std::string Save(bank::Log log, const std::string& name = "run.log") {
    log.Write(Path(name));
    return Path(name);
  }
  std::string SaveText(const std::string& text, const std::string& name) {
    std::ofstream(Path(name)) << text;
    return Path(name);
  }
  std::string Read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  Ran Analyze(std::vector<std::string> words,
              const std::string& redirect = "") {
    words.insert(words.begin(), "analyze");
    return RunCommand(words, redirect);
  }

  fs::path folder_;
};

TEST_F(AnalyzeTest, OppositeOrdersFailAndNameBothSitesOfEveryLock) {
  const Ran ran = Analyze({Save(bank::Abba())});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("CONFIRMED DEADLOCK"));
  EXPECT_THAT(ran.out,
              HasSubstr("A2 (clerk) holds cash and asks for books, while A3 "
                        "(auditor) holds books and asks for cash"));
  for (const char* function :
       {"bank::PayIn", "bank::PayOut", "bank::Audit", "bank::CheckBooks"}) {
    EXPECT_THAT(ran.out, HasSubstr(function));
  }
  EXPECT_THAT(ran.out, HasSubstr("lockcheck::scoped_lock"));
  EXPECT_THAT(ran.out, HasSubstr("lock-order:books -> cash"));
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST_F(AnalyzeTest, OneOrderIsNoFinding) {
  const Ran ran = Analyze({Save(bank::OneOrder())});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("FINDINGS  none"),
                             HasSubstr("nothing that fails")));
}

TEST_F(AnalyzeTest, OnlyShowsAndFailsForNothingElse) {
  const std::string log = Save(bank::Abba());
  const Ran confirmed = Analyze({log, "--only", "confirmed", "--actor", "3"});
  EXPECT_EQ(confirmed.status, 1);
  EXPECT_THAT(confirmed.out, StartsWith("[1] CONFIRMED DEADLOCK"));
  EXPECT_THAT(confirmed.out, Not(HasSubstr("LOCKS")));
  EXPECT_EQ(Analyze({log, "--only", "confirmed", "--actor", "A3"}).out,
            confirmed.out);
  for (const std::vector<std::string>& others :
       {std::vector<std::string>{log, "--only", "actual"},
        {log, "--only", "confirmed", "--actor", "1"}}) {
    const Ran nothing = Analyze(others);
    EXPECT_EQ(nothing.status, 0);
    EXPECT_EQ(nothing.out, "");
  }
  EXPECT_EQ(Analyze({log, "--only", "likely"}).status, 2);
}

TEST_F(AnalyzeTest, AnActorThatNoLogHasIsWrongUsage) {
  const std::string log = Save(bank::Abba());
  const Ran ran = Analyze({log, "--only", "confirmed", "--actor", "33"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err,
            "lockcheck: --actor: there is no A33; did you mean A3? There are 3 "
            "actors, A1 to A3\n");
}

TEST_F(AnalyzeTest, AGateRefutesAndOnlyAllShowsIt) {
  const std::string log = Save(bank::Gated());
  const Ran plain = Analyze({log});
  EXPECT_EQ(plain.status, 0);
  EXPECT_THAT(plain.out, AllOf(HasSubstr("--all shows 1 refuted"),
                               Not(HasSubstr("REFUTED"))));
  const Ran all = Analyze({log, "--all"});
  EXPECT_EQ(all.status, 0);
  EXPECT_THAT(all.out, AllOf(HasSubstr("REFUTED"), HasSubstr("(gate)"),
                             HasSubstr("hold vault all the while")));
}

TEST_F(AnalyzeTest, PolicyOrderFailsOnWhatAGateRefutes) {
  const Ran ran = Analyze({Save(bank::Gated()), "--policy", "order"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("ORDER VIOLATION"));
}

// Header, body and last line, whatever is asked for.
TEST_F(AnalyzeTest, TheHeaderAgreesWithTheFindingsAndWhatFails) {
  const auto count = [](const std::string& text, const std::string& what) {
    size_t n = 0;
    for (size_t at = 0; (at = text.find(what, at)) != text.npos; ++at) ++n;
    return n;
  };
  const std::string log = Save(bank::Gated());
  for (const char* policy : {"deadlock", "order"}) {
    for (const char* fail_on : {"deadlock", "order", "none"}) {
      const std::string out =
          Analyze({log, "--policy", policy, "--fail-on", fail_on}).out;
      SCOPED_TRACE(out);
      const bool order =
          policy == std::string("order") || fail_on == std::string("order");
      EXPECT_EQ(count(out, "FINDINGS  1 order violation\n"), order);
      EXPECT_EQ(count(out, "\n[1] ORDER VIOLATION"), order);
      EXPECT_EQ(count(out, "FAILS  1 finding: "),
                fail_on == std::string("order"));
    }
  }
}

TEST_F(AnalyzeTest, ADeadlockThatHappenedIsActualAndItsWaitsStand) {
  const Ran ran = Analyze({Save(bank::Hanging())});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("ACTUAL DEADLOCK"));
  EXPECT_THAT(ran.out, HasSubstr("A2 (clerk) holds cash and waits for books"));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("WAITS AT THE END"),
                             HasSubstr("3 actors wait"), HasSubstr("stuck")));
}

TEST_F(AnalyzeTest, ContentionSaysWhoWaitedForWhomAndForHowLong) {
  const Ran ran = Analyze({Save(bank::Contended())});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("LOCKS"), HasSubstr("SITES"),
                             HasSubstr("ACTORS"), HasSubstr("30.0 ms")));
  EXPECT_THAT(ran.out, ::testing::ContainsRegex(
                           "cash +bank::Audit +bank::PayIn +1 +30.0 ms"));
}

TEST_F(AnalyzeTest, ABudgetThatIsExceededFails) {
  const std::string log = Save(bank::Contended());
  const Ran over = Analyze({log, "--fail-on", "contention:max>29ms@ca*"});
  EXPECT_EQ(over.status, 1);
  EXPECT_THAT(over.out, HasSubstr("cash is over its budget"));
  EXPECT_EQ(Analyze({log, "--fail-on", "contention:max>31ms@ca*"}).status, 0);
  EXPECT_EQ(Analyze({log, "--fail-on", "contention:max>1ms@vau*"}).status, 0);
}

TEST_F(AnalyzeTest, FailOnAndErrorExitcodeDecideTheStatus) {
  const std::string log = Save(bank::Abba());
  EXPECT_EQ(Analyze({log, "--fail-on", "actual"}).status, 0);
  EXPECT_EQ(Analyze({log, "--fail-on", "none"}).status, 0);
  EXPECT_EQ(Analyze({log, "--error-exitcode", "42"}).status, 42);
}

TEST_F(AnalyzeTest, ASuppressedFindingDoesNotFail) {
  const std::string log = Save(bank::Abba());
  const std::string file = SaveText(
      "lock-order:books -> cash  # the auditor works at night\n", "known.supp");
  const Ran ran = Analyze({log, "--suppressions", file});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, HasSubstr("--all shows 1 suppressed"));
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST_F(AnalyzeTest, AnUnusedSuppressionIsReported) {
  const std::string file = SaveText("deadlock:nobody  # gone\n", "known.supp");
  const Ran ran = Analyze({Save(bank::OneOrder()), "--suppressions", file});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "lockcheck: " + file +
                         ":1: deadlock:nobody matches nothing; remove it\n");
}

TEST_F(AnalyzeTest, ASuppressionWithoutACommentIsWrongUsage) {
  const std::string file = SaveText("# known\ndeadlock:cash\n", "known.supp");
  const Ran ran = Analyze({Save(bank::Abba()), "--suppressions", file});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, "lockcheck: " + file +
                         ":2: no comment; add  # and why it is safe\n");
}

TEST_F(AnalyzeTest, SuppressionsThatCannotBeReadAreSaidInOneLine) {
  const std::string log = Save(bank::Abba());
  for (const auto& [path, why] :
       {std::pair{Path("none.supp"), "No such file or directory"},
        std::pair{folder_.string(), "Is a directory"}}) {
    const Ran ran = Analyze({log, "--suppressions", path});
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.err, "lockcheck: " + path +
                           ": cannot read the suppressions: " + why + "\n");
  }
}

TEST_F(AnalyzeTest, AnEmptySuppressionsFileSuppressesNothing) {
  const std::string file = SaveText("", "empty.supp");
  EXPECT_EQ(Analyze({Save(bank::Abba()), "--suppressions", file}).status, 1);
}

TEST_F(AnalyzeTest, TheIdIsTheSameInEveryRun) {
  bank::Log other = bank::Opened();  // the auditor comes first this time
  bank::Nested(other, bank::kAuditor, bank::kBooks, bank::kAudit, bank::kCash,
               bank::kCheckBooks);
  bank::Nested(other, bank::kClerk, bank::kCash, bank::kPayIn, bank::kBooks,
               bank::kPayOut);
  bank::Closed(other);
  std::vector<std::string> ids;
  for (const std::string& log :
       {Save(bank::Abba(), "a.log"), Save(std::move(other), "b.log")}) {
    const auto json = nlohmann::json::parse(Analyze({log, "--json", "-"}).out);
    ids.push_back(json["findings"][0]["id"]);
  }
  EXPECT_EQ(ids[0], ids[1]);
}

TEST_F(AnalyzeTest, JsonGoesToAFileBesideTheText) {
  const Ran ran = Analyze({Save(bank::Abba()), "--json", Path("report.json")});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("CONFIRMED DEADLOCK"));
  const auto json = nlohmann::json::parse(Read(Path("report.json")));
  EXPECT_EQ(json["summary"]["confirmed"], 1);
  EXPECT_EQ(json["findings"][0]["fails"], true);
}

TEST_F(AnalyzeTest, JsonThatCannotBeWrittenIsSaidInOneLine) {
  const std::string file = Path("no/such/folder.json");
  const Ran ran = Analyze({Save(bank::OneOrder()), "--json", file});
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.err, "lockcheck: " + file +
                         ": cannot write: No such file or directory\n");
}

TEST_F(AnalyzeTest, AFolderIsEveryLogInItAndTheWorstDecides) {
  Save(bank::Abba(), "bad.log");
  Save(bank::OneOrder(), "good.log");
  SaveText("not a log", "notes.txt");
  const Ran ran = Analyze({folder_.string(), "--json", Path("all.json")});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr(Path("bad.log")), HasSubstr(Path("good.log"))));
  const auto json = nlohmann::json::parse(Read(Path("all.json")));
  EXPECT_EQ(json["reports"].size(), 2);
  EXPECT_EQ(json["summary"]["confirmed"], 1);
}

TEST_F(AnalyzeTest, AnUnreadableLogAmongOthersIsStatusThreeAndTheRestIsShown) {
  const Ran ran = Analyze({Path("missing.log"), Save(bank::Abba())});
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.out, HasSubstr("CONFIRMED DEADLOCK"));
  EXPECT_THAT(ran.err,
              AllOf(StartsWith("lockcheck: "), HasSubstr(Path("missing.log"))));
}

TEST_F(AnalyzeTest, AnEmptyFolderIsSaidInOneLine) {
  const Ran ran = Analyze({folder_.string()});
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.err,
            "lockcheck: " + folder_.string() +
                ": no *.log in this folder or below; name the files\n");
}

// One line, status 3, the file named; nothing on standard output.
void ExpectRefused(const Ran& ran, const std::string& path,
                   const std::string& what) {
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_THAT(ran.err, StartsWith("lockcheck: " + path + ": "));
  EXPECT_THAT(ran.err, HasSubstr(what));
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
}

TEST_F(AnalyzeTest, AnEmptyFileIsRefusedByName) {
  const std::string path = SaveText("", "empty.log");
  ExpectRefused(Analyze({path}), path, "empty");
}

TEST_F(AnalyzeTest, ATextFileIsRefusedByName) {
  const std::string path = SaveText("hello, this is no log\n", "text.log");
  ExpectRefused(Analyze({path}), path, "not a lockcheck log");
}

TEST_F(AnalyzeTest, ANewerLogIsRefusedByName) {
  const std::string path =
      Save(std::move(bank::Opened().MajorVersion(log::kMajorVersion + 1)),
           "newer.log");
  ExpectRefused(Analyze({path}), path, "newer");
}

TEST_F(AnalyzeTest, AMissingFileIsRefusedByName) {
  ExpectRefused(Analyze({Path("none.log")}), Path("none.log"),
                "No such file or directory");
}

TEST_F(AnalyzeTest, ALogCutAnywhereIsReadAsFarAsItGoes) {
  const size_t size = bank::Abba().bytes().size();
  for (size_t cut = size - 1; cut > log::kBlockSize; cut -= size / 7) {
    const Ran ran = Analyze({Save(std::move(bank::Abba().Truncate(cut)))});
    EXPECT_THAT(ran.status, ::testing::AnyOf(0, 1)) << cut << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("warning")) << cut;
  }
}

TEST_F(AnalyzeTest, ALogThatWasCutIsOkOnlySoFarAsItGoes) {
  bank::Log log = bank::OneOrder();
  log.Truncate(log.bytes().size() - log::kBlockSize);
  const std::string cut = Save(std::move(log));
  const Ran plain = Analyze({cut});
  EXPECT_EQ(plain.status, 0);
  EXPECT_THAT(plain.out, HasSubstr("\nOK so far as the log goes  "));
  const Ran asked = Analyze({cut, "--fail-on", "deadlock,incomplete"});
  EXPECT_EQ(asked.status, 1);
  EXPECT_THAT(asked.out,
              EndsWith("\nFAILS  the log is incomplete, see the warnings\n"));
}

TEST_F(AnalyzeTest, ALogOfAKilledProcessIsNotIncomplete) {
  bank::Log log = bank::Opened(/*hot=*/true);
  const Ran ran = Analyze({Save(std::move(log)), "--fail-on", "incomplete"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, HasSubstr("recorded no end"));
  EXPECT_THAT(ran.out, EndsWith("\nOK  nothing that fails\n"));
}

TEST_F(AnalyzeTest, AReaderThatGoesAwayIsNoError) {
  const std::string log = Save(bank::OneOrder());
  const Ran gone = Analyze({log}, "| true");
  EXPECT_THAT(gone.err, IsEmpty());
}

TEST_F(AnalyzeTest, AFullDiskBehindStandardOutputIsSaidInOneLine) {
  const Ran ran = Analyze({Save(bank::OneOrder())}, "> /dev/full");
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.err,
            "lockcheck: standard output: cannot write: No space left on "
            "device\n");
}

TEST_F(AnalyzeTest, WhatCannotBeWrittenIsSaidInOneLine) {
  const std::string log = Save(bank::OneOrder());
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--help"},
                                             {"--version"},
                                             {"analyze", "--help"},
                                             {"analyze", log},
                                             {"status", log},
                                             {"export", log, "--to", "dot"},
                                             {"dump", log}}) {
    const Ran full = RunCommand(words, "> /dev/full");
    EXPECT_EQ(full.status, 3) << words[0];
    EXPECT_THAT(
        full.err,
        EndsWith("lockcheck: standard output: cannot write: No space left on "
                 "device\n"));
    const Ran closed = RunCommand(words, ">&-");
    EXPECT_EQ(closed.status, 3) << words[0];
    EXPECT_THAT(closed.err,
                EndsWith("lockcheck: standard output: cannot write: Bad file "
                         "descriptor\n"));
  }
}

TEST_F(AnalyzeTest, SymbolsThatAreNoFolderAreWrongUsage) {
  const std::string log = Save(bank::OneOrder());
  for (const std::string& folder : {Path("none"), log}) {
    const Ran ran = Analyze({log, "--symbols", folder});
    EXPECT_EQ(ran.status, 2);
    EXPECT_THAT(ran.out, IsEmpty());
    EXPECT_THAT(ran.err, StartsWith("lockcheck: --symbols '" + folder + "': "));
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  }
}

TEST_F(AnalyzeTest, ABudgetForAClassThatIsNotThereIsWrongUsage) {
  const std::string log = Save(bank::Contended());
  const Ran ran = Analyze({log, "--fail-on", "contention:max>1ns@cahs"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err,
            "lockcheck: --fail-on 'contention:max>1ns@cahs': no lock class is "
            "called 'cahs'; did you mean 'cash'?\n");
}

TEST_F(AnalyzeTest, AFolderIsWhatCollidedAndWhatIsBelowItToo) {
  Save(bank::OneOrder(), "run.log");
  Save(bank::Abba(), "run.log.2");
  fs::create_directories(folder_ / "sub" / "deeper.log");
  Save(bank::OneOrder(), "sub/deeper.log/other.log");
  SaveText("no log", "run.log.old");
  const Ran ran = Analyze({folder_.string()});
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_THAT(ran.err, IsEmpty());
  for (const char* name :
       {"run.log\n", "run.log.2\n", "sub/deeper.log/other.log\n"}) {
    EXPECT_THAT(ran.out, HasSubstr(Path(name)));
  }
}

TEST_F(AnalyzeTest, ALogWithoutOneWholeRecordIsRefusedByEveryCommand) {
  const std::string log =
      Save(std::move(bank::Abba().Truncate(log::kBlockSize + 80)));
  for (const char* command : {"analyze", "status", "dump"}) {
    const Ran ran = RunCommand({command, log});
    EXPECT_EQ(ran.status, 3) << command;
    EXPECT_THAT(ran.out, IsEmpty());
    EXPECT_THAT(ran.err, HasSubstr("no record can be read")) << command;
  }
}

TEST_F(AnalyzeTest, ColourOnlyWhereItIsWanted) {
  const std::string log = Save(bank::Abba());
  EXPECT_THAT(Analyze({log}).out, Not(HasSubstr("\033[")));
  EXPECT_THAT(Analyze({log, "--color", "always"}).out, HasSubstr("\033["));
}

}  // namespace
}  // namespace lockcheck::tools::testing

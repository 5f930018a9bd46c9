// lockcheck run: the program is not disturbed, what it recorded is judged, and
// nothing of it is lost or left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "lib/log/recording.h"
#include "nlohmann/json.hpp"
#include "tests/count.h"
#include "tests/runtime/child.h"

namespace lockcheck::tools::testing {
namespace {

namespace fs = std::filesystem;

using lockcheck::testing::Child;
using lockcheck::testing::Count;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using lockcheck::testing::OpenLog;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kProgram[] = LOCKCHECK_PROGRAMS "/live_program";

class RunTest : public ::testing::Test {
 protected:
  RunTest() { fs::create_directory(Temporary()); }

  std::string Temporary() const { return folder_ / "tmp"; }
  Child& Command(const std::vector<std::string>& words) {
    std::vector<std::string> all = {"run"};
    all.insert(all.end(), words.begin(), words.end());
    child_ = std::make_unique<Child>(LOCKCHECK_COMMAND, all);
    return child_->Environment("TMPDIR", Temporary()).In(folder_ / "");
  }
  Finished Run(const std::vector<std::string>& words) {
    return Command(words).Run();
  }
  std::vector<std::string> NamesIn(const std::string& folder) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string WriteScript(const std::string& text) const {
    const std::string path = folder_ / "script";
    std::ofstream(path) << "#!/bin/sh\n" << text;
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }

  Folder folder_;
  std::unique_ptr<Child> child_;
};

TEST_F(RunTest, ASafeProgramLeavesNothingBehind) {
  const Finished f = Run({"--", kProgram, "gated"});
  EXPECT_EQ(f.exit_status(), 0) << f;
  EXPECT_THAT(f.err, HasSubstr("OK"));
  EXPECT_THAT(f.err, Not(HasSubstr("what was recorded")));
  EXPECT_THAT(NamesIn(Temporary()), IsEmpty());
  EXPECT_THAT(NamesIn(folder_ / ""), ElementsAre("tmp"));
}

TEST_F(RunTest, FindingsAreReportedAndTheLogIsKept) {
  const Finished f = Run({"--", kProgram, "abba"});
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_EQ(Count(f.err, "CONFIRMED DEADLOCK"), 1) << f;
  ASSERT_THAT(NamesIn(Temporary()), SizeIs(1));
  const std::string kept = Temporary() + "/" + NamesIn(Temporary())[0];
  EXPECT_THAT(f.err, EndsWith("what was recorded is in " + kept + "\n"));
  EXPECT_THAT(
      NamesIn(kept),
      ElementsAre(MatchesRegex("lockcheck\\.live_program\\.[0-9]+\\.log")));
}

TEST_F(RunTest, StandardOutputIsTheProgramsOwn) {
  const Finished f =
      Run({"sh", "-c", std::string("echo out; exec ") + kProgram + " abba"});
  EXPECT_THAT(f.out, StartsWith("out\n"));
  EXPECT_THAT(f.out, Not(HasSubstr("DEADLOCK")));
}

TEST_F(RunTest, TheProgramsOwnStatusCountsMoreThanFindings) {
  const std::string script =
      WriteScript(std::string(kProgram) + " abba\nexit 5");
  const Finished f = Run({script});
  EXPECT_EQ(f.exit_status(), 5) << f;
  EXPECT_EQ(Count(f.err, "CONFIRMED DEADLOCK"), 1) << f;
}

TEST_F(RunTest, AFailureKeepsTheLogOfASafeProgram) {
  const Finished f =
      Run({WriteScript(std::string(kProgram) + " gated\nexit 5")});
  EXPECT_EQ(f.exit_status(), 5) << f;
  EXPECT_THAT(NamesIn(Temporary()), SizeIs(1));
}

TEST_F(RunTest, ASignalThatEndsTheProgramIs128AndItsNumber) {
  const Finished f = Run({WriteScript("kill -KILL $$")});
  EXPECT_EQ(f.exit_status(), 128 + SIGKILL) << f;
}

TEST_F(RunTest, ErrorExitcodeIsTheStatusOfFindings) {
  EXPECT_EQ(Run({"--error-exitcode", "9", kProgram, "abba"}).exit_status(), 9);
  EXPECT_EQ(Run({"--error-exitcode=0", kProgram, "abba"}).exit_status(), 0);
}

TEST_F(RunTest, FailOnSaysWhatFails) {
  EXPECT_EQ(Run({"--fail-on", "misuse", kProgram, "abba"}).exit_status(), 0);
  EXPECT_EQ(Run({"--fail-on", "order", kProgram, "gated"}).exit_status(), 66);
}

TEST_F(RunTest, ALogThatIsNamedStays) {
  const Finished f = Run({"--log", "run.log", kProgram, "gated"});
  EXPECT_EQ(f.exit_status(), 0) << f;
  EXPECT_THAT(NamesIn(folder_ / ""), ElementsAre("run.log", "tmp"));
  EXPECT_THAT(NamesIn(Temporary()), IsEmpty());
}

TEST_F(RunTest, AFolderGetsALogForEachProgram) {
  const Finished f =
      Run({"--log", "logs/", "--",
           WriteScript(std::string(kProgram) + " abba; " + kProgram + " two")});
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_THAT(NamesIn(folder_ / "logs"), SizeIs(2));
  EXPECT_GE(Count(f.err, "CONFIRMED DEADLOCK"), 2) << f;
}

TEST_F(RunTest, EachTestThatCTestRunsIsJudged) {
  std::ofstream(folder_ / "CTestTestfile.cmake")
      << "add_test(first \"" << kProgram << "\" abba)\n"
      << "add_test(second \"" << kProgram << "\" gated)\n";
  const auto run = [&](const std::string& fail_on) {
    return Run({"--fail-on", fail_on, "--", LOCKCHECK_CTEST});
  };
  const Finished f = run("deadlock");
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_THAT(f.out, HasSubstr("100% tests passed, 0 tests failed out of 2"));
  EXPECT_EQ(Count(f.err, "CONFIRMED DEADLOCK"), 1) << f;
  EXPECT_EQ(run("misuse").exit_status(), 0);
}

// A folder may have any name; a log, the placeholders that it has.
TEST_F(RunTest, PlacesWithOddNames) {
  const std::string odd = folder_ / "a:b\\c%p";
  fs::create_directory(odd);
  EXPECT_EQ(Run({"--log", odd, kProgram, "gated"}).exit_status(), 0);
  EXPECT_THAT(NamesIn(odd), ElementsAre(StartsWith("lockcheck.live_program.")));
  EXPECT_EQ(Run({"--log", "x[%e]*%%.log", kProgram, "gated"}).exit_status(), 0);
  EXPECT_TRUE(fs::exists(folder_ / "x[live_program]*%.log"));
}

TEST_F(RunTest, APlaceholderInAFolderIsRefusedBeforeTheProgramRuns) {
  const Finished f = Run({"--log", "%p/run.log", "touch", "ran"});
  EXPECT_EQ(f.exit_status(), 2) << f;
  EXPECT_EQ(f.err,
            "lockcheck: --log '%p/run.log': %p, %e and %h stand in the last "
            "part of the path only\n");
  EXPECT_THAT(NamesIn(folder_ / ""), ElementsAre("tmp"));
}

TEST_F(RunTest, ALogThatCannotBeWrittenIsSaidBeforeTheProgramRuns) {
  std::ofstream(folder_ / "file").flush();
  for (const char* place : {"/proc/none/run.log", "/proc/run.log", "/proc/",
                            "file/run.log", "file/"}) {
    const Finished f = Run({"--log", place, "touch", "ran"});
    EXPECT_EQ(f.exit_status(), 3) << f;
    EXPECT_THAT(f.err, StartsWith("lockcheck: the log /")) << place;
    EXPECT_THAT(f.err, HasSubstr(" cannot be written: "));
    EXPECT_THAT(f.err, EndsWith("(the program did not run)\n"));
    EXPECT_EQ(Count(f.err, "\n"), 1) << f;
  }
  EXPECT_THAT(NamesIn(folder_ / ""), ElementsAre("file", "tmp"));
}

TEST_F(RunTest, WhatCannotBeMadeIsNamed) {
  for (const char* place : {"/proc/none/run.log", "/proc/none/more/run.log"}) {
    EXPECT_EQ(Run({"--log", place, "touch", "ran"}).err,
              "lockcheck: the log " + std::string(place) +
                  " cannot be written: the folder /proc/none cannot be made: "
                  "/proc takes no new files; name another place with --log "
                  "(the program did not run)\n");
  }
}

// A limit on the size of files stands for a disk that is full.
TEST_F(RunTest, WithoutRoomForALogTheProgramDoesNotRun) {
  const auto with_room_for = [&](rlim_t bytes) {
    return Command({"--log", "x/run.log", kProgram, "gated"})
        .Before([bytes] {
          const rlimit limit = {bytes, bytes};
          setrlimit(RLIMIT_FSIZE, &limit);
        })
        .Run();
  };
  const Finished f = with_room_for(32 << 10);
  EXPECT_EQ(f.exit_status(), 3) << f;
  EXPECT_THAT(f.err, EndsWith("File too large; name another place with --log "
                              "(the program did not run)\n"));
  EXPECT_THAT(NamesIn(folder_ / ""), ElementsAre("tmp"));
  EXPECT_EQ(with_room_for(4 << 20).exit_status(), 0);
}

// The folder is the program's to make.
TEST_F(RunTest, FoldersThatAreMissingAreNotMadeForAProgramWithoutALog) {
  EXPECT_EQ(Run({"--log", "a/b/run.log", "true"}).exit_status(), 3);
  EXPECT_THAT(NamesIn(folder_ / ""), ElementsAre("tmp"));
  EXPECT_EQ(Run({"--log", "a/b/run.log", kProgram, "gated"}).exit_status(), 0);
  EXPECT_THAT(NamesIn(folder_ / "a/b"), ElementsAre("run.log"));
}

TEST_F(RunTest, AnEmptyPathIsWrongUsage) {
  const Finished f = Run({"--log", "", "touch", "ran"});
  EXPECT_EQ(f.exit_status(), 2) << f;
  EXPECT_THAT(f.err, HasSubstr("leave --log out for a temporary folder"));
  EXPECT_EQ(Count(f.err, "\n"), 1) << f;
  EXPECT_EQ(Run({"--log=", "touch", "ran"}).exit_status(), 2);
  EXPECT_THAT(NamesIn(folder_ / ""), ElementsAre("tmp"));
}

// Logs of earlier runs are somebody else's.
TEST_F(RunTest, OnlyTheLogsOfThisRunAreJudged) {
  EXPECT_EQ(Run({"--log", "logs/", kProgram, "abba"}).exit_status(), 66);
  const Finished f = Run({"--log", "logs/", kProgram, "gated"});
  EXPECT_EQ(f.exit_status(), 0) << f;
  EXPECT_THAT(NamesIn(folder_ / "logs"), SizeIs(2));
}

TEST_F(RunTest, ALogThatIsReplacedIsThisRuns) {
  EXPECT_EQ(Run({"--log", "run.log", kProgram, "gated"}).exit_status(), 0);
  EXPECT_EQ(Run({"--log", "run.log", kProgram, "abba"}).exit_status(), 66);
}

TEST_F(RunTest, AProgramWithoutLockcheckIsNotCalledSafe) {
  const Finished f = Run({"true"});
  EXPECT_EQ(f.exit_status(), 3) << f;
  EXPECT_THAT(f.err, StartsWith("lockcheck: true: no log was written: "));
  EXPECT_EQ(Run({"false"}).exit_status(), 1);
  EXPECT_THAT(NamesIn(Temporary()), IsEmpty());
}

TEST_F(RunTest, AProgramThatCannotBeRun) {
  const Finished none = Run({"no-such-program"});
  EXPECT_EQ(none.exit_status(), 127) << none;
  EXPECT_EQ(none.err,
            "lockcheck: no-such-program: cannot run: No such file or "
            "directory\n");
  const Finished unnamed = Run({""});
  EXPECT_EQ(unnamed.exit_status(), 127) << unnamed;
  EXPECT_EQ(unnamed.err, "lockcheck: the program's name is empty\n");
  EXPECT_EQ(Run({folder_ / "tmp"}).exit_status(), 126);
  EXPECT_THAT(NamesIn(Temporary()), IsEmpty());
}

TEST_F(RunTest, FilesAreLookedAtBeforeTheProgramRuns) {
  for (const char* option : {"--suppressions", "--baseline"}) {
    const Finished f = Run({option, "missing", "touch", "ran"});
    EXPECT_EQ(f.exit_status(), 2) << f;
    EXPECT_THAT(f.err, HasSubstr("missing"));
  }
  EXPECT_THAT(NamesIn(folder_ / ""), ElementsAre("tmp"));
}

TEST_F(RunTest, SuppressionsAndBaselinesCount) {
  std::ofstream(folder_ / "known") << "deadlock:*  # ticket 12\n";
  const Finished f = Run({"--suppressions", "known", kProgram, "abba"});
  EXPECT_EQ(f.exit_status(), 0) << f;
  EXPECT_EQ(Run({"--write-baseline", "base", kProgram, "abba"}).exit_status(),
            66);
  EXPECT_EQ(Run({"--baseline", "base", kProgram, "abba"}).exit_status(), 0);
}

TEST_F(RunTest, JsonIsACollectionOfTheRunsLogs) {
  const Finished f = Run({"--json", "report.json", kProgram, "abba"});
  std::ifstream file(folder_ / "report.json");
  const auto json = nlohmann::json::parse(file);
  ASSERT_EQ(json.at("reports").size(), 1u) << f;
  EXPECT_EQ(json["reports"][0]["summary"]["confirmed"], 1);
}

// Sent to us alone, it is for the program, which says who waits for whom; then
// its log is judged.
TEST_F(RunTest, ASignalIsPassedOn) {
  Child& child = Command({kProgram, "hang"});
  child.Start();
  while (child.Said().find("ready") == std::string::npos && !child.HasEnded()) {
    sched_yield();
  }
  child.Signal(SIGTERM);
  const Finished f = child.Wait();
  EXPECT_EQ(f.exit_status(), 128 + SIGTERM) << f;
  EXPECT_THAT(f.err, HasSubstr(": 1 thread waits\n"));
  EXPECT_THAT(f.err, HasSubstr("what was recorded is in "));
}

// "SigBlk" and "SigIgn" of /proc/PID/status, as a process finds them. glibc's
// posix_spawn ignores two signals that glibc keeps to itself.
std::vector<uint64_t> SignalsIn(const std::string& status) {
  std::vector<uint64_t> masks;
  for (const char* key : {"SigBlk:", "SigIgn:"}) {
    const size_t at = status.find(key);
    if (at == status.npos) continue;
    masks.push_back(std::strtoull(status.c_str() + at + 7, nullptr, 16) &
                    ~(uint64_t{3} << 31));
  }
  return masks;
}

// What the program finds is what it would find without us.
TEST_F(RunTest, SignalsAreAsTheyWere) {
  for (const auto disposition : {SIG_DFL, SIG_IGN}) {
    const auto before = [=] { signal(SIGPIPE, disposition); };
    const Finished plain =
        Child("/bin/cat", {"/proc/self/status"}).Before(before).Run();
    const Finished f =
        Command({"/bin/cat", "/proc/self/status"}).Before(before).Run();
    EXPECT_EQ(SignalsIn(f.out), SignalsIn(plain.out)) << f;
    EXPECT_THAT(SignalsIn(f.out), SizeIs(2));
  }
}

// Or the inner one would have nothing to judge.
TEST_F(RunTest, ARunInsideARunHasLogsOfItsOwn) {
  const Finished f = Run({"--log", "outer.log", LOCKCHECK_COMMAND, "run",
                          "--log", "inner.log", kProgram, "abba"});
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_THAT(NamesIn(folder_ / ""), ElementsAre("inner.log", "tmp"));
}

TEST_F(RunTest, OptionsOfTheEnvironmentCountButForTheLog) {
  Child& child = Command({"--log", "run.log", kProgram, "gated"});
  child.Options("log=elsewhere.log:mode=off:timing=full");
  const Finished f = child.Run();
  EXPECT_EQ(f.exit_status(), 0) << f;
  EXPECT_THAT(NamesIn(folder_ / ""), ElementsAre("run.log", "tmp"));
  const auto log = OpenLog(folder_ / "run.log");
  ASSERT_NE(log, nullptr);
  EXPECT_THAT(log->processes[0].options, HasSubstr("timing=full"));
}

TEST_F(RunTest, WrongUsage) {
  EXPECT_THAT(Run({}).err, HasSubstr("name the program to run"));
  EXPECT_THAT(Run({"--log", "x", "--"}).err,
              HasSubstr("name the program to run"));
  const Finished f = Run({"--fial-on", "misuse", "touch", "ran"});
  EXPECT_EQ(f.exit_status(), 2) << f;
  EXPECT_THAT(f.err, HasSubstr("did you mean '--fail-on'?"));
  EXPECT_THAT(NamesIn(folder_ / ""), ElementsAre("tmp"));
}

// Its own options look like ours.
TEST_F(RunTest, WordsBehindTheProgramAreItsOwn) {
  EXPECT_EQ(Run({"echo", "--json", "--", "-x"}).out, "--json -- -x\n");
  EXPECT_EQ(Run({"--", "echo", "--log"}).out, "--log\n");
}

}  // namespace
}  // namespace lockcheck::tools::testing

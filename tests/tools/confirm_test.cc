// lockcheck confirm: what can happen is made to happen, what cannot is not, and
// why it is not is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "lib/log/recording.h"
#include "nlohmann/json.hpp"
#include "tests/runtime/child.h"

namespace lockcheck::tools::testing {
namespace {

namespace fs = std::filesystem;

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using lockcheck::testing::OpenLog;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kProgram[] = LOCKCHECK_PROGRAMS "/confirm_program";

class ConfirmTest : public ::testing::Test {
 protected:
  ConfirmTest() { fs::create_directory(folder_ / "tmp"); }

  Finished Command(std::vector<std::string> words) {
    Child child(LOCKCHECK_COMMAND, std::move(words));
    child.Environment("TMPDIR", folder_ / "tmp");
    return child.Run();
  }
  // The log of a run in which nothing happens.
  std::string Record(const std::string& story) {
    return Record(kProgram, {story, "in-turn"});
  }
  std::string Record(const std::string& program,
                     const std::vector<std::string>& story) {
    const std::string log = folder_ / (story[0] + ".log");
    Child child(program, story);
    child.Environment("LOCKCHECK_OPTIONS", "log=" + log);
    EXPECT_EQ(child.Run().exit_status(), 0);
    return log;
  }
  std::string IdOf(const std::string& log) {
    const Finished said = Command({"analyze", log, "--all", "--json", "-"});
    const auto report = nlohmann::json::parse(said.out);
    EXPECT_EQ(report["findings"].size(), 1u) << said.out;
    return report["findings"][0]["id"];
  }
  Finished Confirm(const std::string& recorded, const std::string& story,
                   const std::vector<std::string>& more = {}) {
    const std::string log = Record(recorded);
    std::vector<std::string> words = {"confirm", log, IdOf(log)};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--", kProgram, story});
    return Command(std::move(words));
  }
  Finished Confirm(const std::string& story) { return Confirm(story, story); }
  bool LeftNothing() const { return fs::is_empty(folder_ / "tmp"); }

  Folder folder_;
};

class HappensTest : public ConfirmTest,
                    public ::testing::WithParamInterface<std::string> {};

TEST_P(HappensTest, WhatCanHappenDoes) {
  const Finished said = Confirm(GetParam());
  EXPECT_EQ(said.exit_status(), 0) << said.out << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("DEADLOCK  wait-for"),
                              HasSubstr("deadlocked: it happened in attempt "),
                              Not(HasSubstr("done"))));
  EXPECT_TRUE(LeftNothing());
}
INSTANTIATE_TEST_SUITE_P(Stories, HappensTest,
                         ::testing::Values("abba", "philosophers", "readers",
                                           "join", "join-in-one-place"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// What one that is held back keeps from coming is let through.
TEST_F(ConfirmTest, WhoNeedsTheLockBeforeIsWaitedFor) {
  for (const char* story : {"busy", "gate"}) {
    const Finished said = Confirm(story);
    EXPECT_EQ(said.exit_status(), 0) << said.out << said.err;
    EXPECT_THAT(said.out, HasSubstr("deadlocked: it happened in attempt "));
  }
}

TEST_F(ConfirmTest, WhatSomethingUnseenKeepsApartIsNotReached) {
  const Finished said = Confirm("flag", "flag", {"--attempts", "2"});
  EXPECT_EQ(said.exit_status(), 4) << said.out << said.err;
  EXPECT_THAT(said.out, HasSubstr("not reached: in 2 attempts all who take "
                                  "part came, but never at the same time"));
  EXPECT_TRUE(LeftNothing());
}

TEST_F(ConfirmTest, WhoTakesAnotherWayIsSaidToDiverge) {
  const Finished said = Confirm("both-ways", "one-way", {"--attempts", "1"});
  EXPECT_EQ(said.exit_status(), 1) << said.out << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("diverged: in 1 attempt the program"),
                              HasSubstr("nobody came to where one asks for a "
                                        "at confirm_program")));
}

TEST_F(ConfirmTest, AnIdMayBeShortenedAsLongAsItIsTheOnlyOne) {
  const std::string log = Record("abba");
  EXPECT_EQ(
      Command({"confirm", log, IdOf(log).substr(0, 4), "--", kProgram, "abba"})
          .exit_status(),
      0);
}

TEST_F(ConfirmTest, WrongUsageIsOneLine) {
  const std::string log = Record("abba");
  const std::string id = IdOf(log);
  const auto line = [&](std::vector<std::string> words, int status,
                        const std::string& said) {
    words.insert(words.begin(), "confirm");
    const Finished finished = Command(words);
    EXPECT_EQ(finished.exit_status(), status) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(said));
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1);
    EXPECT_THAT(finished.out, IsEmpty());
  };
  line({log, "ffff", "--", kProgram, "abba"}, 2,
       "no finding of this log has the id 'ffff'");
  line({log, id}, 2, "name the program to run");
  line({log, "--", kProgram}, 2, "LOG FINDING");
  line({log, id, "--attempts", "0", "--", kProgram}, 2, "it is at least 1");
  line({log, id, "--time-limit", "x", "--", kProgram}, 2, "no whole number");
  line({folder_ / "none.log", id, "--", kProgram}, 3, "none.log");
  line({log, id, "--", folder_ / "no program"}, 127, "no program");
  EXPECT_TRUE(LeftNothing());
}

TEST_F(ConfirmTest, WhatCannotBeSteeredIsRefused) {
  const auto refused = [&](const char* program,
                           const std::vector<std::string>& words) {
    const std::string path = std::string(LOCKCHECK_PROGRAMS "/") + program;
    const std::string log = Record(path, words);
    const Finished said = Command({"confirm", log, IdOf(log), "--", path});
    EXPECT_EQ(said.exit_status(), 2) << said.out;
    EXPECT_THAT(said.err, HasSubstr("what can be steered into is a cycle of "
                                    "locks and joins"));
    return said.err;
  };
  EXPECT_THAT(refused("waits_program", {"latch-under-mutex-latent"}),
              HasSubstr(" is a communication, no cycle"));
  EXPECT_THAT(refused("confirm_program", {"task", "in-turn"}),
              HasSubstr(" is a task, and no thread that is joined"));
  EXPECT_THAT(refused("std_lock_O0", {"scoped"}),
              HasSubstr("b is tried by std::lock, and not waited for"));
}

TEST_F(ConfirmTest, OfALogThatIsCutItIsSaid) {
  const std::string log = Record("abba");
  const std::string id = IdOf(log);
  fs::resize_file(log, 80'000);
  const Finished said = Command({"confirm", log, id, "--", kProgram, "abba"});
  EXPECT_EQ(said.exit_status(), 2);
  EXPECT_THAT(said.err, HasSubstr("no finding of this log, which is cut, has"));
}

// A byte of it, in the file.
void ChangeBuildId(const std::string& path,
                   const std::vector<log::Module>& modules) {
  const auto module =
      std::find_if(modules.begin(), modules.end(),
                   [&](const log::Module& m) { return m.path == path; });
  ASSERT_NE(module, modules.end());
  std::string id;
  for (size_t i = 0; i < module->build_id.size(); i += 2) {
    id += static_cast<char>(
        std::stoi(module->build_id.substr(i, 2), nullptr, 16));
  }
  std::ifstream in(path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  const size_t at = bytes.find(id);
  ASSERT_NE(at, bytes.npos);
  bytes[at] ^= 1;
  std::ofstream(path, std::ios::binary) << bytes;
}

// Its places mean nothing there.
TEST_F(ConfirmTest, AnotherBuildOfTheProgramIsRefused) {
  const std::string copy = folder_ / "confirm_program";
  fs::copy_file(kProgram, copy);
  const std::string log = folder_ / "copy.log";
  Child child(copy, {"abba", "in-turn"});
  child.Environment("LOCKCHECK_OPTIONS", "log=" + log);
  EXPECT_EQ(child.Run().exit_status(), 0);
  const std::string id = IdOf(log);
  ChangeBuildId(copy, OpenLog(log)->modules);
  const Finished said = Command({"confirm", log, id, "--", copy, "abba"});
  EXPECT_EQ(said.exit_status(), 2);
  EXPECT_THAT(said.err, HasSubstr("it was built anew since the log was "
                                  "written; record it again"));
}

TEST_F(ConfirmTest, ARunThatDoesNotEndIsKilled) {
  const std::string log = Record("abba");
  const Finished said =
      Command({"confirm", log, IdOf(log), "--attempts", "1", "--time-limit",
               "1", "--", "/bin/sh", "-c", "exec sleep 600"});
  EXPECT_EQ(said.exit_status(), 1) << said.out << said.err;
  EXPECT_THAT(said.out,
              AllOf(StartsWith("diverged: "),
                    HasSubstr("\n  1 of the runs was killed after 1 s\n")));
}

// What it was refuted for was a wait that can give up.
TEST_F(ConfirmTest, WhatIsRefutedAndHappensIsIt) {
  const std::string log = Record("goes-on-anyway");
  const Finished found = Command({"analyze", log, "--all"});
  EXPECT_THAT(found.out, AllOf(HasSubstr("REFUTED"), HasSubstr("(history)"),
                               HasSubstr("assumes    a timed wait, or a try")));
  const Finished said =
      Command({"confirm", log, IdOf(log), "--", kProgram, "goes-on-anyway"});
  EXPECT_EQ(said.exit_status(), 0) << said.out << said.err;
  EXPECT_THAT(said.out, HasSubstr("deadlocked: it happened in attempt "));
}

// A zombie that nobody has waited for is gone, too.
bool IsGone(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string id, name, state;
  return !(stat >> id >> name >> state) || state == "Z";
}

// Whether its parent is there still, or has gone before it.
TEST_F(ConfirmTest, WhatARunHasStartedEndsWithIt) {
  const std::string log = Record("abba");
  const std::string pids = folder_ / "pids";
  const std::string starts = "sleep 600 & echo $! >> " + pids + "; ";
  for (const char* end : {"exec sleep 600", "exit 0"}) {
    Command({"confirm", log, IdOf(log), "--attempts", "2", "--time-limit", "1",
             "--", "/bin/sh", "-c",
             starts + "(" + starts + ") & wait $!; " + end});
  }
  std::ifstream list(pids);
  int ended = 0;
  for (pid_t pid; list >> pid; ++ended) EXPECT_TRUE(IsGone(pid)) << pid;
  EXPECT_EQ(ended, 8);
}

// A shell's children that it was exec'd with are not its own.
TEST_F(ConfirmTest, WhoWasThereBeforeStays) {
  const std::string log = Record("abba");
  Child shell("/bin/sh", {"-c", "sleep 600 & echo $!; exec \"$@\"", "sh",
                          LOCKCHECK_COMMAND, "confirm", log, IdOf(log),
                          "--attempts", "1", "--", "/bin/true"});
  shell.Environment("TMPDIR", folder_ / "tmp");
  const Finished said = shell.Run();
  EXPECT_EQ(said.exit_status(), 1) << said.out << said.err;
  const pid_t other = std::stoi(said.out);
  EXPECT_FALSE(IsGone(other));
  kill(other, SIGKILL);
}

TEST_F(ConfirmTest, KilledItLeavesNoProgramBehind) {
  const std::string log = Record("abba");
  Child child(LOCKCHECK_COMMAND,
              {"confirm", log, IdOf(log), "--", kProgram, "stays"});
  child.Environment("TMPDIR", folder_ / "tmp").Start();
  while (child.Said().find('\n') == std::string::npos && !child.HasEnded()) {
    poll(nullptr, 0, 1);
  }
  const pid_t program = std::stoi(child.Said());
  child.Signal(SIGKILL);
  EXPECT_EQ(child.Wait().signal(), SIGKILL);
  for (int looks = 0; looks < 60'000 && !IsGone(program); ++looks) {
    poll(nullptr, 0, 1);
  }
  EXPECT_TRUE(IsGone(program));
  kill(program, SIGKILL);
}

TEST_F(ConfirmTest, OfAnotherProgramItIsSaidWhichOneWasRecorded) {
  const std::string log = Record("abba");
  const Finished said = Command({"confirm", log, IdOf(log), "--", "/bin/true"});
  EXPECT_EQ(said.exit_status(), 1);
  EXPECT_THAT(said.out,
              AllOf(HasSubstr("it came to none of the finding's places; what "
                              "was recorded is "),
                    HasSubstr("confirm_program"), Not(HasSubstr("nobody"))));
}

// Asked to end, it does not begin with the next run; nor does a program that
// stays keep it.
TEST_F(ConfirmTest, EndsWhenItIsAskedTo) {
  const std::string log = Record("abba");
  for (const char* before : {"", "trap '' TERM; "}) {
    const Finished said =
        Command({"confirm", log, IdOf(log), "--", "/bin/sh", "-c",
                 std::string(before) + "kill -TERM $PPID; exec sleep 600"});
    EXPECT_EQ(said.exit_status(), 128 + SIGTERM) << said.out;
    EXPECT_THAT(said.err, HasSubstr("ended by signal 15 in attempt 1 of 10"));
    EXPECT_TRUE(LeftNothing());
  }
}

}  // namespace
}  // namespace lockcheck::tools::testing

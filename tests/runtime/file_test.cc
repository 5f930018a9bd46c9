// Where the log file is made, under which name, and what is said if it cannot
// be.
#include "tests/runtime/file_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

// ---- Places -----------------------------------------------------------------
TEST_F(FileTest, FoldersThatAreNotThereAreMade) {
  EXPECT_EQ(Run("log=no/such/%e/log", kFew, [] { umask(027); }), "");
  ExpectAll(folder_ / "no/such/file_program/log");
  for (const char* made : {"no", "no/such", "no/such/file_program"}) {
    struct stat info;
    ASSERT_EQ(stat((folder_ / made).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0750u) << made;
  }
}

// One that only leads to the log may be a link.
TEST_F(FileTest, FoldersAreMadeBehindALink) {
  mkdir((folder_ / "real").c_str(), 0700);
  ASSERT_EQ(symlink("real", (folder_ / "link").c_str()), 0);
  EXPECT_EQ(Run("log=link//sub/../logs/log"), "");
  ExpectAll(folder_ / "real/logs/log");
}

TEST_F(FileTest, AnUnwritableFolderIsNamed) {
  // Not even root may create files there.
  EXPECT_THAT(Run("log=/proc/self/log"),
              StartsWith("lockcheck: cannot write the log /proc/self/log: "));
  for (const char* log : {"/proc/self/logs/log", "/proc/self/logs/more/log"}) {
    EXPECT_EQ(Run("log=" + std::string(log)),
              "lockcheck: cannot write the log " + std::string(log) +
                  ": cannot make the folder /proc/self/logs: No such file or "
                  "directory; nothing can be made there, name another place; "
                  "the program goes on with mode=live\n");
  }
}

// What to do depends on what is wrong.
TEST_F(FileTest, AMessageSaysWhatToDo) {
  const auto refusal = [&](const std::string& path, const std::string& rest) {
    return "lockcheck: cannot write the log " + path + ": " + rest +
           "; the program goes on with mode=live\n";
  };
  mkdir((folder_ / "folder").c_str(), 0700);
  EXPECT_EQ(Run("log=folder"),
            refusal(folder_ / "folder",
                    "Is a directory; name a file in it, such as %e.%p.log"));
  std::ofstream(folder_ / "file") << "text";
  EXPECT_EQ(Run("log=file/log"),
            refusal(folder_ / "file/log",
                    "Not a directory; a part of the path is a file"));
  const std::string long_name(300, 'x');
  EXPECT_EQ(Run("log=" + long_name),
            refusal(folder_ / long_name, "File name too long; shorten it"));
  EXPECT_EQ(Run("log=log", kFew,
                [this] { std::filesystem::remove_all(folder_.path()); }),
            refusal("log",
                    "No such file or directory; the working directory is gone, "
                    "give a whole path"));
}

TEST_F(FileTest, ADeviceOrPipeIsNoLog) {
  EXPECT_THAT(Run("log=/dev/null"),
              HasSubstr("/dev/null: Invalid argument; it is no regular file"));
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(Run("log=pipe"), HasSubstr("pipe: Invalid argument"));
}

// Root may write everywhere, unless it gives up that right.
TEST_F(FileTest, WithoutPermissionTheMessageSaysSo) {
  mkdir((folder_ / "closed").c_str(), 0500);
  const auto give_up = [] {
    if (geteuid() == 0 && prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE) != 0) {
      _exit(99);
    }
  };
  EXPECT_EQ(Run("log=closed/sub/log", kFew, give_up),
            "lockcheck: cannot write the log " + (folder_ / "closed/sub/log") +
                ": cannot make the folder " + (folder_ / "closed/sub") +
                ": Permission denied; name a place where this user may write; "
                "the program goes on with mode=live\n");
}

// ---- Names ------------------------------------------------------------------
TEST_F(FileTest, TheNameMayHoldPidProgramAndHost) {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  EXPECT_EQ(Run("log=%h-%e-%p-100%%.log"), "");
  EXPECT_THAT(Files(),
              UnorderedElementsAre(std::string(host) + "-file_program-" +
                                   std::to_string(pid_) + "-100%.log"));
}

TEST_F(FileTest, WithoutANameTheLogHasProgramAndPid) {
  EXPECT_EQ(Run("mode=record"), "");
  const std::string name =
      "lockcheck.file_program." + std::to_string(pid_) + ".log";
  EXPECT_THAT(Files(), UnorderedElementsAre(name));
  ExpectAll(folder_ / name);
}

TEST_F(FileTest, AColonInTheNameIsWrittenWithABackslash) {
  EXPECT_EQ(Run("log=a\\:b:timing=off"), "");
  EXPECT_THAT(Files(), UnorderedElementsAre("a:b"));
}

TEST_F(FileTest, WithoutOptionsOrOffNothingIsWritten) {
  EXPECT_EQ(Run(""), "");
  EXPECT_EQ(Run("mode=off:log=log"), "");
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(FileTest, AnExistingLogIsReplaced) {
  EXPECT_EQ(Run("log=log", 1000), "");
  EXPECT_EQ(Run("log=log", 20), "");
  ExpectAll(folder_ / "log", 20);
  std::ofstream(folder_ / "text") << "some text";
  EXPECT_EQ(Run("log=text"), "");
  ExpectAll(folder_ / "text");
  EXPECT_THAT(Files(), UnorderedElementsAre("log", "text"));
}

TEST_F(FileTest, ALogThatAnotherProgramWritesIsLeftAlone) {
  int input[2];
  ASSERT_EQ(pipe(input), 0);
  Child other("file_program", {"10", "wait"});
  other.In(folder_.path()).Options("log=log").Before([&] {
    dup2(input[0], STDIN_FILENO);
    close(input[1]);
  });
  other.Start();
  while (other.Said().empty()) sched_yield();
  for (const char* name : {"log.2", "log.2"}) {
    EXPECT_EQ(Run("log=log"), "lockcheck: another program is recording into " +
                                  (folder_ / "log") +
                                  "; this one records into " +
                                  (folder_ / name) + "\n");
    ExpectAll(folder_ / name);
  }
  close(input[0]);
  close(input[1]);
  EXPECT_EQ(other.Wait().exit_status(), 5);
  ExpectAll(folder_ / "log");
}

}  // namespace
}  // namespace lockcheck::testing

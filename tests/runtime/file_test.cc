// The log file in good and in bad places. Whatever happens to it, the program's
// own output and exit status are as they were.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class FileTest : public ::testing::Test {
 protected:
  static constexpr int kFew = 10;
  static constexpr int kMany = 400'000;  // 1.6 MB of records

  // Runs the program and demands that it is unharmed; returns what lockcheck
  // said on stderr.
  std::string Run(const std::string& options, int sections = kFew,
                  std::function<void()> before = nullptr) {
    Child child("file_program", {std::to_string(sections)});
    child.In(folder_.path()).Options(options).Before(std::move(before));
    child.Start();
    pid_ = child.pid();
    const Finished finished = child.Wait();
    EXPECT_EQ(finished.exit_status(), 5) << finished;
    EXPECT_EQ(finished.out, "out\n") << finished;
    EXPECT_THAT(finished.err, EndsWith("err\n"));
    return finished.err.substr(0, finished.err.size() - 4);
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  static std::vector<std::string> Locked(const log::Recording& recording,
                                         log::ActorIndex actor) {
    const EventReader reader = ReadEvents(recording, actor);
    EXPECT_THAT(reader.complaints, IsEmpty());
    std::vector<std::string> names;
    for (const Event& e : reader.events) {
      if (e.what != What::kAcquired) continue;
      const log::ObjectIndex object =
          recording.FindObject(recording.actors[actor].process, e.object);
      const log::SiteIndex site = recording.FindSite(e.site);
      EXPECT_TRUE(site != log::kNone && !recording.sites[site].frames.empty());
      names.push_back(object == log::kNone ? "?"
                                           : recording.objects[object].name);
    }
    return names;
  }
  static std::vector<std::string> Expected(size_t sections) {
    std::vector<std::string> names = {"first"};
    for (size_t i = 0; i < sections; ++i) {
      names.push_back(i % 2 == 0 ? "x" : "y");
    }
    names.push_back("last");
    names.push_back("x");
    return names;
  }
  static void ExpectAll(const std::string& path, int sections = kFew) {
    const auto recording = OpenLog(path);
    ASSERT_NE(recording, nullptr);
    EXPECT_TRUE(recording->complete);
    ASSERT_THAT(recording->actors, SizeIs(2));
    EXPECT_EQ(Locked(*recording, 0), Expected(static_cast<size_t>(sections)));
  }
  // Recording stopped on the way; what was before is there.
  static void ExpectBeginning(const std::string& path, log::StopReason why) {
    const auto recording = OpenLog(path);
    ASSERT_NE(recording, nullptr);
    EXPECT_FALSE(recording->complete);
    EXPECT_EQ(recording->stop_reason, why);
    EXPECT_GT(recording->dropped, 0u);
    ASSERT_THAT(recording->actors, Not(IsEmpty()));
    const std::vector<std::string> locked = Locked(*recording, 0);
    const std::vector<std::string> expected = Expected(kMany);
    ASSERT_GT(locked.size(), 30'000u);
    ASSERT_LT(locked.size(), expected.size());
    EXPECT_TRUE(std::equal(locked.begin(), locked.end(), expected.begin()));
    // A section is one record; beside them there are some of other kinds.
    EXPECT_GE(locked.size() + recording->dropped, expected.size());
    EXPECT_LE(locked.size() + recording->dropped, expected.size() + 200);
  }

  static void LimitFileSize() {
    const rlimit limit = {512 * 1024, 512 * 1024};
    setrlimit(RLIMIT_FSIZE, &limit);
  }

  Folder folder_;
  pid_t pid_ = 0;
};

// ---- No room ----------------------------------------------------------------
// A small file system of its own; where mounting is not permitted, a limit on
// the size of files stands for it.
class SmallFileSystem {
 public:
  SmallFileSystem(const std::string& path, const char* size) : path_(path) {
    mkdir(path.c_str(), 0700);
    mounted_ = mount("none", path.c_str(), "tmpfs", 0, size) == 0;
  }
  ~SmallFileSystem() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_;
};

TEST_F(FileTest, AFullFileSystemStopsTheRecordingOnly) {
  const SmallFileSystem small(folder_ / "small", "size=512k");
  const std::string said =
      Run("log=small/log:timing=off", kMany,
          small.mounted() ? std::function<void()>() : &LimitFileSize);
  EXPECT_EQ(said,
            "lockcheck: recording stopped: no space left for the log; the "
            "program goes on, " +
                (folder_ / "small/log") + " keeps what was recorded\n");
  ExpectBeginning(folder_ / "small/log", log::StopReason::kNoSpace);
}

// With blocks in memory the first one is written at once, so that the log says
// at least whose it is.
TEST_F(FileTest, AFullFileSystemLeavesTheProcessNamed) {
  const SmallFileSystem small(folder_ / "small", "size=128k");
  Run("log=small/log:timing=off:hot=memory", kMany, [&] {
    const rlimit limit = {128 * 1024, 128 * 1024};
    if (!small.mounted()) setrlimit(RLIMIT_FSIZE, &limit);
  });
  const auto recording = OpenLog(folder_ / "small/log");
  ASSERT_NE(recording, nullptr);
  EXPECT_EQ(recording->stop_reason, log::StopReason::kNoSpace);
  ASSERT_THAT(recording->processes, SizeIs(1));
  EXPECT_EQ(recording->processes[0].pid, static_cast<uint32_t>(pid_));
  EXPECT_THAT(recording->processes[0].program, EndsWith("file_program"));
  // Its end could not be recorded: nobody knows how it was.
  EXPECT_THAT(recording->warnings, Not(Contains(HasSubstr("recorded no end"))));
}

TEST_F(FileTest, ABlockInMemoryNamesTheProcessOfAKilledProgram) {
  int input[2];
  ASSERT_EQ(pipe(input), 0);
  Child child("file_program", {"10", "wait"});
  child.In(folder_.path()).Options("log=log:hot=memory").Before([&] {
    dup2(input[0], STDIN_FILENO);
    close(input[0]);
    close(input[1]);
  });
  child.Start();
  while (child.Said().empty()) sched_yield();
  const auto pid = static_cast<uint32_t>(child.pid());
  child.Signal(SIGKILL);
  child.Wait();
  close(input[0]);
  close(input[1]);
  const auto recording = OpenLog(folder_ / "log");
  ASSERT_NE(recording, nullptr);
  ASSERT_THAT(recording->processes, SizeIs(1));
  EXPECT_EQ(recording->processes[0].pid, pid);
  EXPECT_THAT(recording->warnings, Contains(HasSubstr("recorded no end")));
}

TEST_F(FileTest, ALimitOnTheSizeOfFilesStopsTheRecordingOnly) {
  const std::string said = Run("log=log:timing=off", kMany, &LimitFileSize);
  EXPECT_THAT(said, AllOf(HasSubstr("recording stopped: no space left"),
                          EndsWith("keeps what was recorded\n")));
  ExpectBeginning(folder_ / "log", log::StopReason::kNoSpace);
}

TEST_F(FileTest, WithNoRoomAtAllTheProgramGoesOnWithoutALog) {
  const SmallFileSystem small(folder_ / "small", "size=32k");
  const std::string said = Run("log=small/log", kFew, [&] {
    const rlimit limit = {32 * 1024, 32 * 1024};
    if (!small.mounted()) setrlimit(RLIMIT_FSIZE, &limit);
  });
  EXPECT_THAT(said, AllOf(StartsWith("lockcheck: cannot write the log " +
                                     (folder_ / "small/log") + ": "),
                          HasSubstr("; make room"),
                          HasSubstr("; the program goes on with mode=live\n")));
  // An empty one, so that whoever reads all logs of a job sees that one is
  // missing; a limit on the size of files is no full disk.
  EXPECT_EQ(std::filesystem::exists(folder_ / "small/log"), small.mounted());
  if (small.mounted()) {
    EXPECT_EQ(std::filesystem::file_size(folder_ / "small/log"), 0u);
  }
}

TEST_F(FileTest, MaxLogStopsTheRecording) {
  const std::string said = Run("log=log:timing=off:max_log=512k", kMany);
  EXPECT_EQ(said,
            "lockcheck: recording stopped: the log has reached max_log; the "
            "program goes on, " +
                (folder_ / "log") + " keeps what was recorded\n");
  ExpectBeginning(folder_ / "log", log::StopReason::kMaxLog);
  EXPECT_LE(std::filesystem::file_size(folder_ / "log"), 512u * 1024);
}

// ---- A ring -----------------------------------------------------------------
TEST_F(FileTest, ARingKeepsTheLastEventsAndAllNames) {
  for (const char* more : {"timing=off", "timing=full", "hot=memory"}) {
    EXPECT_EQ(Run("log=log:ring=512k:" + std::string(more), kMany), "");
    // The ring itself and each thread's own block.
    EXPECT_LE(std::filesystem::file_size(folder_ / "log"),
              (512u + 4 * 64) * 1024);
    const auto recording = OpenLog(folder_ / "log");
    ASSERT_NE(recording, nullptr);
    EXPECT_EQ(recording->dropped, 0u);
    std::vector<std::string> names;
    for (const log::Object& object : recording->objects) {
      names.push_back(object.name);
    }
    EXPECT_THAT(names, UnorderedElementsAre("first", "x", "y", "last"));
    ASSERT_THAT(recording->processes, SizeIs(1));
    EXPECT_TRUE(recording->processes[0].exited);
    EXPECT_THAT(recording->processes[0].program, EndsWith("file_program"));
    const std::vector<std::string> expected = Expected(kMany);
    size_t most = 0;
    for (size_t i = 0; i < recording->actors.size(); ++i) {
      const auto locked = Locked(*recording, static_cast<log::ActorIndex>(i));
      most = std::max(most, locked.size());
      if (locked.size() < 2) continue;
      EXPECT_TRUE(
          std::equal(locked.rbegin(), locked.rend(), expected.rbegin()));
    }
    EXPECT_GT(most, 30'000u);
  }
}

TEST_F(FileTest, BlocksInMemoryAreWrittenOutAtTheEnd) {
  EXPECT_EQ(Run("log=log:hot=memory", kMany), "");
  ExpectAll(folder_ / "log", kMany);
  EXPECT_TRUE(OpenLog(folder_ / "log")->volatile_hot);
}

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

// ---- Options ----------------------------------------------------------------
TEST_F(FileTest, AnUnknownOptionIsAWarningWithTheNearestName) {
  EXPECT_EQ(Run("lgo=log"),
            "lockcheck: LOCKCHECK_OPTIONS: unknown key \"lgo\" is ignored; did "
            "you mean \"log\"?\n");
  EXPECT_EQ(Run("timeing=full:log=log"),
            "lockcheck: LOCKCHECK_OPTIONS: unknown key \"timeing\" is ignored; "
            "did you mean \"timing\"?\n");
  EXPECT_EQ(Run(":::=:"),
            "lockcheck: LOCKCHECK_OPTIONS: \"=\" is ignored: there is no key "
            "before the =\n");
  EXPECT_EQ(Run("something_else"),
            "lockcheck: LOCKCHECK_OPTIONS: unknown key \"something_else\" is "
            "ignored; help=1 lists the keys\n");
  ExpectAll(folder_ / "log");
}

// Every name that is taken is suggested for what is one slip away from it.
TEST_F(FileTest, TheNearestNameIsSuggestedForEveryKeyAndValue) {
  const auto slips = [](const std::string& name) {
    std::string swapped = name;
    std::swap(swapped[0], swapped[1]);
    return std::vector<std::string>{name.substr(1), name + name.back(),
                                    "x" + name, swapped};
  };
  for (const char* key :
       {"log", "mode", "timing", "max_log", "ring", "hot", "help"}) {
    for (const std::string& slip : slips(key)) {
      EXPECT_EQ(Run(slip + "=1"),
                "lockcheck: LOCKCHECK_OPTIONS: unknown key \"" + slip +
                    "\" is ignored; did you mean \"" + key + "\"?\n");
    }
  }
  for (const auto& [key, values, value] :
       {std::array{"mode", "off|record|live", "off"},
        std::array{"mode", "off|record|live", "record"},
        std::array{"timing", "sampled|full|off", "sampled"},
        std::array{"timing", "sampled|full|off", "full"},
        std::array{"timing", "sampled|full|off", "off"},
        std::array{"hot", "file|memory", "file"},
        std::array{"hot", "file|memory", "memory"}}) {
    for (const std::string& slip : slips(value)) {
      EXPECT_EQ(Run(std::string(key) + "=" + slip),
                "lockcheck: LOCKCHECK_OPTIONS: " + std::string(key) + "=" +
                    slip + " is ignored; it takes " + values +
                    "; did you mean \"" + value + "\"?\n");
    }
  }
  // "on" is as far from "off" as two letters can be.
  EXPECT_EQ(Run("mode=on"),
            "lockcheck: LOCKCHECK_OPTIONS: mode=on is ignored; it takes "
            "off|record|live\n");
  EXPECT_THAT(Files(), IsEmpty());
}

// A bad value leaves what was said before.
TEST_F(FileTest, ABadValueChangesNothing) {
  Run("log=log:mode=recrod");
  ExpectAll(folder_ / "log");
  Run("log=log:log=");
  ExpectAll(folder_ / "log");
  const std::string said = Run("log=log:log=" + std::string(5000, 'x'));
  EXPECT_THAT(said, EndsWith("xxx... is ignored; it takes PATH\n"));
  ExpectAll(folder_ / "log");
  Run("log=log:hot=file:hot=memori");
  EXPECT_FALSE(OpenLog(folder_ / "log")->volatile_hot);
}

TEST_F(FileTest, ABadValueIsAWarningThatSaysWhatIsTaken) {
  EXPECT_EQ(Run("timing=sometimes:log=log"),
            "lockcheck: LOCKCHECK_OPTIONS: timing=sometimes is ignored; it "
            "takes sampled|full|off\n");
  ExpectAll(folder_ / "log");
  for (const char* size : {"", "0", "k", "12x", "12kk", "-1",
                           "99999999999999999999", "9999999999G"}) {
    EXPECT_EQ(Run("log=log:max_log=" + std::string(size)),
              "lockcheck: LOCKCHECK_OPTIONS: max_log=" + std::string(size) +
                  " is ignored; it takes SIZE\n");
    ExpectAll(folder_ / "log");
  }
  EXPECT_EQ(Run("log="),
            "lockcheck: LOCKCHECK_OPTIONS: log= is ignored; it takes PATH\n");
}

TEST_F(FileTest, HelpMayBeRefused) {
  EXPECT_EQ(Run("help=0"), "");
  EXPECT_EQ(Run("help=yes"),
            "lockcheck: LOCKCHECK_OPTIONS: help=yes is ignored; it takes "
            "0|1\n");
}

TEST_F(FileTest, HelpListsEveryKey) {
  const std::string said = Run("help=1");
  for (const char* key : {"log=PATH", "mode=off|record", "timing=", "max_log=",
                          "ring=", "hot=file|memory", "help=0|1"}) {
    EXPECT_THAT(said, HasSubstr("lockcheck:   " + std::string(key)));
  }
  EXPECT_THAT(Files(), IsEmpty());
}

}  // namespace
}  // namespace lockcheck::testing

// Where there is no room for the log, the recording stops and the program goes
// on; a ring needs little room, and blocks in memory none before the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"
#include "tests/runtime/file_test.h"

namespace lockcheck::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

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

}  // namespace
}  // namespace lockcheck::testing

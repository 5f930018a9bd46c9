// Programs close descriptors that they did not open, and the kernel gives the
// log's number to the next file. That file is the user's: not a byte of it may
// change, and the recording goes on if the log can still be found.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::EndsWith;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr size_t kSections = 100'000;
constexpr size_t kUserBytes = 1 << 20;

// The parameter is the value of `hot`.
class DescriptorTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::string log() const { return folder_ / "log"; }
  std::string user() const { return folder_ / "user"; }

  // Returns what was said on stderr.
  std::string Run(const std::string& scenario) {
    Child child("descriptor_program", {scenario, log(), user()});
    child.Options("log=" + log() + ":timing=off:hot=" + GetParam());
    const Finished finished = child.Run();
    EXPECT_EQ(finished.exit_status(), 0) << finished;
    return finished.err;
  }

  static void ExpectUntouched(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)),
                            std::istreambuf_iterator<char>());
    EXPECT_EQ(bytes.size(), kUserBytes);
    EXPECT_EQ(std::count(bytes.begin(), bytes.end(), 'U'),
              static_cast<ptrdiff_t>(bytes.size()));
  }

  static size_t Acquired(const log::Recording& recording) {
    size_t acquired = 0;
    for (size_t i = 0; i < recording.actors.size(); ++i) {
      const EventReader reader =
          ReadEvents(recording, static_cast<log::ActorIndex>(i));
      EXPECT_THAT(reader.complaints, IsEmpty());
      acquired += static_cast<size_t>(std::count_if(
          reader.events.begin(), reader.events.end(),
          [](const Event& e) { return e.what == What::kAcquired; }));
    }
    return acquired;
  }
  void ExpectWholeLog(size_t acquired) const {
    const auto recording = OpenLog(log());
    ASSERT_NE(recording, nullptr);
    EXPECT_TRUE(recording->complete);
    EXPECT_THAT(recording->warnings, IsEmpty());
    EXPECT_EQ(Acquired(*recording), acquired);
  }

  Folder folder_;
};

TEST_P(DescriptorTest, AFileThatGetsTheLogsNumberIsLeftAlone) {
  EXPECT_EQ(Run("taken_over"), "");
  ExpectUntouched(user());
  ExpectWholeLog(kSections + 3);
}

TEST_P(DescriptorTest, AClosedDescriptorIsOpenedAgain) {
  EXPECT_EQ(Run("closed"), "");
  ExpectWholeLog(kSections + 3);
}

TEST_P(DescriptorTest, AForkedChildLeavesTheFileAloneToo) {
  EXPECT_EQ(Run("taken_over_in_child"), "");
  ExpectUntouched(user());
  ExpectWholeLog(1 + 2 * (kSections + 2));
}

TEST_P(DescriptorTest, ADeletedLogEndsTheRecordingWithOneLine) {
  EXPECT_EQ(Run("deleted"),
            "lockcheck: recording stopped: the log's descriptor was closed, "
            "and " +
                log() +
                " cannot be opened again: No such file or directory; the "
                "program goes on\n");
  ExpectUntouched(user());
  EXPECT_FALSE(std::filesystem::exists(log()));
}

// Nothing is written before the end if blocks are in memory.
TEST(Descriptor, AnExitThatFindsNoLogSaysSo) {
  const Folder folder;
  const std::string log = folder / "log";
  Child child("descriptor_program", {"deleted_few", log, folder / "user"});
  child.Options("log=" + log + ":hot=memory");
  const Finished finished = child.Run();
  EXPECT_EQ(finished.exit_status(), 0) << finished;
  EXPECT_THAT(finished.err, StartsWith("lockcheck: recording stopped: "));
}

// The start of such a thread is not in the log, so nothing it did may be: it
// would look as if nothing ordered it.
TEST_P(DescriptorTest, AThreadThatStartsAfterTheLossIsNotRecorded) {
  EXPECT_THAT(Run("moved"), HasSubstr("cannot be opened again"));
  const auto recording = OpenLog(log() + ".moved");
  ASSERT_NE(recording, nullptr);
  EXPECT_FALSE(recording->complete);
  size_t started = 0;
  for (const log::Actor& actor : recording->actors) {
    started += actor.begun && actor.how == log::BeginHow::kStarted;
  }
  EXPECT_EQ(started, GetParam() == std::string("file") ? 1u : 0u);
}

TEST_P(DescriptorTest, AForeignFileOfTheLogsNameIsLeftAlone) {
  EXPECT_EQ(Run("replaced"),
            "lockcheck: recording stopped: the log's descriptor was closed, "
            "and " +
                log() + " is another file now; the program goes on\n");
  ExpectUntouched(log());
}

TEST_P(DescriptorTest, WhoeverReadsStandardErrorMayBeGone) {
  EXPECT_EQ(Run("nobody_reads"), "");
  const Finished live = Child("descriptor_program", {"nobody_reads", "-", "-"})
                            .Options("mode=live")
                            .Run();
  EXPECT_EQ(live.exit_status(), 0) << live;
}

TEST_P(DescriptorTest, AChildThatLosesTheLogDoesNotStopItsParent) {
  EXPECT_THAT(Run("deleted_in_child"),
              AllOf(StartsWith("lockcheck: recording stopped: "),
                    EndsWith("the program goes on\n")));
  ExpectUntouched(user());
}

TEST_P(DescriptorTest, TheLogStaysTakenWhenItsDescriptorIsClosed) {
  int input[2];
  ASSERT_EQ(pipe(input), 0);
  Child other("descriptor_program", {"wait_after_closing", log(), user()});
  other.Options("log=" + log() + ":hot=" + GetParam()).Before([&] {
    dup2(input[0], STDIN_FILENO);
    close(input[0]);
    close(input[1]);
  });
  other.Start();
  while (other.Said().empty()) sched_yield();
  EXPECT_THAT(Run("closed"), HasSubstr("another program is recording into"));
  close(input[0]);
  close(input[1]);
  const Finished finished = other.Wait();
  EXPECT_EQ(finished.exit_status(), 0) << finished;
  ExpectWholeLog(kSections + 3);
}

INSTANTIATE_TEST_SUITE_P(Hot, DescriptorTest,
                         ::testing::Values("file", "memory"),
                         [](const auto& info) { return info.param; });

// Low numbers are the program's: select() takes none above 1023, and whoever
// closes descriptors begins at 3.
TEST(Descriptor, IsAHighNumber) {
  const Folder folder;
  const std::string log = folder / "log";
  int input[2];
  ASSERT_EQ(pipe(input), 0);
  Child child("file_program", {"10", "wait"});
  child.Options("log=" + log).Before([&] {
    dup2(input[0], STDIN_FILENO);
    close(input[0]);
    close(input[1]);
  });
  child.Start();
  while (child.Said().empty()) sched_yield();
  std::vector<int> numbers;
  for (const auto& entry : std::filesystem::directory_iterator(
           "/proc/" + std::to_string(child.pid()) + "/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) == log) {
      numbers.push_back(std::stoi(entry.path().filename()));
    }
  }
  EXPECT_THAT(numbers, AllOf(SizeIs(1), Each(Gt(100))));
  close(input[0]);
  close(input[1]);
  child.Wait();
}

}  // namespace
}  // namespace lockcheck::testing

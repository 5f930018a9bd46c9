// Files that are no log, or none that this reader understands: each is refused
// with a message that says why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "lib/log/recording.h"
#include "tests/log/log_builder.h"
#include "tests/log/small_log.h"

namespace lockcheck::log {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LogBuilder;
using ::testing::Not;

absl::Status StatusOf(const std::string& bytes) {
  return Recording::OpenBytes("test.log", bytes).status();
}

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

TEST(RefusedLogTest, AMissingFileIsNotFoundAndSaysWhereLogsGo) {
  const auto status = Recording::Open("/no/such/file.log").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(status),
              AllOf(HasSubstr("/no/such/file.log"), HasSubstr("log=")));
}

TEST(RefusedLogTest, ADirectoryAndADeviceAreNoLogs) {
  for (const char* path : {"/", "/dev/null"}) {
    const auto status = Recording::Open(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(status),
                AllOf(HasSubstr(path), HasSubstr("not a lockcheck log")));
  }
}

TEST(RefusedLogTest, ANamedPipeIsRefusedAndNotWaitedFor) {
  const std::string path = ::testing::TempDir() + "/refused_log_test.pipe." +
                           std::to_string(getpid());
  std::remove(path.c_str());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(Recording::Open(path).status().code(),
            absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(std::remove(path.c_str()), 0);
}

TEST(RefusedLogTest, AnEmptyFileSaysThatItIsEmpty) {
  const std::string path = ::testing::TempDir() + "/refused_log_test.empty." +
                           std::to_string(getpid());
  std::ofstream(path).flush();
  const auto status = Recording::Open(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status), AllOf(HasSubstr(path), HasSubstr("empty")));
  ASSERT_EQ(std::remove(path.c_str()), 0);
}

TEST(RefusedLogTest, TextAndForeignFilesAreNoLogs) {
  for (const std::string& bytes :
       {std::string("hello\n"), std::string(200'000, 'x'),
        std::string(200'000, '\0'),
        std::string("\x7f"
                    "ELF\x02\x01\x01"),
        std::string("LOCKCHK ")}) {
    const auto status = StatusOf(bytes);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(status), HasSubstr("not a lockcheck log"));
    EXPECT_THAT(Message(status), Not(HasSubstr("\n")));
  }
}

TEST(RefusedLogTest, ANewerFormatNamesBothVersionsAndTheMend) {
  LogBuilder b;
  b.MajorVersion(kMajorVersion + 6).Process(1).Actor(1, BeginHow::kMain);
  const auto status = StatusOf(b.bytes());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(Message(status),
              AllOf(HasSubstr("test.log"), HasSubstr("version 8"),
                    HasSubstr("version 2"), HasSubstr("newer lockcheck")));
}

TEST(RefusedLogTest, AFileCutWithinItsHeaderSaysSo) {
  const std::string log = SmallLog(false);
  for (size_t size = 1; size < sizeof(FileHeader); ++size) {
    const auto status = StatusOf(log.substr(0, size));
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << size;
    ASSERT_THAT(Message(status), HasSubstr("cut within its header")) << size;
  }
}

TEST(RefusedLogTest, AnotherBlockSizeIsADamagedHeader) {
  LogBuilder b;
  b.Process(1).Actor(1, BeginHow::kMain);
  b.CorruptByte(offsetof(FileHeader, block_size));
  EXPECT_THAT(Message(StatusOf(b.bytes())), HasSubstr("damaged header"));
}

TEST(RefusedLogTest, AHeaderAloneIsARecordingOfNothing) {
  const std::string log = SmallLog(false);
  for (const size_t size : {sizeof(FileHeader), kBlockSize}) {
    const auto r = Read(log.substr(0, size));
    EXPECT_THAT(r->actors, IsEmpty());
    EXPECT_FALSE(r->complete);
    EXPECT_THAT(r->warnings, ElementsAre(HasSubstr("were claimed"),
                                         HasSubstr("no process")));
  }
}

}  // namespace
}  // namespace lockcheck::log

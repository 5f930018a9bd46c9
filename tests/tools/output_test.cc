// Output arrives whole, whatever stands behind the stream.
#include "tools/lockcheck/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "fmt/format.h"

namespace lockcheck::tools {
namespace {

namespace fs = std::filesystem;

// Standard output is the write end of a pipe while this lives.
class PipedStandardOutput {
 public:
  explicit PipedStandardOutput(int flags) {
    EXPECT_EQ(pipe2(ends_, O_CLOEXEC | flags), 0);
    fcntl(ends_[0], F_SETFL, 0);
    saved_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(ends_[1], STDOUT_FILENO);
    close(ends_[1]);
  }
  ~PipedStandardOutput() { close(ends_[0]); }

  void Close() {
    dup2(saved_, STDOUT_FILENO);
    close(saved_);
  }
  std::string ReadAll() {
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = read(ends_[0], buffer, sizeof(buffer))) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }

 private:
  int ends_[2] = {-1, -1};
  int saved_ = -1;
};

// A shell or a terminal program may leave its pipe in that mode.
TEST(OutputTest, APipeThatDoesNotBlockGetsEverything) {
  const std::string text(1 << 20, 'x');  // more than a pipe holds
  PipedStandardOutput out(O_NONBLOCK);
  std::string got;
  std::thread reader([&] { got = out.ReadAll(); });
  const absl::Status status = WriteToStandardOutput(text);
  out.Close();
  reader.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(got.size(), text.size());
}

// A path or a name from a log may hold anything.
TEST(OutputTest, AComplaintIsOneLineOfPrintableText) {
  ::testing::internal::CaptureStderr();
  Complain(
      "a\nb\x9b"
      "31m: cannot read");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "lockcheck: a\\x0ab\\x9b31m: cannot read\n");
}

class ReplaceFileTest : public ::testing::Test {
 protected:
  ReplaceFileTest() {
    std::string folder = ::testing::TempDir() + "/replace.XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  ~ReplaceFileTest() override { fs::remove_all(folder_); }
  static std::string Read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  void ExpectOnly(const std::set<std::string>& names) {
    std::set<std::string> there;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      there.insert(entry.path().filename());
    }
    EXPECT_EQ(there, names);
  }

  fs::path folder_;
};

TEST_F(ReplaceFileTest, WhoHasTheOldFileOpenKeepsTheOldText) {
  std::ofstream(folder_ / "known") << "old";
  fs::permissions(folder_ / "known", fs::perms(0640));
  std::ifstream reader(folder_ / "known");
  EXPECT_TRUE(ReplaceFile(folder_ / "known", "new").ok());
  std::string word;
  reader >> word;
  EXPECT_EQ(word, "old");
  EXPECT_EQ(Read(folder_ / "known"), "new");
  EXPECT_EQ(fs::status(folder_ / "known").permissions(), fs::perms(0640));
  ExpectOnly({"known"});
}

TEST_F(ReplaceFileTest, ALinkStaysALink) {
  std::ofstream(folder_ / "known") << "old";
  fs::create_symlink("known", folder_ / "link");
  EXPECT_TRUE(ReplaceFile(folder_ / "link", "new").ok());
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(Read(folder_ / "known"), "new");
  fs::create_symlink("not yet", folder_ / "to nothing");
  EXPECT_TRUE(ReplaceFile(folder_ / "to nothing", "new").ok());
  EXPECT_EQ(Read(folder_ / "not yet"), "new");
}

TEST_F(ReplaceFileTest, AFileWithoutANameIsWrittenInto) {
  const int fd = memfd_create("known", MFD_CLOEXEC);
  const std::string path = fmt::format("/proc/{}/fd/{}", getpid(), fd);
  for (const std::string text : {"longer", "new", ""}) {
    EXPECT_TRUE(ReplaceFile(path, text).ok());
    EXPECT_EQ(Read(path), text);
  }
  close(fd);
}

TEST_F(ReplaceFileTest, WhatCannotBeWrittenIsNamed) {
  const std::string path = folder_ / "no" / "known";
  EXPECT_EQ(ReplaceFile(path, "new").message(),
            path + ": cannot write: No such file or directory");
  EXPECT_EQ(ReplaceFile("/dev/full", "new").message(),
            "/dev/full: cannot write: No space left on device");
  EXPECT_FALSE(ReplaceFile(folder_, "new").ok());
  ExpectOnly({});
}

}  // namespace
}  // namespace lockcheck::tools

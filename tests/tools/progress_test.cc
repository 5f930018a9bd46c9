// The progress bar, seen through a pseudo terminal: drawn there and nowhere
// else, one line, erased at the end.
#include "tools/lockcheck/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#define LOCKCHECK_TESTS_BANK_BODIES
#include "tests/tools/bank_log.h"
#include "tools/lockcheck/pipeline.h"

namespace lockcheck::tools {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::string_view kErase = "\r\033[K";

class Terminal {
 public:
  explicit Terminal(unsigned short columns) {
    winsize size{};
    size.ws_col = columns;
    size.ws_row = 24;
    EXPECT_EQ(openpty(&master_, &slave_, nullptr, nullptr, &size), 0);
    termios raw;
    tcgetattr(slave_, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave_, TCSANOW, &raw);
    setenv("TERM", "xterm", 1);
  }
  ~Terminal() {
    close(master_);
    close(slave_);
  }

  ProgressOptions AtOnce() const {
    return {.fd = slave_, .after = milliseconds(0), .every = milliseconds(1)};
  }
  // Reads until `text` has been drawn. The test fails if it never is.
  void ReadUntil(std::string_view text) {
    while (drawn_.find(text) == drawn_.npos) {
      pollfd wait{.fd = master_, .events = POLLIN, .revents = 0};
      if (poll(&wait, 1, 60'000) != 1) {
        ADD_FAILURE() << "never drawn: " << text << "; only " << drawn_;
        return;
      }
      ReadSome();
    }
  }
  // All that has been drawn so far. What is written to a pseudo terminal
  // arrives some time later, so a mark is sent behind it.
  std::string drawn() {
    constexpr std::string_view kMark = "<that is all>";
    EXPECT_EQ(write(slave_, kMark.data(), kMark.size()), kMark.size());
    ReadUntil(kMark);
    drawn_.resize(drawn_.find(kMark));
    return drawn_;
  }

 private:
  void ReadSome() {
    char buffer[4096];
    const ssize_t n = read(master_, buffer, sizeof(buffer));
    if (n > 0) drawn_.append(buffer, static_cast<size_t>(n));
  }

  int master_ = -1, slave_ = -1;
  std::string drawn_;
};

TEST(ProgressTest, DrawsTheStageAndItsFractionAndErasesItself) {
  Terminal terminal(100);
  {
    Progress progress("run.log", terminal.AtOnce());
    terminal.ReadUntil("reading run.log, ");
    progress.Stage("scanning");
    progress.Show(0.5);
    terminal.ReadUntil(
        "[###############               ]  50%  scanning run.log");
    progress.Show(7);
    terminal.ReadUntil("100%");
    progress.Stage("reading symbols for");
    terminal.ReadUntil("reading symbols for run.log, ");
  }
  EXPECT_THAT(terminal.drawn(), AllOf(StartsWith(kErase), EndsWith(kErase)));
}

TEST(ProgressTest, ALineNeverReachesTheEdge) {
  constexpr size_t kColumns = 40;
  Terminal terminal(kColumns);
  {
    Progress progress("a/folder/with/a/name/that/is/long/run.log",
                      terminal.AtOnce());
    progress.Stage("scanning");
    progress.Show(0.25);
    terminal.ReadUntil("run.log");
  }
  const std::string drawn = terminal.drawn();
  std::string_view text = drawn;
  while (!text.empty()) {
    text.remove_prefix(kErase.size());
    const size_t width = std::min(text.find(kErase), text.size());
    EXPECT_LT(width, kColumns);
    text.remove_prefix(width);
  }
}

TEST(ProgressTest, ANameCannotMoveTheCursor) {
  Terminal terminal(100);
  Progress progress("a\nb\033[2J.log", terminal.AtOnce());
  terminal.ReadUntil("a\\x0ab\\x1b[2J.log");
}

TEST(ProgressTest, NothingIsDrawnBeforeItsTime) {
  Terminal terminal(100);
  {
    ProgressOptions options = terminal.AtOnce();
    options.after = std::chrono::hours(1);
    Progress progress("run.log", options);
    progress.Show(0.5);
  }
  EXPECT_THAT(terminal.drawn(), IsEmpty());
}

TEST(ProgressTest, ATerminalThatCannotEraseALineGetsNothing) {
  Terminal terminal(100);
  setenv("TERM", "dumb", 1);
  { Progress progress("run.log", terminal.AtOnce()); }
  EXPECT_THAT(terminal.drawn(), IsEmpty());
}

TEST(ProgressTest, APipeGetsNothing) {
  setenv("TERM", "xterm", 1);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  {
    Progress progress("run.log", {.fd = ends[1], .after = milliseconds(0)});
    progress.Show(0.5);
  }
  close(ends[1]);
  char byte;
  EXPECT_EQ(read(ends[0], &byte, 1), 0);
  close(ends[0]);
}

TEST(ProgressTest, AnAnalysisLeavesNothingBehind) {
  const std::string path = ::testing::TempDir() + "/progress_test." +
                           std::to_string(getpid()) + ".log";
  bank::Abba().Write(path);
  Terminal terminal(100);
  {
    Progress progress("run.log", terminal.AtOnce());
    terminal.ReadUntil("run.log");
    const auto report = ReportOf(path, Options(), progress);
    ASSERT_TRUE(report.ok()) << report.status();
    terminal.ReadUntil("reading symbols for run.log");
  }
  std::remove(path.c_str());
  EXPECT_THAT(terminal.drawn(), EndsWith(kErase));
}

}  // namespace
}  // namespace lockcheck::tools

// What a person at a terminal sees, through a pseudo terminal: no line of a
// table is wider than it, and a pipe gets them whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <thread>

#define LOCKCHECK_TESTS_BANK_BODIES
#include "tests/tools/bank_log.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TerminalTest : public ::testing::Test {
 protected:
  TerminalTest()
      : path_(::testing::TempDir() + "terminal." + std::to_string(getpid()) +
              ".log") {
    unsetenv("COLUMNS");
    bank::Contended().Write(path_);
  }
  ~TerminalTest() override {
    unsetenv("COLUMNS");
    std::remove(path_.c_str());
  }

  // The report's tables on a terminal of so many columns.
  std::string OnTerminal(unsigned short columns) {
    winsize size{};
    size.ws_col = columns;
    size.ws_row = 24;
    int master = -1, slave = -1;
    EXPECT_EQ(openpty(&master, &slave, nullptr, nullptr, &size), 0);
    termios raw;
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    const std::string name = ttyname(slave);
    std::string shown;
    std::thread reader([&] {
      char buffer[4096];
      for (ssize_t n; (n = read(master, buffer, sizeof(buffer))) > 0;) {
        shown.append(buffer, static_cast<size_t>(n));
      }
    });
    RunCommand({"analyze", path_, "--color", "never"}, "> " + name);
    close(slave);  // the last one: the reader sees the end
    reader.join();
    close(master);
    return Tables(shown);
  }
  std::string InAPipe() { return Tables(RunCommand({"analyze", path_}).out); }

  static std::string Tables(const std::string& report) {
    return report.substr(std::min(report.find("LOCKS"), report.size()));
  }
  static size_t Widest(const std::string& text) {
    std::istringstream lines(text);
    size_t widest = 0;
    for (std::string line; std::getline(lines, line);) {
      widest = std::max(widest, line.size());
    }
    return widest;
  }

  std::string path_;
};

TEST_F(TerminalTest, TablesAreNoWiderThanTheTerminal) {
  for (const unsigned short columns : {72, 80, 100}) {
    const std::string tables = OnTerminal(columns);
    EXPECT_LE(Widest(tables), columns) << tables;
    EXPECT_THAT(tables, HasSubstr("suffered"));
    EXPECT_THAT(tables, HasSubstr("max"));
  }
}

TEST_F(TerminalTest, WhatFitsOrGoesIntoAPipeIsWhole) {
  const std::string whole = InAPipe();
  ASSERT_GT(Widest(whole), 80u);
  EXPECT_EQ(OnTerminal(400), whole);
  EXPECT_EQ(OnTerminal(0), whole);  // a terminal that does not say
  EXPECT_THAT(OnTerminal(80), Not(HasSubstr("hand-overs")));
}

TEST_F(TerminalTest, ColumnsSaysItInstead) {
  setenv("COLUMNS", "400", 1);
  EXPECT_EQ(OnTerminal(80), InAPipe());
  setenv("COLUMNS", "wide", 1);
  EXPECT_LE(Widest(OnTerminal(80)), 80u);
}

}  // namespace
}  // namespace lockcheck::tools::testing

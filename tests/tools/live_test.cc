// The command beside a program under full load, in which nobody ever is stuck.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "tests/rounds.h"
#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kLocks[] = {"gate", "a", "b", "c", "d"};

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

class LiveTest : public ::testing::Test {
 protected:
  // Returns when all threads are under way.
  void Start(const std::string& options) {
    ASSERT_EQ(mkfifo(fifo_.c_str(), 0600), 0);
    busy_.Options("log=" + log_ + ":" + options).Start();
    const int fifo = open(fifo_.c_str(), O_RDONLY);
    char byte;
    ASSERT_EQ(read(fifo, &byte, 1), 0);
    close(fifo);
  }

  lockcheck::testing::Folder folder_;
  const std::string log_ = folder_ / "busy.log", fifo_ = folder_ / "ready";
  lockcheck::testing::Child busy_{"busy_program", {fifo_}};
};

TEST_F(LiveTest, NobodyIsStuckAndNoLockIsHeldTwice) {
  Start("ring=4M");
  // The program has two minutes.
  for (int round = 0; round < std::min(tests::Rounds(40), 200); ++round) {
    const Ran ran = RunCommand({"status", std::to_string(busy_.pid())});
    ASSERT_EQ(ran.status, 0) << ran.err;
    ASSERT_THAT(ran.out, HasSubstr(", 0 stuck\n")) << ran.out;
    for (const char* lock : kLocks) {
      ASSERT_LE(Count(ran.out, std::string("holds  ") + lock + " "), 1u)
          << ran.out;
    }
  }
}

TEST_F(LiveTest, AnalyzeFindsNoDeadlockThatHappened) {
  Start("ring=4M");
  for (int round = 0; round < tests::Rounds(5); ++round) {
    const Ran ran = RunCommand({"analyze", log_});
    ASSERT_THAT(ran.out, Not(HasSubstr("actual deadlock"))) << ran.out;
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  }
}

}  // namespace
}  // namespace lockcheck::tools::testing

// Programs of tests/programs that tell a story of a few threads, by its name:
// what the command finds in its log, what mode=live says; and how to see that a
// story has come to stand, each thread of it asleep in a wait.
#ifndef LOCKCHECK_TESTS_TOOLS_STORIES_H_
#define LOCKCHECK_TESTS_TOOLS_STORIES_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {

// False too if a thread has ended meanwhile.
inline bool AllThreadsSleep(pid_t pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
    std::ifstream status(task.path() / "stat");
    std::string word;
    for (int i = 0; i < 3; ++i) status >> word;  // id, (name), state
    if (word != "S") return false;
  }
  return !error;
}

// Returns when the child has said that it is about to stand, and stands; or has
// ended.
inline void UntilItStands(const lockcheck::testing::Child& child) {
  while (!child.HasEnded() &&
         (child.Said().empty() || !AllThreadsSleep(child.pid()))) {
    sched_yield();
  }
}

class StoriesTest : public ::testing::Test {
 protected:
  explicit StoriesTest(const char* program) : program_(program) {}
  ~StoriesTest() override { std::remove(log_.c_str()); }

  lockcheck::testing::Finished Recorded(const std::string& story) {
    return lockcheck::testing::Child(program_, {story})
        .Options("log=" + log_)
        .Run();
  }
  Ran Analyze() {
    return RunCommand({"analyze", "--fail-on", "deadlock,misuse,hazard", log_});
  }
  // Lets the story come to its end, and analyzes its log.
  Ran Analyzed(const std::string& story) {
    const lockcheck::testing::Finished f = Recorded(story);
    EXPECT_TRUE(f.Succeeded()) << story << f;
    EXPECT_EQ(f.out + f.err, "") << story << f;
    return Analyze();
  }
  std::string SaidLive(const std::string& story) {
    const lockcheck::testing::Finished f =
        lockcheck::testing::Child(program_, {story})
            .Options("mode=live:command=" LOCKCHECK_COMMAND)
            .Run();
    EXPECT_TRUE(f.Succeeded()) << story << f;
    return f.err;
  }
  void ExpectSilent(const std::string& story) {
    using ::testing::HasSubstr;
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_THAT(ran.out, ::testing::Not(HasSubstr("WAITS AT"))) << story;
    EXPECT_EQ(SaidLive(story), "") << story;
  }
  void ExpectPossible(const std::string& story) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 1) << story << ran.out << ran.err;
    EXPECT_THAT(ran.out, ::testing::HasSubstr("1 possible deadlock")) << story;
  }
  void ExpectPossibleLiveToo(const std::string& story) {
    ExpectPossible(story);
    EXPECT_THAT(SaidLive(story), ::testing::HasSubstr("POSSIBLE DEADLOCK"))
        << story;
  }

  const char* const program_;
  const std::string log_ =
      ::testing::TempDir() + program_ + "." + std::to_string(getpid());
};

}  // namespace lockcheck::tools::testing

#endif  // LOCKCHECK_TESTS_TOOLS_STORIES_H_

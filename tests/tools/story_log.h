// Tests of what the log of a program that tells stories says.
#ifndef LOCKCHECK_TESTS_TOOLS_STORY_LOG_H_
#define LOCKCHECK_TESTS_TOOLS_STORY_LOG_H_

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {

// Whether all threads of the process sleep.
inline bool IsAsleep(pid_t pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator(tasks, ignored)) {
    std::ifstream status(task.path() / "stat");
    std::string line;
    std::getline(status, line);
    const size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) return false;
    if (line.compare(name_end, 3, ") S") != 0) return false;
  }
  return true;
}

class StoryTest : public ::testing::Test {
 protected:
  using Finished = lockcheck::testing::Finished;
  using Child = lockcheck::testing::Child;

  explicit StoryTest(std::string program)
      : program_(std::move(program)),
        log_(::testing::TempDir() + program_ + "." + std::to_string(getpid())) {
  }
  ~StoryTest() override { std::remove(log_.c_str()); }

  Finished Run(const std::string& story, const std::string& options) {
    const Finished f = Child(program_, {story}).Options(options).Run();
    EXPECT_TRUE(f.Succeeded()) << f;
    return f;
  }
  // Of a story that says something before it waits for ever: it is killed when
  // all of its threads sleep. Nothing is reported of it until then.
  void RunUntilItWaits(const std::string& story, const std::string& options) {
    Child child(program_, {story});
    child.Options(options).Start();
    while (!child.HasEnded() &&
           (child.Said().empty() || !IsAsleep(child.pid()))) {
      sched_yield();
    }
    child.Signal(SIGKILL);
    const Finished f = child.Wait();
    EXPECT_EQ(f.signal(), SIGKILL) << f;
    EXPECT_EQ(f.err, "") << f;
  }
  Ran Analyze() {
    return RunCommand({"analyze", "--fail-on", "deadlock,misuse,hazard", log_});
  }

  const std::string program_;
  const std::string log_;
};

}  // namespace lockcheck::tools::testing

#endif  // LOCKCHECK_TESTS_TOOLS_STORY_LOG_H_

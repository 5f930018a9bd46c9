// Programs of tests/programs that tell a story of a few threads, by its name:
// what the command finds in its log, what mode=live says.
#ifndef LOCKCHECK_TESTS_TOOLS_STORIES_H_
#define LOCKCHECK_TESTS_TOOLS_STORIES_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"
#include "tests/tools/standing.h"

namespace lockcheck::tools::testing {

class StoriesTest : public ::testing::Test {
 protected:
  explicit StoriesTest(const char* program) : program_(program) {}
  ~StoriesTest() override { std::remove(log_.c_str()); }

  using Child = lockcheck::testing::Child;
  using Finished = lockcheck::testing::Finished;

  Finished Told(const std::string& story, const std::string& options) {
    const Finished f = Child(program_, {story}).Options(options).Run();
    EXPECT_TRUE(f.Succeeded()) << story << f;
    return f;
  }
  Finished Recorded(const std::string& story) {
    return Told(story, "log=" + log_);
  }
  std::string SaidLive(const std::string& story) {
    return Told(story, "mode=live:command=" LOCKCHECK_COMMAND).err;
  }
  // A story that says something before it waits for ever is killed when it
  // stands. Nothing is reported of it until then.
  void RunUntilItStands(const std::string& story, const std::string& options) {
    Child child(program_, {story});
    child.Options(options + ":quiescence=off").Start();
    UntilItStands(child);
    child.Signal(SIGKILL);
    const Finished f = child.Wait();
    EXPECT_EQ(f.signal(), SIGKILL) << f;
    EXPECT_EQ(f.err, "") << f;
  }
  Ran Analyze() {
    return RunCommand({"analyze", "--fail-on", "deadlock,misuse,hazard", log_});
  }
  // Lets the story come to its end, and analyzes its log.
  Ran Analyzed(const std::string& story) {
    const Finished f = Recorded(story);
    EXPECT_EQ(f.out + f.err, "") << story << f;
    return Analyze();
  }
  void ExpectSilent(const std::string& story) {
    using ::testing::HasSubstr;
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
    EXPECT_THAT(ran.out, ::testing::Not(HasSubstr("WAITS AT"))) << story;
    EXPECT_EQ(SaidLive(story), "") << story;
  }
  void ExpectConfirmed(const std::string& story) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 1) << story << ran.out << ran.err;
    EXPECT_THAT(ran.out, ::testing::HasSubstr("1 confirmed deadlock")) << story;
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

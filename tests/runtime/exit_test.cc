// The end of the program: nothing of its own is lost, what was found is said as
// a whole, and with exitcode= is in the status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/count.h"
#include "tests/rounds.h"
#include "tests/runtime/child.h"

namespace lockcheck::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kFails = 66;

// What the program says at its end if the status is that one.
std::string WholeEnd([[maybe_unused]] int status) {
  std::string all = "handler\nstatic object\ndestructor function\n";
#if !defined(__SANITIZE_THREAD__)
  all += "first handler, status " + std::to_string(status) + "\n";
#endif
  return all;
}

// In both modes that see anything.
class ExitTest : public ::testing::TestWithParam<std::string> {
 protected:
#if defined(__SANITIZE_THREAD__)
  // Its end of a program takes a second more, in which others go on.
  ExitTest() {
    const char* const given = getenv("TSAN_OPTIONS");
    const std::string all = given == nullptr ? "" : std::string(given) + ":";
    setenv("TSAN_OPTIONS", (all + "atexit_sleep_ms=0").c_str(), 1);
  }
#endif
  Finished Run(std::vector<std::string> words,
               const std::string& command = "none") {
    return Child("exit_program", std::move(words))
        .Options((GetParam() == "live" ? "mode=live" : "log=" + Log()) +
                 ":exitcode=" + std::to_string(kFails) + ":command=" + command)
        .Run();
  }
  void ExpectEnd(const std::string& scenario, int status) {
    const Finished f = Run({scenario});
    EXPECT_EQ(f.exit_status(), status) << scenario << ": " << f;
    EXPECT_EQ(f.out, WholeEnd(status)) << scenario << ": " << f;
    if (GetParam() == "live") return;
    const auto recording = OpenLog(Log());
    ASSERT_NE(recording, nullptr);
    EXPECT_TRUE(recording->complete) << scenario;
  }
  std::string Log() const { return folder_ / "log"; }
  // A command that says to `begun_` that it has begun, and goes on with that.
  std::string Command(const std::string& rest) {
    mkfifo(begun_.c_str(), 0600);
    mkfifo(under_way_.c_str(), 0600);
    const std::string command = folder_ / "command";
    std::ofstream(command) << "#!/bin/sh\necho go > " << begun_ << "\n"
                           << rest << "\n";
    chmod(command.c_str(), 0700);
    return command;
  }
  // The deadlock of exit_program's two threads.
  static void ExpectNames(const Finished& f) {
    EXPECT_EQ(Count(f.err, "DEADLOCK: 2 threads wait for each other"), 1) << f;
    EXPECT_EQ(Count(f.err, "and waits for \"left\""), 1) << f;
    EXPECT_EQ(Count(f.err, "and waits for \"right\""), 1) << f;
    EXPECT_EQ(Count(f.err, "in this program 1 deadlock happened"), 1) << f;
  }

  Folder folder_;
  const std::string begun_ = folder_ / "begun";
  const std::string under_way_ = folder_ / "under_way";
};

std::string ModeName(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}
INSTANTIATE_TEST_SUITE_P(Modes, ExitTest, ::testing::Values("record", "live"),
                         ModeName);
class OneModeExitTest : public ExitTest {};
INSTANTIATE_TEST_SUITE_P(Modes, OneModeExitTest, ::testing::Values("record"),
                         ModeName);

TEST_P(ExitTest, AllHandlersAndDestructorsRunOnceWhateverTheStatus) {
  ExpectEnd("clean", 0);
  ExpectEnd("misuse", kFails);
  ExpectEnd("failure", 7);
  ExpectEnd("in-thread", kFails);
  ExpectEnd("running-threads", kFails);
}

TEST_P(ExitTest, AStaticObjectsFileIsWritten) {
  const std::string path = folder_ / "file";
  EXPECT_EQ(Run({"file", path}).exit_status(), kFails);
  std::string word;
  std::ifstream(path) >> word;
  EXPECT_EQ(word, "result");
}

TEST_P(ExitTest, WhatIsFoundAtTheEndCounts) {
  ExpectEnd("held-static", kFails);
  ExpectEnd("in-static-destructor", kFails);
  ExpectEnd("in-destructor-function", kFails);
}

TEST(LiveExitTest, ALockOrderOfTheEndIsSaidAndCounted) {
  const Finished f = Child("exit_program", {"order-at-the-end"})
                         .Options("mode=live:exitcode=66:command=none")
                         .Run();
  EXPECT_EQ(f.exit_status(), kFails) << f;
  EXPECT_EQ(f.out, WholeEnd(kFails));
  EXPECT_EQ(Count(f.err, "possible deadlock: "), 1) << f;
  EXPECT_EQ(Count(f.err, "were found 1 time, see above"), 1) << f;
}

TEST_P(ExitTest, OtherEndsStayAsTheyAre) {
  for (const char* scenario : {"quick-exit", "underscore-exit"}) {
    const Finished f = Run({scenario});
    EXPECT_EQ(f.exit_status(), 0) << scenario << ": " << f;
    EXPECT_EQ(f.out, "");
  }
  EXPECT_EQ(Run({"abort"}).signal(), SIGABRT);
  const Finished f = Run({"exec"});
  EXPECT_EQ(f.exit_status(), 0) << f;
  EXPECT_EQ(f.out, WholeEnd(0));
}

TEST_P(ExitTest, AForkedChildHasAnEndOfItsOwn) {
  const Finished child = Run({"child"});
  EXPECT_EQ(child.exit_status(), 0) << child;
  EXPECT_EQ(child.out, WholeEnd(kFails) + "child 66\n" + WholeEnd(0));
  const Finished parent = Run({"parent"});
  EXPECT_EQ(parent.exit_status(), kFails) << parent;
  EXPECT_EQ(parent.out, WholeEnd(0) + "child 0\n" + WholeEnd(kFails));
}

// The command fails when exit() is under way: the thread that waits for it has
// still to say who and where.
TEST_P(ExitTest, AReportThatHasBegunIsNotCutShort) {
  const std::string command = Command("read word < " + under_way_ + "\nexit 1");
  const Finished f = Run({"during-command", begun_, under_way_}, command);
  EXPECT_EQ(f.exit_status(), kFails) << f;
  ExpectNames(f);
}

TEST_P(ExitTest, WhatTheCommandSaysIsWaitedFor) {
  const std::string command = Command("read word < " + under_way_ +
                                      "\necho it said $word >&2\nexit 177");
  const Finished f = Run({"during-command", begun_, under_way_}, command);
  EXPECT_EQ(f.exit_status(), kFails) << f;
  EXPECT_THAT(f.err, HasSubstr("it said go"));
  EXPECT_THAT(f.err, Not(HasSubstr("waits for \"")));
}

TEST_P(OneModeExitTest, ACommandThatDoesNotEndIsNotWaitedForForEver) {
  const std::string command =
      Command("read word < " + under_way_ + "\nexec sleep 1000");
  const Finished f = Run({"during-command", begun_, under_way_}, command);
  EXPECT_EQ(f.exit_status(), kFails) << f;
  ExpectNames(f);
}

// The thread that would go on with the report does not.
TEST_P(ExitTest, AHandlerThatEndsTheProgramSaysTheRest) {
  const Finished f = Run({"in-handler", begun_}, Command("exec sleep 1000"));
  EXPECT_EQ(f.exit_status(), kFails) << f;
  EXPECT_EQ(Count(f.err, "DEADLOCK: a thread waits for itself"), 1) << f;
  EXPECT_EQ(Count(f.err, "and waits for \"self\""), 1) << f;
}

// The two threads and exit() run as they like: all is said and counted, or
// nothing is.
TEST_P(ExitTest, WhatIsSaidCountsAndIsWhole) {
  for (int round = 0; round < tests::Rounds(100); ++round) {
    const Finished f = Run({"lock-up"});
    if (f.exit_status() == 0) {
      ASSERT_EQ(f.err, "") << "round " << round;
      continue;
    }
    ASSERT_EQ(f.exit_status(), kFails) << "round " << round << ": " << f;
    ASSERT_NO_FATAL_FAILURE(ExpectNames(f));
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
}

}  // namespace
}  // namespace lockcheck::testing

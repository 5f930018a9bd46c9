// Locks and joins between processes: one log for all of them, in which what
// happened is actual, what might have happened is possible, and what cannot
// happen is not said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<pid_t> ChildrenOf(pid_t pid) {
  const std::string id = std::to_string(pid);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  for (pid_t child; list >> child;) children.push_back(child);
  return children;
}

bool AllProcessesSleep(pid_t pid) {
  for (const pid_t child : ChildrenOf(pid)) {
    if (!AllProcessesSleep(child)) return false;
  }
  return AllThreadsSleep(pid);
}

class ProcessesTest : public StoriesTest {
 protected:
  ProcessesTest() : StoriesTest("processes_program") {}
  ~ProcessesTest() override { Kill(); }

  // Leaves it so: all of its processes sleep in the waits that do not end.
  void LetHang(const std::string& story, const std::string& options) {
    child_.emplace(program_, std::vector<std::string>{story});
    child_->Options(options).Before([] { setpgid(0, 0); }).Start();
    // Asleep twice: a child that has just been forked may sleep for a page.
    for (int times = 0; times < 2;) {
      ASSERT_FALSE(child_->HasEnded());
      const bool stands =
          !child_->Said().empty() && AllProcessesSleep(child_->pid());
      times = stands ? times + 1 : 0;
      usleep(stands ? 20'000 : 1'000);
    }
  }
  // All of them at once.
  void Kill() {
    if (!child_) return;
    kill(-child_->pid(), SIGKILL);
    child_.reset();
  }
  Ran AnalyzeHung(const std::string& story) {
    LetHang(story, "log=" + log_ + ":quiescence=off");
    Kill();
    return Analyze();
  }
  // What the parent's stderr says is nothing to the log.
  Ran AnalyzedWhateverSaid(const std::string& story) {
    Recorded(story);
    return Analyze();
  }

  std::optional<Child> child_;
};

TEST_F(ProcessesTest, ADeadlockOfTwoIsActualWhenBothAreKilled) {
  const Ran ran = AnalyzeHung("abba-hangs");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("1 actual deadlock"));
  EXPECT_THAT(ran.out, HasSubstr("(one) holds a and waits for b, while A3 "
                                 "(other) holds b and waits for a"));
  const auto pid_and_tid = ::testing::ContainsRegex("pid [0-9]+, tid [0-9]+");
  EXPECT_THAT(ran.out, pid_and_tid);
}

TEST_F(ProcessesTest, AndWhileTheyHangItIsThereToSee) {
  LetHang("abba-hangs", "log=" + log_ + ":quiescence=off");
  const Ran status = RunCommand({"status", log_});
  EXPECT_THAT(status.out, HasSubstr("3 stuck"));
  EXPECT_THAT(status.out, ::testing::ContainsRegex("held by A2 one of pid "));
  const Ran analyzed = Analyze();
  EXPECT_EQ(analyzed.status, 1);
  EXPECT_THAT(analyzed.out, HasSubstr("1 actual deadlock"));
}

TEST_F(ProcessesTest, ADeadlockThatDidNotHappenIsPossible) {
  ExpectPossible("abba-latent");
}

TEST_F(ProcessesTest, SafeOrdersAreSilent) {
  ExpectSilent("abba-safe");
  ExpectSilent("abba-one-after-the-other");
  ExpectSilent("abba-under-a-third");
}

TEST_F(ProcessesTest, LocksOfThreadsMayBePartOfIt) {
  const Ran ran = AnalyzeHung("mixed-hangs");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("1 actual deadlock"));
  EXPECT_THAT(ran.out, HasSubstr("A1 (main) holds mutex and waits for a, A2 "
                                 "(child) holds a and waits for b, while A3"));
  ExpectPossible("mixed-latent");
}

TEST_F(ProcessesTest, AJoinUnderALockThatTheChildNeedsIsADeadlock) {
  const Ran ran = AnalyzeHung("join-hangs");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("1 actual deadlock"));
  EXPECT_THAT(ran.out,
              HasSubstr("A1 (main) holds a and waits for the end of A2 "
                        "(worker), while A2 (worker) waits for a"));
  ExpectPossible("join-latent");
}

TEST_F(ProcessesTest, AJoinUnderAnotherLockIsSilent) {
  ExpectSilent("join-safe");
}

}  // namespace
}  // namespace lockcheck::tools::testing

// suppressions= and baseline= in a plain program: what `lockcheck analyze`
// would not count with those files, the program does not say, nor count.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/count.h"
#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Count;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class LiveKnownTest : public ::testing::Test {
 protected:
  Finished Run(const std::string& scenario, const std::string& options) {
    return Child("live_program", {scenario})
        .Options("exitcode=66:command=" LOCKCHECK_COMMAND ":" + options)
        .Run();
  }
  Finished RunLive(const std::string& scenario, const std::string& options) {
    return Run(scenario, "mode=live:" + options);
  }
  Finished RunRecorded(const std::string& scenario,
                       const std::string& options) {
    return Run(scenario, "log=" + log() + ":" + options);
  }

  // Writes the file, and returns its option.
  std::string Suppressions(const std::string& text) {
    const std::string path = folder_ / "file.supp";
    std::ofstream(path) << text;
    return "suppressions=" + path;
  }
  std::string Baseline(const std::vector<std::string>& ids) {
    const std::string path = folder_ / "file.ids";
    std::ofstream file(path);
    for (const std::string& id : ids) file << id << "\n";
    return "baseline=" + path;
  }
  std::string log() const { return folder_ / "log"; }
  const Folder& folder() const { return folder_; }

  static int Orders(const Finished& f) {
    return Count(f.err, "POSSIBLE DEADLOCK");
  }

 private:
  const Folder folder_;
};

// The id of the first lock order in a report.
std::string IdIn(const std::string& report) {
  const std::string before = "POSSIBLE DEADLOCK  lock-order ";
  const size_t at = report.find(before);
  return at == report.npos ? "" : report.substr(at + before.size(), 12);
}

// ---- Lock orders ----

TEST_F(LiveKnownTest, ASuppressedLockOrderIsNotSaidAndDoesNotCount) {
  const Finished f =
      RunLive("abba", Suppressions("possible:*  # they are never at once\n"));
  EXPECT_EQ(f.exit_status(), 0) << f;
  EXPECT_EQ(f.err,
            "lockcheck: in this program 1 finding was suppressed "
            "(suppressions=, baseline=)\n");
}

TEST_F(LiveKnownTest, AnotherOneIsAndDoes) {
  const Finished f =
      RunLive("two", Suppressions("lock-order:a -> b  # known\n"));
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_EQ(Orders(f), 1) << f;
  EXPECT_THAT(f.err, HasSubstr("holds    c, acquired"));
  EXPECT_THAT(f.err, HasSubstr("were found 1 time, see above"));
  EXPECT_THAT(f.err, HasSubstr("1 finding was suppressed"));
}

TEST_F(LiveKnownTest, TheSameHoldsOfABaseline) {
  const std::string id = IdIn(RunLive("abba", "").err);
  ASSERT_NE(id, "");
  const Finished f = RunLive("abba", Baseline({id}));
  EXPECT_EQ(f.exit_status(), 0) << f;
  EXPECT_EQ(Orders(f), 0) << f;
  EXPECT_THAT(f.err, HasSubstr("1 finding was suppressed"));
  const Finished other = RunLive("two", Baseline({id, "0123456789ab"}));
  EXPECT_EQ(Orders(other), 1) << other;
  EXPECT_THAT(other.err, HasSubstr("were found 1 time, see above"));
  EXPECT_THAT(other.err, Not(HasSubstr("did not occur")));
}

TEST_F(LiveKnownTest, OfALineThatMatchesNothingNothingIsSaid) {
  const Finished f = RunLive("abba", Suppressions("possible:none  # known\n"));
  EXPECT_EQ(Orders(f), 1) << f;
  EXPECT_THAT(f.err, AllOf(Not(HasSubstr("matches nothing")),
                           Not(HasSubstr("suppressed"))));
}

// ---- Deadlocks that happen ----

TEST_F(LiveKnownTest, OfASuppressedDeadlockTheFirstLineIsSaid) {
  const std::string known = Suppressions("actual:*  # known\n");
  for (const Finished& f :
       {RunLive("abba-at-once", "on_deadlock=throw:" + known),
        RunRecorded("abba-at-once", "on_deadlock=throw:" + known)}) {
    EXPECT_EQ(f.exit_status(), 0) << f;
    EXPECT_EQ(Count(f.err, "DEADLOCK: 2 threads wait for each other"), 1) << f;
    EXPECT_THAT(f.err, HasSubstr("it is suppressed"));
    EXPECT_THAT(f.err,
                AllOf(Not(HasSubstr("ACTUAL DEADLOCK")), Not(HasSubstr("  A2")),
                      Not(HasSubstr("happened, see above"))))
        << f;
    EXPECT_THAT(f.err, HasSubstr("1 finding was suppressed"));
  }
}

TEST_F(LiveKnownTest, ASuppressedOneIsAbortedAllTheSame) {
  const Finished f =
      RunLive("abba-at-once",
              "on_deadlock=abort:" + Suppressions("actual:*  # known\n"));
  EXPECT_EQ(f.signal(), SIGABRT) << f;
}

TEST_F(LiveKnownTest, ADeadlockThatIsNotSuppressedIsReported) {
  const std::string known = Suppressions("possible:*  # known\n");
  for (const Finished& f :
       {RunLive("abba-at-once", "on_deadlock=throw:" + known),
        RunRecorded("abba-at-once", "on_deadlock=throw:" + known)}) {
    EXPECT_EQ(f.exit_status(), 66) << f;
    EXPECT_EQ(Count(f.err, "ACTUAL DEADLOCK"), 1) << f;
    EXPECT_THAT(f.err, HasSubstr("1 deadlock happened, see above"));
  }
}

TEST_F(LiveKnownTest, WhatIsSuppressedAndThenHappensCountsOnceEach) {
  const Finished f =
      RunLive("could-then-does",
              "on_deadlock=throw:" + Suppressions("possible:*  # known\n"));
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_THAT(f.err, AllOf(HasSubstr("1 deadlock happened"),
                           HasSubstr("1 finding was suppressed"),
                           Not(HasSubstr("lock orders that can"))));
}

// ---- Files ----

TEST_F(LiveKnownTest, APathIsSeenFromWhereTheProgramBegan) {
  Suppressions("possible:*  # known\n");
  const Finished f =
      Child("live_program", {"abba-elsewhere"})
          .Options(
              "mode=live:suppressions=file.supp:command=" LOCKCHECK_COMMAND)
          .Before([this] {
            if (chdir(folder().path().c_str()) != 0) _exit(9);
          })
          .Run();
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(Orders(f), 0) << f;
}

TEST_F(LiveKnownTest, AFileThatIsNotThereIsOneLine) {
  for (const char* key : {"suppressions", "baseline"}) {
    const std::string option = std::string(key) + "=" + (folder() / "none");
    const Finished f = RunLive("abba", option);
    EXPECT_EQ(f.exit_status(), 66) << f;
    EXPECT_EQ(Count(f.err, option + " cannot be read: No such file"), 1) << f;
    EXPECT_EQ(Orders(f), 1) << f;
  }
}

TEST_F(LiveKnownTest, AFileThatIsWrongIsOneLineAndNothingIsSuppressed) {
  const std::string wrong = Suppressions("possible:*  # known\nnonsense\n");
  const Finished f = RunLive("two", wrong);
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_EQ(Count(f.err, "file.supp:2: write kind:pattern"), 1) << f;
  EXPECT_EQ(Orders(f), 2) << f;
  const Finished recorded =
      RunRecorded("abba-at-once", "on_deadlock=throw:" + wrong);
  EXPECT_EQ(Count(recorded.err, "file.supp:2: write kind:pattern"), 1);
  EXPECT_EQ(Count(recorded.err, "ACTUAL DEADLOCK"), 1) << recorded;
}

}  // namespace
}  // namespace lockcheck::tools::testing

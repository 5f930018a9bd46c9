// mode=live says of a join under a lock that it can deadlock if the joined
// thread takes that lock at any time, and keeps quiet where it cannot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
using ::testing::HasSubstr;

Finished RunLive(std::vector<std::string> words,
                 const std::string& command = LOCKCHECK_COMMAND) {
  return Child("live_join_program", std::move(words))
      .Options("mode=live:exitcode=66:command=" + command)
      .Run();
}

int Reports(const Finished& f) { return Count(f.err, "POSSIBLE DEADLOCK"); }

TEST(LiveJoinTest, AJoinUnderALockThatTheThreadTookIsReportedWithBothPlaces) {
  const Finished f = RunLive({"what-it-took"});
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_EQ(Reports(f), 1) << f;
  EXPECT_THAT(f.err, HasSubstr("A1 (main) holds a and waits for the end of A2, "
                               "while A2 asks for a before it ends"));
  EXPECT_THAT(f.err, HasSubstr("JoinUnder"));
  EXPECT_THAT(f.err, HasSubstr("came about now, in A1; the program goes on"));
  EXPECT_THAT(f.err, HasSubstr("were found 1 time, see above"));
}

TEST(LiveJoinTest, HoweverTheThreadTookIt) {
  for (const char* scenario :
       {"what-it-took-inside", "what-it-took-among-others",
        "what-std-took-among-others", "what-it-wrote", "what-it-read",
        "by-another-thread"}) {
    const Finished f = RunLive({scenario});
    EXPECT_EQ(f.exit_status(), 66) << scenario << f;
    EXPECT_GE(Reports(f), 1) << scenario << f;
  }
}

TEST(LiveJoinTest, OrWaitedForSomebodyWhoTakesIt) {
  for (const char* scenario :
       {"through-another", "through-another-later", "while-it-is-waited-for"}) {
    const Finished f = RunLive({scenario});
    EXPECT_EQ(f.exit_status(), 66) << scenario << f;
    EXPECT_EQ(Reports(f), 1) << scenario << f;
  }
}

TEST(LiveJoinTest, OnceHoweverOftenItHappens) {
  const Finished f = RunLive({"many-under", "300"});
  EXPECT_EQ(Reports(f), 1) << f;
}

TEST(LiveJoinTest, SafeTwinsAreSilent) {
  for (const char* scenario :
       {"another-lock", "nothing-held", "what-it-tried",
        "what-it-tried-under-another", "both-read",
        "before-a-thread-that-was-joined", "a-lock-that-is-gone"}) {
    const Finished f = RunLive({scenario});
    EXPECT_EQ(f.exit_status(), 0) << scenario << f;
    EXPECT_EQ(f.err, "") << scenario;
  }
  const Finished many = RunLive({"many", "300"});
  EXPECT_EQ(many.exit_status(), 0) << many;
  EXPECT_EQ(many.err, "");
}

// More of them than are kept of a thread, and fewer than make ids come again.
TEST(LiveJoinTest, ManyLocksThatAreGoneDoNotHideIt) {
  EXPECT_EQ(Reports(RunLive({"after-short-lived-ones", "10000"})), 1);
  EXPECT_EQ(Reports(RunLive({"after-short-lived-ones", "100000"})), 1);
}

TEST(LiveJoinTest, WithoutTheCommandItIsSaidAllTheSame) {
  const Finished f = RunLive({"what-it-took"}, "none");
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_EQ(Count(f.err, "possible deadlock: A1 waits for a thread's end in"),
            1)
      << f;
}

// What the log of the same program shows.
TEST(LiveJoinTest, ARecordingHasTheSame) {
  const Folder folder;
  const std::string log = folder / "log";
  for (const char* scenario : {"what-it-took", "through-another"}) {
    Child("live_join_program", {scenario}).Options("log=" + log).Run();
    const Ran ran = RunCommand({"analyze", log});
    EXPECT_EQ(Count(ran.out, "POSSIBLE DEADLOCK") +
                  Count(ran.out, "CONFIRMED DEADLOCK"),
              1)
        << scenario << ran.out << ran.err;
  }
}

}  // namespace
}  // namespace lockcheck::tools::testing

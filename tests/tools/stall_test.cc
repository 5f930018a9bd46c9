// A program that hangs says who waits for whom when it is told to end, or when
// stall= seconds have passed, and ends as it would have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "nlohmann/json.hpp"
#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class StallTest : public ::testing::TestWithParam<std::string> {
 protected:
  std::string Options(const std::string& more) const {
    const std::string mode =
        GetParam() == "live" ? "mode=live" : "log=" + (folder_ / "log");
    const bool given = more.find("command=") != more.npos;
    return mode + ":" + more + (given ? "" : ":command=" LOCKCHECK_COMMAND);
  }
  static void Await(Child& child, const std::string& words, bool error) {
    // The child's own time limit ends this.
    while ((error ? child.SaidToError() : child.Said()).find(words) ==
               std::string::npos &&
           !child.HasEnded()) {
      sched_yield();
    }
  }
  // Of a program that hangs, when it has got the signal.
  Finished EndedBy(const std::string& scenario, int signal,
                   const std::string& more = "") {
    Child child("live_program", {scenario});
    child.Options(Options(more)).Start();
    Await(child, "ready", false);
    child.Signal(signal);
    return child.Wait();
  }
  // The same of one whose only thread waits for a notification.
  Finished IdleEndedBy(int signal) {
    Child child("live_program", {"idle"});
    child.Options(Options("")).Start();
    // What is in the log has been shown to the signal's handler before.
    while (!child.HasEnded() &&
           RunCommand({"status", std::to_string(child.pid())})
                   .out.find("blocked") == std::string::npos) {
    }
    child.Signal(signal);
    const Finished finished = child.Wait();
    EXPECT_EQ(finished.signal(), signal) << finished;
    return finished;
  }

  Folder folder_;
};

INSTANTIATE_TEST_SUITE_P(Modes, StallTest, ::testing::Values("record", "live"),
                         [](const ::testing::TestParamInfo<std::string>& info) {
                           return info.param;
                         });

TEST_P(StallTest, EndedBySigtermItSaysWhoWaitsForWhom) {
  for (const int signal : {SIGTERM, SIGQUIT}) {
    const Finished f = EndedBy("hang", signal);
    EXPECT_EQ(f.signal(), signal) << f;
    EXPECT_THAT(f.err, HasSubstr(": 1 thread waits\n"));
    EXPECT_THAT(f.err, HasSubstr("waits  held"));
    EXPECT_THAT(f.err, HasSubstr("A2 other"));
  }
}

// The command that the handler starts takes longer than this.
TEST_P(StallTest, TheLogSaysHowLongTheWaitWas) {
  if (GetParam() == "live") return;  // there is none
  Child child("live_program", {"hang"});
  child.Options(Options("stall=1")).Start();
  Await(child, "waits  held", true);
  child.Signal(SIGTERM);
  child.Wait();
  const auto run = RunCommand({"analyze", folder_ / "log", "--json", "-"});
  const auto json = nlohmann::json::parse(run.out);
  ASSERT_EQ(json["standing_waits"].size(), 1u) << run.out;
  EXPECT_GE(json["standing_waits"][0]["duration_ns"], 1e9);
}

// As timeout(1) sends it: to the process, and at once to its group.
TEST_P(StallTest, ASecondSignalDoesNotCutTheTableShort) {
  for (int round = 0; round < 8; ++round) {
    Child child("live_program", {"hang"});
    child.Options(Options("")).Start();
    Await(child, "ready", false);
    child.Signal(SIGTERM);
    child.Signal(SIGTERM);
    const Finished f = child.Wait();
    EXPECT_EQ(f.signal(), SIGTERM) << f;
    EXPECT_THAT(f.err, HasSubstr("waits  held"));
  }
}

// The group's signal may come when the command has begun.
TEST_P(StallTest, ASignalToTheGroupDoesNotEndTheCommand) {
  const std::string begun = folder_ / "begun", go_on = folder_ / "go_on";
  ASSERT_EQ(mkfifo(begun.c_str(), 0600), 0);
  ASSERT_EQ(mkfifo(go_on.c_str(), 0600), 0);
  // Open to both sides: neither waits for the other to open it.
  std::fstream begun_pipe(begun), go_on_pipe(go_on);
  const std::string command = folder_ / "command";
  std::ofstream(command) << "#!/bin/sh\necho >" << begun << "\nread word <"
                         << go_on << "\nexec " LOCKCHECK_COMMAND " \"$@\"\n";
  std::filesystem::permissions(command, std::filesystem::perms::owner_all);
  Child child("live_program", {"hang"});
  child.Options(Options("command=" + command))
      .Before([] { setpgid(0, 0); })
      .Start();
  Await(child, "ready", false);
  child.Signal(SIGTERM);
  std::string word;
  std::getline(begun_pipe, word);
  kill(-child.pid(), SIGTERM);
  go_on_pipe << std::endl;
  const Finished f = child.Wait();
  EXPECT_EQ(f.signal(), SIGTERM) << f;
  EXPECT_THAT(f.err, HasSubstr("waits  held"));
  EXPECT_THAT(f.err, HasSubstr("A2 other"));
}

TEST_P(StallTest, AProgramThatHandlesTheSignalIsLeftAlone) {
  const Finished f = EndedBy("hang-with-handler", SIGTERM);
  EXPECT_EQ(f.exit_status(), 7) << f;
  EXPECT_THAT(f.err, IsEmpty());
}

TEST_P(StallTest, WithoutWaitsThereIsNothingToSay) {
  const Finished f = EndedBy("quiet", SIGTERM);
  EXPECT_EQ(f.signal(), SIGTERM) << f;
  EXPECT_THAT(f.err, IsEmpty());
}

// That is how a server's idle workers wait, and SIGTERM how it is stopped.
TEST_P(StallTest, WhoWaitsForANotificationIsShownForSigquitAlone) {
  EXPECT_THAT(IdleEndedBy(SIGQUIT).err, HasSubstr("SIGQUIT: 1 thread waits"));
  // That nobody is left who could signal may have been said before.
  EXPECT_THAT(IdleEndedBy(SIGTERM).err, Not(HasSubstr("SIGTERM")));
}

TEST_P(StallTest, ALongWaitIsSaidOnce) {
  Child child("live_program", {"hang"});
  child.Options(Options("stall=1")).Start();
  Await(child, "waits  held", true);
  child.Signal(SIGKILL);
  const std::string said = child.Wait().err;
  EXPECT_THAT(said, HasSubstr("STALL: 1 thread has waited for 1 s or longer"));
}

// Nobody knows who will end these, and they are no idle worker's.
TEST_P(StallTest, SoIsAWaitForWhatIsOwedAndOneWithALockHeld) {
  for (const auto& [scenario, what] :
       {std::pair("hang-owed", "waits  future"),
        std::pair("hang-holding", "waits  never")}) {
    Child child("live_program", {scenario});
    child.Options(Options("stall=1")).Start();
    Await(child, what, true);
    child.Signal(SIGKILL);
    EXPECT_THAT(child.Wait().err, HasSubstr("STALL: 1 thread has waited"))
        << scenario;
  }
}

TEST_P(StallTest, WithoutTheCommandASignalIsSaidToBeOne) {
  Child child("live_program", {"hang-holding"});
  child.Options(Options("command=none:stall=1")).Start();
  Await(child, "waits for a signal (event)", true);
  child.Signal(SIGKILL);
  EXPECT_THAT(child.Wait().err, HasSubstr("since 1 s"));
}

TEST_P(StallTest, StatusOfTheProcessSaysTheSame) {
  Child child("live_program", {"hang"});
  child.Options(Options("")).Start();
  Await(child, "ready", false);
  const auto run = RunCommand({"status", std::to_string(child.pid())});
  child.Signal(SIGKILL);
  child.Wait();
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("waits  held"));
  EXPECT_THAT(run.out, HasSubstr("live_program  running\n"));
  EXPECT_THAT(run.out, Not(HasSubstr("recorded no end")));
}

TEST_P(StallTest, WithoutTheCommandALineForEachWaitWillDo) {
  Child child("live_program", {"hang"});
  child.Options(Options("command=none:stall=1")).Start();
  Await(child, "since 1 s", true);
  child.Signal(SIGKILL);
  EXPECT_THAT(child.Wait().err, HasSubstr("A2 other (thread "));
}

}  // namespace
}  // namespace lockcheck::tools::testing

// A wait in what is none of lockcheck's counts where nobody is left who could
// end one, whoever waits in it; what may go on by itself is no such wait.
// Recorded, and with mode=live.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

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

constexpr char kDeadlock[] = "lockcheck: DEADLOCK: every thread waits";
constexpr char kStall[] = "lockcheck: hazard stall: every thread waits";
// The end of a report.
constexpr char kSuppress[] = "suppress   ";

#ifdef __SANITIZE_THREAD__
// It has a thread of its own in every program.
constexpr bool kSeesOtherThreads = true;
#else
constexpr bool kSeesOtherThreads = false;
#endif

std::string LineOf(const std::filesystem::path& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) == 0) return line;
  }
  return "";
}

// How often the runtime's own thread has slept between two looks.
long Looks(pid_t pid) {
  constexpr char kSwitches[] = "voluntary_ctxt_switches:";
  long looks = 0;
  std::error_code gone;
  std::filesystem::directory_iterator at(
      "/proc/" + std::to_string(pid) + "/task", gone);
  for (; !gone && at != std::filesystem::directory_iterator();
       at.increment(gone)) {
    if (LineOf(at->path() / "comm", "") != "lockcheck") continue;
    const std::string line = LineOf(at->path() / "status", kSwitches);
    if (line.empty()) continue;
    looks = std::max(looks, std::stol(line.substr(sizeof(kSwitches) - 1)));
  }
  return looks;
}

// Often enough that it would have been said.
bool IsLookedAt(pid_t pid) { return Looks(pid) > 10; }

class ElsewhereTest : public ::testing::TestWithParam<std::string> {
 protected:
  std::string Options(const std::string& more = "") const {
    const std::string mode =
        GetParam() == "live" ? "mode=live" : "log=" + Log();
    const bool given = more.find("command=") != more.npos;
    return mode + ":quiescence=5:" + more +
           (given ? "" : ":command=" LOCKCHECK_COMMAND);
  }
  std::string Log() const { return folder_ / "log"; }

  // Until that is so; the child's own time limit ends this. Leaves the
  // processor to the child.
  template <typename Is>
  static void Await(Child& child, Is is) {
    while (!child.HasEnded() && !is()) poll(nullptr, 0, 1);
  }
  Finished KilledAfter(Child& child, const std::string& words) {
    Await(child,
          [&] { return child.SaidToError().find(words) != std::string::npos; });
    child.Signal(SIGKILL);
    return child.Wait();
  }
  Finished KilledAfter(const std::string& story, const std::string& words,
                       const std::string& more = "") {
    Child child("elsewhere_program", {story});
    child.Options(Options(more)).Start();
    return KilledAfter(child, words);
  }
  Ran Analyze() {
    return RunCommand(
        {"analyze", "--fail-on", "deadlock,misuse,hazard", Log()});
  }
  void ExpectReport(const Finished& f, const std::string& rule,
                    const std::string& message) {
    EXPECT_EQ(Count(f.err, kDeadlock), 1) << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr("ACTUAL DEADLOCK  " + rule),
                             HasSubstr(message), Not(HasSubstr(kStall))));
    if (GetParam() == "live") return;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("FINDINGS  1 deadlock"),
                               HasSubstr("ACTUAL DEADLOCK  " + rule),
                               HasSubstr(message)));
  }
  void ExpectActual(const std::string& story, const std::string& rule,
                    const std::string& message) {
    if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
    ExpectReport(KilledAfter(story, kSuppress), rule, message);
  }
  // Looked at, goes on when it gets SIGUSR1.
  void ExpectSilence(const std::string& story) {
    Child child("elsewhere_program", {story});
    child.Options(Options()).Start();
    Await(child,
          [&] { return child.Said() == "ready\n" && IsLookedAt(child.pid()); });
    child.Signal(SIGUSR1);
    ExpectSilence(child.Wait());
  }
  void ExpectSilence(const Finished& f) {
    EXPECT_TRUE(f.Succeeded()) << f;
    EXPECT_EQ(f.err, "") << f;
    if (GetParam() == "live") return;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  }

  Folder folder_;
};

INSTANTIATE_TEST_SUITE_P(Modes, ElsewhereTest,
                         ::testing::Values("record", "live"),
                         [](const ::testing::TestParamInfo<std::string>& info) {
                           return info.param;
                         });

TEST_P(ElsewhereTest, WhoJoinsAThreadThatNeedsItsLockIsInADeadlock) {
  ExpectActual("join", "wait-for",
               "A1 (main) holds mutex and waits for the end of A2 (worker)");
}

TEST_P(ElsewhereTest, WhoWaitsForWhatStdRunsIsInADeadlock) {
  ExpectActual("async", "wait-for",
               "A1 (main) holds mutex and waits for the end of A2 (worker)");
}

TEST_P(ElsewhereTest, WhoWaitsForANotificationUnderALockIsInADeadlock) {
  ExpectActual("condition", "communication",
               "A1 (main) holds mutex and waits for something that lockcheck "
               "does not see");
}

TEST_P(ElsewhereTest, AThreadThatNobodyKnowsMayWaitBesides) {
  ExpectActual("unknown-sleeper", "communication",
               "holds mutex and waits for posted");
}

TEST_P(ElsewhereTest, WhoJoinsWhoWaitsForASignalIsInADeadlock) {
  ExpectActual("joins-the-idle", "communication",
               "waits for posted and so does not end");
}

TEST_P(ElsewhereTest, WhoIsJoinedMayWaitElsewhere) {
  ExpectActual("end-of-a-sleeper", "communication",
               "A2 (worker) waits for something that lockcheck does not see "
               "and so does not end");
}

TEST_P(ElsewhereTest, InNobodysWayItIsAHazard) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  const Finished f = KilledAfter("idle", "waits  posted");
  EXPECT_EQ(Count(f.err, kStall), 1) << f;
  EXPECT_THAT(f.err, Not(HasSubstr("DEADLOCK")));
  if (GetParam() == "live") return;
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("HAZARD  stall"), Not(HasSubstr("DEADLOCK"))));
}

// Nothing that lockcheck sees begins then.
TEST_P(ElsewhereTest, ItIsSeenWhenTheOthersHaveWaitedForLong) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  Child child("elsewhere_program", {"joins-later"});
  child.Options(Options()).Start();
  Await(child, [&] { return IsLookedAt(child.pid()); });
  EXPECT_EQ(child.SaidToError(), "");
  child.Signal(SIGUSR1);
  ExpectReport(KilledAfter(child, kSuppress), "wait-for",
               "A1 (main) holds mutex and waits for the end of A2 (worker)");
}

TEST_P(ElsewhereTest, WithoutTheCommandALineForEachWaitWillDo) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  Finished f = KilledAfter("join", "waits for the end of A2", "command=none");
  EXPECT_THAT(f.err, AllOf(HasSubstr(kDeadlock), HasSubstr("A2 worker")));
  f = KilledAfter("condition", "waits for something that lockcheck does not",
                  "command=none");
  EXPECT_THAT(f.err, AllOf(HasSubstr(kDeadlock), HasSubstr("A2 worker")));
}

TEST_P(ElsewhereTest, ItMayAbort) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  const Finished f = Child("elsewhere_program", {"join"})
                         .Options(Options("on_deadlock=abort:command=none"))
                         .Run();
  EXPECT_EQ(f.signal(), SIGABRT) << f;
  EXPECT_THAT(f.err, HasSubstr(kDeadlock));
}

TEST_P(ElsewhereTest, WhatADescriptorOrASignalMayEndIsNoSuchWait) {
  ExpectSilence("in-poll");
  ExpectSilence("in-read");
  ExpectSilence("in-sigwait");
}

TEST_P(ElsewhereTest, WhatATimeLimitEndsIsNoSuchWait) {
  ExpectSilence("in-sleep");
  ExpectSilence("in-timed-condition");
}

TEST_P(ElsewhereTest, AThreadThatNobodyKnowsMayGoOn) {
  ExpectSilence("joins-who-goes-on");
}

TEST_P(ElsewhereTest, WhoSleepsWithTheLockGoesOn) {
  ExpectSilence(
      Child("elsewhere_program", {"owner-sleeps"}).Options(Options()).Run());
}

TEST_P(ElsewhereTest, WhoIsBeingWokenDoesNotWait) {
  ExpectSilence(Child("elsewhere_program", {"hand-overs"})
                    .Options(Options("quiescence=1"))
                    .Run());
}

}  // namespace
}  // namespace lockcheck::tools::testing

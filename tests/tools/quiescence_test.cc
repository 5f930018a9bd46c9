// A program in which nobody is left who could end a wait says so, once, and so
// does its log; one in which somebody is left says nothing. Recorded, and with
// mode=live.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
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

constexpr char kDeadlock[] = "lockcheck: DEADLOCK: every thread waits";
// The end of the report.
constexpr char kSuppress[] = "suppress   communication:";
constexpr char kStall[] = "lockcheck: hazard stall: every thread waits";

#ifdef __SANITIZE_THREAD__
// It has a thread of its own in every program.
constexpr bool kSeesOtherThreads = true;
#else
constexpr bool kSeesOtherThreads = false;
#endif

std::string FirstLine(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The number behind that name in a status file; -1: it is not there.
long NumberIn(const std::filesystem::path& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) == 0) {
      return std::stol(line.substr(name.size()));
    }
  }
  return -1;
}

// Each thread's folder in /proc; some may be gone by then.
std::vector<std::filesystem::path> Tasks(pid_t pid) {
  std::vector<std::filesystem::path> tasks;
  std::error_code gone;
  std::filesystem::directory_iterator at(
      "/proc/" + std::to_string(pid) + "/task", gone);
  for (; !gone && at != std::filesystem::directory_iterator();
       at.increment(gone)) {
    tasks.push_back(at->path());
  }
  return tasks;
}

// How often the runtime's own thread has slept between two looks.
long Looks(pid_t pid) {
  long looks = 0;
  for (const auto& task : Tasks(pid)) {
    if (FirstLine(task / "comm") != "lockcheck") continue;
    looks =
        std::max(looks, NumberIn(task / "status", "voluntary_ctxt_switches:"));
  }
  return looks;
}

bool AllSleep(pid_t pid) {
  for (const auto& task : Tasks(pid)) {
    const std::string stat = FirstLine(task / "stat");
    const size_t state = stat.rfind(')');
    if (state == stat.npos || stat.compare(state, 3, ") S") != 0) return false;
  }
  return true;
}

class QuiescenceTest : public ::testing::TestWithParam<std::string> {
 protected:
  std::string Options(const std::string& more) const {
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
  static bool HasSaid(const Child& child, const std::string& words) {
    return child.SaidToError().find(words) != std::string::npos;
  }

  // Of a story that hangs, killed when it has said that.
  Finished KilledAfter(const std::string& story, const std::string& words,
                       const std::string& more = "") {
    Child child("quiescence_program", {story});
    child.Options(Options(more)).Start();
    Await(child, [&] { return HasSaid(child, words); });
    child.Signal(SIGKILL);
    return child.Wait();
  }
  // Of one that goes on after SIGUSR1, which it gets when it was looked at
  // often enough.
  template <typename Is>
  Finished GoesOnWhen(const std::string& story, Is is) {
    Child child("quiescence_program", {story});
    child.Options(Options("")).Start();
    Await(child, [&] { return child.Said() == "ready\n" && is(child.pid()); });
    child.Signal(SIGUSR1);
    return child.Wait();
  }
  Ran Analyze() {
    return RunCommand(
        {"analyze", "--fail-on", "deadlock,misuse,hazard", Log()});
  }
  // What the log says; with mode=live there is none.
  void ExpectActualInLog(const std::string& message) {
    if (GetParam() == "live") return;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
    EXPECT_THAT(ran.out,
                AllOf(HasSubstr("ACTUAL DEADLOCK  communication"),
                      HasSubstr(message), Not(HasSubstr("wait-holding"))));
  }
  void ExpectActual(const std::string& story, const std::string& message) {
    if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
    const Finished f = KilledAfter(story, kSuppress);
    EXPECT_EQ(Count(f.err, kDeadlock), 1) << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr("ACTUAL DEADLOCK  communication"),
                             HasSubstr(message), Not(HasSubstr(kStall))));
    ExpectActualInLog(message);
  }
  void ExpectStall(const std::string& story, const std::string& waits) {
    if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
    const Finished f = KilledAfter(story, waits);
    EXPECT_EQ(Count(f.err, kStall), 1) << f;
    EXPECT_THAT(f.err, Not(HasSubstr("DEADLOCK")));
    if (GetParam() == "live") return;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
    EXPECT_THAT(ran.out,
                AllOf(HasSubstr("HAZARD  stall"), Not(HasSubstr("DEADLOCK"))));
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

INSTANTIATE_TEST_SUITE_P(Modes, QuiescenceTest,
                         ::testing::Values("record", "live"),
                         [](const ::testing::TestParamInfo<std::string>& info) {
                           return info.param;
                         });

TEST_P(QuiescenceTest, WhoHoldsWhatThePosterNeedsIsInADeadlock) {
  ExpectActual("holder-waits", "holds mutex and waits for posted");
}

TEST_P(QuiescenceTest, WhoWaitsToBeNotifiedUnderAnOuterLockIsInADeadlock) {
  ExpectActual("condition", "holds mutex and waits for changed");
}

TEST_P(QuiescenceTest, WhoJoinsAThreadThatOnlyHeWouldSignalIsInADeadlock) {
  ExpectActual("joins-who-waits", " waits for posted and so does not end");
}

TEST_P(QuiescenceTest, AProgramWhoseMainThreadHasLeftIsLookedAtToo) {
  ExpectActual("without-main", "holds mutex and waits for posted");
}

TEST_P(QuiescenceTest, PermitsInBothOrdersAreADeadlock) {
  ExpectActual("permits-in-both-orders", "holds one and waits for other");
}

// A task that waits for a later one of its pool, as does each other one.
TEST_P(QuiescenceTest, APoolWhoseTasksAllWaitForLaterOnesIsInADeadlock) {
  ExpectActual("starved-pool",
               "has a worker of crew, which later tasks need, and waits for "
               "crew");
}

TEST_P(QuiescenceTest, APoolWhoseTasksAllWaitForLaterOnesMayAbort) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  const Finished f = Child("quiescence_program", {"starved-pool"})
                         .Options(Options("on_deadlock=abort:command=none"))
                         .Run();
  EXPECT_EQ(f.signal(), SIGABRT) << f;
  EXPECT_THAT(f.err, AllOf(HasSubstr(kDeadlock), Not(HasSubstr(kStall))));
}

TEST_P(QuiescenceTest, APoolWithAWorkerForTheTaskThatIsWaitedForGoesOn) {
  ExpectSilence(Child("quiescence_program", {"pool-with-room"})
                    .Options(Options("quiescence=1"))
                    .Run());
}

TEST_P(QuiescenceTest, WhoWaitsForTheAnswerOfATaskThatWaitsIsInADeadlock) {
  ExpectActual("answer-of-who-waits", "A1 (main) waits for crew (future)");
}

TEST_P(QuiescenceTest, WhoWaitsForAPromiseOfItsOwnIsInADeadlock) {
  ExpectActual("own-promise", "A1 (main) waits for answer; nobody is left");
}

TEST_P(QuiescenceTest, WhoJoinsAQueueOfWhichATaskIsNeverDoneIsInADeadlock) {
  ExpectActual("never-done", "A1 (main) waits for jobs (end); nobody is left");
}

TEST_P(QuiescenceTest, WhatIsOwedMayAbort) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  for (const char* story : {"own-promise", "never-done"}) {
    const Finished f = Child("quiescence_program", {story})
                           .Options(Options("on_deadlock=abort:command=none"))
                           .Run();
    EXPECT_EQ(f.signal(), SIGABRT) << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr(kDeadlock), Not(HasSubstr(kStall))));
  }
}

// The wait is a long one by then, and nothing else begins.
TEST_P(QuiescenceTest, ItIsLookedAtWhenTheLastThreadThatRanHasEnded) {
  ExpectActual("last-one-ends", "one");
}

TEST_P(QuiescenceTest, EverybodysWaitForSignalsIsAHazard) {
  ExpectStall("all-wait-for-signals", "waits  never");
}

// Its worker waits for the task's end, and nobody for the worker's.
TEST_P(QuiescenceTest, AWaitInAPoolForWhichNothingIsWaitingIsAHazard) {
  ExpectStall("pool-of-who-waits", "waits  posted");
}

TEST_P(QuiescenceTest, WithoutTheCommandALineForEachWaitWillDo) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  const Finished f =
      KilledAfter("holder-waits", "waits for a signal (", "command=none");
  EXPECT_THAT(f.err, AllOf(HasSubstr(kDeadlock), HasSubstr("A2 poster")));
}

TEST_P(QuiescenceTest, ItMayAbort) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  const Finished f = Child("quiescence_program", {"holder-waits"})
                         .Options(Options("on_deadlock=abort:command=none"))
                         .Run();
  EXPECT_EQ(f.signal(), SIGABRT) << f;
  EXPECT_THAT(f.err, HasSubstr(kDeadlock));
}

// Its parent's log is no memory that others write to.
TEST_P(QuiescenceTest, AForkedChildLooksForItself) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  const Finished f = Child("quiescence_program", {"in-a-child"})
                         .Options(Options("on_deadlock=abort:command=none"))
                         .Run();
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(Count(f.err, kDeadlock), 1) << f;
  ExpectActualInLog("holds mutex and waits for posted");
}

// Nobody closed it, so nobody throws.
TEST_P(QuiescenceTest, ItCannotThrow) {
  if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
  const Finished f =
      KilledAfter("holder-waits", kSuppress, "on_deadlock=throw");
  EXPECT_THAT(f.err, HasSubstr(kDeadlock));
}

TEST_P(QuiescenceTest, ItMayBeLeftOut) {
  Child child("quiescence_program", {"holder-waits"});
  child.Options(Options("quiescence=off")).Start();
  Await(child,
        [&] { return child.Said() == "ready\n" && AllSleep(child.pid()); });
  EXPECT_EQ(Looks(child.pid()), 0);
  child.Signal(SIGKILL);
  EXPECT_EQ(child.Wait().err, "");
}

// Often enough that it would have been said: see WhoHoldsWhat... above.
constexpr long kOften = 10;

bool IsLookedAt(pid_t pid) { return Looks(pid) > kOften; }

TEST_P(QuiescenceTest, APlainThreadMayPost) {
  ExpectSilence(GoesOnWhen("plain-thread", &IsLookedAt));
}

TEST_P(QuiescenceTest, APlainThreadMayBeWhoOwesIt) {
  ExpectSilence(GoesOnWhen("done-in-the-end", &IsLookedAt));
}

TEST_P(QuiescenceTest, ASignalHandlerMayPost) {
  ExpectSilence(GoesOnWhen("handler", &IsLookedAt));
}

TEST_P(QuiescenceTest, AnotherPosterMayPost) {
  ExpectSilence(GoesOnWhen("second-poster", &AllSleep));
}

TEST_P(QuiescenceTest, AnotherProcessMayWriteToSharedMemory) {
  Child child("quiescence_program", {"shared-memory"});
  child.Options(Options("")).Start();
  Await(child, [&] { return IsLookedAt(child.pid()); });
  child.Signal(SIGKILL);
  EXPECT_EQ(child.Wait().err, "");
  if (GetParam() == "record") {
    EXPECT_THAT(Analyze().out, Not(HasSubstr("communication")));
  }
}

// Which the log tells of: only the time limit ended it.
TEST_P(QuiescenceTest, ATimeLimitEndsAWait) {
  const Finished f =
      Child("quiescence_program", {"timed"}).Options(Options("")).Run();
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(f.err, "") << f;
  if (GetParam() == "live") return;
  EXPECT_THAT(Analyze().out, AllOf(HasSubstr("FINDINGS  1 hazard\n"),
                                   HasSubstr("HAZARD  timed-cycle")));
}

TEST_P(QuiescenceTest, WhoIsBeingWokenDoesNotWait) {
  ExpectSilence(Child("quiescence_program", {"ping-pong"})
                    .Options(Options("quiescence=1"))
                    .Run());
}

}  // namespace
}  // namespace lockcheck::tools::testing

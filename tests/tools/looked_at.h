// A program in which the runtime looks whether nobody is left who could end a
// wait: what it says, and how often it has looked. Recorded, and with
// mode=live.
#ifndef LOCKCHECK_TESTS_TOOLS_LOOKED_AT_H_
#define LOCKCHECK_TESTS_TOOLS_LOOKED_AT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/count.h"
#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {

#ifdef __SANITIZE_THREAD__
// It has a thread of its own in every program.
inline constexpr bool kSeesOtherThreads = true;
#else
inline constexpr bool kSeesOtherThreads = false;
#endif

inline constexpr char kDeadlock[] = "lockcheck: DEADLOCK: every thread waits";
inline constexpr char kStall[] = "lockcheck: hazard stall: every thread waits";

inline std::string FirstLine(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The number behind that name in a status file; -1: it is not there.
inline long NumberIn(const std::filesystem::path& path,
                     const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) == 0) {
      return std::stol(line.substr(name.size()));
    }
  }
  return -1;
}

// Each thread's folder in /proc; some may be gone by then.
inline std::vector<std::filesystem::path> Tasks(pid_t pid) {
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
inline long Looks(pid_t pid) {
  long looks = 0;
  for (const auto& task : Tasks(pid)) {
    if (FirstLine(task / "comm") != "lockcheck") continue;
    looks =
        std::max(looks, NumberIn(task / "status", "voluntary_ctxt_switches:"));
  }
  return looks;
}

// Often enough that it would have been said.
inline bool IsLookedAt(pid_t pid) { return Looks(pid) > 10; }

class LookedAtTest : public ::testing::TestWithParam<std::string> {
 protected:
  using Child = lockcheck::testing::Child;
  using Finished = lockcheck::testing::Finished;

  explicit LookedAtTest(std::string program) : program_(std::move(program)) {}

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
  static Finished KilledAfter(Child& child, const std::string& words) {
    Await(child, [&] { return HasSaid(child, words); });
    child.Signal(SIGKILL);
    return child.Wait();
  }
  Finished KilledAfter(const std::string& story, const std::string& words,
                       const std::string& more = "") {
    Child child(program_, {story});
    child.Options(Options(more)).Start();
    return KilledAfter(child, words);
  }
  // Of a story that ends by itself.
  Finished RunStory(const std::string& story, const std::string& more = "") {
    return Child(program_, {story}).Options(Options(more)).Run();
  }
  void ExpectAbort(const std::string& story) {
    if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
    const Finished f = RunStory(story, "on_deadlock=abort:command=none");
    EXPECT_EQ(f.signal(), SIGABRT) << f;
    EXPECT_THAT(f.err, ::testing::HasSubstr(kDeadlock));
  }
  // Of one that goes on after SIGUSR1, which it gets when it was looked at
  // often enough.
  template <typename Is>
  Finished GoesOnWhen(const std::string& story, Is is) {
    Child child(program_, {story});
    child.Options(Options("")).Start();
    Await(child, [&] { return child.Said() == "ready\n" && is(child.pid()); });
    child.Signal(SIGUSR1);
    return child.Wait();
  }
  Ran Analyze() {
    return RunCommand(
        {"analyze", "--fail-on", "deadlock,misuse,hazard", Log()});
  }
  void ExpectStall(const std::string& story, const std::string& waits) {
    using ::testing::AllOf;
    using ::testing::HasSubstr;
    using ::testing::Not;
    if (kSeesOtherThreads) GTEST_SKIP() << "ThreadSanitizer has a thread";
    const Finished f = KilledAfter(story, waits);
    EXPECT_EQ(lockcheck::testing::Count(f.err, kStall), 1) << f;
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

  const std::string program_;
  lockcheck::testing::Folder folder_;
};

inline auto InEachMode() { return ::testing::Values("record", "live"); }
inline std::string ModeOf(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

}  // namespace lockcheck::tools::testing

#endif  // LOCKCHECK_TESTS_TOOLS_LOOKED_AT_H_

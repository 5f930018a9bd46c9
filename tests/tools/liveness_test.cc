#include "tools/lockcheck/liveness.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "tests/log/log_builder.h"

namespace lockcheck::tools {
namespace {

uint64_t StartTimeOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return std::stoull(field);
}

TEST(Liveness, ARunningProcessIsAlive) {
  EXPECT_TRUE(IsAlive(static_cast<uint32_t>(getpid()), StartTimeOf(getpid())));
}

// ---- What is said of the processes of a log ----

std::string ThisHost() {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  return host;
}

// The log of a process that recorded no end.
std::unique_ptr<log::Recording> LogOf(pid_t pid, uint64_t start_time,
                                      const std::string& host) {
  log::testing::LogBuilder b;
  b.Process(1, {.pid = static_cast<uint32_t>(pid),
                .start_time = start_time,
                .host = host});
  b.Actor(1, log::BeginHow::kMain);
  auto recording = log::Recording::OpenBytes("test.log", b.bytes());
  EXPECT_TRUE(recording.ok());
  FindWhoRuns(**recording);
  return *std::move(recording);
}

TEST(Liveness, AProcessOfThisHostThatRunsLastsUntilNow) {
  const auto log = LogOf(getpid(), StartTimeOf(getpid()), ThisHost());
  EXPECT_EQ(log->processes[0].liveness, log::Liveness::kRunning);
  EXPECT_GT(log->LastTicksOf(0), log->last_ticks);
}

TEST(Liveness, AProcessOfThisHostThatIsNotThereIsGone) {
  const auto log = LogOf(getpid(), StartTimeOf(getpid()) + 1, ThisHost());
  EXPECT_EQ(log->processes[0].liveness, log::Liveness::kGone);
  EXPECT_EQ(log->LastTicksOf(0), log->last_ticks);
  EXPECT_EQ(log->now_ticks, 0u);
}

TEST(Liveness, OfAnotherHostNothingIsKnown) {
  const auto log =
      LogOf(getpid(), StartTimeOf(getpid()), ThisHost() + ".elsewhere");
  EXPECT_EQ(log->processes[0].liveness, log::Liveness::kNotKnown);
  EXPECT_EQ(log->LastTicksOf(0), log->last_ticks);
}

TEST(Liveness, AnotherProcessWithTheSameIdIsNotTheOneInTheLog) {
  EXPECT_FALSE(
      IsAlive(static_cast<uint32_t>(getpid()), StartTimeOf(getpid()) + 1));
}

TEST(Liveness, AProcessThatEndedIsNotAliveBeforeItIsWaitedFor) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    char go;
    close(ends[1]);
    _exit(read(ends[0], &go, 1) == 0 ? 0 : 1);
  }
  const uint64_t start = StartTimeOf(child);
  EXPECT_TRUE(IsAlive(static_cast<uint32_t>(child), start));
  close(ends[1]);
  close(ends[0]);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT),
            0);
  EXPECT_FALSE(IsAlive(static_cast<uint32_t>(child), start));
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(IsAlive(static_cast<uint32_t>(child), start));
}

}  // namespace
}  // namespace lockcheck::tools

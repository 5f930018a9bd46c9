#include "tools/lockcheck/liveness.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

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

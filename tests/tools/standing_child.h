// Children that come to stand still, each thread of them asleep in a wait.
#ifndef LOCKCHECK_TESTS_TOOLS_STANDING_CHILD_H_
#define LOCKCHECK_TESTS_TOOLS_STANDING_CHILD_H_

#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/runtime/child.h"

namespace lockcheck::tools::testing {

// False too if a thread has ended meanwhile.
inline bool AllThreadsSleep(pid_t pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
    std::ifstream status(task.path() / "stat");
    std::string word;
    for (int i = 0; i < 3; ++i) status >> word;  // id, (name), state
    if (word != "S") return false;
  }
  return !error;
}

// Returns when the child has said that it is about to stand, and stands; or has
// ended.
inline void UntilItStands(const lockcheck::testing::Child& child) {
  while (!child.HasEnded() &&
         (child.Said().empty() || !AllThreadsSleep(child.pid()))) {
    sched_yield();
  }
}

}  // namespace lockcheck::tools::testing

#endif  // LOCKCHECK_TESTS_TOOLS_STANDING_CHILD_H_

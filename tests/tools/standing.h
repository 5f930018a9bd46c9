// How a test sees that a program stands: every thread of it, and of the
// processes it has forked, sleeps in a system call and has not run between two
// looks.
#ifndef LOCKCHECK_TESTS_TOOLS_STANDING_H_
#define LOCKCHECK_TESTS_TOOLS_STANDING_H_

#include <poll.h>
#include <sys/types.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "tests/runtime/child.h"

namespace lockcheck::tools::testing {

// How often each thread has left a processor; a thread that has run in between
// has done so once more.
using Switches = std::map<pid_t, long>;

// Adds one thread's, by its folder in /proc. False if it does not sleep in a
// system call, as it does not while it waits for a page; or has ended.
inline bool AddSleeping(const std::filesystem::path& thread,
                        Switches& switches) {
  std::ifstream status(thread / "status");
  long times = 0;
  bool sleeps = false;
  for (std::string word; status >> word;) {
    if (word == "State:") {
      status >> word;
      sleeps = word == "S";
    } else if (word == "voluntary_ctxt_switches:" ||
               word == "nonvoluntary_ctxt_switches:") {
      long n = 0;
      status >> n;
      times += n;
    }
  }
  std::string call;
  std::ifstream(thread / "syscall") >> call;
  switches[std::stoi(thread.filename())] = times;
  return sleeps && call != "running" && call != "-1";
}

// The same of all threads of a process, and of its children's.
inline bool AddAllSleeping(pid_t pid, Switches& switches) {
  std::error_code gone;
  std::filesystem::directory_iterator at(
      "/proc/" + std::to_string(pid) + "/task", gone);
  for (; !gone && at != std::filesystem::directory_iterator();
       at.increment(gone)) {
    if (!AddSleeping(at->path(), switches)) return false;
    std::ifstream children(at->path() / "children");
    for (pid_t child; children >> child;) {
      if (!AddAllSleeping(child, switches)) return false;
    }
  }
  return !gone;
}

// Returns when the child has said that it is about to stand, and stands; or has
// ended: its own time limit ends this.
inline void UntilItStands(const lockcheck::testing::Child& child) {
  Switches before;
  while (!child.HasEnded()) {
    Switches now;
    if (child.Said().empty() || !AddAllSleeping(child.pid(), now)) now.clear();
    if (!now.empty() && now == before) return;
    before = std::move(now);
    poll(nullptr, 0, 1);  // leaves the processor to it
  }
}

}  // namespace lockcheck::tools::testing

#endif  // LOCKCHECK_TESTS_TOOLS_STANDING_H_

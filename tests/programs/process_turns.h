// What stories of several processes have in common: who is how far, and what a
// child does first.
#ifndef LOCKCHECK_TESTS_PROGRAMS_PROCESS_TURNS_H_
#define LOCKCHECK_TESTS_PROGRAMS_PROCESS_TURNS_H_

#include <lockcheck/thread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#include <atomic>
#include <cstdio>

// In shared memory: by this the processes keep themselves in turn; lockcheck
// does not see it.
struct Turns {
  std::atomic<int> arrived{0};

  void Arrive() { ++arrived; }
  void Await(int n) const {
    while (arrived < n) sched_yield();
  }
};

inline void Stand() {
  std::puts("stands");
  std::fflush(stdout);
}

// It goes when its parent does.
inline void BeginChild(const char* name) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  lockcheck::this_thread::set_name(name);
}

#endif  // LOCKCHECK_TESTS_PROGRAMS_PROCESS_TURNS_H_

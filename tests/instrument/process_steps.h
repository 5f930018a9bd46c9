// What tests of several processes need: memory in which they see how far the
// others are, and whether another one sleeps.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_STEPS_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_STEPS_H_

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <system_error>

#include "lockcheck/process.h"

namespace lockcheck {
namespace {

// A lock that processes share, and how far they are.
template <typename Lock>
struct SharedLock {
  Lock lock{"lock"};
  std::atomic<int> step{0};
  long count = 0;

  void Reach(int n) { step = n; }
  void Await(int n) const {
    while (step < n) sched_yield();
  }
};

bool SleepsInItsOneThread(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  FILE* const file = fopen(path.c_str(), "r");
  if (file == nullptr) return false;
  char state = '?';
  if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = '?';
  fclose(file);
  return state == 'S';
}

void AwaitSleepOf(const process::child& child) {
  while (child.is_alive() && !SleepsInItsOneThread(child.pid())) sched_yield();
}

// A child that takes the lock and is killed while it has it.
template <typename Lock>
void DieWith(SharedLock<Lock>& shared) {
  process::child owner([&] {
    shared.lock.lock();
    raise(SIGKILL);
  });
  owner.join();
  ASSERT_EQ(owner.exit_status(), -SIGKILL);
}

template <typename Act>
std::error_code ErrorOf(Act act) {
  try {
    act();
  } catch (const std::system_error& e) {
    return e.code();
  }
  return {};
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_STEPS_H_

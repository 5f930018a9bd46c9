// Child processes of a test: whose sleep it can wait for, and how far they are.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_CHILDREN_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_CHILDREN_H_

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <system_error>

#include "lockcheck/process.h"

namespace lockcheck::testing {

// As /proc says it: 'S', it sleeps; 'T', it is stopped; '?', it is gone.
inline char StateOf(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  FILE* const file = fopen(path.c_str(), "r");
  if (file == nullptr) return '?';
  char state = '?';
  if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = '?';
  fclose(file);
  return state;
}

inline void AwaitSleepOf(const process::child& child) {
  while (child.is_alive() && StateOf(child.pid()) != 'S') sched_yield();
}

// What a call throws; none: nothing of this kind.
template <typename Act>
std::error_code ErrorOf(Act act) {
  try {
    act();
  } catch (const std::system_error& e) {
    return e.code();
  }
  return {};
}

// In shared memory.
struct Steps {
  std::atomic<int> step{0};

  void Reach(int n) { step = n; }
  void Add() { ++step; }
  void Await(int n) const {
    while (step < n) sched_yield();
  }
};

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_CHILDREN_H_

// Child processes of a test: whose sleep it can wait for, and how far they are.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_CHILDREN_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_CHILDREN_H_

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>

#include "lockcheck/process.h"

namespace lockcheck::testing {

inline bool SleepsInItsOneThread(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  FILE* const file = fopen(path.c_str(), "r");
  if (file == nullptr) return false;
  char state = '?';
  if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = '?';
  fclose(file);
  return state == 'S';
}

inline void AwaitSleepOf(const process::child& child) {
  while (child.is_alive() && !SleepsInItsOneThread(child.pid())) sched_yield();
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

// A thread that nobody joins, and that still waits when main() returns.
#ifndef LOCKCHECK_TESTS_PROGRAMS_LEFT_WAITING_H_
#define LOCKCHECK_TESTS_PROGRAMS_LEFT_WAITING_H_

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <latch>

#include "lockcheck/thread.h"
#include "tests/instrument/sleeper.h"

namespace lockcheck::testing {

// Returns when the thread sleeps in `wait`: its wait is in the log. What that
// uses has to outlive the program's statics. Once for each `wait`.
template <typename Wait>
void LeaveWaiting(Wait wait) {
  static std::latch is_about_to(1);
  static std::atomic<pid_t> tid = 0;
  thread([wait] {
    this_thread::set_name("waiter");
    tid = gettid();
    is_about_to.count_down();
    wait();
  }).detach();
  is_about_to.wait();
  while (!IsAsleep(tid)) sched_yield();
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_PROGRAMS_LEFT_WAITING_H_

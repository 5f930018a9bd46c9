// A thread whose sleep a test can wait for: no test sleeps itself.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_SLEEPER_H_
#define LOCKCHECK_TESTS_INSTRUMENT_SLEEPER_H_

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>

#include "lockcheck/thread.h"

namespace lockcheck::testing {

// Whether that thread of this process sleeps in the kernel.
inline bool IsAsleep(pid_t tid) {
  const std::string path = "/proc/self/task/" + std::to_string(tid) + "/stat";
  FILE* const file = fopen(path.c_str(), "r");
  if (file == nullptr) return false;
  char state = '?';
  if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = '?';
  fclose(file);
  return state == 'S';
}

class Sleeper {
 public:
  explicit Sleeper(std::function<void()> act)
      : thread_([this, act = std::move(act)] {
          tid_ = gettid();
          act();
          over_ = true;
        }) {}
  ~Sleeper() { Join(); }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  // Returns when the thread sleeps in the kernel; false if it has ended.
  bool UntilAsleep() const {
    while (!over_) {
      if (tid_ != 0 && IsAsleep(tid_)) return true;
      sched_yield();
    }
    return false;
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<pid_t> tid_ = 0;
  std::atomic<bool> over_ = false;
  lockcheck::thread thread_;
};

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_INSTRUMENT_SLEEPER_H_

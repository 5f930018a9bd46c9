// Five tasks and a pool of four processes: the fifth begins when one of the
// others has ended. With --crash the worker of the second task is killed in the
// middle of it: that task fails, and the fifth has a new worker.
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <vector>

#include "lockcheck/process.h"

namespace process = lockcheck::process;

struct Task {
  process::event begun{"begun"};
  process::event gate{"gate"};
};
// In memory that the processes share. It is there before the pool is made, so
// its processes know it.
static const process::shared<std::array<Task, 5>> tasks;

// What a task gives comes back as bytes; so does what it is called with.
static int Run(int task, bool crash) {
  Task& its = (*tasks)[static_cast<size_t>(task)];
  its.begun.set();
  if (crash) raise(SIGKILL);
  its.gate.wait();
  return 10 * (task + 1);
}

static void Say(process::pool_future<int>& end, int task) {
  try {
    std::printf("task %d gives %d\n", task + 1, end.get());
  } catch (const process::worker_died& e) {
    std::printf("task %d fails: its worker was ended by signal %d\n", task + 1,
                -e.status());
  }
}

int main(int argc, char** argv) {
  const bool crash = argc > 1 && std::strcmp(argv[1], "--crash") == 0;
  process::pool pool(4, "pool");
  std::vector<process::pool_future<int>> ends;
  for (int i = 0; i < 5; ++i) {
    ends.push_back(pool.apply_async(Run, i, crash && i == 1));
    if (i == 4) break;
    (*tasks)[static_cast<size_t>(i)].begun.wait();
    std::printf("task %d begins\n", i + 1);
  }
  if (!crash) {
    const bool begins =
        (*tasks)[4].begun.wait_for(std::chrono::milliseconds(50));
    std::printf("task 5 %s\n", begins ? "begins" : "waits");
    (*tasks)[1].gate.set();
  }
  Say(ends[1], 1);
  (*tasks)[4].begun.wait();
  std::puts("task 5 begins");
  for (Task& task : *tasks) task.gate.set();
  for (const int i : {0, 2, 3, 4}) Say(ends[static_cast<size_t>(i)], i);
}

// Five tasks and a pool of four: the fifth begins when one of the others has
// ended. With --starved, a pool of one, whose task waits for a task that is
// behind it in the queue.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

#include "lockcheck/lockcheck.h"

struct Task {
  lockcheck::event begun{"begun"};
  lockcheck::event gate{"gate"};

  void Run() {
    begun.set();
    gate.wait();
  }
};

static void RunFive() {
  std::array<Task, 5> tasks;
  lockcheck::thread_pool pool(4, "pool");
  std::vector<lockcheck::future<void>> ends;
  for (size_t i = 0; i < tasks.size(); ++i) {
    ends.push_back(pool.submit([&task = tasks[i]] { task.Run(); }));
    if (i == 4) break;
    tasks[i].begun.wait();
    std::printf("task %zu begins\n", i + 1);
  }
  const bool begins = tasks[4].begun.wait_for(std::chrono::milliseconds(50));
  std::printf("task 5 %s\n", begins ? "begins" : "waits");
  tasks[1].gate.set();
  ends[1].get();
  std::puts("task 2 ends");
  tasks[4].begun.wait();
  std::puts("task 5 begins");
  for (Task& task : tasks) task.gate.set();
}

static void RunStarved() {
  lockcheck::thread_pool pool(1, "pool");
  pool.submit([&] {
        auto part = pool.submit([] { return 42; });
        std::printf("%d\n", part.get());
      })
      .get();
}

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--starved") == 0) {
    RunStarved();
  } else {
    RunFive();
  }
}

// Three tasks that end in the order 3, 1, 2. Threads that put their results
// into a queue give them in the order in which they ended; a task_group gives
// those of its coroutines in the order in which they were spawned.
#include <array>
#include <cstdio>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/coroutine/event.h"
#include "lockcheck/coroutine/task.h"
#include "lockcheck/coroutine/task_group.h"
#include "lockcheck/lockcheck.h"

namespace coroutine = lockcheck::coroutine;

// Who may end next; each lets the one behind it.
static constexpr std::array kOrder = {3, 1, 2};

static int Behind(int task) {
  for (size_t i = 0; i + 1 < kOrder.size(); ++i) {
    if (kOrder[i] == task) return kOrder[i + 1];
  }
  return 0;
}

static void WithThreads() {
  std::array<lockcheck::event, 4> turn;
  lockcheck::queue<int> results("results");
  const auto work = [&](int task) {
    turn[static_cast<size_t>(task)].wait();
    results.put(task);
    turn[static_cast<size_t>(Behind(task))].set();
  };
  std::array<lockcheck::jthread, 3> threads;
  for (int task = 1; task <= 3; ++task) {
    threads[static_cast<size_t>(task - 1)] = lockcheck::jthread(work, task);
  }
  turn[static_cast<size_t>(kOrder[0])].set();
  std::printf("threads:   ");
  for (int i = 0; i < 3; ++i) std::printf(" %d", results.get());
  std::printf("\n");
}

struct Turns {
  std::array<coroutine::event, 4> of;
};

static coroutine::task<int> Work(Turns& turns, int task) {
  co_await turns.of[static_cast<size_t>(task)].wait();
  std::printf(" %d", task);
  turns.of[static_cast<size_t>(Behind(task))].set();
  co_return task;
}

static coroutine::task<> WithGroup() {
  Turns turns;
  coroutine::task_group<int> group;
  for (int task = 1; task <= 3; ++task) group.spawn(Work(turns, task));
  turns.of[static_cast<size_t>(kOrder[0])].set();
  std::printf("coroutines: ended");
  const auto results = co_await group.join();
  std::printf("; the group gives");
  for (const int result : results) std::printf(" %d", result);
  std::printf("\n");
}

int main() {
  WithThreads();
  coroutine::context context;
  context.spawn(WithGroup());
  context.run();
}

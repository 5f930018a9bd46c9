// Threads that lock and unlock as fast as they can, in a way in which none of
// them can get stuck, until the program is killed.
//   busy_program FIFO
// Writes to FIFO when all of them are under way.

#include <fcntl.h>
#include <unistd.h>

#include <latch>
#include <vector>

#include "lockcheck/lockcheck.h"

namespace {

lockcheck::mutex gate("gate"), a("a"), b("b"), c("c"), d("d");
constexpr int kThreads = 4;
std::latch g_under_way{kThreads};

// Both orders of a and b, but never at the same time; c and d in one order.
void Work(bool forward) {
  for (bool first = true;; first = false) {
    {
      const lockcheck::lock_guard hold_gate(gate);
      const lockcheck::lock_guard outer(forward ? a : b);
      const lockcheck::lock_guard inner(forward ? b : a);
    }
    {
      const lockcheck::lock_guard outer(c);
      const lockcheck::lock_guard inner(d);
    }
    if (first) g_under_way.count_down();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::vector<lockcheck::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([i] { Work(i % 2 == 0); });
  }
  g_under_way.wait();
  const int fifo = open(argv[1], O_WRONLY);
  if (fifo < 0) return 1;
  close(fifo);
  for (auto& thread : threads) thread.join();
}

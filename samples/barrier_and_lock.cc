// Two threads meet at a barrier. One keeps a lock while it waits there; the
// other one needs that lock before it arrives, and by luck has had it already.
// With --fixed the lock is let go before the barrier.
#include <cstdio>
#include <cstring>
#include <latch>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex grid("grid");
static lockcheck::barrier<> step(2, "step");
static std::latch has_read(1);  // the luck: lockcheck does not see it
static int cells = 1;

static void Read() {
  {
    lockcheck::lock_guard guard(grid);
    std::printf("reads %d\n", cells);
  }
  has_read.count_down();
  step.arrive_and_wait();
}

static void WriteUnderLock() {
  has_read.wait();
  lockcheck::lock_guard guard(grid);
  cells = 2;
  step.arrive_and_wait();
}

static void WriteAndMeet() {
  has_read.wait();
  {
    lockcheck::lock_guard guard(grid);
    cells = 2;
  }
  step.arrive_and_wait();
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread reader(Read);
  lockcheck::thread writer(fixed ? WriteAndMeet : WriteUnderLock);
  reader.join();
  writer.join();
  std::printf("both have met\n");
}

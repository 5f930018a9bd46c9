// A thread is joined with a lock held that it needs before it can end. By luck
// it has had the lock already. With --fixed it is joined after the lock.
#include <cstdio>
#include <cstring>
#include <latch>

#include "lockcheck/lockcheck.h"

static lockcheck::mutex results("results");
static std::latch found(1);
static int sum = 0;

static void Search() {
  {
    const lockcheck::lock_guard guard(results);
    sum = 42;
  }
  found.count_down();
}

static void FinishUnderLock(lockcheck::thread& search) {
  const lockcheck::lock_guard guard(results);
  search.join();
  std::printf("sum %d\n", sum);
}

static void JoinAndFinish(lockcheck::thread& search) {
  search.join();
  const lockcheck::lock_guard guard(results);
  std::printf("sum %d\n", sum);
}

int main(int argc, char** argv) {
  const bool fixed = argc > 1 && std::strcmp(argv[1], "--fixed") == 0;
  lockcheck::thread search(Search);
  found.wait();  // the luck; nothing that is recorded
  fixed ? JoinAndFinish(search) : FinishUnderLock(search);
}

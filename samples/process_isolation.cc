// A global that a thread changes is changed for all; one that a child process
// changes is changed in the child alone, for that has a copy of the memory. And
// a child that crashes ends itself and nobody else.
#include <cstdio>
#include <cstdlib>

#include "lockcheck/lockcheck.h"
#include "lockcheck/process.h"

static lockcheck::mutex counter_lock("counter lock");
static int counter = 0;

static void Add(int n) {
  const lockcheck::lock_guard guard(counter_lock);
  counter += n;
}

int main() {
  lockcheck::thread thread(Add, 1);
  thread.join();
  std::printf("a thread added 1: the counter is %d\n", counter);

  // What the child returns is its exit status.
  lockcheck::process::child child([] {
    Add(10);
    return counter;
  });
  child.join();
  std::printf("a child added 10: it is %d there, and %d here\n",
              *child.exit_status(), counter);

  lockcheck::process::child crashing([] { std::abort(); });
  crashing.join();
  std::printf("a child crashed, by signal %d; this process goes on\n",
              -*crashing.exit_status());
}

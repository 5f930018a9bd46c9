// Deadlocks, and says on standard output when each thread asks for the lock
// that closes the cycle: see report_latency.py.
#include <unistd.h>

#include <latch>
#include <mutex>

#include "lockcheck/lockcheck.h"

namespace {

lockcheck::mutex g_one("one"), g_other("other");
std::latch g_both(2);

void Take(lockcheck::mutex& first, lockcheck::mutex& second) {
  std::lock_guard outer(first);
  g_both.arrive_and_wait();
  if (write(STDOUT_FILENO, "asks\n", 5) != 5) return;
  std::lock_guard inner(second);
}

}  // namespace

int main() {
  lockcheck::thread forwards([] { Take(g_one, g_other); });
  lockcheck::thread backwards([] { Take(g_other, g_one); });
  forwards.join();
  backwards.join();
}

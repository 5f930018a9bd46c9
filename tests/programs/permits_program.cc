// Threads that do random things with one semaphore.
//   permits_program SEED THREADS STEPS PERMITS
// Its permits are holds until main, which has one, releases several. Who waits
// without a limit does not for ever: main releases as many as may be asked for.
// In the end nothing is left, and one is handed to who waits.
#include <lockcheck/lockcheck.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <random>

#include "tests/instrument/sleeper.h"

namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;
using Semaphore = lockcheck::counting_semaphore<>;

void Perform(Semaphore& s, unsigned seed, int steps) {
  std::mt19937 random(seed);
  for (int step = 0; step < steps; ++step) {
    const microseconds soon(random() % 50);
    switch (random() % 8) {
      case 0:
      case 1:
        s.release(1 + static_cast<ptrdiff_t>(random() % 3));
        break;
      case 2:
        (void)s.try_acquire();
        break;
      case 3:
        (void)s.try_acquire_for(soon);
        break;
      case 4:
        (void)s.try_acquire_until(steady_clock::now() + soon);
        break;
      default:
        s.acquire();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto seed = static_cast<unsigned>(std::atoi(argv[1]));
  const int threads = std::atoi(argv[2]), steps = std::atoi(argv[3]);
  const int permits = std::atoi(argv[4]);
  Semaphore s(permits, "s");
  if (permits != 0) {
    s.acquire();
    s.release();
    s.acquire();
  }
  std::mt19937 random(seed);
  std::deque<lockcheck::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back(Perform, std::ref(s), static_cast<unsigned>(random()),
                     steps);
  }
  for (ptrdiff_t left = threads * ptrdiff_t{steps}; left > 0;) {
    const auto some = std::min(left, 1 + static_cast<ptrdiff_t>(random() % 3));
    s.release(some);
    left -= some;
    if (random() % 16 == 0) sched_yield();
  }
  for (lockcheck::thread& thread : all) thread.join();
  while (s.try_acquire()) {
  }
  // Whether anybody has waited so far is a matter of luck.
  lockcheck::testing::Sleeper waits([&] { s.acquire(); });
  waits.UntilAsleep();
  s.release();
}

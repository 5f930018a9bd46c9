// The gil alone does not protect data: two threads count under it, and a tick
// falls between reading and writing. With a mutex nothing is lost.
//   gil_counter [--mutex]

#include <cstdio>
#include <cstring>
#include <thread>

#include "lockcheck/lockcheck.h"

namespace {

constexpr int kSteps = 10'000;

lockcheck::gil g_gil("gil");
lockcheck::mutex g_mutex("counter");
int g_count = 0;

// counter = counter + 1, as an interpreter runs it: in several steps.
// A tick between any two steps would do; so each switch falls between these.
void Increment() LOCKCHECK_REQUIRES(g_gil) {
  const int value = g_count;
  g_gil.tick();
  g_count = value + 1;
}

void Count(bool with_mutex) LOCKCHECK_REQUIRES(g_gil) {
  for (int i = 0; i < kSteps; ++i) {
    if (with_mutex) {
      g_gil.lock(g_mutex);
      Increment();
      g_mutex.unlock();
    } else {
      Increment();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool with_mutex = argc > 1 && std::strcmp(argv[1], "--mutex") == 0;
  g_gil.set_check_interval(3);
  g_gil.lock();
  lockcheck::thread other([&] {
    const lockcheck::lock_guard gil(g_gil);
    Count(with_mutex);
  });
  while (!g_gil.is_waited_for()) std::this_thread::yield();
  Count(with_mutex);
  g_gil.unlock();
  other.join();
  std::printf("counted to %d of %d\n", g_count, 2 * kSteps);
  return g_count == 2 * kSteps ? 0 : 1;
}

// Threads that fight over a lock, each at a place of its own.
//   places_program ROUNDS
#include <sched.h>

#include <barrier>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "lockcheck/lockcheck.h"

namespace {

constexpr long kYields = 4'000;

std::barrier g_all(4);
lockcheck::mutex g_mutex("mutex");
lockcheck::shared_mutex g_shared("shared");

template <int kThread>
[[gnu::noinline]] void Fight(long rounds) {
  volatile long work = 0;
  g_all.arrive_and_wait();
  for (long i = 0; i < rounds; ++i) {
    {
      std::lock_guard guard(g_mutex);
      for (int k = 0; k < 20; ++k) work = work + 1;
      // Whose owner does not run, all the others come to wait for. Not for
      // ever: on a busy machine each time takes milliseconds.
      if (i < kYields && i % 16 == kThread) sched_yield();
    }
    if constexpr (kThread % 2 == 0) {
      std::lock_guard guard(g_shared);
      for (int k = 0; k < 20; ++k) work = work + 1;
    } else {
      std::shared_lock guard(g_shared);
      for (int k = 0; k < 20; ++k) work = work + 1;
    }
  }
}

}  // namespace

int main(int, char** argv) {
  const long rounds = std::strtol(argv[1], nullptr, 10);
  std::vector<lockcheck::thread> threads;
  threads.emplace_back([=] { Fight<0>(rounds); });
  threads.emplace_back([=] { Fight<1>(rounds); });
  threads.emplace_back([=] { Fight<2>(rounds); });
  threads.emplace_back([=] { Fight<3>(rounds); });
  for (auto& thread : threads) thread.join();
}

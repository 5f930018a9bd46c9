// Every way to take a lock, equally often, each on a lock of its own name.
//   sampling_program ROUNDS
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>

#include "lockcheck/lockcheck.h"

int main(int, char** argv) {
  const long rounds = std::strtol(argv[1], nullptr, 10);
  static lockcheck::mutex plain("lock"), tried("try_lock"), multi_a("lock(a)"),
      multi_b("lock(b)"), outer("outer"), inner("inner");
  static lockcheck::timed_mutex timed("try_lock_for");
  static lockcheck::recursive_mutex recursive("recursive");
  static lockcheck::shared_timed_mutex read("lock_shared"),
      read_tried("try_lock_shared"), read_timed("try_lock_shared_for");
  for (long i = 0; i < rounds; ++i) {
    { std::lock_guard guard(plain); }
    if (tried.try_lock()) tried.unlock();
    if (timed.try_lock_for(std::chrono::hours(1))) timed.unlock();
    { std::lock_guard guard(recursive); }
    { lockcheck::scoped_lock both(multi_a, multi_b); }
    { std::shared_lock guard(read); }
    if (read_tried.try_lock_shared()) read_tried.unlock_shared();
    if (read_timed.try_lock_shared_for(std::chrono::hours(1))) {
      read_timed.unlock_shared();
    }
    {
      std::lock_guard one(outer);
      std::lock_guard two(inner);
    }
  }
  // One lock each, in a thread of its own.
  static lockcheck::mutex first("first of a thread");
  for (long i = 0; i < rounds / 10; ++i) {
    lockcheck::thread([] { std::lock_guard guard(first); }).join();
  }
}

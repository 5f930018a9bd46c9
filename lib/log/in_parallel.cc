#include "lib/log/in_parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace lockcheck::log {

void InParallel(unsigned threads, size_t count,
                const std::function<void(unsigned, size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  std::mutex mutex;
  std::exception_ptr first;
  const auto run = [&](unsigned thread) {
    try {
      for (size_t i; !failed && (i = next.fetch_add(1)) < count;) {
        work(thread, i);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!first) first = std::current_exception();
      failed = true;
    }
  };
  std::vector<std::thread> others;
  try {
    others.reserve(std::min<size_t>(threads, count));
    for (unsigned t = 1; t < threads && t < count; ++t) {
      others.emplace_back(run, t);
    }
  } catch (const std::exception&) {
    // No thread or no memory for one: those that there are do its work.
  }
  run(0);
  for (std::thread& other : others) other.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace lockcheck::log

#include "lib/analysis/in_parallel.h"

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace lockcheck::analysis {

void InParallel(unsigned threads, size_t count,
                const std::function<void(unsigned, size_t)>& work) {
  std::atomic<size_t> next = 0;
  const auto run = [&](unsigned thread) {
    for (size_t i; (i = next.fetch_add(1)) < count;) work(thread, i);
  };
  std::vector<std::thread> others;
  for (unsigned t = 1; t < threads && t < count; ++t) {
    try {
      others.emplace_back(run, t);
    } catch (const std::system_error&) {
      break;
    }
  }
  run(0);
  for (std::thread& other : others) other.join();
}

}  // namespace lockcheck::analysis

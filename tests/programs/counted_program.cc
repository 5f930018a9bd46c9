// Threads that follow a script for ever and count the calls that returned.
//   counted_program SEED COUNTERS
// COUNTERS is a file of a Counters; see script.h.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "lockcheck/lockcheck.h"
#include "tests/programs/script.h"

namespace {

using lockcheck::testing::Counters;
using lockcheck::testing::kScriptLocks;
using lockcheck::testing::kScriptThreads;
using lockcheck::testing::Script;

const char* const kLockNames[kScriptLocks] = {
    "L0", "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L10", "L11"};
const char* const kThreadNames[kScriptThreads] = {"T0", "T1", "T2"};

void Follow(uint32_t seed, uint32_t thread, Counters* counters,
            std::deque<lockcheck::mutex>& mutexes,
            std::deque<lockcheck::recursive_mutex>& recursive) {
  lockcheck::this_thread::set_name(kThreadNames[thread]);
  Script script(seed, thread);
  std::atomic<uint64_t>& returned = counters->threads[thread].returned;
  for (uint64_t count = 1;; ++count) {
    const Script::Call call = script.Next();
    const uint32_t half = call.number / 2;
    if (call.number % 2 == 0) {
      call.lock ? mutexes[half].lock() : mutexes[half].unlock();
    } else {
      call.lock ? recursive[half].lock() : recursive[half].unlock();
    }
    returned.store(count, std::memory_order_release);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto seed = static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10));
  const int fd = open(argv[2], O_RDWR);
  void* const mapped = mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE,
                            MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return 3;
  std::deque<lockcheck::mutex> mutexes;
  std::deque<lockcheck::recursive_mutex> recursive;
  for (uint32_t i = 0; i < kScriptLocks; i += 2) {
    mutexes.emplace_back(kLockNames[i]);
    recursive.emplace_back(kLockNames[i + 1]);
  }
  std::vector<lockcheck::thread> threads;
  for (uint32_t i = 0; i < kScriptThreads; ++i) {
    threads.emplace_back([&, i] {
      Follow(seed, i, static_cast<Counters*>(mapped), mutexes, recursive);
    });
  }
  for (lockcheck::thread& thread : threads) thread.join();
}

// A counter that two threads increment, with and without its lock.
//
//   shared_counter              under the lock: every increment counts
//   shared_counter --unlocked   read, add, write: increments get lost
//
// The counter is a relaxed atomic that is read and written in two steps, so the
// unlocked program is wrong but not undefined. In its first round both threads
// read before either writes: at least that one increment is lost in every run.
#include <atomic>
#include <barrier>
#include <cstdio>
#include <cstring>

#include "lockcheck/lockcheck.h"

constexpr int kThreads = 2;
constexpr int kRounds = 100'000;

static lockcheck::mutex counter_lock("counter");
static std::atomic<int> counter{0};
static std::barrier<> both_have_read(kThreads);

static int Read() { return counter.load(std::memory_order_relaxed); }
static void Write(int value) {
  counter.store(value, std::memory_order_relaxed);
}

static void CountLocked() {
  for (int round = 0; round < kRounds; ++round) {
    lockcheck::lock_guard hold(counter_lock);
    Write(Read() + 1);
  }
}

static void CountUnlocked() {
  for (int round = 0; round < kRounds; ++round) {
    const int before = Read();
    if (round == 0) both_have_read.arrive_and_wait();
    Write(before + 1);
  }
}

int main(int argc, char** argv) {
  const bool unlocked = argc > 1 && std::strcmp(argv[1], "--unlocked") == 0;
  {
    lockcheck::jthread first(unlocked ? CountUnlocked : CountLocked);
    lockcheck::jthread second(unlocked ? CountUnlocked : CountLocked);
  }
  std::printf("%d of %d increments counted\n", Read(), kThreads * kRounds);
}

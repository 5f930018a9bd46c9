// What two threads gain over one: for work that computes and for work that
// waits, under an interpreter's global lock and without one.
//   cpu_and_io                 the four, measured
//   cpu_and_io --all-cores     two threads compute, without the lock
//   cpu_and_io --one-core      the same, on one processor
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "lockcheck/lockcheck.h"

namespace {

lockcheck::gil g_gil("gil");

// What a piece of work does between two steps and around a wait: under the gil
// and without it.
struct LOCKCHECK_SCOPED_CAPABILITY UnderTheGil {
  UnderTheGil() LOCKCHECK_ACQUIRE(g_gil) { g_gil.lock(); }
  ~UnderTheGil() LOCKCHECK_RELEASE() { g_gil.unlock(); }
  void Step() LOCKCHECK_REQUIRES(g_gil) { g_gil.tick(); }
  void Wait(const std::function<void()>& wait) LOCKCHECK_REQUIRES(g_gil) {
    const lockcheck::gil::release_scope released(g_gil);
    wait();
  }
};
struct Free {
  Free() {}  // so that it counts as used
  void Step() {}
  void Wait(const std::function<void()>& wait) { wait(); }
};

void Compute() {
  volatile uint32_t x = 1;
  for (int i = 0; i < 10'000; ++i) x = x * 1664525 + 1013904223;
}

// The outside: it writes a byte into a pipe after some time.
void AwaitDevice() {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  std::thread device([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (write(ends[1], "", 1) != 1) std::abort();
  });
  char byte;
  {
    const lockcheck::blocking_region waiting("device");
    if (read(ends[0], &byte, 1) != 1) std::abort();
  }
  device.join();
  close(ends[0]);
  close(ends[1]);
}

template <typename Rule>
void CpuBound() {
  Rule rule;
  for (int i = 0; i < 5'000; ++i) {
    Compute();
    rule.Step();
  }
}

template <typename Rule>
void IoBound() {
  Rule rule;
  for (int i = 0; i < 5; ++i) rule.Wait(AwaitDevice);
}

using Work = void (*)();

void RunTwoThreads(Work work) {
  lockcheck::thread one(work);
  lockcheck::thread two(work);
  one.join();
  two.join();
}

// The fastest of three runs: others use the processors, too.
double SecondsOf(const std::function<void()>& run) {
  using Seconds = std::chrono::duration<double>;
  Seconds fastest = Seconds::max();
  for (int i = 0; i < 3; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    fastest =
        std::min<Seconds>(fastest, std::chrono::steady_clock::now() - begin);
  }
  return fastest.count();
}

// The same work by one thread, and by two at once.
double SpeedUp(Work work) {
  const double one = SecondsOf([&] {
    lockcheck::thread both([&] {
      work();
      work();
    });
    both.join();
  });
  return one / SecondsOf([&] { RunTwoThreads(work); });
}

void UseOneCore() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(sched_getcpu(), &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) std::abort();
}

void PrintCores() {
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) std::abort();
  std::printf("2 threads on %d processor(s)\n", CPU_COUNT(&cpus));
}

}  // namespace

int main(int argc, char** argv) {
  const char* const how = argc > 1 ? argv[1] : "";
  if (std::strcmp(how, "--one-core") == 0) UseOneCore();
  if (*how != '\0') {
    PrintCores();
    RunTwoThreads(CpuBound<Free>);
    return 0;
  }
  std::printf("CPU-bound  gil %.1f  no gil %.1f\n",
              SpeedUp(CpuBound<UnderTheGil>), SpeedUp(CpuBound<Free>));
  std::printf("I/O-bound  gil %.1f  no gil %.1f\n",
              SpeedUp(IoBound<UnderTheGil>), SpeedUp(IoBound<Free>));
}

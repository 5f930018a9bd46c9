// What is measured of a level (processes, threads, coroutines), and with what.
#ifndef LOCKCHECK_SAMPLES_LEVELS_NUMBERS_H_
#define LOCKCHECK_SAMPLES_LEVELS_NUMBERS_H_

#include <chrono>
#include <cstddef>

namespace levels {

// Each of the last four: how much sooner the same work is done than by one
// after the other.
struct Numbers {
  const char* level;
  double start_us = 0;    // begin one that does nothing, and await its end
  double switch_us = 0;   // from one to another, by events in both directions
  double message_us = 0;  // from one to another, through a queue
  double memory_kb = 0;   // of one that waits
  double cpu = 0, network = 0, disk = 0;
};

inline constexpr int kWorkers = 4;
inline constexpr int kRounds = 10;  // requests, or files, of each of them

using Clock = std::chrono::steady_clock;

inline double MicrosecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin)
      .count();
}

// Of one act, of `count` which `acts` does.
template <typename Acts>
double MicrosecondsEach(int count, const Acts& acts) {
  const auto begin = Clock::now();
  acts();
  return MicrosecondsSince(begin) / count;
}

// How long it takes, at best: others use the machine, too.
template <typename Acts>
double LeastMicroseconds(const Acts& acts) {
  constexpr int kRuns = 7;
  double least = 0;
  for (int i = 0; i < kRuns; ++i) {
    const double this_time = MicrosecondsEach(1, acts);
    if (i == 0 || this_time < least) least = this_time;
  }
  return least;
}

// How long the workers' work takes one after the other.
struct OneByOne {
  double cpu_us, network_us, disk_us;
};

class Work;
Numbers MeasureProcesses(Work& work, const OneByOne& base);
Numbers MeasureThreads(Work& work, const OneByOne& base);
Numbers MeasureCoroutines(Work& work, const OneByOne& base);
// The same, but what would block the one thread is done by a thread_pool.
Numbers MeasureCoroutinesWithPool(Work& work, const OneByOne& base);

}  // namespace levels

#endif  // LOCKCHECK_SAMPLES_LEVELS_NUMBERS_H_

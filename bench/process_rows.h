// The cost of a lock between processes, beside the plain robust pthread mutex
// that does the same: nobody else wants it, in memory that is shared.
#ifndef LOCKCHECK_BENCH_PROCESS_ROWS_H_
#define LOCKCHECK_BENCH_PROCESS_ROWS_H_

#include <pthread.h>

#include <cstdint>
#include <string>

#include "benchmark/benchmark.h"
#include "lockcheck/process.h"

namespace lockcheck::bench {

class PlainRobustMutex {
 public:
  PlainRobustMutex() {
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex_, &how);
    pthread_mutexattr_destroy(&how);
  }
  void lock() { pthread_mutex_lock(&mutex_); }
  void unlock() { pthread_mutex_unlock(&mutex_); }

 private:
  pthread_mutex_t mutex_;
};

template <typename Mutex>
void ProcessUncontended(benchmark::State& state) {
  process::shared<Mutex> mutex;
  uint64_t shared = 0;
  for (auto _ : state) {
    mutex->lock();
    benchmark::DoNotOptimize(++shared);
    mutex->unlock();
  }
}

template <typename Mutex>
void ProcessNested(benchmark::State& state) {
  process::shared<Mutex> outer, inner;
  uint64_t shared = 0;
  for (auto _ : state) {
    outer->lock();
    inner->lock();
    benchmark::DoNotOptimize(++shared);
    inner->unlock();
    outer->unlock();
  }
}

template <typename Mutex>
void RegisterProcessRows(const std::string& variant) {
  const auto row = [&](const char* name, void (*function)(benchmark::State&)) {
    benchmark::RegisterBenchmark(
        (std::string("BM_") + name + "/" + variant).c_str(), function);
  };
  row("process_uncontended", &ProcessUncontended<Mutex>);
  row("process_nested", &ProcessNested<Mutex>);
}

}  // namespace lockcheck::bench

#endif  // LOCKCHECK_BENCH_PROCESS_ROWS_H_

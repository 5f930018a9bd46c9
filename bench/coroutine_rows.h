// The rows of the cost table for coroutines; the plain twin is the one that
// LOCKCHECK_DISABLED leaves, as with queues.
#ifndef LOCKCHECK_BENCH_COROUTINE_ROWS_H_
#define LOCKCHECK_BENCH_COROUTINE_ROWS_H_

#include <cstdint>
#include <string>

#include "benchmark/benchmark.h"

namespace lockcheck::bench {

// A pair of a lock that nobody else wants, with one store inside.
template <typename Task, typename Context, typename Mutex>
void CoroutineMutex(benchmark::State& state) {
  Context context;
  Mutex mutex;
  uint64_t shared = 0;
  const auto pairs = [&]() -> Task {
    for (auto _ : state) {
      co_await mutex.lock();
      benchmark::DoNotOptimize(++shared);
      mutex.unlock();
    }
  };
  context.spawn(pairs());
  context.run();
}

template <typename Task, typename Context, typename Mutex>
void RegisterCoroutineRows(const std::string& variant) {
  const auto row = [&](const char* name, void (*function)(benchmark::State&)) {
    benchmark::RegisterBenchmark(
        (std::string("BM_") + name + "/" + variant).c_str(), function);
  };
  row("coroutine_mutex", &CoroutineMutex<Task, Context, Mutex>);
}

}  // namespace lockcheck::bench

#endif  // LOCKCHECK_BENCH_COROUTINE_ROWS_H_

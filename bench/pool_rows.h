// The rows of the cost table for pools; the plain twin is the one that
// LOCKCHECK_DISABLED leaves, as with queues.
#ifndef LOCKCHECK_BENCH_POOL_ROWS_H_
#define LOCKCHECK_BENCH_POOL_ROWS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"

namespace lockcheck::bench {

// One task at a time: two threads that wake each other.
template <typename Pool>
void SubmitGet(benchmark::State& state) {
  Pool pool(1);
  uint64_t sum = 0;
  for (auto _ : state) {
    sum = pool.submit([](uint64_t n) { return n + 1; }, sum).get();
  }
  benchmark::DoNotOptimize(sum);
}

// A hundred at a time, for two threads.
template <typename Pool>
void MapHundred(benchmark::State& state) {
  Pool pool(2);
  const std::vector<uint64_t> items(100, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(pool.map([](uint64_t n) { return n + 1; }, items));
  }
}

template <typename Pool>
void RegisterPoolRows(const std::string& variant) {
  const auto row = [&](const char* name, void (*function)(benchmark::State&)) {
    benchmark::RegisterBenchmark(
        (std::string("BM_") + name + "/" + variant).c_str(), function)
        ->UseRealTime();
  };
  row("pool_submit_get", &SubmitGet<Pool>);
  row("pool_map_hundred", &MapHundred<Pool>);
}

}  // namespace lockcheck::bench

#endif  // LOCKCHECK_BENCH_POOL_ROWS_H_

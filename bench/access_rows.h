// What reads and writes of atomics cost, beside std::atomic's in the same
// process: of four bytes, and of eight, which are written under a short lock.
#ifndef LOCKCHECK_BENCH_ACCESS_ROWS_H_
#define LOCKCHECK_BENCH_ACCESS_ROWS_H_

#include <cstdint>
#include <string>

#include "benchmark/benchmark.h"

namespace lockcheck::bench {

// Again and again of the same version, as by who polls.
template <typename Atomic>
void AtomicLoad(benchmark::State& state) {
  Atomic atomic(0);
  for (auto _ : state) benchmark::DoNotOptimize(atomic.load());
}

template <typename Atomic>
void AtomicStore(benchmark::State& state) {
  Atomic atomic(0);
  uint32_t turn = 0;
  for (auto _ : state) atomic.store(++turn);
  benchmark::DoNotOptimize(atomic.load());
}

template <typename Atomic>
void AtomicAdd(benchmark::State& state) {
  Atomic atomic(0);
  for (auto _ : state) benchmark::DoNotOptimize(atomic.fetch_add(1));
}

template <template <typename> typename Atomic>
void RegisterAccessRows(const std::string& variant) {
  const auto row = [&](const char* name, void (*function)(benchmark::State&)) {
    benchmark::RegisterBenchmark(
        (std::string("BM_") + name + "/" + variant).c_str(), function);
  };
  row("atomic_load", &AtomicLoad<Atomic<uint32_t>>);
  row("atomic_store", &AtomicStore<Atomic<uint32_t>>);
  row("atomic_add", &AtomicAdd<Atomic<uint32_t>>);
  row("wide_atomic_load", &AtomicLoad<Atomic<uint64_t>>);
  row("wide_atomic_store", &AtomicStore<Atomic<uint64_t>>);
}

}  // namespace lockcheck::bench

#endif  // LOCKCHECK_BENCH_ACCESS_ROWS_H_

// The rows of the cost table for queues. std has none, so the plain twin that
// the others are divided by is the one that LOCKCHECK_DISABLED leaves.
#ifndef LOCKCHECK_BENCH_QUEUE_ROWS_H_
#define LOCKCHECK_BENCH_QUEUE_ROWS_H_

#include <cstdint>
#include <string>
#include <thread>

#include "benchmark/benchmark.h"

namespace lockcheck::bench {

// One thread, so that there is nothing to wait for.
template <typename Queue>
void PutGet(benchmark::State& state) {
  Queue queue(static_cast<size_t>(state.range(0)));
  uint64_t item = 0;
  for (auto _ : state) {
    queue.put(item);
    item = queue.get() + 1;
  }
  benchmark::DoNotOptimize(item);
}

// Two threads that hand each other an item in turn; a step is both ways.
template <typename Queue>
void QueuePingPong(benchmark::State& state) {
  Queue there, back;
  constexpr uint64_t kEnd = UINT64_MAX;
  std::thread other([&] {
    for (uint64_t item; (item = there.get()) != kEnd;) back.put(item);
  });
  uint64_t item = 0;
  for (auto _ : state) {
    there.put(item);
    item = back.get() + 1;
  }
  there.put(kEnd);
  other.join();
}

template <typename Queue>
void RegisterQueueRows(const std::string& variant) {
  const auto row = [&](const char* name, void (*function)(benchmark::State&)) {
    return benchmark::RegisterBenchmark(
        (std::string("BM_") + name + "/" + variant).c_str(), function);
  };
  row("queue_put_get", &PutGet<Queue>)->Arg(0);
  row("queue_bounded_put_get", &PutGet<Queue>)->Arg(100);
  row("queue_ping_pong", &QueuePingPong<Queue>)->UseRealTime();
}

}  // namespace lockcheck::bench

#endif  // LOCKCHECK_BENCH_QUEUE_ROWS_H_

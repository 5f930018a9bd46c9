// The rows of the cost table for coroutines; the plain twin is the one that
// LOCKCHECK_DISABLED leaves, as with queues.
#ifndef LOCKCHECK_BENCH_COROUTINE_ROWS_H_
#define LOCKCHECK_BENCH_COROUTINE_ROWS_H_

#include <cstdint>
#include <string>

#include "benchmark/benchmark.h"

namespace lockcheck::bench {

// A pair of a lock, with one store inside.
template <typename Types>
void CoroutineMutex(benchmark::State& state) {
  typename Types::Context context;
  typename Types::Mutex mutex;
  uint64_t shared = 0;
  const auto pairs = [&]() -> typename Types::Task {
    for (auto _ : state) {
      co_await mutex.lock();
      benchmark::DoNotOptimize(++shared);
      mutex.unlock();
    }
  };
  context.spawn(pairs());
  context.run();
}

template <typename Types>
void CoroutineReading(benchmark::State& state) {
  typename Types::Context context;
  typename Types::SharedMutex mutex;
  uint64_t shared = 0;
  const auto pairs = [&]() -> typename Types::Task {
    for (auto _ : state) {
      co_await mutex.lock_shared();
      benchmark::DoNotOptimize(++shared);
      mutex.unlock_shared();
    }
  };
  context.spawn(pairs());
  context.run();
}

template <typename Types>
void CoroutineSemaphore(benchmark::State& state) {
  typename Types::Context context;
  typename Types::Semaphore semaphore(1);
  uint64_t shared = 0;
  const auto pairs = [&]() -> typename Types::Task {
    for (auto _ : state) {
      co_await semaphore.acquire();
      benchmark::DoNotOptimize(++shared);
      semaphore.release();
    }
  };
  context.spawn(pairs());
  context.run();
}

template <typename Types>
void CoroutinePutGet(benchmark::State& state) {
  typename Types::Context context;
  typename Types::Queue queue;
  uint64_t item = 0;
  const auto acts = [&]() -> typename Types::Task {
    for (auto _ : state) {
      co_await queue.put(item);
      item = co_await queue.get() + 1;
    }
  };
  context.spawn(acts());
  context.run();
  benchmark::DoNotOptimize(item);
}

// Two coroutines that hand each other an item in turn; a step is both ways.
template <typename Types>
void CoroutinePingPong(benchmark::State& state) {
  typename Types::Context context;
  typename Types::Queue there, back;
  constexpr uint64_t kEnd = UINT64_MAX;
  const auto answers = [&]() -> typename Types::Task {
    for (uint64_t item; (item = co_await there.get()) != kEnd;) {
      co_await back.put(item);
    }
  };
  const auto asks = [&]() -> typename Types::Task {
    uint64_t item = 0;
    for (auto _ : state) {
      co_await there.put(item);
      item = co_await back.get() + 1;
    }
    co_await there.put(kEnd);
  };
  context.spawn(answers());
  context.spawn(asks());
  context.run();
}

template <typename Types>
void RegisterCoroutineRows(const std::string& variant) {
  const auto row = [&](const char* name, void (*function)(benchmark::State&)) {
    benchmark::RegisterBenchmark(
        (std::string("BM_coroutine_") + name + "/" + variant).c_str(),
        function);
  };
  row("mutex", &CoroutineMutex<Types>);
  row("shared", &CoroutineReading<Types>);
  row("semaphore", &CoroutineSemaphore<Types>);
  row("put_get", &CoroutinePutGet<Types>);
  row("ping_pong", &CoroutinePingPong<Types>);
}

}  // namespace lockcheck::bench

#endif  // LOCKCHECK_BENCH_COROUTINE_ROWS_H_

// The rows of the cost table, for any mutex and any thread type.
//
// Problem: a ratio between two mutexes means something only if everything else
// is the same. So each row is one template, instantiated for the plain std twin
// and for every variant, and all of them run in one process, interleaved. The
// critical section is one store, the worst case for the price of a lock, but
// for the contended rows, which work for 200 ns.
//
// RegisterRows<Mutex, Thread>("variant") names them BM_<row>/<variant>, which
// is what scripts/bench_table.py reads.
#ifndef LOCKCHECK_BENCH_LOCK_ROWS_H_
#define LOCKCHECK_BENCH_LOCK_ROWS_H_

#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"

namespace lockcheck::bench {

// Turns of a loop of dependent multiplications that last 200 ns here; measured
// once, by lock_bench.cc.
uint64_t TurnsOfTheWork();
// Nanoseconds per tick of the time-stamp counter.
double NsPerTick();

inline void Work(uint64_t turns) {
  uint64_t x = turns | 1;
  for (uint64_t i = 0; i < turns; ++i) {
    x *= 0x9e3779b97f4a7c15ull;
    benchmark::DoNotOptimize(x);
  }
}

template <typename Mutex>
void Uncontended(benchmark::State& state) {
  Mutex mutex;
  uint64_t shared = 0;
  for (auto _ : state) {
    mutex.lock();
    benchmark::DoNotOptimize(++shared);
    mutex.unlock();
  }
}

template <typename Mutex>
void Nested(benchmark::State& state) {
  Mutex outer, inner;
  uint64_t shared = 0;
  for (auto _ : state) {
    outer.lock();
    inner.lock();
    benchmark::DoNotOptimize(++shared);
    inner.unlock();
    outer.unlock();
  }
}

// Pairs from 1,000 locks at random, always the lower one first.
template <typename Mutex>
void ThousandLocks(benchmark::State& state) {
  constexpr size_t kLocks = 1000, kPairs = 4096;
  std::vector<Mutex> locks(kLocks);
  std::mt19937 random(1);
  std::vector<std::pair<uint16_t, uint16_t>> pairs(kPairs);
  for (auto& [low, high] : pairs) {
    low = static_cast<uint16_t>(random() % (kLocks - 1));
    high = static_cast<uint16_t>(low + 1 + random() % (kLocks - 1 - low));
  }
  uint64_t shared = 0;
  size_t next = 0;
  for (auto _ : state) {
    const auto [low, high] = pairs[next++ % kPairs];
    locks[low].lock();
    locks[high].lock();
    benchmark::DoNotOptimize(++shared);
    locks[high].unlock();
    locks[low].unlock();
  }
}

// Two threads on one lock, with 200 ns of work inside and outside of it.
template <typename Mutex>
void Contended(benchmark::State& state) {
  static Mutex shared_mutex;
  Mutex& mutex = shared_mutex;
  const uint64_t turns = TurnsOfTheWork();
  for (auto _ : state) {
    mutex.lock();
    Work(turns);
    mutex.unlock();
    Work(turns);
  }
}

// The same work; the time reported is the longest that either thread waited for
// the lock in a round of 4,000 sections: barging wins ratios and loses
// fairness.
template <typename Mutex>
void LongestWait(benchmark::State& state) {
  constexpr int kSections = 2000;  // per thread
  Mutex mutex;
  const uint64_t turns = TurnsOfTheWork();
  std::atomic<uint64_t> longest{0};
  const auto work = [&] {
    uint64_t mine = 0;
    for (int i = 0; i < kSections; ++i) {
      const uint64_t asked = __rdtsc();
      mutex.lock();
      mine = std::max<uint64_t>(mine, __rdtsc() - asked);
      Work(turns);
      mutex.unlock();
      Work(turns);
    }
    uint64_t seen = longest.load();
    while (seen < mine && !longest.compare_exchange_weak(seen, mine)) {
    }
  };
  for (auto _ : state) {
    longest = 0;
    { std::jthread first(work), second(work); }
    state.SetIterationTime(static_cast<double>(longest.load()) * NsPerTick() *
                           1e-9);
  }
}

template <typename Thread>
void StartAndJoin(benchmark::State& state) {
  for (auto _ : state) {
    Thread thread([] {});
    thread.join();
  }
}

template <typename SharedMutex>
void SharedPair(benchmark::State& state) {
  SharedMutex mutex;
  uint64_t shared = 0;
  for (auto _ : state) {
    mutex.lock_shared();
    benchmark::DoNotOptimize(++shared);
    mutex.unlock_shared();
  }
}

// Two threads that wake each other in turn; a step is one way.
template <typename Mutex, typename Condition>
void PingPong(benchmark::State& state) {
  Mutex mutex;
  Condition turned;
  bool mine = true, done = false;
  std::thread other([&] {
    std::unique_lock<Mutex> lock(mutex);
    while (true) {
      turned.wait(lock, [&] { return !mine || done; });
      if (done) return;
      mine = true;
      turned.notify_one();
    }
  });
  for (auto _ : state) {
    std::unique_lock<Mutex> lock(mutex);
    mine = false;
    turned.notify_one();
    turned.wait(lock, [&] { return mine; });
  }
  {
    const std::lock_guard<Mutex> lock(mutex);
    done = true;
    turned.notify_one();
  }
  other.join();
}

// The predicate holds: nobody waits.
template <typename Mutex, typename Condition>
void TrueAtOnce(benchmark::State& state) {
  Mutex mutex;
  Condition condition;
  std::unique_lock<Mutex> lock(mutex);
  bool so = true;
  for (auto _ : state) {
    benchmark::DoNotOptimize(so);
    condition.wait(lock, [&] { return so; });
  }
}

template <typename Mutex, typename Condition>
void RegisterConditionRows(const std::string& variant) {
  benchmark::RegisterBenchmark(("BM_condition_ping_pong/" + variant).c_str(),
                               &PingPong<Mutex, Condition>)
      ->UseRealTime();
  benchmark::RegisterBenchmark(("BM_condition_true_at_once/" + variant).c_str(),
                               &TrueAtOnce<Mutex, Condition>);
}

template <typename SharedMutex>
void RegisterSharedRows(const std::string& variant) {
  benchmark::RegisterBenchmark(("BM_shared_pair/" + variant).c_str(),
                               &SharedPair<SharedMutex>);
}

template <typename Mutex>
void RegisterLockRows(const std::string& variant) {
  const auto row = [&](const char* name, void (*function)(benchmark::State&)) {
    return benchmark::RegisterBenchmark(
        (std::string("BM_") + name + "/" + variant).c_str(), function);
  };
  row("uncontended_pair", &Uncontended<Mutex>);
  row("two_nested", &Nested<Mutex>);
  row("thousand_locks_in_pairs", &ThousandLocks<Mutex>);
  row("contended_200ns", &Contended<Mutex>)->Threads(2)->UseRealTime();
  row("contended_longest_wait", &LongestWait<Mutex>)
      ->UseManualTime()
      ->Iterations(20);
}

template <typename Thread>
void RegisterThreadRows(const std::string& variant) {
  benchmark::RegisterBenchmark(("BM_thread_start_and_join/" + variant).c_str(),
                               &StartAndJoin<Thread>)
      ->UseRealTime();
}

}  // namespace lockcheck::bench

#endif  // LOCKCHECK_BENCH_LOCK_ROWS_H_

// The rows of the cost table for semaphores and what is waited for and not
// held: latch, barrier, promise and future, call_once, and events. See
// lock_rows.h.
#ifndef LOCKCHECK_BENCH_WAIT_ROWS_H_
#define LOCKCHECK_BENCH_WAIT_ROWS_H_

#include <semaphore.h>

#include <atomic>
#include <string>

#include "benchmark/benchmark.h"

namespace lockcheck::bench {

// std has no event; this is the least that one could be.
class PlainEvent {
 public:
  void set() {
    set_.store(true, std::memory_order_release);
    set_.notify_all();
  }
  void wait() const {
    if (!is_set()) set_.wait(false, std::memory_order_acquire);
  }
  bool is_set() const { return set_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> set_{false};
};

template <typename Event>
void EventIsSet(benchmark::State& state) {
  Event event;
  event.set();
  for (auto _ : state) benchmark::DoNotOptimize(event.is_set());
}

template <typename Event>
void WaitForSetEvent(benchmark::State& state) {
  Event event;
  event.set();
  for (auto _ : state) {
    event.wait();
    benchmark::ClobberMemory();
  }
}

// glibc's: libstdc++ 12's takes thirty times as long for the last permit.
class PosixSemaphore {
 public:
  explicit PosixSemaphore(unsigned permits) {
    sem_init(&semaphore_, 0, permits);
  }
  ~PosixSemaphore() { sem_destroy(&semaphore_); }
  PosixSemaphore(const PosixSemaphore&) = delete;
  PosixSemaphore& operator=(const PosixSemaphore&) = delete;
  void acquire() {
    while (sem_wait(&semaphore_) != 0) {
    }
  }
  void release() { sem_post(&semaphore_); }

 private:
  sem_t semaphore_;
};

template <typename Semaphore>
void SemaphorePair(benchmark::State& state) {
  Semaphore semaphore(2);
  for (auto _ : state) {
    semaphore.acquire();
    benchmark::ClobberMemory();
    semaphore.release();
  }
}

// Two arrivals and a wait, with the latch's own life.
template <typename Latch>
void LatchOfTwo(benchmark::State& state) {
  for (auto _ : state) {
    Latch latch(2);
    latch.count_down();
    latch.count_down();
    latch.wait();
    benchmark::ClobberMemory();
  }
}

template <typename Barrier>
void BarrierOfOne(benchmark::State& state) {
  Barrier barrier(1);
  for (auto _ : state) barrier.arrive_and_wait();
}

template <typename Promise>
void PromiseAndFuture(benchmark::State& state) {
  for (auto _ : state) {
    Promise promise;
    auto future = promise.get_future();
    promise.set_value(1);
    benchmark::DoNotOptimize(future.get());
  }
}

// What `Types` names: Semaphore, StdSemaphore, Event, Latch, Barrier, Promise,
// Flag, and CallOnce(flag, function).
template <typename Types>
void CallOnceAgain(benchmark::State& state) {
  typename Types::Flag flag;
  for (auto _ : state) {
    Types::CallOnce(flag, [] {});
    benchmark::ClobberMemory();
  }
}

// std has no twin of a bounded semaphore.
template <typename Semaphore>
void RegisterBoundedRows(const std::string& variant) {
  benchmark::RegisterBenchmark(("BM_bounded_semaphore_pair/" + variant).c_str(),
                               &SemaphorePair<Semaphore>);
}

template <typename Types>
void RegisterWaitRows(const std::string& variant) {
  const auto row = [&](const char* name, void (*function)(benchmark::State&)) {
    benchmark::RegisterBenchmark(
        (std::string("BM_") + name + "/" + variant).c_str(), function);
  };
  row("semaphore_pair", &SemaphorePair<typename Types::Semaphore>);
  row("std_semaphore_pair", &SemaphorePair<typename Types::StdSemaphore>);
  row("event_is_set", &EventIsSet<typename Types::Event>);
  row("event_wait_while_set", &WaitForSetEvent<typename Types::Event>);
  row("latch_of_two", &LatchOfTwo<typename Types::Latch>);
  row("barrier_of_one", &BarrierOfOne<typename Types::Barrier>);
  row("promise_and_future", &PromiseAndFuture<typename Types::Promise>);
  row("call_once_again", &CallOnceAgain<Types>);
}

}  // namespace lockcheck::bench

#endif  // LOCKCHECK_BENCH_WAIT_ROWS_H_

// The cost of what processes share, in memory that is shared and with nobody
// else who wants it. Beside a lock stands the plain robust pthread mutex that
// does the same; beside what pthread has nothing for that survives a death,
// the nearest that it has, and beside a queue its twin that LOCKCHECK_DISABLED
// leaves.
#ifndef LOCKCHECK_BENCH_PROCESS_ROWS_H_
#define LOCKCHECK_BENCH_PROCESS_ROWS_H_

#include <pthread.h>
#include <semaphore.h>

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

// Not robust: who is killed while he reads or writes leaves it locked.
class PlainProcessRwlock {
 public:
  PlainProcessRwlock() {
    pthread_rwlockattr_t how;
    pthread_rwlockattr_init(&how);
    pthread_rwlockattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_rwlock_init(&lock_, &how);
    pthread_rwlockattr_destroy(&how);
  }
  void lock_shared() { pthread_rwlock_rdlock(&lock_); }
  void unlock_shared() { pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_;
};

class PlainProcessSemaphore {
 public:
  explicit PlainProcessSemaphore(unsigned permits) {
    sem_init(&semaphore_, 1, permits);
  }
  void acquire() { sem_wait(&semaphore_); }
  void release() { sem_post(&semaphore_); }

 private:
  sem_t semaphore_;
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

template <typename SharedMutex>
void ProcessReading(benchmark::State& state) {
  process::shared<SharedMutex> mutex;
  uint64_t shared = 0;
  for (auto _ : state) {
    mutex->lock_shared();
    benchmark::DoNotOptimize(++shared);
    mutex->unlock_shared();
  }
}

template <typename Semaphore>
void ProcessSemaphore(benchmark::State& state) {
  process::shared<Semaphore> semaphore(1);
  uint64_t shared = 0;
  for (auto _ : state) {
    semaphore->acquire();
    benchmark::DoNotOptimize(++shared);
    semaphore->release();
  }
}

template <typename Queue>
void ProcessPutGet(benchmark::State& state) {
  Queue queue(100);
  uint64_t item = 0;
  for (auto _ : state) {
    queue.put(item);
    item = queue.get() + 1;
  }
  benchmark::DoNotOptimize(item);
}

inline void RegisterProcessRow(const char* name, const std::string& variant,
                               void (*function)(benchmark::State&)) {
  benchmark::RegisterBenchmark(
      (std::string("BM_process_") + name + "/" + variant).c_str(), function);
}

template <typename Mutex, typename SharedMutex, typename Semaphore>
void RegisterProcessRows(const std::string& variant) {
  RegisterProcessRow("uncontended", variant, &ProcessUncontended<Mutex>);
  RegisterProcessRow("nested", variant, &ProcessNested<Mutex>);
  RegisterProcessRow("shared", variant, &ProcessReading<SharedMutex>);
  RegisterProcessRow("semaphore", variant, &ProcessSemaphore<Semaphore>);
}

}  // namespace lockcheck::bench

#endif  // LOCKCHECK_BENCH_PROCESS_ROWS_H_

// What a lock costs: the rows of lock_rows.h and wait_rows.h for std and,
// beside it, for lockcheck or for what it is compared with.
//
// LOCKCHECK_BENCH_VARIANT set: lockcheck, which has that name in the table; how
// it records is said by LOCKCHECK_OPTIONS, so scripts/bench runs this program
// once for each mode. Not set: lockcheck compiled with LOCKCHECK_DISABLED, and
// absl::Mutex with deadlock detection.
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <future>
#include <latch>
#include <semaphore>
#include <shared_mutex>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "bench/access_rows.h"
#include "bench/coroutine_rows.h"
#include "bench/lock_rows.h"
#include "bench/own_coroutines.h"
#include "bench/own_waits.h"
#include "bench/pool_rows.h"
#include "bench/process_rows.h"
#include "bench/queue_rows.h"
#include "bench/wait_rows.h"
#include "lockcheck/lockcheck.h"

namespace lockcheck::bench {

void RegisterDisabledRows();  // lock_bench_disabled.cc
void RegisterPlainTwinsRows();

namespace {

uint64_t turns_of_the_work = 0;
double ns_per_tick = 0;

template <typename T>
using StdAtomic = std::atomic<T>;
template <typename T>
using OwnAtomic = lockcheck::atomic<T>;

class AbslMutex {
 public:
  void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_.Lock(); }
  void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_.Unlock(); }
  void lock_shared() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_.ReaderLock(); }
  void unlock_shared() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_.ReaderUnlock(); }

 private:
  friend class AbslCondition;
  absl::Mutex mutex_;
};

class AbslCondition {
 public:
  template <typename Predicate>
  void wait(std::unique_lock<AbslMutex>& lock, Predicate done) {
    while (!done()) condition_.Wait(&lock.mutex()->mutex_);
  }
  void notify_one() { condition_.Signal(); }

 private:
  absl::CondVar condition_;
};

struct StdWaits {
  using Semaphore = PosixSemaphore;
  using StdSemaphore = std::counting_semaphore<>;
  using Event = PlainEvent;
  using Latch = std::latch;
  using Barrier = std::barrier<>;
  using Promise = std::promise<int>;
  using Flag = std::once_flag;
  static void CallOnce(Flag& flag, auto f) { std::call_once(flag, f); }
};

double NsOf(uint64_t turns) {
  const auto start = std::chrono::steady_clock::now();
  Work(turns);
  const std::chrono::duration<double, std::nano> taken =
      std::chrono::steady_clock::now() - start;
  return taken.count();
}

// The fastest of many short runs: others use the machine too.
void CalibrateWork() {
  constexpr uint64_t kTurns = 10'000;
  double best = NsOf(kTurns);
  for (int i = 0; i < 200; ++i) best = std::min(best, NsOf(kTurns));
  turns_of_the_work = static_cast<uint64_t>(200.0 * kTurns / best) + 1;
}

void CalibrateTicks() {
  const auto start = std::chrono::steady_clock::now();
  const uint64_t first = __rdtsc();
  while (std::chrono::steady_clock::now() - start <
         std::chrono::milliseconds(20)) {
  }
  const std::chrono::duration<double, std::nano> taken =
      std::chrono::steady_clock::now() - start;
  ns_per_tick = taken.count() / static_cast<double>(__rdtsc() - first);
}

}  // namespace

uint64_t TurnsOfTheWork() { return turns_of_the_work; }
double NsPerTick() { return ns_per_tick; }

}  // namespace lockcheck::bench

int main(int argc, char** argv) {
  using namespace lockcheck::bench;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  CalibrateWork();
  CalibrateTicks();
  // glibc's mutex is cheaper while a process has never had a second thread.
  std::thread([] {}).join();
  // Debian's library is built so that this is the default; ask for it anyway.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kReport);

  RegisterLockRows<std::mutex>("std");
  RegisterSharedRows<std::shared_mutex>("std");
  RegisterThreadRows<std::thread>("std");
  RegisterConditionRows<std::mutex, std::condition_variable>("std");
  RegisterPlainTwinsRows();
  RegisterWaitRows<StdWaits>("std");
  RegisterAccessRows<StdAtomic>("std");
  RegisterProcessRows<PlainRobustMutex, PlainProcessRwlock,
                      PlainProcessSemaphore>("std");
  if (const char* name = std::getenv("LOCKCHECK_BENCH_VARIANT")) {
    RegisterLockRows<lockcheck::mutex>(name);
    RegisterSharedRows<lockcheck::shared_mutex>(name);
    RegisterThreadRows<lockcheck::thread>(name);
    RegisterConditionRows<lockcheck::mutex, lockcheck::condition_variable>(
        name);
    RegisterQueueRows<lockcheck::queue<uint64_t>>(name);
    RegisterWaitRows<OwnWaits>(name);
    RegisterAccessRows<OwnAtomic>(name);
    RegisterBoundedRows<lockcheck::bounded_semaphore>(name);
    RegisterPoolRows<lockcheck::thread_pool>(name);
    RegisterCoroutineRows<OwnCoroutines>(name);
    RegisterProcessRows<lockcheck::process::mutex,
                        lockcheck::process::shared_mutex,
                        lockcheck::process::semaphore>(name);
    RegisterProcessRow("put_get", name,
                       &ProcessPutGet<lockcheck::process::queue<uint64_t>>);
  } else {
    RegisterDisabledRows();
    RegisterLockRows<AbslMutex>("absl");
    RegisterSharedRows<AbslMutex>("absl");
    RegisterConditionRows<AbslMutex, AbslCondition>("absl");
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}

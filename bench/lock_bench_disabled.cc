// The rows again, with the lock types that LOCKCHECK_DISABLED leaves. They live
// in an inline namespace of their own, so both kinds fit in one program.
#define LOCKCHECK_DISABLED
#include "bench/lock_rows.h"
#include "bench/pool_rows.h"
#include "bench/queue_rows.h"
#include "bench/wait_rows.h"
#include "lockcheck/lockcheck.h"

namespace lockcheck::bench {
namespace {

struct DisabledWaits {
  using Semaphore = lockcheck::counting_semaphore<>;
  using Event = lockcheck::event;
  using Latch = lockcheck::latch;
  using Barrier = lockcheck::barrier<>;
  using Promise = lockcheck::promise<int>;
  using Flag = lockcheck::once_flag;
  static void CallOnce(Flag& flag, auto f) { lockcheck::call_once(flag, f); }
};

}  // namespace

void RegisterDisabledRows() {
  RegisterLockRows<lockcheck::mutex>("disabled");
  RegisterSharedRows<lockcheck::shared_mutex>("disabled");
  RegisterThreadRows<lockcheck::thread>("disabled");
  RegisterConditionRows<lockcheck::mutex, lockcheck::condition_variable>(
      "disabled");
  RegisterWaitRows<DisabledWaits>("disabled");
}

// What std has no twin of.
void RegisterPlainTwinsRows() {
  RegisterQueueRows<lockcheck::queue<uint64_t>>("std");
  RegisterPoolRows<lockcheck::thread_pool>("std");
}

}  // namespace lockcheck::bench

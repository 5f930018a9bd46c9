// The rows again, with the lock types that LOCKCHECK_DISABLED leaves. They live
// in an inline namespace of their own, so both kinds fit in one program.
#define LOCKCHECK_DISABLED
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

template <typename T>
using PlainAtomic = lockcheck::atomic<T>;

void RegisterDisabledRows() {
  RegisterLockRows<lockcheck::mutex>("disabled");
  RegisterSharedRows<lockcheck::shared_mutex>("disabled");
  RegisterThreadRows<lockcheck::thread>("disabled");
  RegisterConditionRows<lockcheck::mutex, lockcheck::condition_variable>(
      "disabled");
  RegisterWaitRows<OwnWaits>("disabled");
  RegisterAccessRows<PlainAtomic>("disabled");
}

// What std has no twin of.
void RegisterPlainTwinsRows() {
  RegisterQueueRows<lockcheck::queue<uint64_t>>("std");
  RegisterPoolRows<lockcheck::thread_pool>("std");
  RegisterBoundedRows<lockcheck::bounded_semaphore>("std");
  RegisterCoroutineRows<OwnCoroutines>("std");
  RegisterProcessRow("put_get", "std",
                     &ProcessPutGet<process::queue<uint64_t>>);
}

}  // namespace lockcheck::bench

// lockcheck's coroutines, for the rows of coroutine_rows.h: of the kind that is
// included, recorded or LOCKCHECK_DISABLED.
#ifndef LOCKCHECK_BENCH_OWN_COROUTINES_H_
#define LOCKCHECK_BENCH_OWN_COROUTINES_H_

#include <cstdint>

#include "lockcheck/coroutine.h"

namespace lockcheck::bench {
namespace {

struct OwnCoroutines {
  using Task = coroutine::task<>;
  using Context = coroutine::context;
  using Mutex = coroutine::mutex;
  using SharedMutex = coroutine::shared_mutex;
  using Semaphore = coroutine::semaphore;
  using Queue = coroutine::queue<uint64_t>;
};

}  // namespace
}  // namespace lockcheck::bench

#endif  // LOCKCHECK_BENCH_OWN_COROUTINES_H_

// lockcheck's own types, as RegisterWaitRows() wants them named. They are
// others under LOCKCHECK_DISABLED, and so is this struct, in each source that
// has it.
#ifndef LOCKCHECK_BENCH_OWN_WAITS_H_
#define LOCKCHECK_BENCH_OWN_WAITS_H_

#include "lockcheck/lockcheck.h"

namespace lockcheck::bench {
namespace {

struct OwnWaits {
  using Semaphore = lockcheck::counting_semaphore<>;
  using StdSemaphore = Semaphore;
  using Event = lockcheck::event;
  using Latch = lockcheck::latch;
  using Barrier = lockcheck::barrier<>;
  using Promise = lockcheck::promise<int>;
  using Flag = lockcheck::once_flag;
  static void CallOnce(Flag& flag, auto f) { lockcheck::call_once(flag, f); }
};

}  // namespace
}  // namespace lockcheck::bench

#endif  // LOCKCHECK_BENCH_OWN_WAITS_H_

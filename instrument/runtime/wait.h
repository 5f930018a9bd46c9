// A wait for a lock, from beginning to end in the log.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_WAIT_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_WAIT_H_

#include <cstdint>

#include "instrument/runtime/table.h"
#include "instrument/runtime/thread.h"

namespace lockcheck::runtime {

// A wait that lasts longer gets a stack of its own in the log.
inline constexpr int64_t kLongWaitNs = 10'000'000;
// After so long it is looked whether the lock's owner is gone, again and again
// while that is in doubt.
inline constexpr int64_t kGoneOwnerNs = 1'000'000'000;

// With locks between processes it is looked for a deadlock of several of them,
// some times soon and then as above.
inline constexpr int64_t kSoonLookNs = 100'000'000;
inline constexpr int kSoonLooks = 10;

// kDeadlock: it would never end, and LOCKCHECK_OPTIONS wants it to fail.
// kNotRecoverable: of a lock between processes, which nobody gets any more.
enum class WaitEnd : uint8_t { kTaken, kTimedOut, kDeadlock, kNotRecoverable };

// Sleeps until the lock is taken or the request's deadline passes. The thread
// is busy before and after; while it sleeps it is not, and a signal handler's
// locks are recorded as usual.
WaitEnd RecordedWait(Thread* t, const LockRequest& request, uint32_t site);
// The record of its beginning alone.
void WriteBlock(Thread* t, const LockRequest& request, uint32_t site);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_WAIT_H_

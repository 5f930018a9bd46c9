// What a process keeps of an object that it shares with others: the tag and the
// names under which it records it; see lockcheck/internal/process_signal.h.
//
// Threading: any. Cost: a look-up by the object's number.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_SHADOW_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_SHADOW_H_

#include <cstdint>

#include "instrument/runtime/table.h"
#include "instrument/runtime/wait_records.h"
#include "lockcheck/internal/process_semaphore.h"

namespace lockcheck::runtime {

// Of the table. The queue that stands for it in this process's records, with an
// id. It is never waited in. Null: this thread is not recorded, or there is no
// memory.
internal::WaitQueue* DoProcessSignal(const internal::ProcessSignal& signal,
                                     SiteSlot* slot, Caller caller);
// Of all its signals that have an id.
void DoDestroyProcessObject(internal::ProcessObject& object);

// The same, of a busy thread.
internal::WaitQueue* QueueOf(Thread* t, const internal::ProcessSignal& signal,
                             uint32_t site);
// What is kept of who holds it: in the shared memory, if the object is of this
// recording, else in this process. Its queue is known.
LockState* HoldRecordOf(Thread* t, internal::ProcessSemaphoreState& semaphore);

// How who waits for it sleeps.
struct ProcessSleep {
  internal::ProcessWaiters* waiters;
  internal::ProcessWait* wait;
  const internal::ProcessSettle* settle;
};
// As SleepInQueue().
bool SleepInSlot(const QueuedWait& wait, const Deadline* look, bool* looked);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_SHADOW_H_

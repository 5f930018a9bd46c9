// What a process keeps of an object that it shares with others: the tag and the
// names under which it records it; see lockcheck/internal/process_signal.h.
//
// Threading: any. Cost: a look-up by the object's number.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_SHADOW_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_SHADOW_H_

#include <cstdint>

#include "instrument/runtime/table.h"
#include "instrument/runtime/wait_records.h"
#include "lockcheck/internal/process_signal.h"

namespace lockcheck::runtime {

// Of the table. The queue that stands for it in this process's records, with an
// id. It is never waited in. Null: this thread is not recorded, or there is no
// memory.
internal::WaitQueue* DoProcessSignal(const internal::ProcessSignal& signal,
                                     SiteSlot* slot, Caller caller);
// Of all its signals that have an id.
void DoDestroyProcessObject(internal::ProcessObject& object);

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

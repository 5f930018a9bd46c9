// Which record a lock between processes has in this process, and what the
// process knows of each such lock.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_RECORD_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_RECORD_H_

#include <cstdint>

#include "instrument/runtime/thread.h"
#include "lockcheck/internal/process_lock.h"

namespace lockcheck::runtime {

using internal::ProcessRecord;
using internal::SharedState;

// The record to write, with an id. The one beside the lock, if it is of this
// recording, or of none; `guarded`, the caller has the guard: or of one that
// nobody uses any more. Null: no memory.
SharedState* RecordOf(Thread* t, ProcessRecord& lock, uint32_t site,
                      bool guarded);
// The same, if there is one that has an id.
SharedState* KnownRecordOf(Thread* t, ProcessRecord& lock);

// The lock is destroyed.
void ForgetRecord(ProcessRecord& lock);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_RECORD_H_

// What a lock between processes excludes by, whichever kind it is of.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_GUARD_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_GUARD_H_

#include <errno.h>

#include "lockcheck/internal/process_lock.h"

namespace lockcheck::runtime {

using internal::Deadline;
using internal::ProcessRecord;
using internal::ProcessSharedState;
using internal::ProcessState;

inline bool IsShared(const ProcessRecord& lock) {
  return lock.kind == internal::LockKind::kProcessSharedMutex;
}
inline ProcessSharedState& Shared(ProcessRecord& lock) {
  return static_cast<ProcessSharedState&>(lock);
}
inline ProcessState& Exclusive(ProcessRecord& lock) {
  return static_cast<ProcessState&>(lock);
}

// Whether it is had now. Of a mutex, that its owner died is kept.
inline bool HasTaken(ProcessRecord& lock, int result) {
  if (result == EOWNERDEAD) Exclusive(lock).owner_died = true;
  return result == 0 || result == EOWNERDEAD;
}

inline int TryGuard(ProcessRecord& lock, bool reads) {
  if (!IsShared(lock)) return Exclusive(lock).guard.TryLock();
  auto& guard = Shared(lock).guard;
  return reads ? guard.TryLockShared() : guard.TryLock();
}

// `deadline` null: for ever.
inline int AwaitGuard(ProcessRecord& lock, bool reads,
                      const Deadline* deadline) {
  if (IsShared(lock)) {
    auto& guard = Shared(lock).guard;
    return reads ? guard.LockShared(deadline) : guard.Lock(deadline);
  }
  auto& guard = Exclusive(lock).guard;
  return deadline == nullptr ? guard.Lock() : guard.LockUntil(*deadline);
}

inline int LeaveGuard(ProcessRecord& lock) {
  return IsShared(lock) ? Shared(lock).guard.Unlock()
                        : Exclusive(lock).guard.Unlock();
}

// By anybody, in any process.
inline bool IsHeld(ProcessRecord& lock) {
  if (!IsShared(lock)) return Exclusive(lock).guard.OwnerTid() != 0;
  auto& guard = Shared(lock).guard;
  return guard.IsWritten() || guard.IsRead();
}

// By who has it: its owner before died, and this is the acquisition to say so.
inline bool IsTold(ProcessRecord& lock) {
  return IsShared(lock) ? Shared(lock).guard.TakeNews()
                        : Exclusive(lock).owner_died;
}

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_PROCESS_GUARD_H_

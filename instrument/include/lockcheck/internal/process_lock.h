// A lock between processes, as it lies in the memory that they share.
//
// Problem: a lock that a killed process held must be had by the next one, which
// the kernel sees to for pthread's robust mutexes alone. So such a mutex is the
// guard, and beside it lies what every lock of ours has, a LockState: it is
// written by who has the guard, says whose the lock is, and makes the lock one
// and the same object for all processes of one recording.
//
// The record belongs to the recording whose key stands beside it. A process
// that records elsewhere, or with mode=live, keeps a record of its own; one
// that records nothing leaves it alone.
#ifndef LOCKCHECK_INTERNAL_PROCESS_LOCK_H_
#define LOCKCHECK_INTERNAL_PROCESS_LOCK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/robust.h"
#include "lockcheck/internal/robust_shared.h"
#include "lockcheck/internal/segment.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// Its `name` and `file` are null: a pointer means nothing in another process.
struct ProcessRecord : SharedState {
  static constexpr size_t kNameBytes = 64, kFileBytes = 128;

  ProcessRecord(LockKind kind, const char* name,
                source_location where) noexcept;

  std::atomic<uint32_t> claimed_by{0};  // the process that gave it its key
  // Of the recording whose ids the record has; 0: of none yet.
  std::atomic<uint64_t> recording{0};
  uint64_t number;  // of this lock and no other
  uint32_t made_line;
  LockKind kind;
  char made_name[kNameBytes];
  char made_file[kFileBytes];  // its end, if it is too long
};

// process::mutex, process::recursive_mutex.
struct ProcessState : ProcessRecord {
  ProcessState(LockKind its_kind, const char* its_name,
               source_location where) noexcept
      : ProcessRecord(its_kind, its_name, where),
        guard(its_kind == LockKind::kProcessRecursiveMutex) {
    NoteLockOfSegment(&guard, made_name[0] != 0 ? made_name : nullptr);
  }
  ~ProcessState();

  RobustMutex guard;
  // By who has the guard: the owner before died, and consistent() has not been
  // called.
  bool owner_died = false;
};

// process::shared_mutex.
struct ProcessSharedState : ProcessRecord {
  ProcessSharedState(const char* its_name, source_location where) noexcept
      : ProcessRecord(LockKind::kProcessSharedMutex, its_name, where) {}
  ~ProcessSharedState();

  RobustSharedMutex guard;
};

// The key of this process's recording; 0: there is none, or it is live.
extern std::atomic<uint64_t> g_recording;

// Throws as lock() does. `reads`: of a ProcessSharedState.
void LockProcessUncommon(ProcessRecord& lock, SiteSlot* slot, Caller caller,
                         bool reads = false);
bool TryLockProcessUncommon(ProcessRecord& lock, SiteSlot* slot, Caller caller,
                            bool reads = false) noexcept;
bool TimedLockProcessUncommon(ProcessRecord& lock, SiteSlot* slot,
                              Caller caller, const Deadline& deadline,
                              bool reads = false);
// One member of a lock(a, b, ...) request, as LockMemberUncommon().
bool LockProcessMemberUncommon(ProcessRecord& lock, SiteSlot* slot,
                               Caller caller, uint32_t held);
void UnlockProcessUncommon(ProcessRecord& lock, SiteSlot* slot, Caller caller);
void UnlockSharedProcessUncommon(ProcessSharedState& lock, SiteSlot* slot,
                                 Caller caller) noexcept;
// The warm path: of lock(), and of what comes before a release. False: nothing
// was done.
bool WarmAcquireProcess(ProcessState& lock, SiteSlot* slot,
                        Caller caller) noexcept;
bool WarmCloseProcess(LockState& lock) noexcept;
// Throws, if it is for another owner's sake.
void UnlockProcessFailed(ProcessRecord& lock, int error);
// Of a recursive lock that this thread has already, by its record: takes it
// once more, or gives one level of several back. False: nothing was done.
bool TakeProcessAgain(ProcessState& lock) noexcept;
bool LeaveProcessLevel(ProcessState& lock) noexcept;
// The guard was just taken, with this result of it.
void TakenProcessUncommon(ProcessState& lock, SiteSlot* slot, Caller caller,
                          int result) noexcept;
// The lock, whose tag is `tag`, is about to be released and has waiters.
void ReleasingProcess(uint32_t tag) noexcept;

LOCKCHECK_ALWAYS_INLINE bool IsOwnProcessLock(const ProcessState& lock) {
  const uint32_t me = t_thread.state->actor;
  return ((lock.word.load(std::memory_order_relaxed) ^ me) & kOwnerMask) == 0 &&
         me != 0;
}

// True: the lock is had, and that is recorded.
LOCKCHECK_ALWAYS_INLINE bool AcquireProcessHot(ProcessState& lock,
                                               SiteSlot* slot, Caller caller) {
  ThreadState* const t = t_thread.state;
  ThreadHolds* const h = HoldsOf(t);
  uint32_t* const cursor = t->cursor;
  const uint32_t gate = LoadGate(h);
  const uint32_t lock_class = lock.lock_class.load(std::memory_order_relaxed);
  const bool plain = IsPlainHere(t, h, slot, gate, lock_class, cursor);
  if (!plain && !IsOff()) return false;
  if (const int result = lock.guard.TryLock();
      __builtin_expect(result != 0, false)) {
    if (result != EOWNERDEAD) return false;
    TakenProcessUncommon(lock, slot, caller, result);
    return true;
  }
  if (!plain) return true;
  SetGate(h, kGateShut);
  // Another cursor: a signal handler wrote records before the gate was shut.
  if (__builtin_expect(t->cursor != cursor, false) ||
      __builtin_expect(lock.recording.load(std::memory_order_relaxed) !=
                           g_recording.load(std::memory_order_relaxed),
                       false)) {
    SetGate(h, gate);
    TakenProcessUncommon(lock, slot, caller, 0);
    return true;
  }
  const uint32_t me = t->actor;
  lock.word.store(me, std::memory_order_relaxed);
  if (__builtin_expect(lock.last_actor != me, false)) {
    WarmTaken(lock, slot);
    return true;
  }
  RecordPlain(t, h, lock, slot, lock_class);
  return true;
}

// True: the lock is released, and that is recorded. If its owner before died,
// and nobody said that it is consistent, nobody gets it any more.
LOCKCHECK_ALWAYS_INLINE bool ReleaseProcessHot(ProcessState& lock) {
  const uint32_t tag = lock.tag.load(std::memory_order_relaxed);
  uint32_t me;
  if (__builtin_expect(lock.recording.load(std::memory_order_relaxed) !=
                           g_recording.load(std::memory_order_relaxed),
                       false) ||
      (__builtin_expect(!CloseHot(lock, tag, &me), false) &&
       !WarmCloseProcess(lock))) {
    return false;
  }
  if (__builtin_expect(lock.word.load(std::memory_order_relaxed) & kWaiters,
                       false)) {
    ReleasingProcess(tag);
  }
  lock.word.store(0, std::memory_order_relaxed);
  if (const int error = lock.guard.Unlock();
      __builtin_expect(error != 0, false)) {
    UnlockProcessFailed(lock, error);
  }
  return true;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_LOCK_H_

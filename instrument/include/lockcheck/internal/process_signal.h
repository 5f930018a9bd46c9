// What can be waited for in memory that processes share, recorded: the waiters
// of process_waiters.h, and who the object is in the log.
//
// It has one id for all processes of a recording, given by the first that uses
// it and kept beside the waiters. What else the recorder needs of it, names
// above all, each process keeps in a WaitQueue of its own, which is never
// waited in (process_shadow.h). A process that records elsewhere, or with
// mode=live, gives it an id of its own; one that records nothing leaves it
// alone.
//
// To make a type of it: keep what there is (a flag, a count, items) beside a
// ProcessObject, change it with a ProcessGuard only, and have a `settle` that
// grants what there is to those who wait. Then
//   * a post: with the guard, change it, take the act's number, call GrantTo()
//     (or settle); without the guard, RecordPost(); then WakeSlots(). Who dies
//     in between is made up for by the waiters' next round.
//   * a wait: with the guard, take what there is, or EnterWait(); without it,
//     AwaitSignal(); then, with the guard if what was granted is counted, fetch
//     it and LeaveWait(); at last RecordTake().
// A Record function is called without the guard, for it may write to a file.
//
// Threading: any thread of any process.
#ifndef LOCKCHECK_INTERNAL_PROCESS_SIGNAL_H_
#define LOCKCHECK_INTERNAL_PROCESS_SIGNAL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/process_lock.h"
#include "lockcheck/internal/process_waiters.h"
#include "lockcheck/internal/seen.h"
#include "lockcheck/internal/wait_queue.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// In the shared memory.
struct ProcessObject : ProcessWaiters {
  static constexpr size_t kNameBytes = ProcessState::kNameBytes,
                          kFileBytes = ProcessState::kFileBytes;

  ProcessObject(const char* name, source_location where) noexcept;
  ProcessObject(const ProcessObject&) = delete;
  ProcessObject& operator=(const ProcessObject&) = delete;

  // By what is waited for: its id << 3 and bits, in the log of the recording
  // whose key that is; 0: it has none yet.
  std::atomic<uint32_t> tags[kProcessSignals] = {};
  std::atomic<uint64_t> recording{0};
  std::atomic<uint32_t> claimed_by{0};  // the process that gave it its key
  uint32_t made_line;
  uint64_t number;  // of this object and no other
  char made_name[kNameBytes];
  char made_file[kFileBytes];  // its end, if it is too long
};

// One of the things that an object can be waited for. Made anew for each call.
struct ProcessSignal {
  ProcessObject* object;
  uint32_t index;    // below kProcessSignals
  WaitKind kind;     // in the log it is an object of this kind
  uint32_t initial;  // what it begins with: permits, room, participants
};

// Its tag in this process's log, where a thread notes what it has recorded
// already (seen.h); 0: not to be known without a call.
LOCKCHECK_ALWAYS_INLINE uint32_t TagHere(const ProcessSignal& signal) {
  const ProcessObject& o = *signal.object;
  const uint64_t mine = g_recording.load(std::memory_order_relaxed);
  return mine != 0 && o.recording.load(std::memory_order_relaxed) == mine
             ? o.tags[signal.index].load(std::memory_order_relaxed)
             : 0;
}

// Records a post: what it made of the object, and whom it was granted to.
void RecordPost(const ProcessSignal& signal, const PostFacts& facts,
                const ProcessGrant& grant, SiteSlot* slot,
                Caller caller) noexcept;
// Records that the caller got what it asked for: after a wait, or without one.
void RecordTake(const ProcessSignal& signal, const TakeFacts& facts,
                SiteSlot* slot, Caller caller) noexcept;
// The same of an act that may be found again, as a set of an event: each thread
// records once that it found it.
void RecordTakeOf(const ProcessSignal& signal, uint32_t sequence, How how,
                  SiteSlot* slot, Caller caller) noexcept;
// The same of what would have been waited for and was there: TakeOnce().
void RecordTakeOnce(const ProcessSignal& signal, How how, SiteSlot* slot,
                    Caller caller) noexcept;
// Records that a try found nothing.
void RecordTryFailed(const ProcessSignal& signal, SiteSlot* slot,
                     Caller caller) noexcept;
// Reports misuse: model::Misuse's number.
void RecordMisuse(const ProcessSignal& signal, uint8_t misuse, SiteSlot* slot,
                  Caller caller) noexcept;

// Blocks until the wait, which has been entered, is granted what it waits for
// (true: it has its slot still), or the deadline has passed and it has left.
// Null: none.
bool AwaitSignal(const ProcessSignal& signal, ProcessWait& wait,
                 const ProcessSettle& settle, SiteSlot* slot, Caller caller,
                 const Deadline* deadline) noexcept;

// By whoever destroys the object, for all that it can be waited for.
void DestroyProcessObject(ProcessObject& object) noexcept;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_SIGNAL_H_

// Writes records into the calling thread's hot block.
//
// The thread is busy (see Enter()). A record is stored from its second word on,
// its first word last, so that what a killed program leaves is always whole
// records. No function here fails: when the log cannot be written any more, the
// thread goes on into a scratch block.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_RECORD_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_RECORD_H_

#include <x86intrin.h>

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/thread.h"
#include "lib/log/format.h"

namespace lockcheck::runtime {

inline uint64_t Ticks() { return __rdtsc(); }

// Seals the block and begins a new segment in it.
void RoomSlow(Thread* t);
// Makes sure that `words` fit.
inline void Room(Thread* t, size_t words) {
  if (__builtin_expect(t->hot.cursor + words + kSlackWords > t->end, false)) {
    RoomSlow(t);
  }
}

// One record, composed in place. Room must have been made.
class Record {
 public:
  explicit Record(Thread* t) : t_(t), next_(t->hot.cursor + 1) {}
  Record& Word(uint32_t word) {
    *next_++ = word;
    return *this;
  }
  Record& U64(uint64_t value) {
    return Word(static_cast<uint32_t>(value))
        .Word(static_cast<uint32_t>(value >> 32));
  }
  Record& Text(const char* text, size_t bytes);
  Record& Text(const char* text);
  // Publishes the record.
  void End(log::Op op, uint32_t arg = 0);

 private:
  Thread* t_;
  uint32_t* next_;
};

// Writes the pending acquisition as an open hold, if there is one.
void OpenPending(Thread* t);

// Room and Record in one, for records of known size. The pending acquisition
// goes first: it came first, and a reader takes it for written as soon as
// anything stands at its position.
inline Record Begin(Thread* t, size_t words) {
  if (HasPending(t)) OpenPending(t);
  Room(t, words);
  return Record(t);
}

// Makes `block` the thread's, empty; BeginSegment() must follow.
void InstallBlock(Thread* t, log::BlockHeader* block);
void BeginSegment(Thread* t, uint32_t number);
// Makes the list of open holds larger. False: no memory.
bool GrowHeld(Thread* t);

// ---- Acquisitions -----------------------------------------------------------
struct Acquisition {
  uint32_t object;
  uint32_t site;
  uint32_t flags;  // log::AcquireFlags but kFlagEnd, kFlagWaiters
  uint32_t group;
  uint32_t handover;
  uint64_t start_ticks;
};

// The lock's id-and-site word of the pending acquisition is one of the short
// forms; see log::ShortOp.
inline bool IsShort(uint32_t packed) {
  return (packed & log::kShortOpMask) != log::kExtended;
}

// Makes `a` the pending acquisition. There must be none.
void SetPending(Thread* t, const Acquisition& a);
// Writes the pending acquisition as a whole section.
void ClosePending(Thread* t, bool saw_waiters);
uint32_t PendingObject(const Thread* t);
uint32_t PendingSite(const Thread* t);
// Releases open hold `index`.
void CloseHeld(Thread* t, size_t index, bool saw_waiters);
// The index of an open hold of the object; SIZE_MAX if there is none.
size_t FindHeld(Thread* t, uint32_t object);
void RemoveHeld(Thread* t, size_t index);

// ---- Sampling ---------------------------------------------------------------
// `sample_target` is the address at which the next hold is timed: 0 with
// timing=full, out of reach with timing=off.
inline constexpr uintptr_t kNeverSample = UINTPTR_MAX / 2;
inline constexpr uint32_t kSampleInterval = 32;  // mean, in acquisitions

inline void SetSampleAt(Thread* t) {
  const auto safe = reinterpret_cast<uintptr_t>(t->safe_end);
  t->hot.sample_at = reinterpret_cast<uint32_t*>(
      t->sample_target < safe ? t->sample_target : safe);
}

// Words beyond one per acquisition do not bring the next sample nearer.
inline void DelaySample(Thread* t, size_t words) {
  t->sample_target += words * sizeof(uint32_t);
  SetSampleAt(t);
}

// Sets the target anew, as for a thread that starts.
void ResetSampling(Thread* t);
// Whether this hold is to be timed; if so, draws when the next one is.
bool TakeSample(Thread* t);

// ---- One-word records -------------------------------------------------------
inline void PublishWord(Thread* t, uint32_t word) {
  uint32_t* const cursor = t->hot.cursor;
  internal::StoreWord(cursor, word);
  t->hot.cursor = cursor + 1;
}

inline void PushHeld(Thread* t, const Held& held) {
  Kept& k = t->kept();
  if (__builtin_expect(k.held_count == k.held_capacity, false) &&
      !GrowHeld(t)) {
    return;  // out of memory: the log keeps it, only this list is short
  }
  k.held[k.held_count++] = held;
}

// Writes the release of the innermost open hold, untimed.
inline void CloseInnermost(Thread* t) {
  uint32_t* const last = t->hot.cursor - 1;
  if (t->hot.cursor > t->after_long &&
      (*last & log::kShortOpMask) == log::kSection) {
    // The section before it takes the release along: one bit, not one word.
    internal::StoreWord(last, *last ^ (log::kSection ^ log::kSectionThenClose));
  } else {
    PublishWord(t, log::kClose);
    DelaySample(t, 1);
  }
}

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_RECORD_H_

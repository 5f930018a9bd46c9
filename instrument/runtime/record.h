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
#include "lockcheck/internal/hot_shared.h"

namespace lockcheck::runtime {

inline uint64_t Ticks() { return __rdtsc(); }

// What the thread has written where it is thrown away: counted, and gone.
void EmptyScratch(Thread* t);

// With mode=live: drops what is not kept. BeginSegment() must follow, with the
// number after the one that is the thread's then.
void Rewind(Thread* t);

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

// Room and Record in one, for records of known size.
inline Record Begin(Thread* t, size_t words) {
  Room(t, words);
  return Record(t);
}

// Makes `block` the thread's, empty; BeginSegment() must follow.
void InstallBlock(Thread* t, log::BlockHeader* block);
void BeginSegment(Thread* t, uint32_t number);
// How many words that takes at most.
size_t SegmentWords(Thread* t);
// Writes the thread's `begin_` fields: that the actor began.
void WriteBegin(Thread* t);
// Makes the list of holds larger. False: no memory.
bool GrowHolds(Thread* t);
void FreeHolds(Thread* t);

// ---- Acquisitions -----------------------------------------------------------
struct Acquisition {
  uint32_t object;
  uint32_t site;
  uint32_t gate;   // the thread's from now on
  uint32_t flags;  // log::AcquireFlags but kFlagEnd
  uint32_t group;
  uint32_t handover;
  uint64_t start_ticks;
  bool permit = false;  // of a semaphore: another may release it
};

// Writes the acquisition, and puts it on the list of holds.
void OpenHold(Thread* t, const Acquisition& a);
// Writes the release of hold `index`, and takes it off the list.
void CloseHold(Thread* t, size_t index);
// The index of a hold of the object; SIZE_MAX if there is none.
size_t FindHold(Thread* t, uint32_t object);
void RemoveHold(Thread* t, size_t index);

inline uint32_t ObjectOf(const Hold& hold) {
  return hold.word == 0 ? hold.object : log::ObjectOf(hold.word);
}
inline uint32_t SiteOf(const Hold& hold) {
  return hold.word == 0 ? hold.site : log::SiteOf(hold.word);
}

// ---- Sampling ---------------------------------------------------------------
// `sample_target` is the address at which the next hold is timed: 0 with
// timing=full, out of reach with timing=off.
inline constexpr uintptr_t kNeverSample = UINTPTR_MAX / 2;
// Means, in acquisitions: of a thread's first samples, and of all that follow.
inline constexpr uint32_t kEarlyInterval = 32, kSampleInterval = 64;
inline constexpr uint32_t kEarlySamples = 1024;

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

// ---- Readings ---------------------------------------------------------------
// Of an object with a short id; see ThreadState::read_tag.
inline uint32_t ReadTag(uint32_t object) {
  return object << log::kObjectShift | log::kOpenBit;
}
// For an exclusive acquisition. Whether it was what the thread read last.
inline bool ForgetReading(Thread* t, uint32_t tag) {
  if (t->hot.read_tag != tag) return false;
  t->hot.read_tag = 0;
  return true;
}

// ---- One-word records -------------------------------------------------------
inline void PublishWord(Thread* t, uint32_t word) {
  uint32_t* const cursor = t->hot.cursor;
  internal::StoreWord(cursor, word);
  t->hot.cursor = cursor + 1;
}

// Puts a hold on the list whose record, which begins with `word` if it is a
// short one, ends at the cursor. There must be room, and the gate is shut.
inline Hold& PushHold(Thread* t, uint32_t word, uint32_t gate,
                      uint64_t start_ticks) {
  ThreadHolds& h = t->kept().hot;
  Hold& hold = *h.top;
  hold.gate = gate;
  hold.word = word;
  hold.after = internal::LowHalf(t->hot.cursor);
  hold.start_ticks = start_ticks;
  ++h.top;
  return hold;
}

// `start_ticks` of a plain hold is what an earlier one left there.
inline bool IsTimed(const Hold& hold) {
  const uint32_t opcode = hold.word & log::kShortOpMask;
  return opcode != log::kOpen && hold.start_ticks != 0 &&
         !(opcode == log::kOpenHandover &&
           (hold.words & internal::kHoldWords) == 1);
}

// The hot path stores only plain holds, and not all their fields.
inline bool IsRead(const Hold& hold) {
  return (hold.word & log::kShortOpMask) != log::kOpen &&
         (hold.words & internal::kHoldIsRead) != 0;
}

inline bool IsPermit(const Hold& hold) {
  return (hold.word & log::kShortOpMask) != log::kOpen &&
         (hold.words & internal::kHoldIsPermit) != 0;
}

inline bool IsTried(const Hold& hold) {
  return (hold.word & log::kShortOpMask) != log::kOpen &&
         (hold.words & internal::kHoldIsTried) != 0;
}

// Now, but never before the hold's start: two processors' counters may differ.
inline uint64_t ReleaseTicks(const Hold& hold) {
  const uint64_t now = Ticks();
  return now < hold.start_ticks ? hold.start_ticks : now;
}

// Whether the hold's record is the last one of the block.
inline bool IsLast(const Thread* t, const Hold& hold) {
  return hold.after == internal::LowHalf(t->hot.cursor);
}

// Writes the release of the innermost hold, whose record is not the last one.
inline void WriteClose(Thread* t) {
  uint32_t* const last = t->hot.cursor - 1;
  if (t->hot.cursor > t->after_long &&
      (*last & log::kShortOpMask) == log::kSection) {
    // The section before it takes the release along: one bit, not one word.
    internal::StoreWord(last, *last ^ (log::kSection ^ log::kSectionThenClose));
  } else {
    PublishWord(t, log::CloseWord(0));
    DelaySample(t, 1);
  }
}

// Changes the hold's record, the last one, into a section's. False: it cannot
// say how long it was held.
inline bool CloseInPlace(Thread* t, const Hold& hold, uint64_t now) {
  uint32_t* const cursor = t->hot.cursor;
  const uint32_t opcode = hold.word & log::kShortOpMask;
  if (opcode == log::kOpen) {
    internal::StoreWord(cursor - 1, hold.word ^ log::kOpenBit);
    return true;
  }
  if (IsTimed(hold)) {
    const uint32_t length = log::EncodeTicks(now - hold.start_ticks);
    if (length == log::kStillOpen) return false;
    internal::StoreWord(cursor - 1, (cursor[-1] & 0xffff) | length << 16);
    if (opcode == log::kTimed) return true;
  }
  // A repeated reading's record is a plain one, and so may a permit's be,
  // whatever the hold says.
  uint32_t* const record = cursor - (hold.words & internal::kHoldWords);
  internal::StoreWord(record, *record ^ log::kOpenBit);
  return true;
}

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_RECORD_H_

// The warm path, see hot.h. What record.cc does in general is repeated here for
// the one frequent case of each step, so that a sampled section, a hand-over
// and the outer of two nested sections cost a few dozen instructions. Any copy
// of the runtime may run it: it reads nothing but the thread's state and the
// lock.
//
// The entry points are leaves: every call stands at an end, so that the
// frequent way saves no registers.

#include "instrument/runtime/live.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/plain_shared.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/wait_queue.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

using runtime::Current;
using runtime::Kept;
using runtime::Thread;

// Shuts the gate. False, and it is not, if a signal handler has written records
// since `cursor` was read: then nothing that was read since is true.
inline bool ShutAt(Thread* t, const uint32_t* cursor, uint32_t gate) {
  SetGate(&t->kept().hot, kGateShut);
  if (__builtin_expect(t->hot.cursor == cursor, true)) return true;
  SetGate(&t->kept().hot, gate);
  return false;
}

// Whether a request for a lock of this class at this site has come this way
// before, so that its stack is in the log.
inline bool IsKnown(Thread* t, const Kept& kept, uint32_t gate,
                    const LockState& lock, uint32_t lock_class, uint32_t tag,
                    bool reads) {
  if (__builtin_expect(t->live && gate != kGateNoHold, false)) {
    const uint32_t wanted =
        runtime::Tag(lock) >> 3 | (reads ? uint32_t{1} << 31 : 0);
    const uint64_t way = runtime::LiveWay(t, kept.hot.top, wanted);
    return runtime::KnowsLiveWay(kept, way);
  }
  const uint64_t key =
      runtime::WayKey(gate, lock_class, runtime::SiteOfTag(tag));
  return kept.ways[runtime::WayPlace(key)] == key;
}

inline bool HasRoom(const Thread* t) { return t->hot.cursor < t->safe_end; }

using runtime::Tag;

// Now and then, so that the slot's frequent way becomes the hot one, and two
// threads with different ways do not fight over the slot.
inline void AdaptSlot(SiteSlot* slot, uint32_t way) {
  if (way != __atomic_load_n(&slot->outer, __ATOMIC_RELAXED)) {
    __atomic_store_n(&slot->outer, way, __ATOMIC_RELAXED);
  }
}

// The record of what has just been taken; there is no short one without it.
[[gnu::noinline]] bool OpenWide(Thread* t, const runtime::Acquisition& a) {
  runtime::OpenHold(t, a);
  runtime::Leave(t);
  return true;
}

// Writes the time word of a hold that begins now; false if it does not fit.
inline bool TimeWord(Thread* t, uint64_t start, uint32_t* word) {
  const uint32_t gap = log::EncodeTicks(start - t->stamp);
  *word = gap | log::kStillOpen << 16;
  if (__builtin_expect(gap == log::kStillOpen, false)) return false;
  t->stamp += log::DecodeTicks(gap);
  return true;
}

// Records an acquisition that is handed over, or timed, or both: the detail
// word and the time word first, the record's own word last.
[[gnu::noinline]] bool OpenLong(Thread* t, LockState& lock, SiteSlot* slot,
                                bool handover) {
  const uint32_t tag = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  const uint32_t word = Tag(lock) | tag;
  lock.holder_site.store(HolderSite(tag, t->hot.actor),
                         std::memory_order_relaxed);
  ThreadHolds& h = t->kept().hot;
  const uint32_t lock_class = lock.lock_class.load(std::memory_order_relaxed);
  const uint32_t gate = GateBehind(lock_class, tag);
  uint32_t* const cursor = t->hot.cursor;
  uint32_t* next = cursor + 1;
  uint32_t opcode = log::kOpen;
  uint64_t start = 0;
  if (handover) {
    *next++ = lock.handovers;
    opcode = log::kOpenHandover;
  }
  if (cursor >= t->hot.sample_at && runtime::TakeSample(t)) {
    AdaptSlot(slot, runtime::InnermostGate(t) | lock_class);
    start = runtime::Ticks();
    if (!TimeWord(t, start, next)) {
      *next = 0;
      cursor[1] = 0;
      const uint32_t flags =
          log::kFlagStart | (handover ? uint32_t{log::kFlagHandover} : 0u);
      return OpenWide(t, {log::ObjectOf(word), log::SiteOf(word), gate, flags,
                          0, lock.handovers, start});
    }
    ++next;
    if (handover) {
      cursor[1] |= log::kDetailTimed;
    } else {
      opcode = log::kTimed;
    }
  }
  const uint32_t first = (word & ~log::kShortOpMask) | opcode;
  StoreWord(cursor, first);
  t->hot.cursor = next;
  if (next != cursor + 1) t->after_long = next;
  runtime::DelaySample(t, static_cast<size_t>(next - cursor) - 1);
  Hold* const hold = h.top;
  hold->word = first;
  hold->after = LowHalf(next);
  hold->gate = gate;
  hold->words = 0;
  hold->start_ticks = start;
  h.top = hold + 1;
  SetGate(&h, gate);
  return true;
}

// Writes a reader's acquisition: always with the writer's count.
inline void OpenRead(Thread* t, SharedState& lock, uint32_t tag) {
  const uint32_t lock_class = lock.lock_class.load(std::memory_order_relaxed);
  ThreadHolds& h = t->kept().hot;
  uint32_t* const cursor = t->hot.cursor;
  const uint32_t first =
      ((Tag(lock) | tag) & ~log::kShortOpMask) | log::kOpenHandover;
  cursor[1] = lock.handovers | log::kDetailShared;
  StoreWord(cursor, first);
  t->hot.cursor = cursor + 2;
  t->after_long = cursor + 2;
  runtime::DelaySample(t, 1);
  Hold* const hold = h.top;
  hold->word = first;
  hold->after = LowHalf(cursor + 2);
  hold->gate = GateBehind(lock_class, tag);
  hold->words = 2 | kHoldIsRead;
  hold->start_ticks = 0;
  h.top = hold + 1;
}

[[gnu::noinline]] bool TakenByOther(LockState& lock, SiteSlot* slot) {
  WarmTaken(lock, slot);
  return true;
}

[[gnu::noinline]] bool WakeAfterRelease(LockState& lock, uint32_t tag) {
  ReleasedToWaiters(lock, tag);
  return true;
}

[[gnu::noinline]] bool WakeAfterWriter(LockState& lock, uint32_t tag) {
  WriterReleased(lock, tag);
  return true;
}

template <bool kWriter>
inline bool Free(LockState& lock, uint32_t tag) {
  if (__builtin_expect(
          lock.word.exchange(0, std::memory_order_release) & kWaiters, false)) {
    return kWriter ? WakeAfterWriter(lock, tag) : WakeAfterRelease(lock, tag);
  }
  return true;
}

// Ends WarmRelease() of a hold that is handed over, or timed, or both.
template <bool kWriter>
[[gnu::noinline]] bool ReleaseLong(Thread* t, LockState& lock) {
  ThreadHolds& h = t->kept().hot;
  const Hold& hold = h.top[-1];
  const uint64_t now = runtime::IsTimed(hold) ? runtime::ReleaseTicks(hold) : 0;
  if (__builtin_expect(
          runtime::IsLast(t, hold) && runtime::CloseInPlace(t, hold, now),
          true)) {
    --h.top;
  } else {
    runtime::CloseHold(t, runtime::HoldCount(t) - 1);
  }
  runtime::Leave(t);
  return Free<kWriter>(lock, Tag(lock));
}

template <bool kWriter>
inline bool Release(LockState& lock) {
  Thread* const t = Current();
  Kept& kept = t->kept();
  const uint32_t gate = LoadGate(&kept.hot);
  uint32_t* const cursor = t->hot.cursor;
  if (gate == kGateShut || !HasRoom(t) ||
      ((lock.word.load(std::memory_order_relaxed) ^ t->hot.actor) &
       kOwnerMask) != 0) {
    return false;
  }
  Hold* const hold = kept.hot.top - 1;
  const uint32_t tag = Tag(lock);
  // Its short record, whatever the opcode.
  if (hold->word == 0 ||
      ((hold->word ^ tag) & (kObjectBits & ~log::kShortOpMask)) != 0 ||
      !ShutAt(t, cursor, gate)) {
    return false;
  }
  if (__builtin_expect((hold->word & log::kShortOpMask) != log::kOpen, false)) {
    return ReleaseLong<kWriter>(t, lock);
  }
  if (runtime::IsLast(t, *hold)) {
    StoreWord(cursor - 1, hold->word ^ log::kOpenBit);
  } else {
    runtime::WriteClose(t);
  }
  kept.hot.top = hold;
  SetGate(&kept.hot, hold[-1].gate);
  return Free<kWriter>(lock, tag);
}

}  // namespace

bool WarmAcquire(LockState& lock, SiteSlot* slot) noexcept {
  Thread* const t = Current();
  Kept& kept = t->kept();
  const uint32_t gate = LoadGate(&kept.hot);
  const uint32_t tag = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  const uint32_t lock_class = lock.lock_class.load(std::memory_order_relaxed);
  uint32_t* const cursor = t->hot.cursor;
  // A lock that is not registered yet goes where its kind is known.
  if (gate == kGateShut || (tag & kSiteShort) == 0 || !HasRoom(t) ||
      kept.hot.top == kept.hot.limit || Tag(lock) == 0 ||
      !IsKnown(t, kept, gate, lock, lock_class, tag, false) ||
      !ShutAt(t, cursor, gate)) {
    return false;
  }
  uint32_t free = 0;
  const uint32_t me = t->hot.actor;
  if (!lock.word.compare_exchange_strong(free, me, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
    SetGate(&kept.hot, gate);
    return false;
  }
  if (__builtin_expect(lock.last_actor != me, false)) {
    return TakenByOther(lock, slot);
  }
  if (__builtin_expect(cursor >= t->hot.sample_at, false)) {
    return OpenLong(t, lock, slot, false);
  }
  lock.holder_site.store(HolderSite(tag, t->hot.actor),
                         std::memory_order_relaxed);
  const uint32_t word = Tag(lock) | tag;
  StoreWord(cursor, word);
  t->hot.cursor = cursor + 1;
  Hold* const hold = kept.hot.top;
  hold->word = word;
  hold->after = LowHalf(cursor + 1);
  hold->gate = GateBehind(lock_class, tag);
  kept.hot.top = hold + 1;
  SetGate(&kept.hot, hold->gate);
  return true;
}

// A lock that went from one thread to another.
void WarmTaken(LockState& lock, SiteSlot* slot) noexcept {
  Thread* const t = Current();
  const uint32_t last = lock.last_actor;
  const uint32_t tag = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  // First use; an object that needs wide records, or that another actor
  // unlocked; the child of a fork.
  if (last == 0 || last == t->hot.actor || (last & kWaiters) != 0 ||
      (tag & kSiteShort) == 0 || !HasRoom(t) ||
      lock.handovers >= log::kDetailCount) {
    return TakenUncommon(lock, slot);
  }
  // A hold of this object that another thread's unlock ended may be on the list
  // still.
  if (runtime::HoldCount(t) != 0 &&
      runtime::FindHold(t, Tag(lock) >> 3) != SIZE_MAX) {
    return TakenUncommon(lock, slot);
  }
  lock.last_actor = t->hot.actor;
  ++lock.handovers;
  OpenLong(t, lock, slot, true);
}

bool WarmRelease(LockState& lock) noexcept { return Release<false>(lock); }
bool WarmReleaseWriter(SharedState& lock) noexcept {
  return Release<true>(lock);
}

// A thread whose gate is shut may be none that records at all.
[[gnu::noinline, gnu::cold]] static bool ReadWhileOff(SharedState& lock) {
  return IsOff() && runtime::TryRead(lock, 0);
}

[[gnu::noinline, gnu::cold]] static bool StopReadingWhileOff(
    SharedState& lock) {
  if (!IsOff() || (lock.word.load(std::memory_order_relaxed) & kReading) == 0) {
    return false;
  }
  if (runtime::StopReading(lock)) runtime::WakeShared(lock);
  return true;
}

bool WarmAcquireShared(SharedState& lock, SiteSlot* slot) noexcept {
  Thread* const t = Current();
  Kept& kept = t->kept();
  const uint32_t gate = LoadGate(&kept.hot);
  const uint32_t tag = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  const uint32_t lock_class = lock.lock_class.load(std::memory_order_relaxed);
  uint32_t* const cursor = t->hot.cursor;
  // Below `sample_at` there is room, too. Wide ids and the thread's own lock go
  // the general way.
  if (gate == kGateShut || (tag & kSiteShort) == 0 ||
      cursor >= t->hot.sample_at || kept.hot.top == kept.hot.limit ||
      Tag(lock) == 0 || (Tag(lock) & 2) != 0 ||
      !IsKnown(t, kept, gate, lock, lock_class, tag, true) ||
      !ShutAt(t, cursor, gate)) {
    return ReadWhileOff(lock);
  }
  if (!runtime::TryRead(lock, 0)) {
    SetGate(&kept.hot, gate);
    return false;
  }
  // Writers change the count, so it is looked at only now.
  if (__builtin_expect(lock.handovers > log::kDetailCount, false)) {
    const bool waited = runtime::StopReading(lock);
    SetGate(&kept.hot, gate);
    if (waited) WriterReleased(lock, Tag(lock));
    return false;
  }
  if (runtime::LastActor(lock) != kReadersActor) {
    runtime::SetLastActor(lock, kReadersActor);
  }
  // The compare-and-swap has made the cache line this processor's already.
  lock.last_reader.store(t->hot.actor, std::memory_order_relaxed);
  lock.holder_site.store(HolderSite(tag, t->hot.actor),
                         std::memory_order_relaxed);
  OpenRead(t, lock, tag);
  SetGate(&kept.hot, kept.hot.top[-1].gate);
  return true;
}

namespace {

// Of an object that is registered, and has a short id.
inline bool IsShort(const WaitQueue* object) {
  const uint32_t tag = object->tag.load(std::memory_order_relaxed);
  return tag != 0 && (tag & 2) == 0;
}

inline uint32_t* WriteNote(uint32_t* at, log::Op op, uint32_t arg,
                           const WaitQueue& object, uint32_t site,
                           uint32_t sequence) {
  at[2] = sequence;
  at[1] =
      (object.tag.load(std::memory_order_relaxed) | site) & ~log::kShortOpMask;
  StoreWord(at, log::Extended(op, 3, arg | log::kShortNote));
  return at + 3;
}

}  // namespace

bool WarmNote(const WaitQueue* taken, const WaitQueue* posted, NoteFacts facts,
              const SiteSlot* slot) noexcept {
  Thread* const t = Current();
  ThreadHolds& h = t->kept().hot;
  const uint32_t gate = LoadGate(&h);
  const uint32_t site = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  uint32_t* const cursor = t->hot.cursor;
  if (gate == kGateShut || (site & kSiteShort) == 0 || !HasRoom(t) ||
      (taken != nullptr && !IsShort(taken)) ||
      (posted != nullptr && !IsShort(posted)) || !ShutAt(t, cursor, gate)) {
    return false;
  }
  uint32_t* next = cursor;
  if (taken != nullptr) {
    next = WriteNote(next, log::Op::kTake, static_cast<uint32_t>(facts.how),
                     *taken, site, facts.sequence);
  }
  if (posted != nullptr) {
    next = WriteNote(next, log::Op::kPost, static_cast<uint32_t>(facts.post),
                     *posted, site, facts.sequence);
  }
  t->hot.cursor = next;
  t->after_long = next;
  runtime::DelaySample(t, static_cast<size_t>(next - cursor));
  SetGate(&h, gate);
  return true;
}

bool WarmReleaseShared(SharedState& lock) noexcept {
  Thread* const t = Current();
  Kept& kept = t->kept();
  const uint32_t gate = LoadGate(&kept.hot);
  uint32_t* const cursor = t->hot.cursor;
  if (gate == kGateShut || !HasRoom(t) ||
      (lock.word.load(std::memory_order_relaxed) & kReading) == 0) {
    return StopReadingWhileOff(lock);
  }
  Hold* const hold = kept.hot.top - 1;
  const uint32_t tag = Tag(lock);
  if (hold->word == 0 || hold->start_ticks != 0 ||
      ((hold->word ^ tag) & (kObjectBits & ~log::kShortOpMask)) != 0 ||
      (hold->word & log::kShortOpMask) != log::kOpenHandover ||
      !ShutAt(t, cursor, gate)) {
    return false;
  }
  if (runtime::IsLast(t, *hold)) {
    StoreWord(cursor - 2, hold->word ^ log::kOpenBit);
  } else {
    runtime::WriteClose(t);
  }
  kept.hot.top = hold;
  SetGate(&kept.hot, hold[-1].gate);
  if (__builtin_expect(runtime::StopReading(lock), false)) {
    return WakeAfterWriter(lock, tag);
  }
  return true;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

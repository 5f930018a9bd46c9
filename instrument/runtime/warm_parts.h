// Steps of the warm path that its entry points share; see warm.cc.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_WARM_PARTS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_WARM_PARTS_H_

#include <cstdint>

#include "instrument/runtime/live.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/internal/hot.h"

namespace lockcheck::runtime {

// Shuts the gate. False, and it is not, if a signal handler has written records
// since `cursor` was read: then nothing that was read since is true.
inline bool ShutAt(Thread* t, const uint32_t* cursor, uint32_t gate) {
  internal::SetGate(&t->kept().hot, internal::kGateShut);
  if (__builtin_expect(t->hot.cursor == cursor, true)) return true;
  internal::SetGate(&t->kept().hot, gate);
  return false;
}

// By what a way is known: with mode=live, under held locks, by what is held and
// asked for. That takes so many registers that it has functions of its own.
enum class Known { kByPlace, kByLiveWay };

inline bool NeedsLiveWay(const Thread* t, uint32_t gate) {
  return __builtin_expect(t->live && gate != internal::kGateNoHold, false);
}

// The same of a thread whose requests with nothing held are noted.
inline bool NeedsAnyLiveWay(const Thread* t, uint32_t gate) {
  return __builtin_expect(
      t->live && (gate != internal::kGateNoHold || t->notes_wanted), false);
}

// Whether a request for a lock of this class at this site has come this way
// before, so that its stack is in the log.
template <Known kKnown>
inline bool IsKnown(Thread* t, const Kept& kept, uint32_t gate,
                    const LockState& lock, uint32_t lock_class, uint32_t tag,
                    bool reads) {
  if (kKnown == Known::kByLiveWay) {
    const uint32_t wanted = ObjectId(lock) | (reads ? uint32_t{1} << 31 : 0);
    return KnowsLiveWay(kept, LiveWay(t, kept.hot.top, wanted));
  }
  const uint64_t key = WayKey(gate, lock_class, SiteOfTag(tag));
  return kept.ways[WayPlace(key)] == key;
}

inline bool HasRoom(const Thread* t) { return t->hot.cursor < t->safe_end; }

// What a request finds. If the gate is shut then, it stays so.
struct WarmRequest {
  WarmRequest(const LockState& lock, const internal::SiteSlot* slot)
      : t(Current()),
        gate(internal::LoadGate(&t->kept().hot)),
        tag(__atomic_load_n(&slot->tag, __ATOMIC_RELAXED)),
        lock_class(lock.lock_class.load(std::memory_order_relaxed)),
        cursor(t->hot.cursor) {}

  // False, and the gate is as it was: it is not one of the frequent requests.
  // A lock that is not registered yet goes where its kind is known; one with a
  // wide id has no short record as what is read.
  template <Known kKnown>
  bool ShutIfKnown(const LockState& lock, bool reads) const {
    const Kept& kept = t->kept();
    return gate != internal::kGateShut && (tag & internal::kSiteShort) != 0 &&
           HasRoom(t) && kept.hot.top != kept.hot.limit && Tag(lock) != 0 &&
           !(reads && (Tag(lock) & 2) != 0) &&
           IsKnown<kKnown>(t, kept, gate, lock, lock_class, tag, reads) &&
           ShutAt(t, cursor, gate);
  }

  Thread* const t;
  const uint32_t gate;        // the thread's
  const uint32_t tag;         // the site's
  const uint32_t lock_class;  // 0: not known yet
  uint32_t* const cursor;
};

// Now and then, so that the slot's frequent way becomes the hot one, and two
// threads with different ways do not fight over the slot.
inline void AdaptSlot(SiteSlot* slot, uint32_t way) {
  if (way != __atomic_load_n(&slot->outer, __ATOMIC_RELAXED)) {
    __atomic_store_n(&slot->outer, way, __ATOMIC_RELAXED);
  }
}

// The record of what has just been taken; there is no short one without it.
[[gnu::noinline]] inline bool OpenWide(Thread* t, const Acquisition& a) {
  OpenHold(t, a);
  Leave(t);
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

// Whether a release of this lock may be that of the hold: its short record,
// whatever the opcode. Of a wide id (bit 1 of the tag) there is none.
inline bool IsShortHoldOf(const Hold& hold, uint32_t tag) {
  return hold.word != 0 && (tag & 2) == 0 &&
         ((hold.word ^ tag) & (internal::kObjectBits & ~log::kShortOpMask)) ==
             0;
}

// Ends the innermost hold, which was handed over, or timed, or both, and opens
// the gate.
inline void CloseLong(Thread* t) {
  ThreadHolds& h = t->kept().hot;
  const Hold& hold = h.top[-1];
  const uint64_t now = IsTimed(hold) ? ReleaseTicks(hold) : 0;
  if (__builtin_expect(IsLast(t, hold) && CloseInPlace(t, hold, now), true)) {
    --h.top;
  } else {
    CloseHold(t, HoldCount(t) - 1);
  }
  Leave(t);
}

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_WARM_PARTS_H_

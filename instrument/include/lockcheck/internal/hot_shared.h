// The hot path of readers; see hot.h.
//
// A reader's record names the count of hand-overs that the last writer left, a
// second word. A repetition of the thread's last reading says the same again:
// it is recorded as a plain section is, and only that is hot. Its hold says
// that it is one by its opcode and length: kReadOpcode, whose own records are
// longer, and one word.
#ifndef LOCKCHECK_INTERNAL_HOT_SHARED_H_
#define LOCKCHECK_INTERNAL_HOT_SHARED_H_

#include <atomic>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/hot.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// Ends AcquireSharedHot() of what is no repetition after all: the lock is read,
// and the gate, which was `gate`, shut. False: it is not read any more, and the
// gate as it was.
bool WarmReading(SharedState& lock, SiteSlot* slot, uint32_t gate) noexcept;
// One reader less, which is recorded already.
void WarmStopReading(SharedState& lock) noexcept;
bool WarmAcquireShared(SharedState& lock, SiteSlot* slot) noexcept;
bool WarmReleaseShared(SharedState& lock) noexcept;

inline constexpr uint32_t kReadOpcode = 7;               // log::kOpenHandover
inline constexpr uint32_t kReadAgain = 1 | kHoldIsRead;  // Hold::words

// Records what has been taken in one word, as the repetition that it is, and
// opens nothing yet: returns what the gate is then. `words` is the hold's.
LOCKCHECK_ALWAYS_INLINE uint32_t OpenAgainHot(ThreadState* t, ThreadHolds* h,
                                              uint32_t tag, uint32_t site,
                                              uint32_t lock_class,
                                              uint32_t words) {
  uint32_t* const cursor = t->cursor;
  StoreWord(cursor, tag | site);
  t->cursor = cursor + 1;
  Hold* const hold = h->top;
  const uint32_t inside = GateBehind(lock_class, site);
  SetField(hold->word, tag | site | kReadOpcode);
  SetField(hold->after, LowHalf(cursor + 1));
  SetField(hold->gate, inside);
  SetField(hold->words, words);
  h->top = hold + 1;
  return inside;
}

// Ends, in the log, the innermost hold if it is what OpenAgainHot() began of
// this tag with these `words`, or those without the bits in `either`, and
// nothing was written since. False: nothing was changed.
template <uint32_t words, uint32_t either = 0>
LOCKCHECK_ALWAYS_INLINE bool CloseAgainHot(ThreadState* t, ThreadHolds* h,
                                           uint32_t gate, uint32_t tag) {
  Hold* const hold = h->top - 1;
  uint32_t* const cursor = t->cursor;
  const uint32_t word = hold->word;
  if (__builtin_expect(
          ((word ^ tag ^ kReadOpcode ^ kOpenOpcodeBit) & kObjectBits) != 0,
          false) ||
      __builtin_expect((hold->words | either) != (words | either), false) ||
      __builtin_expect(hold->after != LowHalf(cursor), false)) {
    return false;
  }
  SetGate(h, kGateShut);
  if (__builtin_expect(t->cursor != cursor, false)) {
    SetGate(h, gate);
    return false;
  }
  StoreWord(cursor - 1, word ^ (kReadOpcode ^ kOpenOpcode) ^ kOpenOpcodeBit);
  h->top = hold;
  SetGate(h, hold[-1].gate);
  return true;
}

// A store before the next locked instruction costs more than a comparison.
LOCKCHECK_ALWAYS_INLINE void ShowHolderSite(LockState& lock, uint32_t site,
                                            uint32_t me) {
  const uint32_t holder_site = site | (me << 1 & kHolderBits);
  if (lock.holder_site.load(std::memory_order_relaxed) != holder_site) {
    lock.holder_site.store(holder_site, std::memory_order_relaxed);
  }
}

// `seen` is the word of a lock that is free or read. False: it has changed.
LOCKCHECK_ALWAYS_INLINE bool OneMoreReads(SharedState& lock, uint32_t seen) {
  return lock.word.compare_exchange_strong(seen, (seen | kReading) + 1,
                                           std::memory_order_acquire,
                                           std::memory_order_relaxed);
}

LOCKCHECK_ALWAYS_INLINE void StopReadingHot(SharedState& lock) {
  uint32_t alone = kReading + 1;  // and nobody waits
  if (__builtin_expect(lock.word.load(std::memory_order_relaxed) != alone ||
                           !lock.word.compare_exchange_strong(
                               alone, 0, std::memory_order_release,
                               std::memory_order_relaxed),
                       false)) {
    WarmStopReading(lock);
  }
}

// True: this thread reads the lock, and that is recorded.
LOCKCHECK_ALWAYS_INLINE bool AcquireSharedHot(SharedState& lock,
                                              SiteSlot* slot) {
  ThreadState* const t = t_thread.state;
  ThreadHolds* const h = HoldsOf(t);
  uint32_t* const cursor = t->cursor;
  const uint32_t gate = LoadGate(h);
  const uint32_t lock_class = lock.lock_class.load(std::memory_order_relaxed);
  const uint32_t tag = lock.tag.load(std::memory_order_relaxed);
  const uint32_t seen = lock.word.load(std::memory_order_relaxed);
  if (__builtin_expect(seen != 0 && (seen & kReading) == 0, false)) {
    return false;
  }
  if (!IsPlainHere(t, h, slot, gate, lock_class, cursor) ||
      __builtin_expect(tag != t->read_tag, false)) {
    return IsOff() && OneMoreReads(lock, seen);
  }
  SetGate(h, kGateShut);
  if (__builtin_expect(!OneMoreReads(lock, seen), false)) {
    SetGate(h, gate);
    return false;
  }
  // Only now do writers not change the count.
  if (__builtin_expect(lock.handovers != t->read_count, false) ||
      __builtin_expect(t->cursor != cursor, false)) {
    return WarmReading(lock, slot, gate);
  }
  const uint32_t site = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  const uint32_t inside = OpenAgainHot(t, h, tag, site, lock_class, kReadAgain);
  const uint32_t me = t->actor;
  if (lock.last_reader.load(std::memory_order_relaxed) != me) {
    lock.last_reader.store(me, std::memory_order_relaxed);
  }
  ShowHolderSite(lock, site, me);
  SetGate(h, inside);
  return true;
}

// True: the lock is not read any more. False: nothing was changed.
LOCKCHECK_ALWAYS_INLINE bool ReleaseSharedHot(SharedState& lock) {
  ThreadState* const t = t_thread.state;
  ThreadHolds* const h = HoldsOf(t);
  const uint32_t gate = LoadGate(h);
  if (__builtin_expect(gate == kGateShut, false)) {
    if (!IsOff()) return false;
    StopReadingHot(lock);
    return true;
  }
  if (!CloseAgainHot<kReadAgain>(t, h, gate,
                                 lock.tag.load(std::memory_order_relaxed))) {
    return false;
  }
  StopReadingHot(lock);
  return true;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_HOT_SHARED_H_

// The warm path, see hot.h. What record.cc does in general is repeated here for
// the one frequent case of each step, so that a nested or sampled section costs
// a few dozen instructions. Any copy of the runtime may run it: it reads
// nothing but the thread's state and the lock.

#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/internal/hot.h"

namespace lockcheck::internal {
namespace {

using runtime::Kept;
using runtime::Thread;

// Whether the stack of a request at `slot` under what is held now has been
// recorded. `outer` is the pending word, 0 if there is none.
inline bool IsKnownPair(Kept& kept, uint32_t outer, const SiteSlot* slot) {
  if (outer == 0) outer = kept.held[kept.held_count - 1].packed;
  const uint32_t site = __atomic_load_n(&slot->outer, __ATOMIC_RELAXED);
  return ((outer ^ site) >> log::kSiteShift) == 0 && outer != 0 &&
         (site & kSiteShort) != 0;
}

// Writes the pending section as an open hold.
inline void OpenPlain(Thread* t, Kept& kept, uint32_t outer) {
  uint32_t* const cursor = t->hot.cursor;
  StoreWord(cursor, outer ^ (log::kSection ^ log::kOpen));
  t->hot.cursor = cursor + 1;
  kept.held[kept.held_count++] = {log::ObjectOf(outer), log::SiteOf(outer), 0,
                                  outer};
}

}  // namespace

bool WarmAcquire(LockState& lock, SiteSlot* slot) noexcept {
  auto* const t = reinterpret_cast<Thread*>(t_thread.state);
  const uint64_t key = LoadKey(&t->hot);
  const uint32_t tag = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  const auto me = static_cast<uint32_t>(key);
  if (me == 0 || (tag & kSiteShort) == 0 || t->hot.cursor >= t->safe_end) {
    return false;
  }
  Kept& kept = t->kept();
  PendingEntry* const pending = t->hot.pending;
  const uint32_t outer = pending->packed;
  if (key != me) {
    const bool plain = (outer & log::kShortOpMask) == log::kSection;
    if ((outer != 0 && !plain) || !IsKnownPair(kept, outer, slot) ||
        kept.held_count == kept.held_capacity) {
      return false;
    }
  }
  BeginBusy(&t->hot);
  uint32_t free = 0;
  if (!lock.word.compare_exchange_strong(free, me, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
    EndBusy(&t->hot, key);
    return false;
  }
  if (__builtin_expect(lock.last_actor != me, false)) {
    HandoverUncommon(lock, LockKind::kMutex, slot, key);
    return true;
  }
  // The old entry reads as recorded until the new one is published.
  if (outer != 0) OpenPlain(t, kept, outer);
  uint32_t packed = lock.tag.load(std::memory_order_relaxed) | tag;
  uint32_t* const cursor = t->hot.cursor;
  if (cursor >= t->hot.sample_at && runtime::TakeSample(t)) {
    StoreWord(&pending->packed, 0);
    pending->object = log::ObjectOf(packed);
    pending->site = log::SiteOf(packed);
    pending->flags = log::kFlagStart;
    pending->start_ticks = runtime::Ticks();
    packed ^= log::kSection ^ log::kSectionTimed;
  }
  const auto position =
      static_cast<uint64_t>(cursor - reinterpret_cast<uint32_t*>(pending) + 8);
  __atomic_store_n(reinterpret_cast<uint64_t*>(pending),
                   position << 32 | packed, __ATOMIC_RELEASE);
  lock.holder_site.store(tag, std::memory_order_relaxed);
  EndBusy(&t->hot, key + kOneHeld);
  return true;
}

bool WarmRelease(LockState& lock) noexcept {
  auto* const t = reinterpret_cast<Thread*>(t_thread.state);
  const uint64_t key = LoadKey(&t->hot);
  const auto me = static_cast<uint32_t>(key);
  if (me == 0 || lock.word.load(std::memory_order_relaxed) != me ||
      t->hot.cursor >= t->safe_end) {
    return false;
  }
  const uint32_t packed = t->hot.pending->packed;
  const uint32_t tag = lock.tag.load(std::memory_order_relaxed);
  if (packed == 0) {
    Kept& kept = t->kept();
    if (kept.held_count == 0 || ((kept.held[kept.held_count - 1].packed ^ tag) &
                                 kObjectBits) != kSectionOpcode) {
      return false;
    }
    BeginBusy(&t->hot);
    runtime::CloseInnermost(t);
    --kept.held_count;
  } else {
    if (((packed ^ tag) & kObjectBits) != log::kSectionTimed) return false;
    BeginBusy(&t->hot);
    runtime::ClosePending(t, false);
  }
  EndBusy(&t->hot, key - kOneHeld);
  if (__builtin_expect(
          lock.word.exchange(0, std::memory_order_release) & kWaiters, false)) {
    WakeOne(lock);
  }
  return true;
}

}  // namespace lockcheck::internal

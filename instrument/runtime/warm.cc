// The warm path, see hot.h. What record.cc does in general is repeated here for
// the one frequent case of each step, so that a nested or sampled section costs
// a few dozen instructions. Any copy of the runtime may run it: it reads
// nothing but the thread's state and the lock.
//
// The two entry points are leaves: every call stands at an end, so that the
// frequent way saves no registers.

#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/internal/hot.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

using runtime::Held;
using runtime::Kept;
using runtime::Thread;

// Whether the stack of a request at `slot` under the hold `outer` (a short
// word) has been recorded.
inline bool IsKnownPair(uint32_t outer, const SiteSlot* slot) {
  const uint32_t site = __atomic_load_n(&slot->outer, __ATOMIC_RELAXED);
  return ((outer ^ site) >> log::kSiteShift) == 0 && (site & kSiteShort) != 0;
}

[[gnu::noinline]] bool HandOver(LockState& lock, SiteSlot* slot) {
  HandoverUncommon(lock, LockKind::kMutex, slot);
  return true;
}

// Ends WarmAcquire() where the outer hold or the new one is timed.
[[gnu::noinline]] bool AcquireTimed(Thread* t, uint32_t packed, uint64_t key) {
  runtime::OpenPending(t);
  PendingEntry* const pending = t->hot.pending;
  if (t->hot.cursor >= t->hot.sample_at && runtime::TakeSample(t)) {
    pending->object = log::ObjectOf(packed);
    pending->site = log::SiteOf(packed);
    pending->flags = log::kFlagStart;
    pending->start_ticks = runtime::Ticks();
    packed ^= log::kSection ^ log::kSectionTimed;
  }
  PublishPending(pending, t->hot.cursor, packed);
  EndBusy(&t->hot, key + kOneHeld);
  return true;
}

// Makes the thread busy. False, and it is not, if a signal handler has written
// records since `cursor` was read: then nothing that was read since is true.
inline bool BeginBusyAt(Thread* t, const uint32_t* cursor, uint64_t key) {
  BeginBusy(&t->hot);
  if (__builtin_expect(t->hot.cursor == cursor, true)) return true;
  EndBusy(&t->hot, key);
  return false;
}

inline void FreeLock(LockState& lock) {
  if (__builtin_expect(
          lock.word.exchange(0, std::memory_order_release) & kWaiters, false)) {
    WakeOne(lock);
  }
}

// Ends WarmRelease() of a timed hold.
[[gnu::noinline]] bool ReleaseTimed(Thread* t, LockState& lock, uint64_t key) {
  if (t->hot.pending->packed != 0) {
    runtime::ClosePending(t, false);
  } else {
    runtime::CloseHeld(t, t->kept().held_count - 1, false);
  }
  EndBusy(&t->hot, key - kOneHeld);
  FreeLock(lock);
  return true;
}

[[gnu::noinline]] bool WakeAfterRelease(LockState& lock) {
  WakeOne(lock);
  return true;
}

}  // namespace

bool WarmAcquire(LockState& lock, SiteSlot* slot) noexcept {
  auto* const t = reinterpret_cast<Thread*>(t_thread.state);
  const uint64_t key = LoadKey(&t->hot);
  const uint32_t tag = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  uint32_t* cursor = t->hot.cursor;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const auto me = static_cast<uint32_t>(key);
  if (me == 0 || (tag & kSiteShort) == 0 || cursor >= t->safe_end) {
    return false;
  }
  // A lock that is not registered yet goes where its kind is known.
  if (lock.tag.load(std::memory_order_relaxed) == 0) return false;
  Kept& kept = t->kept();
  const size_t count = kept.held_count;
  const uint32_t outer = t->hot.pending->packed;
  if (key != me) {
    if (!runtime::IsSettled(t, key) || count == kept.held_capacity) {
      return false;
    }
    // Settled, so there is a hold on the list if none is pending.
    const uint32_t hold = outer != 0 ? outer : kept.held[count - 1].packed;
    if (!runtime::IsShort(hold) || !IsKnownPair(hold, slot)) return false;
  }
  if (!BeginBusyAt(t, cursor, key)) return false;
  uint32_t free = 0;
  if (!lock.word.compare_exchange_strong(free, me, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
    EndBusy(&t->hot, key);
    return false;
  }
  if (__builtin_expect(lock.last_actor != me, false)) {
    return HandOver(lock, slot);
  }
  const uint32_t packed = lock.tag.load(std::memory_order_relaxed) | tag;
  lock.holder_site.store(tag, std::memory_order_relaxed);
  // An entry that is neither absent nor plain is opened in general, too.
  if (__builtin_expect(cursor >= t->hot.sample_at, false) ||
      __builtin_expect((outer & log::kShortOpMask) > log::kSection, false)) {
    return AcquireTimed(t, packed, key);
  }
  if (outer != 0) {
    // The old entry reads as recorded until the new one is published.
    StoreWord(cursor, outer ^ (log::kSection ^ log::kOpen));
    t->hot.cursor = ++cursor;
    kept.held[count] = {log::ObjectOf(outer), log::SiteOf(outer), 0, outer};
    kept.held_count = count + 1;
  }
  PublishPending(t->hot.pending, cursor, packed);
  EndBusy(&t->hot, key + kOneHeld);
  return true;
}

bool WarmRelease(LockState& lock) noexcept {
  auto* const t = reinterpret_cast<Thread*>(t_thread.state);
  const uint64_t key = LoadKey(&t->hot);
  const uint32_t* const cursor = t->hot.cursor;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const auto me = static_cast<uint32_t>(key);
  if (me == 0 || lock.word.load(std::memory_order_relaxed) != me ||
      cursor >= t->safe_end || !runtime::IsSettled(t, key)) {
    return false;
  }
  const uint32_t pending = t->hot.pending->packed;
  const uint32_t tag = lock.tag.load(std::memory_order_relaxed);
  if (pending != 0) {
    if (((pending ^ tag) & kObjectBits) != log::kSectionTimed) return false;
    return BeginBusyAt(t, cursor, key) && ReleaseTimed(t, lock, key);
  }
  Kept& kept = t->kept();
  // Nothing on the list, and yet the owner: its entry was lost (out of memory).
  if (kept.held_count == 0) return false;
  const size_t top = kept.held_count - 1;
  const Held& hold = kept.held[top];
  if (((hold.packed ^ tag) & kObjectBits) != kSectionOpcode) return false;
  if (!BeginBusyAt(t, cursor, key)) return false;
  if (__builtin_expect(hold.timed != 0, false)) {
    return ReleaseTimed(t, lock, key);
  }
  runtime::CloseInnermost(t);
  kept.held_count = top;
  EndBusy(&t->hot, key - kOneHeld);
  if (__builtin_expect(
          lock.word.exchange(0, std::memory_order_release) & kWaiters, false)) {
    return WakeAfterRelease(lock);
  }
  return true;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

// The hot path of semaphores; see hot.h.
//
// Only where permits are held: as long as whoever released one had acquired it.
// One of several permits is recorded as a reading of what nobody writes
// (hot_shared.h), the only permit as a lock. The hold's opcode is kReadOpcode
// in both cases, so that its length has room to say that it is a permit.
#ifndef LOCKCHECK_INTERNAL_HOT_PERMIT_H_
#define LOCKCHECK_INTERNAL_HOT_PERMIT_H_

#include <atomic>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/hot_shared.h"
#include "lockcheck/internal/semaphore.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// The warm path, see hot.h. The second one only of the only permit, which is
// held.
bool WarmAcquirePermit(SemaphoreState& semaphore, SiteSlot* slot) noexcept;
bool WarmAcquireOnlyPermit(SemaphoreState& semaphore, SiteSlot* slot) noexcept;
bool WarmReleasePermit(SemaphoreState& semaphore) noexcept;

// Adds one, for whoever waits longest. A release, or what gives one back that
// was taken and is not to be.
void AddPermit(SemaphoreState& semaphore) noexcept;

inline constexpr uint64_t kOnePermitAct = uint64_t{1} << 32;
inline constexpr uint32_t kPermitAgain = 1 | kHoldIsPermit;  // Hold::words

// `seen` is what it was. False: there is no permit, or it has changed.
LOCKCHECK_ALWAYS_INLINE bool TakePermitHot(SemaphoreState& s, uint64_t seen) {
  return PermitsOf(seen) != 0 &&
         s.permits.compare_exchange_strong(seen, seen + kOnePermitAct - 1,
                                           std::memory_order_seq_cst,
                                           std::memory_order_relaxed);
}

// Touches nothing behind the compare-and-swap.
LOCKCHECK_ALWAYS_INLINE void AddPermitHot(SemaphoreState& s) {
  uint64_t seen = s.permits.load(std::memory_order_relaxed);
  if (__builtin_expect((seen & kPermitsAwaited) != 0, false) ||
      __builtin_expect(!s.permits.compare_exchange_strong(
                           seen, seen + 1, std::memory_order_seq_cst,
                           std::memory_order_relaxed),
                       false)) {
    AddPermit(s);
  }
}

// Of a bounded one: one permit more is out, or one less, if any is.
LOCKCHECK_ALWAYS_INLINE void CountOut(SemaphoreState& s) {
  s.out.fetch_add(1, std::memory_order_relaxed);
}
LOCKCHECK_ALWAYS_INLINE bool TakeFromOutHot(SemaphoreState& s) {
  uint32_t out = s.out.load(std::memory_order_relaxed);
  return out != 0 &&
         s.out.compare_exchange_strong(out, out - 1, std::memory_order_relaxed);
}

// True: this thread has a permit, and that is recorded.
template <bool kBounded>
LOCKCHECK_ALWAYS_INLINE bool AcquirePermitHot(SemaphoreState& s,
                                              SiteSlot* slot) {
  ThreadState* const t = t_thread.state;
  ThreadHolds* const h = HoldsOf(t);
  uint32_t* const cursor = t->cursor;
  const uint32_t gate = LoadGate(h);
  const uint32_t lock_class = s.lock_class.load(std::memory_order_relaxed);
  const uint32_t tag = s.held_tag.load(std::memory_order_relaxed);
  const uint64_t seen = s.permits.load(std::memory_order_relaxed);
  const bool only = (tag & kHeldOnly) != 0;
  // Several permits are always read with the count 0, so the tag is enough. No
  // thread has read what kHeldNotYet or kHeldSignals would be the tag of.
  if (!IsPlainHere(t, h, slot, gate, lock_class, cursor) ||
      __builtin_expect((tag & ~kHeldOnly) == t->read_tag, true) == only) {
    if (!IsOff() || !TakePermitHot(s, seen)) return false;
    if (kBounded) CountOut(s);
    return true;
  }
  SetGate(h, kGateShut);
  if (__builtin_expect(!TakePermitHot(s, seen), false)) {
    SetGate(h, gate);
    return false;
  }
  if (__builtin_expect(only && s.last_actor != t->actor, false) ||
      __builtin_expect(t->cursor != cursor, false)) {
    SetGate(h, gate);
    AddPermit(s);
    return false;
  }
  if (kBounded) CountOut(s);
  const uint32_t site = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  const uint32_t inside =
      OpenAgainHot(t, h, tag & ~kHeldOnly, site, lock_class,
                   only ? kPermitAgain : kPermitAgain | kHoldIsRead);
  // Of several permits nobody asks who holds them where.
  if (only) ShowHolderSite(s, site, t->actor);
  SetGate(h, inside);
  return true;
}

// True: one permit is released. False: nothing was changed.
template <bool kBounded>
LOCKCHECK_ALWAYS_INLINE bool ReleasePermitHot(SemaphoreState& s) {
  ThreadState* const t = t_thread.state;
  ThreadHolds* const h = HoldsOf(t);
  const uint32_t gate = LoadGate(h);
  if (__builtin_expect(gate == kGateShut, false)) {
    if (!IsOff()) return false;
    if (kBounded ? !TakeFromOutHot(s)
                 : PermitsOf(s.permits.load(std::memory_order_relaxed)) >=
                       kMostPermits) {
      return false;
    }
    AddPermitHot(s);
    return true;
  }
  if (kBounded && !TakeFromOutHot(s)) return false;
  // What is held cannot be more than there may be. No hold has the tag of a
  // semaphore that signals.
  if (!CloseAgainHot<kPermitAgain, kHoldIsRead>(
          t, h, gate,
          s.held_tag.load(std::memory_order_relaxed) & ~kHeldOnly)) {
    if (kBounded) CountOut(s);
    return false;
  }
  AddPermitHot(s);
  return true;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_HOT_PERMIT_H_

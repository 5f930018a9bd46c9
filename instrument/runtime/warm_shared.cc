// The readers' warm path, see warm.cc.

#include "instrument/runtime/plain_shared.h"
#include "instrument/runtime/warm_parts.h"
#include "lockcheck/internal/hot_permit.h"
#include "lockcheck/internal/hot_shared.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

using runtime::Current;
using runtime::HasRoom;
using runtime::Kept;
using runtime::Known;
using runtime::NeedsAnyLiveWay;
using runtime::NeedsLiveWay;
using runtime::ShutAt;
using runtime::Tag;
using runtime::Thread;

// What others see of a reader.
inline void ShowReader(Thread* t, SharedState& lock, uint32_t tag) {
  if (runtime::LastActor(lock) != kReadersActor) {
    runtime::SetLastActor(lock, kReadersActor);
  }
  // The compare-and-swap has made the cache line this processor's already.
  lock.last_reader.store(t->hot.actor, std::memory_order_relaxed);
  lock.holder_site.store(HolderSite(tag, t->hot.actor),
                         std::memory_order_relaxed);
}

// Writes a reader's acquisition, and opens the gate: with the writer's count
// unless it is said already, and with the time word that stands behind it if it
// is timed. `is` is what the hold is.
template <uint32_t is = kHoldIsRead>
inline void OpenRead(Thread* t, LockState& lock, uint32_t tag,
                     uint64_t start_ticks) {
  const uint32_t lock_class = lock.lock_class.load(std::memory_order_relaxed);
  const uint32_t plain = Tag(lock) | tag;
  ThreadHolds& h = t->kept().hot;
  uint32_t* const cursor = t->hot.cursor;
  uint32_t words = 1;
  if (start_ticks == 0 && t->hot.read_tag == Tag(lock) &&
      t->hot.read_count == lock.handovers) {
    StoreWord(cursor, plain);
    t->hot.cursor = cursor + 1;
  } else {
    words = start_ticks == 0 ? 2 : 3;
    cursor[1] = lock.handovers | log::kDetailShared |
                (start_ticks == 0 ? 0 : log::kDetailTimed);
    StoreWord(cursor, plain | log::kOpenHandover);
    t->hot.cursor = cursor + words;
    t->after_long = cursor + words;
    t->hot.read_tag = Tag(lock);
    t->hot.read_count = lock.handovers;
    runtime::DelaySample(t, words - 1);
  }
  Hold* const hold = h.top;
  hold->word = plain | kReadOpcode;
  hold->after = LowHalf(cursor + words);
  hold->gate = GateBehind(lock_class, tag);
  hold->words = words | is;
  hold->start_ticks = start_ticks;
  h.top = hold + 1;
  SetGate(&h, hold->gate);
}

// The same where the next sample is due.
template <uint32_t is = kHoldIsRead>
[[gnu::noinline]] bool OpenReadSampled(Thread* t, LockState& lock,
                                       SiteSlot* slot) noexcept {
  const uint32_t tag = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  uint64_t start = 0;
  if (runtime::TakeSample(t)) {
    runtime::AdaptSlot(slot,
                       runtime::InnermostGate(t) |
                           lock.lock_class.load(std::memory_order_relaxed));
    start = runtime::Ticks();
    if (!runtime::TimeWord(t, start, t->hot.cursor + 2)) {
      t->hot.cursor[2] = 0;
      const uint32_t gate =
          GateBehind(lock.lock_class.load(std::memory_order_relaxed), tag);
      return runtime::OpenWide(
          t, {Tag(lock) >> 3, runtime::SiteOfTag(tag), gate,
              log::kFlagStart | log::kFlagHandover | log::kFlagShared, 0,
              lock.handovers, start, (is & kHoldIsPermit) != 0});
    }
  }
  OpenRead<is>(t, lock, tag, start);
  return true;
}

[[gnu::noinline]] bool WakeAfterWriter(LockState& lock, uint32_t tag) noexcept {
  WriterReleased(lock, tag);
  return true;
}

// A thread whose gate is shut may be none that records at all.
[[gnu::noinline, gnu::cold]] bool ReadWhileOff(SharedState& lock) noexcept {
  return IsOff() && runtime::TryRead(lock, 0);
}

[[gnu::noinline, gnu::cold]] bool StopReadingWhileOff(
    SharedState& lock) noexcept {
  if (!IsOff() || (lock.word.load(std::memory_order_relaxed) & kReading) == 0) {
    return false;
  }
  if (runtime::StopReading(lock)) runtime::WakeShared(lock);
  return true;
}

// There is no short record of it: no room, or too large a count.
[[gnu::noinline, gnu::cold]] bool GiveBackReading(SharedState& lock,
                                                  ThreadHolds& holds,
                                                  uint32_t gate) noexcept {
  const uint32_t tag = Tag(lock);  // given back, the lock may be gone
  const bool waited = runtime::StopReading(lock);
  SetGate(&holds, gate);
  if (waited) WriterReleased(lock, tag);
  return false;
}

bool AcquireSharedLive(SharedState& lock, SiteSlot* slot) noexcept;

template <Known kKnown>
inline bool AcquireShared(SharedState& lock, SiteSlot* slot) noexcept {
  const runtime::WarmRequest request(lock, slot);
  Thread* const t = request.t;
  if (kKnown == Known::kByPlace && NeedsAnyLiveWay(t, request.gate)) {
    return AcquireSharedLive(lock, slot);
  }
  if (!request.ShutIfKnown<kKnown>(lock, true)) return ReadWhileOff(lock);
  if (!runtime::TryRead(lock, 0)) {
    SetGate(&t->kept().hot, request.gate);
    return false;
  }
  // Writers change the count, so it is looked at only now.
  if (__builtin_expect(lock.handovers > log::kDetailCount, false)) {
    return GiveBackReading(lock, t->kept().hot, request.gate);
  }
  ShowReader(t, lock, request.tag);
  if (__builtin_expect(request.cursor >= t->hot.sample_at, false)) {
    return OpenReadSampled(t, lock, slot);
  }
  OpenRead(t, lock, request.tag, 0);
  return true;
}

[[gnu::noinline]] bool AcquireSharedLive(SharedState& lock,
                                         SiteSlot* slot) noexcept {
  return AcquireShared<Known::kByLiveWay>(lock, slot);
}

// Ends WarmReleaseShared() of a hold that is timed.
[[gnu::noinline]] bool StopTimedReading(Thread* t, SharedState& lock) noexcept {
  runtime::CloseLong(t);
  WarmStopReading(lock);
  return true;
}

[[gnu::noinline]] bool HasOnlyPermit(SemaphoreState& s,
                                     SiteSlot* slot) noexcept {
  return WarmAcquireOnlyPermit(s, slot);
}

}  // namespace

bool WarmAcquirePermit(SemaphoreState& s, SiteSlot* slot) noexcept {
  if (s.Signals()) return false;
  if (s.queue.initial == 1) return HasOnlyPermit(s, slot);
  const runtime::WarmRequest request(s, slot);
  Thread* const t = request.t;
  if (NeedsLiveWay(t, request.gate) ||
      !request.ShutIfKnown<Known::kByPlace>(s, true)) {
    return false;
  }
  if (!TakePermitHot(s, s.permits.load(std::memory_order_relaxed))) {
    SetGate(&t->kept().hot, request.gate);
    return false;
  }
  if (s.IsBounded()) CountOut(s);
  return OpenReadSampled<kHoldIsRead | kHoldIsPermit>(t, s, slot);
}

bool WarmReleasePermit(SemaphoreState& s) noexcept {
  Thread* const t = Current();
  Kept& kept = t->kept();
  const uint32_t gate = LoadGate(&kept.hot);
  uint32_t* const cursor = t->hot.cursor;
  if (gate == kGateShut || !HasRoom(t) || s.Signals()) return false;
  const Hold& hold = kept.hot.top[-1];
  if (!runtime::IsShortHoldOf(hold, Tag(s)) || !ShutAt(t, cursor, gate)) {
    return false;
  }
  if (s.IsBounded() && !TakeFromOutHot(s)) {
    SetGate(&kept.hot, gate);
    return false;
  }
  runtime::CloseLong(t);
  AddPermitHot(s);
  return true;
}

bool WarmAcquireShared(SharedState& lock, SiteSlot* slot) noexcept {
  return AcquireShared<Known::kByPlace>(lock, slot);
}

bool WarmReading(SharedState& lock, SiteSlot* slot, uint32_t gate) noexcept {
  Thread* const t = Current();
  if (lock.handovers > log::kDetailCount || !HasRoom(t)) {
    return GiveBackReading(lock, t->kept().hot, gate);
  }
  ShowReader(t, lock, __atomic_load_n(&slot->tag, __ATOMIC_RELAXED));
  return OpenReadSampled(t, lock, slot);
}

void WarmStopReading(SharedState& lock) noexcept {
  const uint32_t tag = Tag(lock);
  if (runtime::StopReading(lock)) WriterReleased(lock, tag);
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
  if (!runtime::IsShortHoldOf(*hold, tag) ||
      (hold->word & log::kShortOpMask) != log::kOpenHandover ||
      !ShutAt(t, cursor, gate)) {
    return false;
  }
  if (__builtin_expect(runtime::IsTimed(*hold), false)) {
    return StopTimedReading(t, lock);
  }
  if (runtime::IsLast(t, *hold)) {
    uint32_t* const record = cursor - (hold->words & kHoldWords);
    StoreWord(record, *record ^ log::kOpenBit);
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

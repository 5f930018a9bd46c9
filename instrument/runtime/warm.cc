// The warm path, see hot.h. What record.cc does in general is repeated here for
// the one frequent case of each step, so that a sampled section, a hand-over
// and the outer of two nested sections cost a few dozen instructions. Any copy
// of the runtime may run it: it reads nothing but the thread's state and the
// lock.
//
// The entry points are leaves: every call stands at an end, so that the
// frequent way saves no registers.

#include "instrument/runtime/warm_parts.h"
#include "lockcheck/internal/hot_permit.h"
#include "lockcheck/internal/process_lock.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

using runtime::Current;
using runtime::HasRoom;
using runtime::Kept;
using runtime::Known;
using runtime::NeedsLiveWay;
using runtime::ShutAt;
using runtime::Tag;
using runtime::Thread;

// Records an acquisition that is handed over, or timed, or both: the detail
// word and the time word first, the record's own word last. `is` is what the
// hold is besides: kHoldIsPermit.
template <uint32_t is = 0>
[[gnu::noinline]] bool OpenLong(Thread* t, LockState& lock, SiteSlot* slot,
                                bool handover) noexcept {
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
    runtime::ForgetReading(t, Tag(lock));
    *next++ = lock.handovers;
    opcode = log::kOpenHandover;
  }
  if (cursor >= t->hot.sample_at && runtime::TakeSample(t)) {
    runtime::AdaptSlot(slot, runtime::InnermostGate(t) | lock_class);
    start = runtime::Ticks();
    if (!runtime::TimeWord(t, start, next)) {
      *next = 0;
      cursor[1] = 0;
      const uint32_t flags =
          log::kFlagStart | (handover ? uint32_t{log::kFlagHandover} : 0u);
      return runtime::OpenWide(
          t, {log::ObjectOf(word), log::SiteOf(word), gate, flags, 0,
              lock.handovers, start, is == kHoldIsPermit});
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
  if (is != 0 && opcode == log::kOpen) hold->word |= kReadOpcode;
  hold->after = LowHalf(next);
  hold->gate = gate;
  hold->words = static_cast<uint32_t>(next - cursor) | is;
  hold->start_ticks = start;
  h.top = hold + 1;
  SetGate(&h, gate);
  return true;
}

[[gnu::noinline]] bool TakenByOther(LockState& lock, SiteSlot* slot) {
  WarmTaken(lock, slot);
  return true;
}

// The first time that the thread takes it is noted.
[[gnu::noinline]] void TakenByOtherLive(LockState& lock, SiteSlot* slot) {
  Thread* const t = Current();
  Kept& kept = t->kept();
  if (!runtime::KnowsLiveWay(
          kept, runtime::LiveWay(t, kept.hot.top, Tag(lock) >> 3))) {
    return TakenUncommon(lock, slot);
  }
  lock.last_actor = t->hot.actor;
  ++lock.handovers;
  OpenLong(t, lock, slot, true);
}

// What a release frees besides its record: of a lock between processes its
// guard, which is not the record's.
enum class Frees { kLock, kWriter, kHandedOver, kGuard };

template <Frees kFrees>
[[gnu::noinline]] bool WakeAfterRelease(LockState& lock, uint32_t tag) {
  constexpr auto kWake = kFrees == Frees::kWriter       ? &WriterReleased
                         : kFrees == Frees::kHandedOver ? &HandOver
                                                        : &ReleasedToWaiters;
  kWake(lock, tag);
  return true;
}

template <Frees kFrees>
inline bool Free(LockState& lock, uint32_t tag) {
  if (kFrees == Frees::kGuard) return true;
  constexpr bool kHandsOver = kFrees == Frees::kHandedOver;
  if (__builtin_expect(!FreeWord<kHandsOver>(lock, Current()->hot.actor),
                       false)) {
    return WakeAfterRelease<kFrees>(lock, tag);
  }
  return true;
}

template <Frees kFrees>
[[gnu::noinline]] bool ReleaseLong(Thread* t, LockState& lock) noexcept {
  runtime::CloseLong(t);
  return Free<kFrees>(lock, Tag(lock));
}

template <Frees kFrees>
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
  if (!runtime::IsShortHoldOf(*hold, tag) || !ShutAt(t, cursor, gate)) {
    return false;
  }
  if (__builtin_expect((hold->word & log::kShortOpMask) != log::kOpen, false)) {
    return ReleaseLong<kFrees>(t, lock);
  }
  if (runtime::IsLast(t, *hold)) {
    StoreWord(cursor - 1, hold->word ^ log::kOpenBit);
  } else {
    runtime::WriteClose(t);
  }
  kept.hot.top = hold;
  SetGate(&kept.hot, hold[-1].gate);
  return Free<kFrees>(lock, tag);
}

bool AcquireLive(LockState& lock, SiteSlot* slot) noexcept;

template <Known kKnown>
inline bool Acquire(LockState& lock, SiteSlot* slot) noexcept {
  const runtime::WarmRequest request(lock, slot);
  Thread* const t = request.t;
  if (kKnown == Known::kByPlace && NeedsLiveWay(t, request.gate)) {
    return AcquireLive(lock, slot);
  }
  if (!request.ShutIfKnown<kKnown>(lock, false)) return false;
  ThreadHolds& h = t->kept().hot;
  uint32_t free = 0;
  const uint32_t me = t->hot.actor;
  if (!lock.word.compare_exchange_strong(free, me, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
    SetGate(&h, request.gate);
    return false;
  }
  if (__builtin_expect(lock.last_actor != me, false)) {
    return TakenByOther(lock, slot);
  }
  if (__builtin_expect(request.cursor >= t->hot.sample_at, false)) {
    return OpenLong(t, lock, slot, false);
  }
  lock.holder_site.store(HolderSite(request.tag, t->hot.actor),
                         std::memory_order_relaxed);
  const uint32_t word = Tag(lock) | request.tag;
  StoreWord(request.cursor, word);
  t->hot.cursor = request.cursor + 1;
  Hold* const hold = h.top;
  hold->word = word;
  hold->after = LowHalf(request.cursor + 1);
  hold->gate = GateBehind(request.lock_class, request.tag);
  h.top = hold + 1;
  SetGate(&h, hold->gate);
  return true;
}

[[gnu::noinline]] bool AcquireLive(LockState& lock, SiteSlot* slot) noexcept {
  return Acquire<Known::kByLiveWay>(lock, slot);
}

}  // namespace

bool WarmAcquire(LockState& lock, SiteSlot* slot) noexcept {
  return Acquire<Known::kByPlace>(lock, slot);
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
  if (__builtin_expect(t->notes_wanted, false) && runtime::HoldCount(t) == 0) {
    return TakenByOtherLive(lock, slot);
  }
  lock.last_actor = t->hot.actor;
  ++lock.handovers;
  OpenLong(t, lock, slot, true);
}

bool WarmAcquireOnlyPermit(SemaphoreState& s, SiteSlot* slot) noexcept {
  const runtime::WarmRequest request(s, slot);
  Thread* const t = request.t;
  if (NeedsLiveWay(t, request.gate) ||
      !request.ShutIfKnown<Known::kByPlace>(s, false)) {
    return false;
  }
  if (!TakePermitHot(s, s.permits.load(std::memory_order_relaxed))) {
    SetGate(&t->kept().hot, request.gate);
    return false;
  }
  if (s.last_actor == t->hot.actor && t->hot.read_tag != Tag(s)) {
    if (s.IsBounded()) CountOut(s);
    return OpenLong<kHoldIsPermit>(t, s, slot, false);
  }
  SetGate(&t->kept().hot, request.gate);
  AddPermit(s);
  return false;
}

bool WarmRelease(LockState& lock) noexcept {
  return Release<Frees::kLock>(lock);
}
bool WarmReleaseWriter(SharedState& lock) noexcept {
  return Release<Frees::kWriter>(lock);
}
bool WarmReleaseHandedOver(LockState& lock) noexcept {
  return Release<Frees::kHandedOver>(lock);
}

bool WarmAcquireProcess(ProcessState& lock, SiteSlot* slot,
                        Caller caller) noexcept {
  const runtime::WarmRequest request(lock, slot);
  Thread* const t = request.t;
  const uint64_t mine = g_recording.load(std::memory_order_relaxed);
  if (mine == 0 || lock.recording.load(std::memory_order_relaxed) != mine ||
      !request.ShutIfKnown<Known::kByPlace>(lock, false)) {
    return false;
  }
  const int result = lock.guard.TryLock();
  if (result != 0 || lock.recording.load(std::memory_order_relaxed) != mine) {
    SetGate(&t->kept().hot, request.gate);
    if (result != 0 && result != EOWNERDEAD) return false;
    TakenProcessUncommon(lock, slot, caller, result);
    return true;
  }
  lock.word.store(t->hot.actor, std::memory_order_relaxed);
  if (lock.last_actor != t->hot.actor) return TakenByOther(lock, slot);
  return OpenLong(t, lock, slot, false);
}
bool WarmCloseProcess(LockState& lock) noexcept {
  return Release<Frees::kGuard>(lock);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

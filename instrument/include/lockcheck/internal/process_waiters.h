// Who waits for an object in memory that processes share: a queue that goes on
// when any of them is killed, at whatever moment.
//
// Problem: glibc's condition variable between processes hangs for good after
// two killed waiters, for what a waiter has begun nobody ends. Here each waiter
// has a slot in the shared object: what it waits for, its ticket, and a word on
// which it sleeps. A post marks the slots with the smallest tickets and wakes
// their owners: exactly those whom it is for, who has waited longest first.
//
// What makes it survive:
//   * Everything is changed under a robust mutex, the guard, and every change
//     is one store, or is made anew from the slots: by the type's `settle`,
//     which hands out what there is and not yet handed out. Whoever gets the
//     guard from one who died runs it first.
//   * A waiter holds a robust mutex of its slot as long as it waits, so the
//     kernel says whether it lives, whatever becomes of process ids. A dead
//     one's slot is passed over, and free again. What it had been granted and
//     did not fetch is granted to the next one.
//   * Who sleeps looks again after a round: whether somebody died who should
//     have woken it, or had what is its now.
//   * More waiters than slots: those without one sleep in short rounds until
//     there is one. Their tickets count from when they came.
//
// Threading: what is said to need the guard, with it; the rest by the waiter.
// Cost: the guard is a robust pthread mutex, a few tens of ns when it is free;
// a post looks at 128 bytes. A sleeper wakes up four times a second.
#ifndef LOCKCHECK_INTERNAL_PROCESS_WAITERS_H_
#define LOCKCHECK_INTERNAL_PROCESS_WAITERS_H_

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/robust.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

inline constexpr uint32_t kProcessSlots = 32;
using SlotMask = uint32_t;  // of slots; bit i: slot i
inline constexpr uint32_t kNoSlot = UINT32_MAX;
// What one object can be waited for: a queue for items, for room, ...
inline constexpr uint32_t kProcessSignals = 4;

// In the shared memory.
struct ProcessWaiters {
  RobustMutex guard;
  // Somebody died with the guard, and nobody has settled since.
  std::atomic<bool> unsettled{false};
  // By what is waited for: the number of waits so far, and one; how many posts
  // were for all.
  std::atomic<uint32_t> next_ticket[kProcessSignals];
  std::atomic<uint32_t> posts_to_all[kProcessSignals];
  // How often a slot became free: who has none sleeps on it.
  std::atomic<uint32_t> left{0};
  // Of each slot. `alive` is held by the waiter.
  std::atomic<uint32_t> state[kProcessSlots] = {};
  uint32_t ticket[kProcessSlots];
  std::atomic<uint8_t> signal[kProcessSlots] = {};
  RobustMutex alive[kProcessSlots];
  // By what is waited for, the slots for that. Where an object has several,
  // each has its own: who waits for one must not keep all from those who wait
  // for another, which may be the ones who would end its wait.
  SlotMask slots_for[kProcessSignals];

  ProcessWaiters() noexcept {
    for (auto& ticket_of : next_ticket) ticket_of = 1;
    for (auto& posts : posts_to_all) posts = 0;
    for (SlotMask& slots : slots_for) slots = ~SlotMask{0};
  }
};

enum ProcessSlotState : uint32_t { kSlotFree, kSlotWaits, kSlotGranted };

// Of the waiter, in its own memory.
struct ProcessWait {
  uint32_t signal = 0;
  uint32_t ticket = 0;
  uint32_t slot = kNoSlot;
  uint32_t posts_to_all = 0;     // when it came
  bool granted_without = false;  // a slot
  pid_t process = 0;  // a child that is forked while it waits has none
};

// Whom a post is for.
struct ProcessGrant {
  SlotMask slots = 0;
  uint32_t first_ticket = 0;  // 0: nobody waited
  uint32_t count = 0;
  uint32_t next_ticket = 0;  // every wait with a smaller one began before

  void Add(uint32_t slot, uint32_t ticket) {
    if (slots == 0) first_ticket = ticket;
    slots |= SlotMask{1} << slot;
    ++count;
  }
};
inline constexpr uint32_t kEverybody = UINT32_MAX;

// ---- Sleeping ---------------------------------------------------------------
inline long SharedFutex(std::atomic<uint32_t>& word, int operation,
                        uint32_t value, const timespec* time) noexcept {
  const int saved = errno;
  const long result =
      syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), operation, value,
              time, nullptr, FUTEX_BITSET_MATCH_ANY);
  errno = saved;
  return result;
}

// `deadline`, or so many ns from now if that is sooner. Null: none.
inline Deadline AtMost(const Deadline* deadline, int64_t ns) noexcept {
  timespec now;
  const bool realtime = deadline != nullptr && deadline->realtime;
  clock_gettime(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  Deadline soon{now.tv_sec, now.tv_nsec + ns, realtime};
  soon.seconds += soon.nanoseconds / 1'000'000'000;
  soon.nanoseconds %= 1'000'000'000;
  const bool sooner = deadline == nullptr || soon.seconds < deadline->seconds ||
                      (soon.seconds == deadline->seconds &&
                       soon.nanoseconds < deadline->nanoseconds);
  return sooner ? soon : *deadline;
}

inline bool IsOver(const Deadline& deadline) noexcept {
  const Deadline now = AtMost(&deadline, 0);
  return now.seconds == deadline.seconds &&
         now.nanoseconds == deadline.nanoseconds;
}

// Sleeps while the word has this value, until that time.
inline void SleepShared(std::atomic<uint32_t>& word, uint32_t value,
                        const Deadline& until) noexcept {
  const timespec time = {static_cast<time_t>(until.seconds),
                         static_cast<long>(until.nanoseconds)};
  SharedFutex(word,
              FUTEX_WAIT_BITSET | (until.realtime ? FUTEX_CLOCK_REALTIME : 0),
              value, &time);
}

// Who is woken should find the guard free.
inline void WakeSlots(ProcessWaiters& w, SlotMask slots) noexcept {
  for (; slots != 0; slots &= slots - 1) {
    SharedFutex(w.state[std::countr_zero(slots)], FUTEX_WAKE, 1, nullptr);
  }
}

// ---- The guard --------------------------------------------------------------
// What a type does with the guard to hand out what there is and was not handed
// out yet; it can be run at any time. `owner_died`: the guard is had from one
// that died, so what it was at may be half done. Returns whom to wake.
struct ProcessSettle {
  void* object;
  SlotMask (*run)(void* object, bool owner_died) noexcept;
  SlotMask operator()(bool owner_died) const noexcept {
    return run(object, owner_died);
  }
};

// For whoever cannot settle: the next one does.
inline void EnterGuard(ProcessWaiters& w) noexcept {
  if (w.guard.Lock() != EOWNERDEAD) return;
  w.unsettled.store(true, std::memory_order_relaxed);
  w.guard.MakeConsistent();
}

// Who has it from one that died settles first. Wakes when it is let go.
class ProcessGuard {
 public:
  ProcessGuard(ProcessWaiters& waiters, const ProcessSettle& settle) noexcept
      : waiters_(waiters) {
    EnterGuard(waiters_);
    if (!waiters_.unsettled.load(std::memory_order_relaxed)) return;
    // Whoever dies here leaves it to the next one.
    woken_ = settle(true);
    waiters_.unsettled.store(false, std::memory_order_relaxed);
  }
  // Of the object nothing is touched after the unlock: it may be gone then.
  ~ProcessGuard() {
    waiters_.guard.Unlock();
    WakeSlots(waiters_, woken_);
  }
  ProcessGuard(const ProcessGuard&) = delete;
  ProcessGuard& operator=(const ProcessGuard&) = delete;

  void Wake(SlotMask slots) noexcept { woken_ |= slots; }

 private:
  ProcessWaiters& waiters_;
  SlotMask woken_ = 0;
};

// ---- With the guard ---------------------------------------------------------
// Whether nobody has the slot any more. Then it is the caller's to change.
inline bool IsOwnerGone(ProcessWaiters& w, uint32_t slot) noexcept {
  const int result = w.alive[slot].TryLock();
  if (result == EOWNERDEAD) w.alive[slot].MakeConsistent();
  if (result != 0 && result != EOWNERDEAD) return false;
  w.alive[slot].Unlock();
  return true;
}

// Of a dead one.
inline void FreeSlot(ProcessWaiters& w, uint32_t slot) noexcept {
  w.state[slot].store(kSlotFree, std::memory_order_relaxed);
}

// Those who wait for it and have no slot.
inline void GrantSlotless(ProcessWaiters& w, uint32_t signal) noexcept {
  w.posts_to_all[signal].fetch_add(1, std::memory_order_relaxed);
}

// Of those who wait for it and live, who has waited longest; kNoSlot: nobody.
inline uint32_t OldestWaiter(ProcessWaiters& w, uint32_t signal) noexcept {
  while (true) {
    uint32_t oldest = kNoSlot;
    for (uint32_t i = 0; i < kProcessSlots; ++i) {
      if (w.state[i].load(std::memory_order_relaxed) != kSlotWaits ||
          w.signal[i].load(std::memory_order_relaxed) != signal) {
        continue;
      }
      if (oldest == kNoSlot ||
          static_cast<int32_t>(w.ticket[i] - w.ticket[oldest]) < 0) {
        oldest = i;
      }
    }
    if (oldest == kNoSlot || !IsOwnerGone(w, oldest)) return oldest;
    FreeSlot(w, oldest);
  }
}

inline bool IsAwaited(ProcessWaiters& w, uint32_t signal) noexcept {
  return OldestWaiter(w, signal) != kNoSlot;
}

// Marks at most so many who wait for it, for WakeSlots().
inline ProcessGrant GrantTo(ProcessWaiters& w, uint32_t signal,
                            uint32_t most) noexcept {
  ProcessGrant grant;
  grant.next_ticket = w.next_ticket[signal].load(std::memory_order_relaxed);
  if (most == kEverybody) GrantSlotless(w, signal);
  while (grant.count < most) {
    const uint32_t slot = OldestWaiter(w, signal);
    if (slot == kNoSlot) break;
    grant.Add(slot, w.ticket[slot]);
    w.state[slot].store(kSlotGranted, std::memory_order_release);
  }
  return grant;
}

// How many were granted something and have not fetched it.
inline uint32_t CountGranted(const ProcessWaiters& w,
                             uint32_t signal) noexcept {
  uint32_t count = 0;
  for (uint32_t i = 0; i < kProcessSlots; ++i) {
    count += w.state[i].load(std::memory_order_relaxed) == kSlotGranted &&
             w.signal[i].load(std::memory_order_relaxed) == signal;
  }
  return count;
}

// A dead one's slot of which something was granted; kNoSlot: there is none.
inline uint32_t DeadGrant(ProcessWaiters& w, uint32_t signal) noexcept {
  for (uint32_t i = 0; i < kProcessSlots; ++i) {
    if (w.state[i].load(std::memory_order_relaxed) == kSlotGranted &&
        w.signal[i].load(std::memory_order_relaxed) == signal &&
        IsOwnerGone(w, i)) {
      return i;
    }
  }
  return kNoSlot;
}

// What dead ones did not fetch is granted to nobody.
inline void DropDeadGrants(ProcessWaiters& w, uint32_t signal) noexcept {
  for (uint32_t slot; (slot = DeadGrant(w, signal)) != kNoSlot;) {
    FreeSlot(w, slot);
  }
}

// False: all slots are taken.
inline bool TakeSlot(ProcessWaiters& w, ProcessWait& wait) noexcept {
  for (uint32_t i = 0; i < kProcessSlots; ++i) {
    if ((w.slots_for[wait.signal] >> i & 1) == 0 ||
        w.state[i].load(std::memory_order_relaxed) == kSlotGranted) {
      continue;  // may be a dead one's, and somebody else's still
    }
    const int result = w.alive[i].TryLock();
    if (result == EOWNERDEAD) w.alive[i].MakeConsistent();
    if (result != 0 && result != EOWNERDEAD) continue;
    w.state[i].store(kSlotFree, std::memory_order_relaxed);
    w.signal[i].store(static_cast<uint8_t>(wait.signal),
                      std::memory_order_relaxed);
    w.ticket[i] = wait.ticket;
    w.state[i].store(kSlotWaits, std::memory_order_release);
    wait.slot = i;
    wait.process = getpid();
    return true;
  }
  return false;
}

// From then on it can be granted what it waits for.
inline void EnterWait(ProcessWaiters& w, ProcessWait& wait) noexcept {
  wait.ticket =
      w.next_ticket[wait.signal].fetch_add(1, std::memory_order_relaxed);
  wait.posts_to_all =
      w.posts_to_all[wait.signal].load(std::memory_order_relaxed);
  TakeSlot(w, wait);
}

// ---- By the waiter ----------------------------------------------------------
inline bool IsGranted(const ProcessWaiters& w,
                      const ProcessWait& wait) noexcept {
  return wait.granted_without ||
         (wait.slot != kNoSlot &&
          w.state[wait.slot].load(std::memory_order_acquire) == kSlotGranted &&
          wait.process == getpid());
}

// Gives the slot back. With the guard, if what was granted is counted.
inline void LeaveWait(ProcessWaiters& w, ProcessWait& wait) noexcept {
  if (wait.slot == kNoSlot) return;
  if (wait.process == getpid()) {
    w.state[wait.slot].store(kSlotFree, std::memory_order_release);
    w.alive[wait.slot].Unlock();
    w.left.fetch_add(1, std::memory_order_relaxed);
    SharedFutex(w.left, FUTEX_WAKE, 1, nullptr);
  }
  wait.slot = kNoSlot;
}

// After a round in which nobody woke it: perhaps somebody died who should have.
inline void LookAgain(ProcessWaiters& w, ProcessWait& wait,
                      const ProcessSettle& settle) noexcept {
  ProcessGuard guard(w, settle);
  if (wait.slot != kNoSlot && wait.process != getpid()) wait.slot = kNoSlot;
  if (wait.slot == kNoSlot && !wait.granted_without) {
    wait.granted_without = w.posts_to_all[wait.signal].load(
                               std::memory_order_relaxed) != wait.posts_to_all;
    if (!wait.granted_without) TakeSlot(w, wait);
  }
  guard.Wake(settle(false));
}

// Sleeps until it is granted what it waits for (true), or that time. The slot
// is the waiter's still.
inline bool SleepUntilGranted(ProcessWaiters& w, ProcessWait& wait,
                              const ProcessSettle& settle,
                              const Deadline* deadline) noexcept {
  constexpr int64_t kRoundNs = 250'000'000, kSlotlessRoundNs = 5'000'000;
  while (!IsGranted(w, wait)) {
    const bool has_slot = wait.slot != kNoSlot;
    const Deadline until =
        AtMost(deadline, has_slot ? kRoundNs : kSlotlessRoundNs);
    if (has_slot) {
      SleepShared(w.state[wait.slot], kSlotWaits, until);
    } else {
      SleepShared(w.left, w.left.load(std::memory_order_relaxed), until);
    }
    if (IsGranted(w, wait)) break;
    if (deadline != nullptr && IsOver(*deadline)) return false;
    if (!has_slot || IsOver(until)) LookAgain(w, wait, settle);
  }
  return true;
}

// Whose time is over: it is no waiter any more (false), or was granted
// something all the same (true), and has its slot.
inline bool GiveUpWait(ProcessWaiters& w, ProcessWait& wait,
                       const ProcessSettle& settle) noexcept {
  const ProcessGuard guard(w, settle);
  if (IsGranted(w, wait)) return true;
  LeaveWait(w, wait);
  return false;
}

// Both in one, of who is not recorded.
inline bool AwaitUnrecorded(ProcessWaiters& w, ProcessWait& wait,
                            const ProcessSettle& settle,
                            const Deadline* deadline) noexcept {
  return SleepUntilGranted(w, wait, settle, deadline) ||
         GiveUpWait(w, wait, settle);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_WAITERS_H_

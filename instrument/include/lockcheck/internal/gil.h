// What lockcheck/gil.h stands on: a lock that is handed over to a waiter whom
// an arbiter chooses.
//
// While somebody waits the word never becomes 0: who lets go names the next
// owner, so nobody who comes later is before those who wait.
#ifndef LOCKCHECK_INTERNAL_GIL_H_
#define LOCKCHECK_INTERNAL_GIL_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <thread>
#include <utility>

#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/short_lock.h"
#include "lockcheck/internal/tsan.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// Which of the threads gets it: an index.
using GilArbiter = std::function<std::size_t(std::span<const std::thread::id>)>;

struct GilWaiter {
  std::atomic<uint32_t> has_turn{0};
  uint32_t owner;  // the word that names it
  std::thread::id thread;
  GilWaiter* next = nullptr;
};

struct GilState : LockState {
  ShortLock guard;                         // of what follows
  std::atomic<GilWaiter*> first{nullptr};  // read by anybody
  std::atomic<uint64_t> random{0};
  GilArbiter arbiter;
  using LockState::LockState;
};

// Lets it go: to who waits, or, if `competes`, perhaps to the caller again.
// True: the caller has it again. Throws std::system_error
// (operation_not_permitted) if the caller has it not.
bool PassOnGil(GilState& gil, bool competes, SiteSlot* slot, Caller caller);
// Takes what the caller had before it let it go; never fails.
void RetakeGil(GilState& gil, SiteSlot* slot, Caller caller) noexcept;
void SetGilArbiter(GilState& gil, GilArbiter arbiter);

class GilCore {
 public:
  GilCore(const char* name, source_location where) noexcept
      : state_(name, where) {}
  ~GilCore() { DestroyLock(state_, LockKind::kGil); }

  LOCKCHECK_ALWAYS_INLINE void Take() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    LockUncommon(state_, LockKind::kGil, slot, LOCKCHECK_CALLER());
    AnnounceAcquired(&state_);
  }
  LOCKCHECK_ALWAYS_INLINE bool TryTake() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const bool taken =
        TryLockUncommon(state_, LockKind::kGil, slot, LOCKCHECK_CALLER());
    if (taken) AnnounceAcquired(&state_);
    return taken;
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool TakeFor(
      const std::chrono::duration<Rep, Period>& duration) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return TakeBefore(DeadlineAfter(duration), slot, LOCKCHECK_CALLER());
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool TakeUntil(
      const std::chrono::time_point<Clock, Duration>& time) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return Until(time, [&](const Deadline& deadline) {
      return TakeBefore(deadline, slot, caller);
    });
  }
  LOCKCHECK_ALWAYS_INLINE void LetGo() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    AnnounceRelease(&state_);
    PassOnGil(state_, false, slot, LOCKCHECK_CALLER());
  }
  // Lets go and competes with those who wait.
  LOCKCHECK_ALWAYS_INLINE void Compete() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    AnnounceRelease(&state_);
    if (!PassOnGil(state_, true, slot, caller)) {
      RetakeGil(state_, slot, caller);
    }
    AnnounceAcquired(&state_);
  }
  LOCKCHECK_ALWAYS_INLINE void Retake() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    RetakeGil(state_, slot, LOCKCHECK_CALLER());
    AnnounceAcquired(&state_);
  }
  bool IsWaitedFor() const noexcept {
    return state_.first.load(std::memory_order_relaxed) != nullptr;
  }
  // Whether the caller, who has it, is known to hold anything else.
  bool HoldsMore() const noexcept {
    const ThreadHolds* const h = HoldsOf(t_thread.state);
    return h->top - h->holds > 1;
  }
  void Seed(uint64_t seed) noexcept {
    state_.random.store(seed, std::memory_order_relaxed);
  }
  void SetArbiter(GilArbiter arbiter) {
    SetGilArbiter(state_, std::move(arbiter));
  }

 private:
  bool TakeBefore(const Deadline& deadline, SiteSlot* slot, Caller caller) {
    const bool taken =
        TimedLockUncommon(state_, LockKind::kGil, slot, caller, deadline);
    if (taken) AnnounceAcquired(&state_);
    return taken;
  }

  GilState state_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_GIL_H_

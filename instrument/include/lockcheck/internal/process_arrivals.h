// The phase of a barrier between processes, recorded or not, and who waits for
// its end.
//
// Threading: any thread of any process.
#ifndef LOCKCHECK_INTERNAL_PROCESS_ARRIVALS_H_
#define LOCKCHECK_INTERNAL_PROCESS_ARRIVALS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/barrier_phase.h"
#include "lockcheck/internal/process_waiters.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// What a call works with.
class ProcessArrivals {
 public:
  ProcessArrivals(ProcessWaiters& waiters, std::atomic<uint64_t>& word) noexcept
      : waiters_(waiters), word_(word) {}

  struct Arrived {
    bool too_often;  // and nothing was changed
    uint32_t phase;
    uint32_t missing;
    ProcessGrant grant;  // whom to wake
  };
  // `drops`: it is expected no more from the next phase on.
  Arrived Arrive(ptrdiff_t update, bool drops) noexcept {
    const ProcessGuard guard(waiters_, settle());
    const uint64_t before = word_.load(std::memory_order_relaxed);
    Arrived arrived{};
    arrived.phase = BarrierPhase::Number(before);
    arrived.too_often =
        update < 0 ||
        update > static_cast<ptrdiff_t>(BarrierPhase::Missing(before));
    if (arrived.too_often) return arrived;
    const uint64_t after = before - static_cast<uint64_t>(update) -
                           (drops ? BarrierPhase::kOneExpected : 0);
    arrived.missing = BarrierPhase::Missing(after);
    const bool ends = update != 0 && arrived.missing == 0;
    word_.store(ends ? BarrierPhase::Next(after) : after,
                std::memory_order_release);
    arrived.grant = GrantTo(waiters_, 0, ends ? kEverybody : 0);
    return arrived;
  }

  bool IsOver(uint32_t phase) const noexcept {
    return BarrierPhase::Number(word_.load(std::memory_order_acquire)) != phase;
  }

  // Until the phase is over (true), or `sleep`, a function of an entered wait,
  // says that the time is.
  template <typename Sleep>
  bool Await(uint32_t phase, Sleep sleep) noexcept {
    ProcessWait wait;
    while (Enter(wait, phase)) {
      if (!sleep(wait)) return IsOver(phase);
      LeaveWait(waiters_, wait);
    }
    return true;
  }

  // Who waits looks for itself whether its phase is over. So if somebody died
  // on the way everybody is woken.
  ProcessSettle settle() noexcept {
    return {
        this, [](void* arrivals, bool owner_died) noexcept {
          return static_cast<ProcessArrivals*>(arrivals)->Settle(owner_died);
        }};
  }

 private:
  // Unless it is over.
  bool Enter(ProcessWait& wait, uint32_t phase) noexcept {
    const ProcessGuard guard(waiters_, settle());
    if (IsOver(phase)) return false;
    wait = {};
    EnterWait(waiters_, wait);
    return true;
  }
  SlotMask Settle(bool owner_died) noexcept {
    DropDeadGrants(waiters_, 0);
    return owner_died ? GrantTo(waiters_, 0, kEverybody).slots : 0;
  }

  ProcessWaiters& waiters_;
  std::atomic<uint64_t>& word_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_ARRIVALS_H_

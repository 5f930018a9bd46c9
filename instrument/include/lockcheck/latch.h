// latch: std's, recorded.
//
// Interface, blocking behaviour and memory order are std's, with these
// differences:
//   * try_wait() is never false for no reason;
//   * to arrive more often than the count allows is reported as misuse, throws
//     std::logic_error and changes nothing (std: undefined);
//   * it may be destroyed as soon as a wait has returned, whoever is still
//     within count_down();
//   * there are try_wait_for() and try_wait_until(), too;
//   * max() is 2^31 - 1.
// Each constructor takes an optional name, which must outlive the latch.
//
// In the log: each arrival, with what is missing after it, and once of each
// thread that it found the latch open. try_wait() is not recorded.
//
// Misuse: to arrive too often; destruction while somebody waits.
// Cost: a wait() at a latch that this thread has found open is inlined; an
// arrival is a call. Size: 64 bytes. Any thread may use it.
#ifndef LOCKCHECK_LATCH_H_
#define LOCKCHECK_LATCH_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/latch_disabled.h"
#else
#include "lockcheck/internal/waitable.h"

namespace lockcheck::inline LOCKCHECK_ABI {

class latch : internal::Waitable<internal::WaitKind::kLatch> {
  using Base = internal::Waitable<internal::WaitKind::kLatch>;
  using SiteSlot = internal::SiteSlot;
  using Caller = internal::Caller;

 public:
  static constexpr ptrdiff_t max() noexcept { return INT32_MAX; }

  constexpr explicit latch(
      ptrdiff_t expected,
      source_location where = source_location::current()) noexcept
      : latch(expected, nullptr, where) {}
  constexpr latch(ptrdiff_t expected, const char* name,
                  source_location where = source_location::current()) noexcept
      : Base(name, where, static_cast<uint32_t>(expected)),
        missing_(static_cast<uint32_t>(expected)) {}

  LOCKCHECK_ALWAYS_INLINE void count_down(ptrdiff_t update = 1) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Use use(*this);
    ArriveAt(update, slot, LOCKCHECK_CALLER());
  }
  bool try_wait() const noexcept { return IsOpen(); }
  LOCKCHECK_ALWAYS_INLINE void wait() const {
    if (__builtin_expect(
            IsOpen() && IsTaken(Opened(), internal::How::kBlocking), true))
      return;
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Use use(*this);
    WaitAt(slot, LOCKCHECK_CALLER());
  }
  // These block until the time is over, and say whether the latch is open.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_wait_for(
      const std::chrono::duration<Rep, Period>& duration) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    const Use use(*this);
    return TakeIf(AwaitFor(slot, caller, duration, [this] { return IsOpen(); }),
                  HowFor(duration), slot, caller);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_wait_until(
      const std::chrono::time_point<Clock, Duration>& time) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    const Use use(*this);
    return TakeIf(AwaitUntil(slot, caller, time, [this] { return IsOpen(); }),
                  internal::How::kTimed, slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE void arrive_and_wait(ptrdiff_t update = 1) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    const Use use(*this);
    ArriveAt(update, slot, caller);
    WaitAt(slot, caller);
  }

 private:
  bool IsOpen() const { return missing_.load(std::memory_order_acquire) == 0; }
  // The number of the arrival that opened it; the first, if none was needed.
  uint32_t Opened() const { return std::max(BeginsWith(), 1u); }

  void ArriveAt(ptrdiff_t update, SiteSlot* slot, Caller caller) {
    uint32_t before = missing_.load(std::memory_order_relaxed);
    uint32_t after;
    do {
      if (update < 0 || update > static_cast<ptrdiff_t>(before)) {
        ArrivedTooOftenAt(slot, caller);
      }
      after = before - static_cast<uint32_t>(update);
    } while (!missing_.compare_exchange_weak(
        before, after, std::memory_order_acq_rel, std::memory_order_relaxed));
    if (update == 0) return;
    PostAt({internal::PostKind::kArrive, after == 0 ? internal::kAllWaiters : 0,
            BeginsWith() - after, after},
           slot, caller);
  }
  bool TakeIf(bool is_open, internal::How how, SiteSlot* slot,
              Caller caller) const {
    if (is_open) TakeAt(Opened(), how, slot, caller);
    return is_open;
  }
  void WaitAt(SiteSlot* slot, Caller caller) const {
    TakeIf(AwaitAt(slot, caller, nullptr, [this] { return IsOpen(); }),
           internal::How::kBlocking, slot, caller);
  }

  std::atomic<uint32_t> missing_;
};
static_assert(sizeof(latch) <= 64);

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_LATCH_H_

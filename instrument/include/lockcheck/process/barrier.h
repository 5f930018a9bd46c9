// process::barrier: threads of several processes wait until all of them have
// arrived, phase after phase. It must lie in memory that they share: see
// process/shared.h.
//
// Interface, blocking behaviour and exceptions are lockcheck::barrier's,
// without a completion function, which would have to be another one in each
// process. arrive_and_wait_for() and arrive_and_wait_until() arrive, and say
// whether the phase was over in time; the arrival counts in any case.
//
// A participant that is killed before it arrives is missing: the others wait
// for it, as they would for one that is late, until somebody who knows calls
// arrive_and_drop() for it. A killed one that has arrived has arrived. Whoever
// is killed, and whenever, the barrier itself goes on.
//
// The name is copied; 63 bytes are kept. It is destroyed when no process uses
// it any more. Not for signal handlers.
//
// In the log: as lockcheck::barrier, one object for all processes of a
// recording. Misuse: to arrive too often; destruction while somebody waits.
//
// Cost: a robust pthread mutex for an arrival, another one for a wait; see also
// process/event.h for waiting. Size: about 2 KB. Any thread may use it.
#ifndef LOCKCHECK_PROCESS_BARRIER_H_
#define LOCKCHECK_PROCESS_BARRIER_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/arrival_token.h"
#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/process_arrivals.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/process_barrier_disabled.h"
#else
#include "lockcheck/internal/process_signal.h"

namespace lockcheck::inline LOCKCHECK_ABI::process {

class barrier {
  using SiteSlot = internal::SiteSlot;
  using Caller = internal::Caller;
  using How = internal::How;
  using Phase = internal::BarrierPhase;

 public:
  using arrival_token = internal::ArrivalToken<barrier>;

  static constexpr ptrdiff_t max() noexcept { return Phase::kMost; }

  explicit barrier(ptrdiff_t expected,
                   source_location where = source_location::current()) noexcept
      : barrier(expected, nullptr, where) {}
  barrier(ptrdiff_t expected, const char* name,
          source_location where = source_location::current()) noexcept
      : object_(name, where),
        word_(Phase::First(static_cast<uint64_t>(expected))),
        expected_(static_cast<uint32_t>(expected)) {}
  ~barrier() { internal::DestroyProcessObject(object_); }
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;

  [[nodiscard]] LOCKCHECK_ALWAYS_INLINE arrival_token
  arrive(ptrdiff_t update = 1) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return arrival_token(ArriveAt(update, false, slot, LOCKCHECK_CALLER()));
  }
  LOCKCHECK_ALWAYS_INLINE void wait(arrival_token&& arrival) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    WaitAt(arrival.phase_, How::kBlocking, nullptr, slot, LOCKCHECK_CALLER());
  }
  // These block until the time is over, and say whether the arrival's phase is.
  // The arrival counts in any case, and may be waited for again.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_wait_for(
      const arrival_token& arrival,
      const std::chrono::duration<Rep, Period>& duration) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return WaitForAt(arrival.phase_, duration, slot, LOCKCHECK_CALLER());
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_wait_until(
      const arrival_token& arrival,
      const std::chrono::time_point<Clock, Duration>& time) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return WaitUntilAt(arrival.phase_, time, slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void arrive_and_wait() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    WaitAt(ArriveAt(1, false, slot, caller), How::kBlocking, nullptr, slot,
           caller);
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool arrive_and_wait_for(
      const std::chrono::duration<Rep, Period>& duration) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return WaitForAt(ArriveAt(1, false, slot, caller), duration, slot, caller);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool arrive_and_wait_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return WaitUntilAt(ArriveAt(1, false, slot, caller), time, slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE void arrive_and_drop() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    ArriveAt(1, true, slot, LOCKCHECK_CALLER());
  }

 private:
  internal::ProcessSignal Signal() const {
    return {&object_, 0, internal::WaitKind::kProcessBarrier, expected_};
  }

  // Returns the phase it arrived in.
  uint32_t ArriveAt(ptrdiff_t update, bool drops, SiteSlot* slot,
                    Caller caller) {
    using internal::PostKind;
    const auto arrived =
        internal::ProcessArrivals(object_, word_).Arrive(update, drops);
    if (arrived.too_often) ArrivedTooOftenAt(slot, caller);
    if (update == 0) return arrived.phase;
    internal::RecordPost(Signal(),
                         {PostKind::kArrive, arrived.grant.count,
                          arrived.phase + 1, arrived.missing},
                         arrived.grant, slot, caller);
    internal::WakeSlots(object_, arrived.grant.slots);
    return arrived.phase;
  }
  [[noreturn]] void ArrivedTooOftenAt(SiteSlot* slot, Caller caller) {
    constexpr uint8_t kArriveTooOften = 11;  // model::Misuse's number
    internal::RecordMisuse(Signal(), kArriveTooOften, slot, caller);
#if defined(__cpp_exceptions)
    throw std::logic_error(
        "lockcheck: arrived more often than the barrier expects");
#else
    std::terminate();
#endif
  }

  bool WaitAt(uint32_t phase, How how, const internal::Deadline* deadline,
              SiteSlot* slot, Caller caller) const {
    internal::ProcessArrivals arrivals(object_, word_);
    const bool is_over =
        arrivals.IsOver(phase) ||
        (how != How::kTry &&
         arrivals.Await(phase, [&](internal::ProcessWait& wait) {
           return internal::AwaitSignal(Signal(), wait, arrivals.settle(), slot,
                                        caller, deadline);
         }));
    if (is_over) {
      internal::RecordTakeOf(Signal(), phase + 1, how, slot, caller);
    } else if (how == How::kTry) {
      internal::RecordTryFailed(Signal(), slot, caller);
    }
    return is_over;
  }
  template <typename Rep, typename Period>
  bool WaitForAt(uint32_t phase,
                 const std::chrono::duration<Rep, Period>& duration,
                 SiteSlot* slot, Caller caller) const {
    const How how = duration > duration.zero() ? How::kTimed : How::kTry;
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return WaitAt(phase, how, &deadline, slot, caller);
  }
  template <typename Clock, typename Duration>
  bool WaitUntilAt(uint32_t phase,
                   const std::chrono::time_point<Clock, Duration>& time,
                   SiteSlot* slot, Caller caller) const {
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return WaitAt(phase, How::kTimed, &deadline, slot, caller);
    });
  }

  mutable internal::ProcessObject object_;
  mutable std::atomic<uint64_t> word_;
  const uint32_t expected_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::process

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_PROCESS_BARRIER_H_

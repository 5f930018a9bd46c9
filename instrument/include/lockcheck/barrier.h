// barrier: std's, recorded.
//
// Interface, blocking behaviour and memory order are std's, with these
// differences:
//   * the completion function runs in the thread that arrives last; std leaves
//     open which participant runs it;
//   * to arrive more often than the count of the phase allows is reported as
//     misuse, throws std::logic_error and changes nothing (std: undefined);
//   * there are try_wait_for() and try_wait_until(), too;
//   * max() is 2^21 - 1.
// Each constructor takes an optional name, which must outlive the barrier.
//
// In the log: each arrival, with the number of its phase, from 1, and what is
// missing after it; if there is a completion function, that it has returned;
// and of each wait that its phase was over.
//
// Misuse: to arrive too often; destruction while somebody waits.
// Cost: one call for an arrival, another one for a wait. Size: 72 bytes and the
// completion function. Any thread may use it.
#ifndef LOCKCHECK_BARRIER_H_
#define LOCKCHECK_BARRIER_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/arrival_token.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/barrier_disabled.h"
#else
#include "lockcheck/internal/barrier_phase.h"
#include "lockcheck/internal/waitable.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

struct NoCompletion {
  void operator()() noexcept {}
};

}  // namespace internal

template <typename CompletionFunction = internal::NoCompletion>
class barrier : internal::Waitable<internal::WaitKind::kBarrier> {
  using Base = internal::Waitable<internal::WaitKind::kBarrier>;
  using SiteSlot = internal::SiteSlot;
  using Caller = internal::Caller;
  using Phase = internal::BarrierPhase;
  using PostKind = internal::PostKind;
  static constexpr bool kHasCompletion =
      !std::is_same_v<CompletionFunction, internal::NoCompletion>;

 public:
  using arrival_token = internal::ArrivalToken<barrier>;

  static constexpr ptrdiff_t max() noexcept { return Phase::kMost; }

  constexpr explicit barrier(
      ptrdiff_t expected, CompletionFunction completion = CompletionFunction(),
      source_location where = source_location::current())
      : barrier(expected, std::move(completion), nullptr, where) {}
  constexpr barrier(ptrdiff_t expected, CompletionFunction completion,
                    const char* name,
                    source_location where = source_location::current())
      : Base(name, where, static_cast<uint32_t>(expected)),
        word_(Phase::First(static_cast<uint64_t>(expected))),
        completion_(std::move(completion)) {}
  constexpr barrier(ptrdiff_t expected, const char* name,
                    source_location where = source_location::current())
      : barrier(expected, CompletionFunction(), name, where) {}

  [[nodiscard]] LOCKCHECK_ALWAYS_INLINE arrival_token
  arrive(ptrdiff_t update = 1) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Use use(*this);
    return arrival_token(ArriveAt(update, false, slot, LOCKCHECK_CALLER()));
  }
  LOCKCHECK_ALWAYS_INLINE void wait(arrival_token&& arrival) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Use use(*this);
    WaitAt(arrival.phase_, slot, LOCKCHECK_CALLER());
  }
  // These block until the time is over, and say whether the arrival's phase is.
  // The arrival counts in any case, and may be waited for again.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_wait_for(
      const arrival_token& arrival,
      const std::chrono::duration<Rep, Period>& duration) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    const Use use(*this);
    return TakeIf(AwaitFor(slot, caller, duration,
                           [&] { return IsOver(arrival.phase_); }),
                  arrival.phase_, HowFor(duration), slot, caller);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_wait_until(
      const arrival_token& arrival,
      const std::chrono::time_point<Clock, Duration>& time) const {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    const Use use(*this);
    return TakeIf(
        AwaitUntil(slot, caller, time, [&] { return IsOver(arrival.phase_); }),
        arrival.phase_, internal::How::kTimed, slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE void arrive_and_wait() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    const Use use(*this);
    WaitAt(ArriveAt(1, false, slot, caller), slot, caller);
  }
  LOCKCHECK_ALWAYS_INLINE void arrive_and_drop() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Use use(*this);
    ArriveAt(1, true, slot, LOCKCHECK_CALLER());
  }

 private:
  // Returns the phase it arrived in.
  uint32_t ArriveAt(ptrdiff_t update, bool drops, SiteSlot* slot,
                    Caller caller) {
    uint64_t before = word_.load(std::memory_order_relaxed);
    uint64_t after;
    do {
      if (update < 0 ||
          update > static_cast<ptrdiff_t>(Phase::Missing(before))) {
        ArrivedTooOftenAt(slot, caller);
      }
      after = before - static_cast<uint64_t>(update) -
              (drops ? Phase::kOneExpected : 0);
    } while (!word_.compare_exchange_weak(
        before, after, std::memory_order_acq_rel, std::memory_order_relaxed));
    const uint32_t phase = Phase::Number(before);
    if (update == 0) return phase;
    const uint32_t missing = Phase::Missing(after);
    auto ends_phase = PostKind::kArrive;
    if (missing == 0) {
      if (kHasCompletion) {
        PostAt({PostKind::kArrive, 0, phase + 1, 0}, slot, caller);
        ends_phase = PostKind::kComplete;
      }
      Complete(after);
    }
    PostAt({ends_phase, missing == 0 ? internal::kAllWaiters : 0, phase + 1,
            missing},
           slot, caller);
    return phase;
  }
  // Nobody may arrive before the next phase has begun.
  void Complete(uint64_t word) noexcept {
    completion_();
    word_.store(Phase::Next(word), std::memory_order_release);
  }
  bool IsOver(uint32_t phase) const {
    return Phase::Number(word_.load(std::memory_order_acquire)) != phase;
  }
  bool TakeIf(bool is_over, uint32_t phase, internal::How how, SiteSlot* slot,
              Caller caller) const {
    if (is_over) TakeAt(phase + 1, how, slot, caller);
    return is_over;
  }
  void WaitAt(uint32_t phase, SiteSlot* slot, Caller caller) const {
    TakeIf(AwaitAt(slot, caller, nullptr, [&] { return IsOver(phase); }), phase,
           internal::How::kBlocking, slot, caller);
  }

  std::atomic<uint64_t> word_;
  [[no_unique_address]] CompletionFunction completion_;
};
barrier(ptrdiff_t, const char*)->barrier<>;
barrier(ptrdiff_t, const char*, source_location)->barrier<>;
static_assert(sizeof(barrier<>) <= 72);

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_BARRIER_H_

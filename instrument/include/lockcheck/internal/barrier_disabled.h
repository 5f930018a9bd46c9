// LOCKCHECK_DISABLED: the plain twin of barrier.h, for std's has no timed
// waits.
#ifndef LOCKCHECK_INTERNAL_BARRIER_DISABLED_H_
#define LOCKCHECK_INTERNAL_BARRIER_DISABLED_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/arrival_token.h"
#include "lockcheck/internal/plain_wait_disabled.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

struct NoCompletion {
  void operator()() noexcept {}
};

}  // namespace internal

template <typename CompletionFunction = internal::NoCompletion>
class barrier {
 public:
  using arrival_token = internal::ArrivalToken<barrier>;

  static constexpr ptrdiff_t max() noexcept { return INT32_MAX; }

  constexpr explicit barrier(
      ptrdiff_t expected, CompletionFunction completion = CompletionFunction(),
      source_location = {})
      : expected_(static_cast<uint32_t>(expected)),
        missing_(static_cast<uint32_t>(expected)),
        completion_(std::move(completion)) {}
  constexpr barrier(ptrdiff_t expected, CompletionFunction completion,
                    const char*, source_location = {})
      : barrier(expected, std::move(completion)) {}
  constexpr barrier(ptrdiff_t expected, const char*, source_location = {})
      : barrier(expected) {}
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;

  [[nodiscard]] arrival_token arrive(ptrdiff_t update = 1) {
    // It cannot be over without this arrival.
    const uint32_t phase = Phase(word_.load(std::memory_order_acquire));
    const auto arrivals = static_cast<uint32_t>(update);
    if (arrivals != 0 &&
        missing_.fetch_sub(arrivals, std::memory_order_acq_rel) == arrivals) {
      Complete(phase);
    }
    return arrival_token(phase);
  }
  void wait(arrival_token&& arrival) const {
    internal::SleepUntil(word_, kSleeping, nullptr, IsOver{arrival.phase_});
  }
  template <typename Rep, typename Period>
  bool try_wait_for(const arrival_token& arrival,
                    const std::chrono::duration<Rep, Period>& duration) const {
    return internal::SleepFor(word_, kSleeping, duration,
                              IsOver{arrival.phase_});
  }
  template <typename Clock, typename Duration>
  bool try_wait_until(
      const arrival_token& arrival,
      const std::chrono::time_point<Clock, Duration>& time) const {
    return internal::SleepUntilTime(word_, kSleeping, time,
                                    IsOver{arrival.phase_});
  }
  void arrive_and_wait() { wait(arrive()); }
  void arrive_and_drop() {
    expected_.fetch_sub(1, std::memory_order_relaxed);
    (void)arrive();
  }

 private:
  static constexpr uint32_t kSleeping = 1;
  static constexpr uint32_t Phase(uint32_t word) { return word >> 1; }
  struct IsOver {
    bool operator()(uint32_t word) const { return Phase(word) != phase; }
    uint32_t phase;
  };

  void Complete(uint32_t phase) noexcept {
    completion_();
    missing_.store(expected_.load(std::memory_order_relaxed),
                   std::memory_order_relaxed);
    const uint32_t before =
        word_.exchange((phase + 1) << 1, std::memory_order_acq_rel);
    if (before & kSleeping) internal::WakeAll(word_);
  }

  std::atomic<uint32_t> expected_, missing_;
  // The phase, times two, and kSleeping.
  mutable std::atomic<uint32_t> word_{0};
  [[no_unique_address]] CompletionFunction completion_;
};
barrier(ptrdiff_t, const char*)->barrier<>;
barrier(ptrdiff_t, const char*, source_location)->barrier<>;

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_BARRIER_DISABLED_H_

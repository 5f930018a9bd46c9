// LOCKCHECK_DISABLED: the plain twin of latch.h, for std's has no timed waits.
#ifndef LOCKCHECK_INTERNAL_LATCH_DISABLED_H_
#define LOCKCHECK_INTERNAL_LATCH_DISABLED_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/plain_wait_disabled.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {

class latch {
 public:
  static constexpr ptrdiff_t max() noexcept { return INT32_MAX; }

  constexpr explicit latch(ptrdiff_t expected, source_location = {}) noexcept
      : word_(Arrivals(expected)) {}
  constexpr latch(ptrdiff_t expected, const char*,
                  source_location = {}) noexcept
      : latch(expected) {}
  latch(const latch&) = delete;
  latch& operator=(const latch&) = delete;

  void count_down(ptrdiff_t update = 1) {
    const uint32_t arrivals = Arrivals(update);
    const uint32_t before =
        word_.fetch_sub(arrivals, std::memory_order_acq_rel);
    if (arrivals != 0 && before - arrivals == kSleeping) {
      internal::WakeAll(word_);
    }
  }
  bool try_wait() const noexcept {
    return IsOpen(word_.load(std::memory_order_acquire));
  }
  void wait() const noexcept {
    internal::SleepUntil(word_, kSleeping, nullptr, IsOpen);
  }
  template <typename Rep, typename Period>
  bool try_wait_for(const std::chrono::duration<Rep, Period>& duration) const {
    return internal::SleepFor(word_, kSleeping, duration, IsOpen);
  }
  template <typename Clock, typename Duration>
  bool try_wait_until(
      const std::chrono::time_point<Clock, Duration>& time) const {
    return internal::SleepUntilTime(word_, kSleeping, time, IsOpen);
  }
  void arrive_and_wait(ptrdiff_t update = 1) {
    count_down(update);
    wait();
  }

 private:
  static constexpr uint32_t kSleeping = 1;
  static constexpr uint32_t Arrivals(ptrdiff_t count) {
    return static_cast<uint32_t>(count) * 2;
  }
  static bool IsOpen(uint32_t word) { return word <= kSleeping; }

  // How many are missing, times two, and kSleeping.
  mutable std::atomic<uint32_t> word_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_LATCH_DISABLED_H_

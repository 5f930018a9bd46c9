// LOCKCHECK_DISABLED: the plain twin of event.h.
#ifndef LOCKCHECK_INTERNAL_EVENT_DISABLED_H_
#define LOCKCHECK_INTERNAL_EVENT_DISABLED_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "lockcheck/internal/plain_wait_disabled.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {

class event {
 public:
  constexpr event() noexcept = default;
  constexpr event(source_location) noexcept {}
  constexpr explicit event(const char*, source_location = {}) noexcept {}
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  void set() noexcept { Change(true); }
  void clear() noexcept { Change(false); }
  bool is_set() const noexcept {
    return IsSet(word_.load(std::memory_order_acquire));
  }
  void wait() const noexcept {
    internal::SleepUntil(word_, kSleeping, nullptr, Since());
  }
  template <typename Rep, typename Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& duration) const {
    return internal::SleepFor(word_, kSleeping, duration, Since());
  }
  template <typename Clock, typename Duration>
  bool wait_until(const std::chrono::time_point<Clock, Duration>& time) const {
    return internal::SleepUntilTime(word_, kSleeping, time, Since());
  }

 private:
  static constexpr uint32_t kSleeping = 1;
  static constexpr bool IsSet(uint32_t word) { return (word & 2) != 0; }
  struct WasSet {
    // It is set, or it has changed since, for then it was set at first.
    bool operator()(uint32_t word) const {
      return IsSet(word) || (word ^ before) > kSleeping;
    }
    uint32_t before;
  };

  void Change(bool set) noexcept {
    uint32_t before = word_.load(std::memory_order_relaxed);
    uint32_t after;
    do {
      after = IsSet(before) == set ? before : (before + 2) & ~kSleeping;
    } while (!word_.compare_exchange_weak(
        before, after, std::memory_order_acq_rel, std::memory_order_relaxed));
    if (after != before && (before & kSleeping)) internal::WakeAll(word_);
  }
  WasSet Since() const { return {word_.load(std::memory_order_acquire)}; }

  // How often it changed, times two, and kSleeping.
  mutable std::atomic<uint32_t> word_{0};
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_EVENT_DISABLED_H_

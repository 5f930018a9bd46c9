// std::chrono's times as the kernel takes them.
#ifndef LOCKCHECK_INTERNAL_DEADLINE_H_
#define LOCKCHECK_INTERNAL_DEADLINE_H_

#include <chrono>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

struct Deadline {
  int64_t seconds;  // since the clock's epoch
  int64_t nanoseconds;
  bool realtime;  // CLOCK_REALTIME, else CLOCK_MONOTONIC
};

template <typename Clock>
inline constexpr bool IsKernelClock =
    std::is_same_v<Clock, std::chrono::steady_clock> ||
    std::is_same_v<Clock, std::chrono::system_clock>;

// Rounds up, and clamps what does not fit: 2^62 seconds is "for ever".
template <typename Rep, typename Period>
Deadline SinceEpoch(const std::chrono::duration<Rep, Period>& since,
                    bool realtime) {
  using std::chrono::nanoseconds;
  using std::chrono::seconds;
  using Wide = std::chrono::duration<long double>;
  constexpr long double kForEver = 4.0e18L;
  const long double wide = std::chrono::duration_cast<Wide>(since).count();
  if (!(wide < kForEver))
    return {std::numeric_limits<int64_t>::max() / 2, 0, realtime};
  if (wide <= 0) return {0, 0, realtime};
  const auto whole = std::chrono::floor<seconds>(since);
  const auto rest = std::chrono::ceil<nanoseconds>(since - whole);
  if (rest.count() >= 1'000'000'000) return {whole.count() + 1, 0, realtime};
  return {whole.count(), rest.count(), realtime};
}

template <typename Rep, typename Period>
Deadline DeadlineAfter(const std::chrono::duration<Rep, Period>& duration) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  if (!(duration > duration.zero())) return {0, 0, false};
  Deadline rest = SinceEpoch(duration, false);
  const Deadline start = SinceEpoch(now, false);
  rest.seconds += start.seconds;
  rest.nanoseconds += start.nanoseconds;
  if (rest.nanoseconds >= 1'000'000'000) {
    rest.nanoseconds -= 1'000'000'000;
    ++rest.seconds;
  }
  return rest;
}

template <typename Clock, typename Duration>
Deadline DeadlineAt(const std::chrono::time_point<Clock, Duration>& time) {
  if constexpr (std::is_same_v<Clock, std::chrono::steady_clock>) {
    return SinceEpoch(time.time_since_epoch(), false);
  } else if constexpr (std::is_same_v<Clock, std::chrono::system_clock>) {
    return SinceEpoch(time.time_since_epoch(), true);
  } else {
    const auto now = Clock::now();
    // The difference of times that are far apart need not fit.
    if (time <= now) return {0, 0, false};
    return DeadlineAfter(time - now);
  }
}

// Asks with a deadline the kernel knows; with a foreign clock again and again,
// until that clock says that the time has come, as the standard asks.
template <typename Clock, typename Duration, typename Ask>
bool Until(const std::chrono::time_point<Clock, Duration>& time, Ask ask) {
  while (true) {
    if (ask(DeadlineAt(time))) return true;
    if constexpr (IsKernelClock<Clock>) return false;
    if (Clock::now() >= time) return false;
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_DEADLINE_H_

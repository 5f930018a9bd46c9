// LOCKCHECK_DISABLED: how the plain twins sleep that std has no twin of, or
// none with timed waits. The word that is waited for is all they are made of;
// a bit of it says whether somebody sleeps, so nothing is touched after the
// change that ends a wait.
#ifndef LOCKCHECK_INTERNAL_PLAIN_WAIT_DISABLED_H_
#define LOCKCHECK_INTERNAL_PLAIN_WAIT_DISABLED_H_

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>

#include "lockcheck/internal/deadline.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

inline void WakeAll(std::atomic<uint32_t>& word) noexcept {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE,
          INT_MAX, nullptr, nullptr, 0);
}

// Sleeps while the word has this value, until the deadline: false if it passed.
inline bool SleepWhile(std::atomic<uint32_t>& word, uint32_t value,
                       const Deadline* deadline) noexcept {
  int operation = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG;
  timespec time{};
  if (deadline != nullptr) {
    time = {static_cast<time_t>(deadline->seconds),
            static_cast<long>(deadline->nanoseconds)};
    if (deadline->realtime) operation |= FUTEX_CLOCK_REALTIME;
  }
  const long result = syscall(
      SYS_futex, reinterpret_cast<uint32_t*>(&word), operation, value,
      deadline == nullptr ? nullptr : &time, nullptr, FUTEX_BITSET_MATCH_ANY);
  return result == 0 || errno != ETIMEDOUT;
}

// Waits until `is_so` of the word; `sleeping` is its bit for that. False: the
// deadline has passed, and it is not so.
template <typename IsSo>
bool SleepUntil(std::atomic<uint32_t>& word, uint32_t sleeping,
                const Deadline* deadline, IsSo is_so) noexcept {
  uint32_t seen = word.load(std::memory_order_acquire);
  bool passed = false;
  while (!is_so(seen)) {
    if (passed) return false;
    if ((seen & sleeping) == 0 &&
        !word.compare_exchange_weak(seen, seen | sleeping,
                                    std::memory_order_acquire,
                                    std::memory_order_acquire)) {
      continue;
    }
    passed = !SleepWhile(word, seen | sleeping, deadline);
    seen = word.load(std::memory_order_acquire);
  }
  return true;
}

template <typename Rep, typename Period, typename IsSo>
bool SleepFor(std::atomic<uint32_t>& word, uint32_t sleeping,
              const std::chrono::duration<Rep, Period>& duration, IsSo is_so) {
  if (is_so(word.load(std::memory_order_acquire))) return true;
  if (!(duration > duration.zero())) return false;
  const Deadline deadline = DeadlineAfter(duration);
  return SleepUntil(word, sleeping, &deadline, is_so);
}

template <typename Clock, typename Duration, typename IsSo>
bool SleepUntilTime(std::atomic<uint32_t>& word, uint32_t sleeping,
                    const std::chrono::time_point<Clock, Duration>& time,
                    IsSo is_so) {
  return Until(time, [&](const Deadline& deadline) {
    return SleepUntil(word, sleeping, &deadline, is_so);
  });
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PLAIN_WAIT_DISABLED_H_

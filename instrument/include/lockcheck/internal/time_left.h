// How long it is until a deadline, for calls that take a duration.
#ifndef LOCKCHECK_INTERNAL_TIME_LEFT_H_
#define LOCKCHECK_INTERNAL_TIME_LEFT_H_

#include <time.h>

#include <algorithm>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/deadline.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// In nanoseconds; an hour at most, after which it is to be asked again.
inline int64_t NsUntil(const Deadline& deadline) {
  timespec now;
  clock_gettime(deadline.realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  constexpr int64_t kMost = 3600;
  const int64_t seconds = std::min(deadline.seconds - now.tv_sec, kMost);
  return seconds * 1'000'000'000 + deadline.nanoseconds - now.tv_nsec;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_TIME_LEFT_H_

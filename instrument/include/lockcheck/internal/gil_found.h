// Whether a wait would not block, asked in a way that never does.
#ifndef LOCKCHECK_INTERNAL_GIL_FOUND_H_
#define LOCKCHECK_INTERNAL_GIL_FOUND_H_

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <future>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// True: what x.wait() waits for was there, and has been waited for. An event
// may be cleared at any time, so it is asked once; a latch stays open and a
// future ready.
template <typename Waitable>
LOCKCHECK_ALWAYS_INLINE bool FoundAtOnce(Waitable& x) {
  constexpr std::chrono::seconds kNone(0);
  if constexpr (requires {
                  { x.try_wait() } -> std::convertible_to<bool>;
                }) {
    if (!x.try_wait()) return false;
    x.wait();
    return true;
  } else if constexpr (requires {
                         { x.is_set() } -> std::convertible_to<bool>;
                         { x.wait_for(kNone) } -> std::convertible_to<bool>;
                       }) {
    return x.is_set() && x.wait_for(kNone);
  } else if constexpr (requires {
                         {
                           x.wait_for(kNone)
                           } -> std::same_as<std::future_status>;
                       }) {
    if (x.wait_for(kNone) != std::future_status::ready) return false;
    x.wait();
    return true;
  } else {
    return false;
  }
}

// Of a condition. The predicate's answer is not asked for twice: the second
// one might be another.
template <typename Condition, typename Lock, typename Predicate>
LOCKCHECK_ALWAYS_INLINE bool FoundAtOnce(Condition& c, Lock& lock,
                                         Predicate& predicate) {
  if constexpr (requires {
                  { predicate() } -> std::convertible_to<bool>;
                }) {
    if (!predicate()) return false;
    c.wait(lock, [] { return true; });
    return true;
  } else {
    return false;
  }
}

template <typename Waitable, typename... Args>
bool FoundAtOnce(Waitable&, Args&...) {
  return false;
}

// The same of a wait with a time limit, which stands behind a condition's lock
// and before its predicate.
template <typename Waitable, typename Time>
LOCKCHECK_ALWAYS_INLINE bool FoundInTime(Waitable& x, Time&) {
  return FoundAtOnce(x);
}
template <typename Condition, typename Lock, typename Time, typename Predicate>
LOCKCHECK_ALWAYS_INLINE bool FoundInTime(Condition& c, Lock& lock, Time&,
                                         Predicate& predicate) {
  return FoundAtOnce(c, lock, predicate);
}
template <typename Waitable, typename... Args>
bool FoundInTime(Waitable&, Args&...) {
  return false;
}

// What such a wait answers then.
template <typename Outcome>
constexpr Outcome Found() {
  if constexpr (std::is_same_v<Outcome, std::future_status>) {
    return std::future_status::ready;
  } else if constexpr (std::is_same_v<Outcome, std::cv_status>) {
    return std::cv_status::no_timeout;
  } else {
    return true;
  }
}

// By whichever name it has.
template <typename Waitable, typename... Args>
LOCKCHECK_ALWAYS_INLINE auto WaitFor(Waitable& x, Args&&... args) {
  if constexpr (requires { x.try_wait_for(std::forward<Args>(args)...); }) {
    return x.try_wait_for(std::forward<Args>(args)...);
  } else {
    return x.wait_for(std::forward<Args>(args)...);
  }
}
template <typename Waitable, typename... Args>
LOCKCHECK_ALWAYS_INLINE auto WaitUntil(Waitable& x, Args&&... args) {
  if constexpr (requires { x.try_wait_until(std::forward<Args>(args)...); }) {
    return x.try_wait_until(std::forward<Args>(args)...);
  } else {
    return x.wait_until(std::forward<Args>(args)...);
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_GIL_FOUND_H_

// The flag of an event, for threads and for coroutines: how often it was set or
// cleared, which is odd while it is set.
#ifndef LOCKCHECK_INTERNAL_FLAG_CHANGES_H_
#define LOCKCHECK_INTERNAL_FLAG_CHANGES_H_

#include <atomic>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/coroutine_signal_disabled.h"
#else
#include "lockcheck/internal/wait_queue.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI::internal {

constexpr bool IsSet(uint32_t changes) { return (changes & 1) != 0; }

// Sets (1) or clears (0) it. What is to be posted: an act that changes nothing
// wakes nobody and has no number, but is ordered with the others all the same.
inline PostFacts ChangeFlag(std::atomic<uint32_t>& changes,
                            uint32_t set) noexcept {
  uint32_t before = changes.load(std::memory_order_relaxed);
  uint32_t after;
  do {
    after = before + ((before ^ set) & 1);
  } while (!changes.compare_exchange_weak(
      before, after, std::memory_order_acq_rel, std::memory_order_relaxed));
  const bool changed = after != before;
  return {set ? PostKind::kSet : PostKind::kClear,
          set && changed ? kAllWaiters : 0, changed ? after : 0, set};
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_FLAG_CHANGES_H_

// A lock for the insides of a type: held for a few instructions, never while
// anything of the program's is waited for, and in no log.
//
// Drepper's mutex2 ("Futexes Are Tricky", 2011). Not for signal handlers.
// Lockable as std::lock_guard wants it. Cost: two atomic operations, inlined.
#ifndef LOCKCHECK_INTERNAL_SHORT_LOCK_H_
#define LOCKCHECK_INTERNAL_SHORT_LOCK_H_

#include <atomic>
#include <cstdint>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

class ShortLock {
 public:
  constexpr ShortLock() noexcept = default;
  ShortLock(const ShortLock&) = delete;
  ShortLock& operator=(const ShortLock&) = delete;

  void lock() noexcept {
    uint32_t free = kFree;
    if (!word_.compare_exchange_strong(free, kHeld, std::memory_order_acquire,
                                       std::memory_order_relaxed)) {
      LockSlow();
    }
  }
  bool try_lock() noexcept {
    uint32_t free = kFree;
    return word_.compare_exchange_strong(free, kHeld, std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }
  // Who gets it next may destroy it: it is not touched again.
  void unlock() noexcept {
    if (word_.exchange(kFree, std::memory_order_release) == kWaitedFor) Wake();
  }

 private:
  enum Word : uint32_t { kFree, kHeld, kWaitedFor };

  void LockSlow() noexcept;
  void Wake() noexcept;

  std::atomic<uint32_t> word_{kFree};
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_SHORT_LOCK_H_

// order_key(lock, key): the lock's place among those of its class.
//
//   for (uint32_t i = 0; i < accounts.size(); ++i) {
//     lockcheck::order_key(accounts[i].lock, i);
//   }
//
// Locks of one class (one name, or made at one place) that are taken one within
// another are reported by `lockcheck analyze --classes`, unless their keys
// ascend: then the order is one that the program has declared, and keeps.
//
// For the lock types of lockcheck/mutex.h and shared_mutex.h. Call it when the
// lock has been made; a later call gives it another key. Any thread may, at any
// time. A key goes with its lock: one that is made at the same address has
// none. Cost: one record in the log; nothing where nothing is recorded, with
// mode=live, which does not look at classes, or with LOCKCHECK_DISABLED. Never
// blocks, never throws.
#ifndef LOCKCHECK_ORDER_KEY_H_
#define LOCKCHECK_ORDER_KEY_H_

#include <cstdint>

#include "lockcheck/internal/abi.h"

#if !defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/hot.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {

inline constexpr uint32_t largest_order_key = 0xfffffffe;

#if defined(LOCKCHECK_DISABLED)

template <typename Lock>
void order_key(const Lock& /*lock*/, uint32_t /*key*/) noexcept {}

#else

namespace internal {
// `lock` is the address of a LockState of that kind.
void SetOrderKey(const void* lock, LockKind kind, uint32_t key, SiteSlot* slot,
                 Caller caller) noexcept;
}  // namespace internal

// A key above the largest one counts as that.
template <typename Lock>
LOCKCHECK_ALWAYS_INLINE void order_key(const Lock& lock,
                                       uint32_t key) noexcept {
  constexpr internal::LockKind kKind = Lock::kLockKind;
  static_assert(kKind <= internal::LockKind::kSharedTimedMutex,
                "order keys are for lockcheck's mutexes of threads");
  internal::SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  internal::SetOrderKey(&lock, kKind, key, slot, LOCKCHECK_CALLER());
}

#endif

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_ORDER_KEY_H_

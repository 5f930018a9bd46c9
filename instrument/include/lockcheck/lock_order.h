// acquired_before(lock, others...), acquired_after(lock, others...): in which
// order locks are taken, as the program declares it.
//
//   lockcheck::acquired_before(index, journal);        // index, then journal
//   lockcheck::acquired_after(cache, index, journal);  // cache after both
//
// `lock` is taken before (after) each of the others; nothing is said of the
// others among themselves. Orders add up: with acquired_before(a, b) and
// acquired_before(b, c) a is taken before c. `lockcheck analyze` reports a
// request for a lock within a hold of one that is to be taken after it, even if
// nobody ever took the two in the declared order, and declarations that
// contradict each other (rule declared-order, docs/analysis.md).
//
// What waits breaks an order, shared or not: lock(), lock_shared(), a member of
// lock(a, b, ...) under what was held before. A try or a timed request gives
// up, and breaks none; what it got is held like anything else. To take several
// at once with lockcheck::scoped_lock keeps any order among them. clang's
// attributes LOCKCHECK_ACQUIRED_BEFORE and _AFTER say the same to the compiler,
// which sees names and no objects; see thread_annotations.h.
//
// With mode=live the program says so itself, when somebody first comes that way
// after the declaration.
//
// For the locks of mutex.h and shared_mutex.h, of processes and of coroutines.
// Call it when the locks have been made; a declaration is of these locks, and
// goes with them. A forked child's copies have it, too. Any thread may, at any
// time. Cost: one record in the log for each pair, however often a process
// declares it (of its first 65,536 pairs; then one for each call); with
// mode=live some 150 bytes as long as the locks are there; nothing where
// nothing is recorded, or with LOCKCHECK_DISABLED, and nothing when a lock is
// taken. With mode=live a new pair makes all threads forget which ways they
// came, so that each is looked up once more. Never blocks,
// never throws.
#ifndef LOCKCHECK_LOCK_ORDER_H_
#define LOCKCHECK_LOCK_ORDER_H_

#include "lockcheck/internal/abi.h"

#if !defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/hot.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {

#if defined(LOCKCHECK_DISABLED)

template <typename Lock, typename... Others>
void acquired_before(const Lock& /*lock*/,
                     const Others&... /*others*/) noexcept {
  static_assert(sizeof...(Others) != 0, "before which locks?");
}

template <typename Lock, typename... Others>
void acquired_after(const Lock& /*lock*/,
                    const Others&... /*others*/) noexcept {
  static_assert(sizeof...(Others) != 0, "after which locks?");
}

#else

namespace coroutine {
class mutex;
class shared_mutex;
}  // namespace coroutine

namespace internal {

template <typename Lock>
struct OrderedKind {
  static constexpr LockKind kKind = Lock::kLockKind;
};
template <>
struct OrderedKind<coroutine::mutex> {
  static constexpr LockKind kKind = LockKind::kCoroutineMutex;
};
template <>
struct OrderedKind<coroutine::shared_mutex> {
  static constexpr LockKind kKind = LockKind::kCoroutineSharedMutex;
};

// `lock` is the address of its LockState, or ProcessRecord.
struct OrderedLock {
  const void* lock;
  LockKind kind;

  template <typename Lock>
  static OrderedLock Of(const Lock& lock) noexcept {
    constexpr LockKind kKind = OrderedKind<Lock>::kKind;
    static_assert(kKind != LockKind::kGil && kKind != LockKind::kOnceFlag &&
                      kKind != LockKind::kSemaphore,
                  "orders are for lockcheck's mutexes");
    return {&lock, kKind};
  }
};

void DeclareOrder(OrderedLock first, OrderedLock second, SiteSlot* slot,
                  Caller caller) noexcept;

}  // namespace internal

template <typename Lock, typename... Others>
LOCKCHECK_ALWAYS_INLINE void acquired_before(const Lock& lock,
                                             const Others&... others) noexcept {
  static_assert(sizeof...(Others) != 0, "before which locks?");
  internal::SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  const internal::Caller caller = LOCKCHECK_CALLER();
  (internal::DeclareOrder(internal::OrderedLock::Of(lock),
                          internal::OrderedLock::Of(others), slot, caller),
   ...);
}

template <typename Lock, typename... Others>
LOCKCHECK_ALWAYS_INLINE void acquired_after(const Lock& lock,
                                            const Others&... others) noexcept {
  static_assert(sizeof...(Others) != 0, "after which locks?");
  internal::SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  const internal::Caller caller = LOCKCHECK_CALLER();
  (internal::DeclareOrder(internal::OrderedLock::Of(others),
                          internal::OrderedLock::Of(lock), slot, caller),
   ...);
}

#endif

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_LOCK_ORDER_H_

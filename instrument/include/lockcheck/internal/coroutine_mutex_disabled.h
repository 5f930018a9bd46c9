// LOCKCHECK_DISABLED: coroutine::mutex without records.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_MUTEX_DISABLED_H_
#define LOCKCHECK_INTERNAL_COROUTINE_MUTEX_DISABLED_H_

#include "lockcheck/internal/coroutine_lock.h"
#include "lockcheck/internal/coroutine_run.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

struct LockPlace {};
#define LOCKCHECK_LOCK_PLACE(place) \
  const ::lockcheck::internal::LockPlace place {}

constexpr LockPlace PlaceOf(SiteSlot*) { return {}; }

class CoroutineMutexCore {
 public:
  constexpr CoroutineMutexCore(const char*, source_location) noexcept {}

  std::atomic<uint32_t>& word() { return word_; }
  LockWaiters& waiters() { return waiters_; }

  LOCKCHECK_ALWAYS_INLINE bool TakeAtOnce(LockPlace) {
    uint32_t free = 0;
    return word_.compare_exchange_strong(free, kHeld, std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }
  bool Request(LockPlace place, Caller, How, CoroutineWait&) {
    return TakeAtOnce(place);
  }
  bool Try(LockPlace place, Caller) { return TakeAtOnce(place); }
  // Of what is not held: nothing.
  LOCKCHECK_ALWAYS_INLINE void Release() {
    uint32_t held = kHeld;
    if (__builtin_expect(
            !word_.compare_exchange_strong(held, 0, std::memory_order_release,
                                           std::memory_order_relaxed),
            false) &&
        held != 0) {
      PushIfAny(waiters_.Pass(word_));
    }
  }
  static uint32_t Owner() { return kHeld; }
  void EndWait(Chain&, const CoroutineWait&, How, CoroutineOutcome) {}

 private:
  static constexpr uint32_t kHeld = 1;
  std::atomic<uint32_t> word_{0};
  LockWaiters waiters_;
};

[[noreturn]] inline void ThrowCoroutineDeadlock() { std::abort(); }

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_MUTEX_DISABLED_H_

// LOCKCHECK_DISABLED: coroutine::mutex and shared_mutex without records.
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
  CoroutineMutexCore(const CoroutineMutexCore&) = delete;
  CoroutineMutexCore& operator=(const CoroutineMutexCore&) = delete;

  std::atomic<uint32_t>& word() { return word_; }
  LockWaiters& waiters() { return waiters_; }

  LOCKCHECK_ALWAYS_INLINE bool TakeAtOnce(LockPlace, bool reads) {
    if (reads) return ReadAtOnce(word_);
    uint32_t free = 0;
    return word_.compare_exchange_strong(free, kHeld, std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }
  bool Request(LockPlace place, Caller, How, bool reads, CoroutineWait&) {
    return TakeAtOnce(place, reads);
  }
  bool Try(LockPlace place, Caller, bool reads = false) {
    return TakeAtOnce(place, reads);
  }
  // Of what is not held: nothing.
  LOCKCHECK_ALWAYS_INLINE void Release() {
    uint32_t held = kHeld;
    if (__builtin_expect(
            !word_.compare_exchange_strong(held, 0, std::memory_order_release,
                                           std::memory_order_relaxed),
            false) &&
        held != 0) {
      ResumeAll(waiters_.Pass(word_));
    }
  }
  void ReleaseReading() { ResumeAll(waiters_.PassReading(word_)); }
  static uint32_t Owner() { return kHeld; }
  void EndWait(Chain&, const CoroutineWait&, How, bool, CoroutineOutcome) {}

 private:
  static constexpr uint32_t kHeld = 1;
  std::atomic<uint32_t> word_{0};
  LockWaiters waiters_;
};
struct CoroutineSharedMutexCore : CoroutineMutexCore {
  using CoroutineMutexCore::CoroutineMutexCore;
};

[[noreturn]] inline void ThrowCoroutineDeadlock() { std::abort(); }

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_MUTEX_DISABLED_H_

// LOCKCHECK_DISABLED: coroutine::semaphore without records.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_SEMAPHORE_DISABLED_H_
#define LOCKCHECK_INTERNAL_COROUTINE_SEMAPHORE_DISABLED_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

#include "lockcheck/internal/coroutine_signal_wait.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

inline constexpr uint32_t kMostPermits = INT32_MAX;

template <bool kBounded>
class CoroutineSemaphoreCore {
 public:
  constexpr CoroutineSemaphoreCore(ptrdiff_t permits, const char*,
                                   source_location) noexcept
      : permits_(permits), bound_(kBounded ? permits : kMostPermits) {}
  // Whoever has released may still be on the way out of Release().
  ~CoroutineSemaphoreCore() { const std::lock_guard guard(guard_); }
  CoroutineSemaphoreCore(const CoroutineSemaphoreCore&) = delete;
  CoroutineSemaphoreCore& operator=(const CoroutineSemaphoreCore&) = delete;

  SignalQueue& queue() { return queue_; }

  bool TakeAtOnce(SiteSlot*) {
    const std::lock_guard guard(guard_);
    return TakeLocked();
  }
  bool Request(SignalWait& wait, How, SiteSlot*, Caller) {
    const std::lock_guard guard(guard_);
    if (TakeLocked()) return true;
    queue_.Enter(wait.waiter);
    return false;
  }
  bool Try(SiteSlot*, Caller) noexcept { return TakeAtOnce(nullptr); }
  void EndWait(SignalWait&, How, CoroutineOutcome) {}
  void GiveBack() { Add(1); }
  void Release(ptrdiff_t count, SiteSlot*, Caller) {
    if (!Add(count)) ThrowAboveBound();
  }

 private:
  bool TakeLocked() {
    if (permits_ == 0) return false;
    --permits_;
    return true;
  }
  // False: there would be too many. Of a bounded one those that are there are
  // all that are not out, for who waits takes none that is.
  bool Add(ptrdiff_t count) {
    Claimed woken;
    {
      const std::lock_guard guard(guard_);
      if (count < 0 || count > bound_ - permits_) return false;
      woken = queue_.TakeOut(static_cast<uint32_t>(count));
      permits_ += count - static_cast<ptrdiff_t>(woken.count);
    }
    WakeClaimed(woken.first);
    return true;
  }
  [[noreturn]] static void ThrowAboveBound() {
#if defined(__cpp_exceptions)
    throw std::logic_error("lockcheck: semaphore released above its bound");
#else
    std::abort();
#endif
  }

  std::mutex guard_;
  ptrdiff_t permits_;
  const ptrdiff_t bound_;
  SignalQueue queue_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_SEMAPHORE_DISABLED_H_

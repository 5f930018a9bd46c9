// coroutine::semaphore: permits that coroutines wait for without a thread;
// coroutine::bounded_semaphore: one that must not be released above what it
// began with. Python's asyncio.Semaphore and BoundedSemaphore in std's
// spelling; lockcheck::counting_semaphore for coroutines.
//
//   * co_await s.acquire() suspends the coroutine until it has a permit;
//   * co_await s.try_acquire_for(d), try_acquire_until(t): false when the time
//     is over; s.try_acquire(): false if there is none, at once;
//   * s.release(n) adds permits (one, if nothing is said). They are handed to
//     those who have waited longest, and nobody else can take them before.
// What happened before a release() happened before the acquisitions of its
// permits are done. A coroutine that is destroyed while it waits does not wait
// any more; if it has been handed a permit already, another one gets that.
//
// release() above max(), which is 2^31 - 1, throws std::logic_error and changes
// nothing; of a bounded_semaphore above what it began with, too, and that is
// reported as misuse. Misuse as well: destruction while somebody waits.
//
// As of lockcheck::counting_semaphore, permits are held, by the coroutine, as
// long as every release is by who has acquired; from the first release by
// another one on the semaphore is a signal.
//
// acquire() and the timed forms are for coroutines of a context; try_acquire()
// and release() may be called by any thread: one that is not in run() has a
// context::work meanwhile. The name, if any, must outlive the object.
// Cost: as lockcheck::counting_semaphore; a wait needs no memory.
#ifndef LOCKCHECK_COROUTINE_SEMAPHORE_H_
#define LOCKCHECK_COROUTINE_SEMAPHORE_H_

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <new>
#include <type_traits>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/internal/coroutine_signal_wait.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/coroutine_semaphore_disabled.h"
#else
#include "lockcheck/internal/coroutine_semaphore.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

// A request that may wait; see coroutine::mutex.
template <bool kBounded, How kHow>
class PermitAwaiter {
 public:
  using Core = CoroutineSemaphoreCore<kBounded>;
  using Time = SignalWait::Time;

  LOCKCHECK_ALWAYS_INLINE PermitAwaiter(Core& semaphore, SiteSlot* slot,
                                        Time time)
      : semaphore_(semaphore), slot_(slot), time_(time) {}
  LOCKCHECK_ALWAYS_INLINE ~PermitAwaiter() {
    if (__builtin_expect(is_waiting_, false)) Abandon();
  }
  PermitAwaiter(const PermitAwaiter&) = delete;
  PermitAwaiter& operator=(const PermitAwaiter&) = delete;

  LOCKCHECK_ALWAYS_INLINE bool await_ready() {
    return __builtin_expect(
        kHow == How::kBlocking && semaphore_.TakeAtOnce(slot_), true);
  }
  LOCKCHECK_ALWAYS_INLINE bool await_suspend(std::coroutine_handle<> handle) {
    return MustWait(handle, LOCKCHECK_CALLER());
  }
  // Whether it has a permit.
  LOCKCHECK_ALWAYS_INLINE auto await_resume() {
    const bool has = __builtin_expect(!is_waiting_, true) || EndWait();
    if constexpr (kHow == How::kTimed) return has;
  }

 private:
  [[gnu::noinline, gnu::cold]] bool MustWait(std::coroutine_handle<> handle,
                                             Caller caller) {
    SignalWait& wait = *new (&wait_) SignalWait(semaphore_.queue());
    // From here on another one may hand it a permit.
    if (semaphore_.Request(wait, kHow, slot_, caller)) return false;
    is_waiting_ = true;
    wait.Suspend(handle, WaitKind::kSemaphore, kHow, time_);
    return true;
  }
  [[gnu::noinline, gnu::cold]] bool EndWait() {
    is_waiting_ = false;
    const bool has = wait_.End();
    semaphore_.EndWait(
        wait_, kHow,
        has ? CoroutineOutcome::kAcquired : CoroutineOutcome::kTimedOut);
    return has;
  }
  // The coroutine is destroyed while it waits.
  [[gnu::noinline, gnu::cold]] void Abandon() {
    const bool was_given = wait_.Abandon();
    semaphore_.EndWait(wait_, kHow, CoroutineOutcome::kInterrupted);
    if (was_given) semaphore_.GiveBack();
  }

  Core& semaphore_;
  SiteSlot* const slot_;
  const Time time_;
  bool is_waiting_ = false;
  union {
    SignalWait wait_;  // is there while it waits
  };
};

// What both types are.
template <bool kBounded>
class CoroutineSemaphore {
  using Core = CoroutineSemaphoreCore<kBounded>;

  template <How kHow>
  struct [[nodiscard]] Request {
    LOCKCHECK_ALWAYS_INLINE PermitAwaiter<kBounded, kHow> operator co_await()
        const {
      return PermitAwaiter<kBounded, kHow>(*core, slot, time);
    }
    Core* core;
    SiteSlot* slot;
    SignalWait::Time time;
  };
  static_assert(std::is_trivially_copyable_v<Request<How::kBlocking>>);

 public:
  static constexpr ptrdiff_t max() noexcept { return kMostPermits; }

  constexpr CoroutineSemaphore(ptrdiff_t permits, const char* name,
                               source_location where) noexcept
      : core_(permits, name, where) {}
  CoroutineSemaphore(const CoroutineSemaphore&) = delete;
  CoroutineSemaphore& operator=(const CoroutineSemaphore&) = delete;

  LOCKCHECK_ALWAYS_INLINE Request<How::kBlocking> acquire() {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {&core_, slot, {}};
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE Request<How::kTimed> try_acquire_for(
      const std::chrono::duration<Rep, Period>& duration) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {&core_, slot, TimeAfter(duration)};
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE Request<How::kTimed> try_acquire_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {&core_, slot, SteadyTime(time)};
  }
  LOCKCHECK_ALWAYS_INLINE bool try_acquire() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return core_.Try(slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void release(ptrdiff_t update = 1) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    core_.Release(update, slot, LOCKCHECK_CALLER());
  }

 private:
  Core core_;
};

}  // namespace internal

namespace coroutine {

class semaphore : public internal::CoroutineSemaphore<false> {
 public:
  constexpr explicit semaphore(
      ptrdiff_t permits,
      source_location where = source_location::current()) noexcept
      : CoroutineSemaphore(permits, nullptr, where) {}
  constexpr semaphore(
      ptrdiff_t permits, const char* name,
      source_location where = source_location::current()) noexcept
      : CoroutineSemaphore(permits, name, where) {}
};
class bounded_semaphore : public internal::CoroutineSemaphore<true> {
 public:
  constexpr explicit bounded_semaphore(
      ptrdiff_t bound,
      source_location where = source_location::current()) noexcept
      : CoroutineSemaphore(bound, nullptr, where) {}
  constexpr bounded_semaphore(
      ptrdiff_t bound, const char* name,
      source_location where = source_location::current()) noexcept
      : CoroutineSemaphore(bound, name, where) {}
};

}  // namespace coroutine
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_COROUTINE_SEMAPHORE_H_

// coroutine::mutex: a mutex that coroutines wait for without a thread.
//
//   * co_await m.lock() suspends the coroutine until it holds the mutex;
//   * co_await m.scoped_lock() does the same and gives a guard, which unlocks
//     when it is destroyed;
//   * co_await m.try_lock_for(d), try_lock_until(t): false when the time is
//     over; m.try_lock(): false if it is held, at once;
//   * m.unlock() gives it to the coroutine that has waited longest, which goes
//     on when its context has a turn for it; nobody else can take it before.
// The coroutine holds it (coroutine/context.h), not the thread: it may be
// suspended and go on in another thread meanwhile. What happened before
// unlock() happened before the next lock() is done. A coroutine that is
// destroyed while it waits does not wait any more.
//
// Misuse is reported, as of lockcheck::mutex: unlock() of a free mutex does
// nothing, that of another's unlocks it, a lock() by who holds it waits for
// ever. A wait that closes a cycle of waits is a deadlock; under
// on_deadlock=throw it throws std::system_error
// (resource_deadlock_would_occur). To be awaited by coroutines of a context;
// try_lock() and unlock() may be called by threads, too.
//
// Cost: a lock() of a free mutex and its unlock() suspend nobody, and are
// inlined as those of lockcheck::mutex.
#ifndef LOCKCHECK_COROUTINE_MUTEX_H_
#define LOCKCHECK_COROUTINE_MUTEX_H_

#include <chrono>
#include <type_traits>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/internal/coroutine_lock_awaiter.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::coroutine {

class mutex {
  using Core = internal::CoroutineMutexCore;
  using LockRequest =
      internal::CoroutineLockRequest<internal::PlainLockAwaiter, Core>;
  using GuardRequest =
      internal::CoroutineLockRequest<internal::GuardAwaiter, Core>;
  using TimedRequest = internal::TimedCoroutineLockRequest<Core>;
  static_assert(std::is_trivially_copyable_v<LockRequest> &&
                std::is_trivially_copyable_v<TimedRequest>);

 public:
  constexpr mutex(source_location where = source_location::current()) noexcept
      : core_(nullptr, where) {}
  constexpr explicit mutex(
      const char* name,
      source_location where = source_location::current()) noexcept
      : core_(name, where) {}
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  using guard = internal::CoroutineGuard<Core, false>;

  LOCKCHECK_ALWAYS_INLINE LockRequest lock() {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place};
  }
  LOCKCHECK_ALWAYS_INLINE GuardRequest scoped_lock() {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place};
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE TimedRequest
  try_lock_for(const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place, internal::TimeAfter(duration)};
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE TimedRequest
  try_lock_until(const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place, internal::SteadyTime(time)};
  }
  LOCKCHECK_ALWAYS_INLINE bool try_lock() {
    LOCKCHECK_LOCK_PLACE(place);
    return core_.Try(place, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void unlock() { core_.Release(); }

 private:
  Core core_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::coroutine

#endif  // LOCKCHECK_COROUTINE_MUTEX_H_

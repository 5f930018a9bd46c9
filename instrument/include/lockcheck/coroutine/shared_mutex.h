// coroutine::shared_mutex: a readers-writer lock that coroutines wait for
// without a thread; std::shared_timed_mutex for coroutines.
//
//   * co_await m.lock() suspends the coroutine until it alone holds the lock,
//     co_await m.lock_shared() until it does so with other readers;
//   * co_await m.scoped_lock(), m.scoped_lock_shared() give a guard, which lets
//     go of it when it is destroyed;
//   * co_await m.try_lock_for(d), try_lock_until(t), try_lock_shared_for(d),
//     try_lock_shared_until(t): false when the time is over;
//     m.try_lock(), m.try_lock_shared(): at once;
//   * m.unlock(), m.unlock_shared() give it to who has waited longest: to one
//     writer, or to all readers that wait in front of the next writer. They go
//     on when their contexts have a turn for them.
// Readers and writers have their turns in the order in which they came: nobody
// overtakes who waits, so neither starves. Therefore a coroutine must not read
// again what it reads already: between the two a writer may have begun to wait.
// That is reported as a hazard, and when it happens as the deadlock that it is.
//
// Who holds, what happened before what, destruction, names, misuse and
// on_deadlock=throw are as of coroutine::mutex; and by who does not read it,
// unlock_shared() does nothing. A cycle of waits through readers is said when
// nobody is left who would resume them, not when it closes.
//
// Cost: lock() of a free lock and its unlock() as of coroutine::mutex; a
// reading is two calls.
#ifndef LOCKCHECK_COROUTINE_SHARED_MUTEX_H_
#define LOCKCHECK_COROUTINE_SHARED_MUTEX_H_

#include <chrono>
#include <type_traits>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/internal/coroutine_lock_awaiter.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::coroutine {

class shared_mutex {
  using Core = internal::CoroutineSharedMutexCore;
  template <bool kReads>
  using LockRequest =
      internal::CoroutineLockRequest<internal::PlainLockAwaiter, Core, kReads>;
  template <bool kReads>
  using GuardRequest =
      internal::CoroutineLockRequest<internal::GuardAwaiter, Core, kReads>;
  template <bool kReads>
  using TimedRequest = internal::TimedCoroutineLockRequest<Core, kReads>;
  static_assert(std::is_trivially_copyable_v<LockRequest<true>> &&
                std::is_trivially_copyable_v<TimedRequest<true>>);

 public:
  constexpr shared_mutex(
      source_location where = source_location::current()) noexcept
      : core_(nullptr, where) {}
  constexpr explicit shared_mutex(
      const char* name,
      source_location where = source_location::current()) noexcept
      : core_(name, where) {}
  shared_mutex(const shared_mutex&) = delete;
  shared_mutex& operator=(const shared_mutex&) = delete;

  using guard = internal::CoroutineGuard<Core, false>;
  using shared_guard = internal::CoroutineGuard<Core, true>;

  LOCKCHECK_ALWAYS_INLINE LockRequest<false> lock() {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place};
  }
  LOCKCHECK_ALWAYS_INLINE GuardRequest<false> scoped_lock() {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place};
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE TimedRequest<false> try_lock_for(
      const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place, internal::TimeAfter(duration)};
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE TimedRequest<false> try_lock_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place, internal::SteadyTime(time)};
  }
  LOCKCHECK_ALWAYS_INLINE bool try_lock() {
    LOCKCHECK_LOCK_PLACE(place);
    return core_.Try(place, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void unlock() { core_.Release(); }

  LOCKCHECK_ALWAYS_INLINE LockRequest<true> lock_shared() {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place};
  }
  LOCKCHECK_ALWAYS_INLINE GuardRequest<true> scoped_lock_shared() {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place};
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE TimedRequest<true> try_lock_shared_for(
      const std::chrono::duration<Rep, Period>& duration) {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place, internal::TimeAfter(duration)};
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE TimedRequest<true> try_lock_shared_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place, internal::SteadyTime(time)};
  }
  LOCKCHECK_ALWAYS_INLINE bool try_lock_shared() {
    LOCKCHECK_LOCK_PLACE(place);
    return core_.Try(place, LOCKCHECK_CALLER(), true);
  }
  LOCKCHECK_ALWAYS_INLINE void unlock_shared() { core_.ReleaseReading(); }

 private:
  Core core_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::coroutine

#endif  // LOCKCHECK_COROUTINE_SHARED_MUTEX_H_

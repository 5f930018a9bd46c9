// condition_variable, condition_variable_any, notify_all_at_thread_exit():
// std's of the same names, recorded.
//
// Interface, blocking behaviour and exceptions are std's, with these
// differences, all of which std allows or leaves undefined:
//   * notify_one() wakes the one that has waited longest, and no other: there
//     are no spurious wake-ups, but a predicate is still what makes a wait
//     right;
//   * wait() with a lock that is not owned throws
//     std::system_error(operation_not_permitted) before it releases anything;
//   * with a guard of a recursive lock, condition_variable_any releases all
//     levels and takes them again.
// The lock is held again after a notification, a timeout, and when a predicate
// throws. condition_variable takes std::unique_lock<lockcheck::mutex> or
// lockcheck::unique_lock<lockcheck::mutex>; std::condition_variable cannot take
// a lockcheck::mutex, std::condition_variable_any can and is not recorded.
//
// The name, if any, must outlive the object. No native_handle(). A wait with a
// deadline of another clock than steady_clock or system_clock asks that clock
// again when its time should have come.
//
// In the log: each notification and each wait. A wait whose predicate holds at
// once, which does not wait, is recorded once by each thread for each place and
// each set of locks that it holds there.
//
// Misuse: destruction while somebody waits.
//
// Cost: each operation is a call; a wait sleeps once, a long one (10 ms) twice,
// and then takes the lock as lock() does. Size: 56 bytes.
#ifndef LOCKCHECK_CONDITION_VARIABLE_H_
#define LOCKCHECK_CONDITION_VARIABLE_H_

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "lockcheck/guards.h"
#include "lockcheck/mutex.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {
using std::cv_status;
}  // namespace lockcheck::inline LOCKCHECK_ABI

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/condition_variable_disabled.h"
#else
#include "lockcheck/internal/wait_queue.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

// A std or lockcheck unique_lock over lockcheck::mutex.
template <typename Guard>
concept GuardOfMutex = std::is_same_v<Guard, std::unique_lock<mutex>> ||
    std::is_same_v<Guard, unique_lock<mutex>>;

// Whose levels are all released while it waits.
template <typename Guard>
concept GuardOfRecursive = requires(Guard& guard) {
  { guard.owns_lock() } -> std::convertible_to<bool>;
  requires IsRecursive(
      std::remove_pointer_t<decltype(guard.mutex())>::kLockKind);
};

// Implemented beside the runtime's other work at a thread's end.
void NotifyAllAtThreadExit(WaitQueue& condition, WaitKind kind, mutex& lock,
                           SiteSlot* slot);

// What both types share: the waiting itself, between a release and an
// acquisition that they know how to do.
class ConditionBase {
 public:
  constexpr ConditionBase(const char* name, source_location where) noexcept
      : state_(name, where) {}
  ~ConditionBase() { DestroyWaitQueue(state_); }
  ConditionBase(const ConditionBase&) = delete;
  ConditionBase& operator=(const ConditionBase&) = delete;

  LOCKCHECK_ALWAYS_INLINE void notify_one() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    Post(state_, kKind, {PostKind::kNotifyOne, 1, 0, 0}, slot,
         LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void notify_all() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    Post(state_, kKind, {PostKind::kNotifyAll, kAllWaiters, 0, 0}, slot,
         LOCKCHECK_CALLER());
  }

 protected:
  static constexpr WaitKind kKind = WaitKind::kConditionVariable;

  // Who waits looks whether a stop was requested when the lock is released, so
  // this is never too early.
  void NotifyOfStop() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    Post(state_, kKind, {PostKind::kStop, kAllWaiters, 0, 0}, slot,
         LOCKCHECK_CALLER());
  }

  // A lock's own unlock() may throw: nobody waits then.
  struct LeaveIfThrown {
    WaitQueue& state;
    Waiter& waiter;
    bool active = true;
    ~LeaveIfThrown() {
      if (active) Withdraw(state, waiter);
    }
  };

  // False: the deadline passed. `stopped` is asked when the lock is released;
  // if it says so this does not wait, for who requested the stop may have
  // notified before this waited.
  template <typename Release, typename Stopped, typename Acquire>
  LOCKCHECK_ALWAYS_INLINE bool WaitAt(SiteSlot* slot, Caller caller,
                                      const Deadline* deadline, Release release,
                                      Stopped stopped, Acquire acquire) {
    Waiter waiter;
    Enqueue(state_, kKind, waiter, slot, caller);
    LeaveIfThrown leave{state_, waiter};
    release();
    bool signalled = true;
    if (!stopped()) {
      leave.active = false;
      signalled = SleepUntilSignalled(state_, waiter, slot, caller, deadline);
    } else {
      leave.active = false;
      Withdraw(state_, waiter);
    }
    acquire();
    return signalled;
  }
  // The predicate held at the first look.
  LOCKCHECK_ALWAYS_INLINE void FoundAt(How how, SiteSlot* slot, Caller caller) {
    if (!IsOff()) TakeOnce(state_, kKind, how, slot, caller);
  }

  WaitQueue state_;
};

// The waits of std's interface over one WaitOnce(guard, deadline, slot,
// caller). clang's analysis does not know that the guard's lock is held while a
// predicate runs.
template <typename Derived, typename Base = ConditionBase>
class ConditionWaits : public Base {
 public:
  using Base::Base;

  template <typename Guard>
  LOCKCHECK_ALWAYS_INLINE void wait(Guard& guard) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    Self().WaitOnce(guard, nullptr, slot, LOCKCHECK_CALLER());
  }
  template <typename Guard, typename Predicate>
  LOCKCHECK_ALWAYS_INLINE void wait(Guard& guard, Predicate predicate)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    WaitUntilSo(How::kBlocking, slot, caller, predicate,
                [&]() LOCKCHECK_INLINE_LAMBDA {
                  Self().WaitOnce(guard, nullptr, slot, caller);
                  return true;
                });
  }
  template <typename Guard, typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE cv_status wait_until(
      Guard& guard, const std::chrono::time_point<Clock, Duration>& time) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return StatusOf(WaitOnceUntil(guard, time, slot, LOCKCHECK_CALLER()));
  }
  template <typename Guard, typename Clock, typename Duration,
            typename Predicate>
  LOCKCHECK_ALWAYS_INLINE bool wait_until(
      Guard& guard, const std::chrono::time_point<Clock, Duration>& time,
      Predicate predicate) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return WaitUntilSo(How::kTimed, slot, caller, predicate,
                       [&]() LOCKCHECK_INLINE_LAMBDA {
                         return WaitOnceUntil(guard, time, slot, caller);
                       });
  }
  template <typename Guard, typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE cv_status
  wait_for(Guard& guard, const std::chrono::duration<Rep, Period>& duration) {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Deadline deadline = DeadlineAfter(duration);
    return StatusOf(
        Self().WaitOnce(guard, &deadline, slot, LOCKCHECK_CALLER()));
  }
  template <typename Guard, typename Rep, typename Period, typename Predicate>
  LOCKCHECK_ALWAYS_INLINE bool wait_for(
      Guard& guard, const std::chrono::duration<Rep, Period>& duration,
      Predicate predicate) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    const Deadline deadline = DeadlineAfter(duration);
    return WaitUntilSo(How::kTimed, slot, caller, predicate,
                       [&]() LOCKCHECK_INLINE_LAMBDA {
                         return Self().WaitOnce(guard, &deadline, slot, caller);
                       });
  }

 private:
  Derived& Self() { return static_cast<Derived&>(*this); }
  static cv_status StatusOf(bool in_time) {
    return in_time ? cv_status::no_timeout : cv_status::timeout;
  }
  // False: the time has come.
  template <typename Guard, typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool WaitOnceUntil(
      Guard& guard, const std::chrono::time_point<Clock, Duration>& time,
      SiteSlot* slot, Caller caller) {
    const Deadline deadline = DeadlineAt(time);
    if (Self().WaitOnce(guard, &deadline, slot, caller)) return true;
    if constexpr (IsKernelClock<Clock>) return false;
    return Clock::now() < time;
  }
  // `wait` waits once; false: the time is over, and the predicate is asked for
  // the last time.
  template <typename Predicate, typename Wait>
  LOCKCHECK_ALWAYS_INLINE bool WaitUntilSo(
      How how, SiteSlot* slot, Caller caller, Predicate& predicate,
      Wait wait) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (predicate()) {
      this->FoundAt(how, slot, caller);
      return true;
    }
    do {
      if (!wait()) return predicate();
    } while (!predicate());
    return true;
  }
};

}  // namespace internal

class condition_variable : public internal::ConditionWaits<condition_variable> {
  using Base = internal::ConditionWaits<condition_variable>;

 public:
  constexpr condition_variable(
      source_location where = source_location::current()) noexcept
      : Base(nullptr, where) {}
  constexpr explicit condition_variable(
      const char* name,
      source_location where = source_location::current()) noexcept
      : Base(name, where) {}

 private:
  friend Base;
  template <internal::GuardOfMutex Guard>
  friend void notify_all_at_thread_exit(condition_variable&, Guard);
  void NotifyAllAtThreadExit(mutex& lock, internal::SiteSlot* slot) {
    internal::NotifyAllAtThreadExit(state_, kKind, lock, slot);
  }
  // The guard goes on owning the lock, as far as it knows.
  template <internal::GuardOfMutex Guard>
  LOCKCHECK_ALWAYS_INLINE bool WaitOnce(
      Guard& guard, const internal::Deadline* deadline,
      internal::SiteSlot* slot,
      internal::Caller caller) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (!guard.owns_lock()) internal::ThrowNotOwned();
    mutex& m = *guard.mutex();
    return WaitAt(
        slot, caller, deadline,
        [&]() LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS { m.unlock(); },
        [] { return false; },
        [&]()
            LOCKCHECK_INLINE_LAMBDA { internal::LockAccess::LockAt(m, slot); });
  }
};
static_assert(sizeof(condition_variable) <= 56);

// When the calling thread has ended and its thread_local objects are destroyed,
// unlocks the guard's lock, which it holds until then, and notifies all. Throws
// std::system_error(operation_not_permitted) if the guard does not own it. The
// condition must live until then.
template <internal::GuardOfMutex Guard>
LOCKCHECK_ALWAYS_INLINE void notify_all_at_thread_exit(
    condition_variable& condition, Guard guard) {
  internal::SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  if (!guard.owns_lock()) internal::ThrowNotOwned();
  condition.NotifyAllAtThreadExit(*guard.mutex(), slot);
  guard.release();
}

class condition_variable_any
    : public internal::ConditionWaits<condition_variable_any> {
  using Base = internal::ConditionWaits<condition_variable_any>;

 public:
  constexpr condition_variable_any(
      source_location where = source_location::current()) noexcept
      : Base(nullptr, where) {}
  constexpr explicit condition_variable_any(
      const char* name,
      source_location where = source_location::current()) noexcept
      : Base(name, where) {}

  using Base::wait;
  using Base::wait_for;
  using Base::wait_until;
  // End also when a stop is requested; they return whether the predicate held.
  template <typename Guard, typename Predicate>
  bool wait(Guard& guard, std::stop_token token, Predicate predicate) {
    return WaitUntilStopped(guard, token, nullptr, predicate,
                            [] { return false; });
  }
  template <typename Guard, typename Clock, typename Duration,
            typename Predicate>
  bool wait_until(Guard& guard, std::stop_token token,
                  const std::chrono::time_point<Clock, Duration>& time,
                  Predicate predicate) {
    while (true) {
      const internal::Deadline deadline = internal::DeadlineAt(time);
      bool passed = false;
      const bool held = WaitUntilStopped(guard, token, &deadline, predicate,
                                         [&] { return passed = true; });
      // A deadline of a foreign clock is an estimate.
      if (held || !passed || Clock::now() >= time) return held;
    }
  }
  template <typename Guard, typename Rep, typename Period, typename Predicate>
  bool wait_for(Guard& guard, std::stop_token token,
                const std::chrono::duration<Rep, Period>& duration,
                Predicate predicate) {
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return WaitUntilStopped(guard, token, &deadline, predicate,
                            [] { return true; });
  }

 private:
  friend Base;
  template <typename Guard>
  LOCKCHECK_ALWAYS_INLINE bool WaitOnce(Guard& guard,
                                        const internal::Deadline* deadline,
                                        internal::SiteSlot* slot,
                                        internal::Caller caller,
                                        const std::stop_token* token = nullptr)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    const auto stopped = [token] {
      return token != nullptr && token->stop_requested();
    };
    if constexpr (internal::GuardOfRecursive<Guard>) {
      if (!guard.owns_lock()) internal::ThrowNotOwned();
      auto& m = *guard.mutex();
      uint32_t levels = 0;
      return WaitAt(
          slot, caller, deadline,
          [&] { levels = internal::LockAccess::UnlockAllLevels(m); }, stopped,
          [&]() LOCKCHECK_INLINE_LAMBDA {
            internal::LockAccess::LockAt(m, slot);
            internal::LockAccess::SetLevels(m, levels);
          });
    } else {
      if constexpr (requires { guard.owns_lock(); }) {
        if (!guard.owns_lock()) internal::ThrowNotOwned();
      }
      return WaitAt(
          slot, caller, deadline,
          [&]() LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS { guard.unlock(); },
          stopped,
          [&]() LOCKCHECK_INLINE_LAMBDA LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
            guard.lock();
          });
    }
  }
  // `over` says what a deadline that has passed means.
  template <typename Guard, typename Predicate, typename Over>
  bool WaitUntilStopped(Guard& guard, const std::stop_token& token,
                        const internal::Deadline* deadline,
                        Predicate& predicate,
                        Over over) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const internal::Caller caller = LOCKCHECK_CALLER();
    const std::stop_callback wake(token, [this] { this->NotifyOfStop(); });
    bool waited = false;
    while (!token.stop_requested()) {
      if (predicate()) {
        if (!waited) {
          FoundAt(internal::HowToAsk(true, deadline), slot, caller);
        }
        return true;
      }
      waited = true;
      if (!WaitOnce(guard, deadline, slot, caller, &token) && over()) break;
    }
    return predicate();
  }
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_CONDITION_VARIABLE_H_

// coroutine::condition_variable: coroutines that hold a coroutine::mutex wait
// until they are notified; std::condition_variable for coroutines, and Python's
// asyncio.Condition.
//
//   * co_await c.wait(guard) lets go of the guard's mutex, suspends the
//     coroutine until it is notified, and takes the mutex again;
//   * co_await c.wait(guard, predicate) does so until the predicate holds;
//   * co_await c.wait_for(guard, d), wait_until(guard, t) also end when the
//     time is over, and give cv_status; with a predicate they give what it says
//     at last;
//   * notify_one() ends the wait of the one that has waited longest, and of no
//     other; notify_all() those of all that wait now.
// There are no spurious wake-ups. The guard is a coroutine::mutex's; the mutex
// is held again after a notification, a timeout, and when a predicate throws.
// A wait with a guard that owns nothing throws
// std::system_error(operation_not_permitted) when it is awaited, before
// anything is let go of. While it waits the guard owns nothing, so a coroutine
// that is destroyed then neither waits nor holds; a notification that was for
// it already is lost with it.
//
// To be awaited by coroutines of a context, the guard's coroutine. notify_one()
// and notify_all() may be called by any thread: one that is not in run() has a
// context::work meanwhile. The name, if any, must outlive the object.
// Misuse: destruction while somebody waits. In the log it is a condition
// variable like any other.
//
// Cost: a wait is one allocation, of a coroutine's frame.
#ifndef LOCKCHECK_COROUTINE_CONDITION_VARIABLE_H_
#define LOCKCHECK_COROUTINE_CONDITION_VARIABLE_H_

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstdlib>
#include <new>
#include <system_error>
#include <type_traits>
#include <utility>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/coroutine/mutex.h"
#include "lockcheck/coroutine/task.h"
#include "lockcheck/internal/coroutine_signal_wait.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {
using std::cv_status;

namespace internal {

struct GuardAccess {
  static CoroutineMutexCore*& MutexOf(coroutine::mutex::guard& guard) {
    return guard.core_;
  }
};

using ConditionSignal = CoroutineSignal<WaitKind::kConditionVariable>;

// Who waits, with what, and for how long.
struct ConditionWait {
  ConditionSignal* signal;
  coroutine::mutex::guard* guard;
  SiteSlot* slot;
  Caller caller;
  How how;
  SignalWait::Time time;
};

// Lets go of the lock, and waits. Gives whether it was notified.
class NotificationAwaiter {
 public:
  NotificationAwaiter(const ConditionWait& wait, CoroutineMutexCore& mutex)
      : facts_(wait), mutex_(mutex), wait_(wait.signal->queue()) {}
  ~NotificationAwaiter() {
    if (is_waiting_) Abandon();
  }
  NotificationAwaiter(const NotificationAwaiter&) = delete;
  NotificationAwaiter& operator=(const NotificationAwaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  // A notification that comes when the lock is free is not missed.
  void await_suspend(std::coroutine_handle<> handle) {
    ConditionSignal& signal = *facts_.signal;
    const ConditionSignal::Use use(signal);
    signal.Enter(wait_.waiter, facts_.slot, facts_.caller);
    mutex_.Release();
    is_waiting_ = true;
    signal.BeginWait(wait_.waiter, facts_.how);
    wait_.Suspend(handle, WaitKind::kConditionVariable, facts_.how,
                  facts_.time);
  }
  // The condition may be gone by now.
  bool await_resume() {
    is_waiting_ = false;
    const bool was_notified = wait_.End();
    ConditionSignal::EndWait(wait_.waiter, was_notified
                                               ? CoroutineOutcome::kSignalled
                                               : CoroutineOutcome::kTimedOut);
    return was_notified;
  }

 private:
  // The coroutine is destroyed while it waits.
  void Abandon() {
    wait_.Abandon();
    ConditionSignal::EndWait(wait_.waiter, CoroutineOutcome::kInterrupted);
  }

  const ConditionWait facts_;
  CoroutineMutexCore& mutex_;
  bool is_waiting_ = false;
  SignalWait wait_;
};

// That never fails, for who waited had the lock.
struct LockAgainAwaiter
    : LockAwaiter<CoroutineMutexCore, How::kBlocking, false, false> {
  using LockAwaiter::LockAwaiter;
  void await_resume() { this->End(); }
};

inline void ThrowUnlessOwned(const ConditionWait& wait) {
  ThisChain();
  if (wait.guard->owns_lock()) return;
#if defined(__cpp_exceptions)
  throw std::system_error(
      std::make_error_code(std::errc::operation_not_permitted),
      "lockcheck::coroutine::condition_variable: wait with a guard that owns "
      "no lock");
#else
  std::abort();
#endif
}

// False: the time is over.
inline coroutine::task<bool> WaitOnce(ConditionWait wait) {
  ThrowUnlessOwned(wait);
  CoroutineMutexCore*& owned = GuardAccess::MutexOf(*wait.guard);
  CoroutineMutexCore& mutex = *std::exchange(owned, nullptr);
  const bool was_notified = co_await NotificationAwaiter(wait, mutex);
  co_await LockAgainAwaiter(mutex, PlaceOf(wait.slot));
  owned = &mutex;
  co_return was_notified;
}

// A predicate, without its type: GCC warns of a coroutine's frame in a header
// that has a field of a type of the user's file.
struct Question {
  bool operator()() const { return ask(predicate); }
  bool (*ask)(void*);
  void* predicate;
};

// What the predicate says at last.
inline coroutine::task<bool> WaitUntilSo(ConditionWait wait, Question holds) {
  ThrowUnlessOwned(wait);
  if (holds()) {
    wait.signal->Found(wait.how, wait.slot, wait.caller);
    co_return true;
  }
  bool in_time = true;
  // Not `if (!co_await ...)`, of which GCC 12 makes a frame that does not fit
  // its handle.
  do {
    in_time = co_await WaitOnce(wait);
  } while (in_time && !holds());
  co_return in_time || holds();
}

// What is awaited, of which Result is what it gives.
template <typename Result>
class ConditionAwaiter : OwnedAwaiter<bool> {
 public:
  using OwnedAwaiter::await_ready;
  using OwnedAwaiter::await_suspend;
  using OwnedAwaiter::OwnedAwaiter;
  Result await_resume() const {
    const bool was = OwnedAwaiter::await_resume();
    if constexpr (std::is_same_v<Result, cv_status>) {
      return was ? cv_status::no_timeout : cv_status::timeout;
    } else {
      return static_cast<Result>(was);
    }
  }
};

template <typename Result, typename Predicate>
class PredicateAwaiter {
 public:
  PredicateAwaiter(const ConditionWait& wait, Predicate predicate)
      : predicate_(std::move(predicate)),
        awaiter_(WaitUntilSo(wait, {&Ask, &predicate_})) {}
  PredicateAwaiter(const PredicateAwaiter&) = delete;
  PredicateAwaiter& operator=(const PredicateAwaiter&) = delete;

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(
      std::coroutine_handle<> awaiting) const noexcept {
    return awaiter_.await_suspend(awaiting);
  }
  Result await_resume() const { return awaiter_.await_resume(); }

 private:
  static bool Ask(void* predicate) {
    return (*static_cast<Predicate*>(predicate))();
  }
  Predicate predicate_;
  ConditionAwaiter<Result> awaiter_;
};

}  // namespace internal

namespace coroutine {

class condition_variable {
  using Wait = internal::ConditionWait;
  using How = internal::How;

 public:
  constexpr condition_variable(
      source_location where = source_location::current()) noexcept
      : signal_(nullptr, where) {}
  constexpr explicit condition_variable(
      const char* name,
      source_location where = source_location::current()) noexcept
      : signal_(name, where) {}
  condition_variable(const condition_variable&) = delete;
  condition_variable& operator=(const condition_variable&) = delete;

  LOCKCHECK_ALWAYS_INLINE void notify_one() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    Post({internal::PostKind::kNotifyOne, 1, 0, 0}, slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void notify_all() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    Post({internal::PostKind::kNotifyAll, internal::kAllWaiters, 0, 0}, slot,
         LOCKCHECK_CALLER());
  }

 private:
  void Post(const internal::PostFacts& facts, internal::SiteSlot* slot,
            internal::Caller caller) {
    const internal::ConditionSignal::Use use(signal_);
    signal_.Post(facts, slot, caller);
  }

  // What is awaited; see coroutine::mutex.
  template <typename Result>
  struct [[nodiscard]] Request {
    internal::ConditionAwaiter<Result> operator co_await() const {
      return internal::ConditionAwaiter<Result>(internal::WaitOnce(wait));
    }
    Wait wait;
  };
  template <typename Result, typename Predicate>
  struct [[nodiscard]] PredicateRequest {
    internal::PredicateAwaiter<Result, Predicate> operator co_await() {
      return {wait, std::move(predicate)};
    }
    Wait wait;
    Predicate predicate;
  };
  static_assert(std::is_trivially_copyable_v<Request<void>>);

 public:
  LOCKCHECK_ALWAYS_INLINE Request<void> wait(mutex::guard& guard) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {{&signal_, &guard, slot, LOCKCHECK_CALLER(), How::kBlocking, {}}};
  }
  template <typename Predicate>
  LOCKCHECK_ALWAYS_INLINE PredicateRequest<void, Predicate> wait(
      mutex::guard& guard, Predicate predicate) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {{&signal_, &guard, slot, LOCKCHECK_CALLER(), How::kBlocking, {}},
            std::move(predicate)};
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE Request<cv_status> wait_for(
      mutex::guard& guard, const std::chrono::duration<Rep, Period>& duration) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {{&signal_, &guard, slot, LOCKCHECK_CALLER(), How::kTimed,
             internal::TimeAfter(duration)}};
  }
  template <typename Rep, typename Period, typename Predicate>
  LOCKCHECK_ALWAYS_INLINE PredicateRequest<bool, Predicate> wait_for(
      mutex::guard& guard, const std::chrono::duration<Rep, Period>& duration,
      Predicate predicate) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {{&signal_, &guard, slot, LOCKCHECK_CALLER(), How::kTimed,
             internal::TimeAfter(duration)},
            std::move(predicate)};
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE Request<cv_status> wait_until(
      mutex::guard& guard,
      const std::chrono::time_point<Clock, Duration>& time) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {{&signal_, &guard, slot, LOCKCHECK_CALLER(), How::kTimed,
             internal::SteadyTime(time)}};
  }
  template <typename Clock, typename Duration, typename Predicate>
  LOCKCHECK_ALWAYS_INLINE PredicateRequest<bool, Predicate> wait_until(
      mutex::guard& guard, const std::chrono::time_point<Clock, Duration>& time,
      Predicate predicate) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {{&signal_, &guard, slot, LOCKCHECK_CALLER(), How::kTimed,
             internal::SteadyTime(time)},
            std::move(predicate)};
  }

 private:
  internal::ConditionSignal signal_;
};

}  // namespace coroutine
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_COROUTINE_CONDITION_VARIABLE_H_

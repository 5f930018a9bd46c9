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
#include <coroutine>
#include <new>
#include <type_traits>
#include <utility>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/internal/coroutine_lock.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/coroutine_mutex_disabled.h"
#else
#include "lockcheck/internal/coroutine_mutex.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

struct GuardAccess;

// A request that may wait. Most do not, and all of this lies in the coroutine's
// frame, where each store counts: what a wait needs is made when it begins.
// `kRefusable`: it fails if it closes a deadlock and that is asked for.
template <How kHow, bool kRefusable = true>
class LockAwaiter {
 public:
  LOCKCHECK_ALWAYS_INLINE LockAwaiter(CoroutineMutexCore& mutex,
                                      LockPlace place)
      : mutex_(mutex), place_(place) {}
  LOCKCHECK_ALWAYS_INLINE ~LockAwaiter() {
    if (__builtin_expect(is_waiting_, false)) Abandon();
  }
  LockAwaiter(const LockAwaiter&) = delete;
  LockAwaiter& operator=(const LockAwaiter&) = delete;

  LOCKCHECK_ALWAYS_INLINE bool await_ready() {
    return __builtin_expect(kHow == How::kBlocking && mutex_.TakeAtOnce(place_),
                            true);
  }
  LOCKCHECK_ALWAYS_INLINE bool await_suspend(std::coroutine_handle<> handle) {
    return MustWait(handle, LOCKCHECK_CALLER(), {});
  }
  // While it waits: it is to give up. Who is to be resumed now, if anybody.
  Chain* Cancel() { return GiveUp() ? space_.waiter.chain : nullptr; }
  bool HasGivenUp() const {
    return is_waiting_ && space_.waiter.state == LockWaiter::kGaveUp;
  }

 protected:
  LOCKCHECK_ALWAYS_INLINE bool SuspendUntil(
      std::coroutine_handle<> handle, CoroutineTimer::Clock::time_point time) {
    return MustWait(handle, LOCKCHECK_CALLER(), time);
  }
  // Whether it has the lock.
  LOCKCHECK_ALWAYS_INLINE bool End() {
    return __builtin_expect(!is_waiting_, true) || EndWait();
  }
  CoroutineMutexCore& mutex() { return mutex_; }

 private:
  struct Waiting : CoroutineTimer {
    explicit Waiting(LockAwaiter& a) : awaiter(a) {}
    LockAwaiter& awaiter;
    Clock::time_point time{};  // when it gives up
    CoroutineWait wait;
    LockWaiter waiter{};
  };

  [[gnu::noinline, gnu::cold]] bool MustWait(
      std::coroutine_handle<> handle, Caller caller,
      CoroutineTimer::Clock::time_point time) {
    Chain& chain = ThisChain();
    Waiting& w = *new (&space_) Waiting(*this);
    if (mutex_.Request(place_, caller, kHow, w.wait)) return false;
    w.time = time;
    w.waiter.chain = &chain;
    w.waiter.owner = mutex_.Owner();
    is_waiting_ = true;
    internal::Suspend(handle, &ParkIn, this);
    return true;
  }
  static bool ParkIn(Chain& chain, void* awaiter) noexcept {
    return static_cast<LockAwaiter*>(awaiter)->ParkHere(chain);
  }
  bool ParkHere(Chain& chain) noexcept {
    const uint32_t actor = chain.record.actor;
    Waiting& w = space_;
    BeginCoroutineWait(chain.record, w.wait);
    if (kHow == How::kTimed) {
      w.fire = &Fire;
      chain.context->SetTimer(w, w.time);
    }
    // From its end on another thread may have it, and this may be gone.
    if (!mutex_.waiters().Enter(mutex_.word(), w.waiter)) return false;
    if (!IsCoroutineWaitToFail(actor, kRefusable)) return true;
    // Nobody in the cycle goes on, and this is still here.
    if (!GiveUp()) return true;
    w.waiter.state = LockWaiter::kRefused;
    return false;
  }
  static Chain* Fire(CoroutineTimer& timer) noexcept {
    Waiting& w = static_cast<Waiting&>(timer);
    const bool was_queued = w.awaiter.GiveUp();
    return was_queued ? w.waiter.chain : nullptr;
  }
  // Whether it waited until now.
  bool GiveUp() {
    return mutex_.waiters().GiveUp(mutex_.word(), space_.waiter);
  }

  [[gnu::noinline, gnu::cold]] bool EndWait() {
    is_waiting_ = false;
    const LockWaiter& waiter = space_.waiter;
    if (kHow == How::kTimed) waiter.chain->context->DropTimer(space_);
    const bool has_lock = waiter.state == LockWaiter::kHasLock;
    const bool refused = waiter.state == LockWaiter::kRefused;
    mutex_.EndWait(*waiter.chain, space_.wait, kHow,
                   has_lock  ? CoroutineOutcome::kAcquired
                   : refused ? CoroutineOutcome::kInterrupted
                             : CoroutineOutcome::kTimedOut);
    if (refused) ThrowCoroutineDeadlock();
    return has_lock;
  }
  // The coroutine is destroyed while it waits.
  [[gnu::noinline, gnu::cold]] void Abandon() {
    const LockWaiter& waiter = space_.waiter;
    if (kHow == How::kTimed) waiter.chain->context->DropTimer(space_);
    GiveUp();
    mutex_.EndWait(*waiter.chain, space_.wait, kHow,
                   CoroutineOutcome::kInterrupted);
    if (waiter.state == LockWaiter::kHasLock) {
      PushIfAny(mutex_.waiters().Pass(mutex_.word()));
    }
  }

  CoroutineMutexCore& mutex_;
  const LockPlace place_;
  bool is_waiting_ = false;
  union {
    Waiting space_;  // is there while it waits
  };
};

}  // namespace internal

namespace coroutine {

class mutex {
 public:
  constexpr mutex(source_location where = source_location::current()) noexcept
      : core_(nullptr, where) {}
  constexpr explicit mutex(
      const char* name,
      source_location where = source_location::current()) noexcept
      : core_(name, where) {}
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  class [[nodiscard]] guard {
   public:
    guard() noexcept = default;
    guard(guard&& other) noexcept
        : mutex_(std::exchange(other.mutex_, nullptr)) {}
    guard& operator=(guard&& other) noexcept {
      std::swap(mutex_, other.mutex_);
      return *this;
    }
    LOCKCHECK_ALWAYS_INLINE ~guard() {
      if (mutex_ != nullptr) mutex_->Release();
    }
    bool owns_lock() const noexcept { return mutex_ != nullptr; }
    LOCKCHECK_ALWAYS_INLINE void unlock() {
      if (mutex_ != nullptr) std::exchange(mutex_, nullptr)->Release();
    }

   private:
    friend mutex;
    friend internal::GuardAccess;
    explicit guard(internal::CoroutineMutexCore& mutex) noexcept
        : mutex_(&mutex) {}
    internal::CoroutineMutexCore* mutex_ = nullptr;
  };

 private:
  using Blocking = internal::LockAwaiter<internal::How::kBlocking>;
  using Timed = internal::LockAwaiter<internal::How::kTimed>;

  struct LockAwaiter : Blocking {
    using Blocking::Blocking;
    LOCKCHECK_ALWAYS_INLINE void await_resume() { this->End(); }
  };
  struct GuardAwaiter : Blocking {
    using Blocking::Blocking;
    LOCKCHECK_ALWAYS_INLINE guard await_resume() {
      this->End();
      return guard(this->mutex());
    }
  };
  struct TimedAwaiter : Timed {
    TimedAwaiter(internal::CoroutineMutexCore& mutex, internal::LockPlace place,
                 std::chrono::steady_clock::time_point time)
        : Timed(mutex, place), time_(time) {}
    LOCKCHECK_ALWAYS_INLINE bool await_suspend(std::coroutine_handle<> handle) {
      return this->SuspendUntil(handle, time_);
    }
    bool await_resume() { return this->End(); }

   private:
    const std::chrono::steady_clock::time_point time_;
  };

  // What is awaited. Of what is not trivial GCC 12 forgets in which line of a
  // coroutine it was made.
  template <typename Awaiter>
  struct [[nodiscard]] Request {
    LOCKCHECK_ALWAYS_INLINE Awaiter operator co_await() const {
      return Awaiter(*core, place);
    }
    internal::CoroutineMutexCore* core;
    internal::LockPlace place;
  };
  struct [[nodiscard]] TimedRequest {
    TimedAwaiter operator co_await() const {
      return TimedAwaiter(*core, place, time);
    }
    internal::CoroutineMutexCore* core;
    internal::LockPlace place;
    std::chrono::steady_clock::time_point time;
  };
  static_assert(std::is_trivially_copyable_v<Request<LockAwaiter>> &&
                std::is_trivially_copyable_v<TimedRequest>);

 public:
  LOCKCHECK_ALWAYS_INLINE Request<LockAwaiter> lock() {
    LOCKCHECK_LOCK_PLACE(place);
    return {&core_, place};
  }
  LOCKCHECK_ALWAYS_INLINE Request<GuardAwaiter> scoped_lock() {
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
  internal::CoroutineMutexCore core_;
};

}  // namespace coroutine
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_COROUTINE_MUTEX_H_

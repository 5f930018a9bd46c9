// A coroutine's request for a lock, which may wait.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_LOCK_AWAITER_H_
#define LOCKCHECK_INTERNAL_COROUTINE_LOCK_AWAITER_H_

#include <coroutine>
#include <new>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/coroutine_lock.h"
#include "lockcheck/internal/coroutine_run.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/coroutine_mutex_disabled.h"
#else
#include "lockcheck/internal/coroutine_mutex.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// A request that may wait. Most do not, and all of this lies in the coroutine's
// frame, where each store counts: what a wait needs is made when it begins.
// Core is what the lock is; kReads: with others; kRefusable: it fails if it
// closes a deadlock and that is asked for.
template <typename Core, How kHow, bool kReads = false, bool kRefusable = true>
class LockAwaiter {
 public:
  LOCKCHECK_ALWAYS_INLINE LockAwaiter(Core& lock, LockPlace place)
      : lock_(lock), place_(place) {}
  LOCKCHECK_ALWAYS_INLINE ~LockAwaiter() {
    if (__builtin_expect(is_waiting_, false)) Abandon();
  }
  LockAwaiter(const LockAwaiter&) = delete;
  LockAwaiter& operator=(const LockAwaiter&) = delete;

  LOCKCHECK_ALWAYS_INLINE bool await_ready() {
    return __builtin_expect(
        kHow == How::kBlocking && lock_.TakeAtOnce(place_, kReads), true);
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
  Core& lock() { return lock_; }

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
    if (lock_.Request(place_, caller, kHow, kReads, w.wait)) return false;
    w.time = time;
    w.waiter.chain = &chain;
    w.waiter.owner = lock_.Owner();
    w.waiter.reads = kReads;
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
    if (!lock_.waiters().Enter(lock_.word(), w.waiter)) return false;
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
  bool GiveUp() { return lock_.waiters().GiveUp(lock_.word(), space_.waiter); }

  [[gnu::noinline, gnu::cold]] bool EndWait() {
    is_waiting_ = false;
    const LockWaiter& waiter = space_.waiter;
    if (kHow == How::kTimed) waiter.chain->context->DropTimer(space_);
    const bool has_lock = waiter.state == LockWaiter::kHasLock;
    const bool refused = waiter.state == LockWaiter::kRefused;
    lock_.EndWait(*waiter.chain, space_.wait, kHow, kReads,
                  has_lock  ? CoroutineOutcome::kAcquired
                  : refused ? CoroutineOutcome::kInterrupted
                            : CoroutineOutcome::kTimedOut);
    if (!has_lock) AdmitReaders();
    if (refused) ThrowCoroutineDeadlock();
    return has_lock;
  }
  // The coroutine is destroyed while it waits.
  [[gnu::noinline, gnu::cold]] void Abandon() {
    const LockWaiter& waiter = space_.waiter;
    if (kHow == How::kTimed) waiter.chain->context->DropTimer(space_);
    GiveUp();
    lock_.EndWait(*waiter.chain, space_.wait, kHow, kReads,
                  CoroutineOutcome::kInterrupted);
    if (waiter.state != LockWaiter::kHasLock) {
      AdmitReaders();
    } else if (kReads) {
      ResumeAll(lock_.waiters().PassReading(lock_.word()));
    } else {
      ResumeAll(lock_.waiters().Pass(lock_.word()));
    }
  }
  // That it may have kept out.
  void AdmitReaders() {
    if (!kReads) ResumeAll(lock_.waiters().Admit(lock_.word()));
  }

  Core& lock_;
  const LockPlace place_;
  bool is_waiting_ = false;
  union {
    Waiting space_;  // is there while it waits
  };
};

template <typename Core, bool kReads>
struct PlainLockAwaiter : LockAwaiter<Core, How::kBlocking, kReads> {
  using LockAwaiter<Core, How::kBlocking, kReads>::LockAwaiter;
  LOCKCHECK_ALWAYS_INLINE void await_resume() { this->End(); }
};

struct GuardAccess;

// Lets go of the lock when it is destroyed.
template <typename Core, bool kReads>
class [[nodiscard]] CoroutineGuard {
 public:
  CoroutineGuard() noexcept = default;
  CoroutineGuard(CoroutineGuard&& other) noexcept
      : core_(std::exchange(other.core_, nullptr)) {}
  CoroutineGuard& operator=(CoroutineGuard&& other) noexcept {
    std::swap(core_, other.core_);
    return *this;
  }
  LOCKCHECK_ALWAYS_INLINE ~CoroutineGuard() {
    if (core_ != nullptr) LetGo(*core_);
  }
  bool owns_lock() const noexcept { return core_ != nullptr; }
  LOCKCHECK_ALWAYS_INLINE void unlock() {
    if (core_ != nullptr) LetGo(*std::exchange(core_, nullptr));
  }

 private:
  template <typename, bool>
  friend struct GuardAwaiter;
  friend GuardAccess;
  explicit CoroutineGuard(Core& core) noexcept : core_(&core) {}
  LOCKCHECK_ALWAYS_INLINE static void LetGo(Core& core) {
    if constexpr (kReads) {
      core.ReleaseReading();
    } else {
      core.Release();
    }
  }

  Core* core_ = nullptr;
};

template <typename Core, bool kReads>
struct GuardAwaiter : LockAwaiter<Core, How::kBlocking, kReads> {
  using LockAwaiter<Core, How::kBlocking, kReads>::LockAwaiter;
  LOCKCHECK_ALWAYS_INLINE CoroutineGuard<Core, kReads> await_resume() {
    this->End();
    return CoroutineGuard<Core, kReads>(this->lock());
  }
};

template <typename Core, bool kReads>
struct TimedLockAwaiter : LockAwaiter<Core, How::kTimed, kReads> {
  using Time = CoroutineTimer::Clock::time_point;

  TimedLockAwaiter(Core& core, LockPlace place, Time time)
      : LockAwaiter<Core, How::kTimed, kReads>(core, place), time_(time) {}
  LOCKCHECK_ALWAYS_INLINE bool await_suspend(std::coroutine_handle<> handle) {
    return this->SuspendUntil(handle, time_);
  }
  bool await_resume() { return this->End(); }

 private:
  const Time time_;
};

// What is awaited. Of what is not trivial GCC 12 forgets in which line of a
// coroutine it was made.
template <template <typename, bool> class Awaiter, typename Core,
          bool kReads = false>
struct [[nodiscard]] CoroutineLockRequest {
  LOCKCHECK_ALWAYS_INLINE Awaiter<Core, kReads> operator co_await() const {
    return Awaiter<Core, kReads>(*core, place);
  }
  Core* core;
  LockPlace place;
};
template <typename Core, bool kReads = false>
struct [[nodiscard]] TimedCoroutineLockRequest {
  TimedLockAwaiter<Core, kReads> operator co_await() const {
    return TimedLockAwaiter<Core, kReads>(*core, place, time);
  }
  Core* core;
  LockPlace place;
  CoroutineTimer::Clock::time_point time;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_LOCK_AWAITER_H_

// gil: a model of an interpreter's global lock, recorded.
//
// One thread holds it at a time and runs. It lets go
//   * at a tick: tick() counts from each time it is taken, and at the n-th
//     (set_check_interval, 100 at first; or when set_switch_interval's time has
//     passed) the holder lets go and competes with all who wait, on equal
//     terms; if nobody waits it goes on, and nothing is recorded, unless it
//     holds something else with which it might have had to wait for the gil;
//   * around I/O: while a release_scope lives the thread does not compete, so
//     if somebody waits one of them certainly gets it;
//   * where it would block otherwise: lock(m), acquire(s), wait(x, ...) and
//     their forms with a time limit do what an interpreter's own do: try, and
//     if that would block let the gil go, block, and take the gil again. That
//     is a request for the gil with m held, and none for m with the gil held.
// A plain m.lock() under the gil keeps it, as a C extension's does: that is the
// other order.
//
// Who gets it when it is let go is for the arbiter to say: by default a random
// choice that begins with the seed 0, so that it is the same in every run in
// which the same threads wait; set_arbiter replaces it.
//
// Misuse: letting go of it by a thread that does not hold it is reported and
// throws std::system_error (operation_not_permitted); taking it twice waits for
// ever, as with a mutex. It does not survive fork() while threads wait for it.
// lock() throws std::system_error (resource_deadlock_would_occur) under
// on_deadlock=throw; what takes it again (a tick, the end of a release_scope)
// never does, as with a condition: a deadlock is reported and stays. The model
// costs about as much as a contended mutex; it is no fast lock. Any thread may
// use it; what configures it may be called at any time.
#ifndef LOCKCHECK_GIL_H_
#define LOCKCHECK_GIL_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/gil_found.h"
#include "lockcheck/source_location.h"
#include "lockcheck/thread_annotations.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/gil_disabled.h"
#else
#include "lockcheck/internal/gil.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI {

class LOCKCHECK_CAPABILITY("gil") gil {
 public:
  // Given those who wait, in no particular order, and then the holder if it
  // competes, it returns the index of who gets the gil; one that is too large
  // means the last. It is called with the gil's insides locked: it must use
  // neither the gil nor other types of lockcheck. If it throws, the choice is
  // random.
  using arbiter = internal::GilArbiter;
  static constexpr int kCheckInterval = 100;

  // The name must outlive the gil.
  explicit gil(const char* name = nullptr,
               source_location where = source_location::current()) noexcept
      : core_(name, where) {}
  gil(const gil&) = delete;
  gil& operator=(const gil&) = delete;

  // Blocks until it is this thread's turn.
  LOCKCHECK_ALWAYS_INLINE void lock() LOCKCHECK_ACQUIRE() {
    core_.Take();
    BeginCount();
  }
  // False if somebody holds it.
  LOCKCHECK_ALWAYS_INLINE bool try_lock() noexcept LOCKCHECK_TRY_ACQUIRE(true) {
    if (!core_.TryTake()) return false;
    BeginCount();
    return true;
  }
  // Block for at most `duration`, or until `time`.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_for(
      const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_TRY_ACQUIRE(true) {
    if (!core_.TakeFor(duration)) return false;
    BeginCount();
    return true;
  }
  template <typename AnyClock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_until(
      const std::chrono::time_point<AnyClock, Duration>& time)
      LOCKCHECK_TRY_ACQUIRE(true) {
    if (!core_.TakeUntil(time)) return false;
    BeginCount();
    return true;
  }
  LOCKCHECK_ALWAYS_INLINE void unlock() LOCKCHECK_RELEASE() { core_.LetGo(); }

  // By the holder, between two steps of what it runs.
  LOCKCHECK_ALWAYS_INLINE void tick() LOCKCHECK_REQUIRES(this) {
    if (!IsTime()) return;
    if (core_.IsWaitedFor() || core_.HoldsMore()) core_.Compete();
    BeginCount();
  }

  // Ticks from one chance of the others to the next, at least 1.
  void set_check_interval(int ticks) noexcept {
    switch_ns_.store(0, std::memory_order_relaxed);
    check_interval_.store(ticks < 1 ? 1 : ticks, std::memory_order_relaxed);
  }
  // The same as a time, which ticks look at; not positive: every tick.
  template <typename Rep, typename Period>
  void set_switch_interval(
      const std::chrono::duration<Rep, Period>& interval) noexcept {
    const auto ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(interval).count();
    switch_ns_.store(ns < 1 ? 1 : ns, std::memory_order_relaxed);
  }
  // Of the random choice.
  void set_seed(uint64_t seed) noexcept { core_.Seed(seed); }
  // An empty one: the random choice again.
  void set_arbiter(arbiter choose) { core_.SetArbiter(std::move(choose)); }
  // Threads that wait for it now: true if there is one.
  bool is_waited_for() const noexcept { return core_.IsWaitedFor(); }

  // The gil is the others' while this lives.
  class LOCKCHECK_SCOPED_CAPABILITY release_scope {
   public:
    LOCKCHECK_ALWAYS_INLINE explicit release_scope(gil& held)
        LOCKCHECK_RELEASE(held) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS
        : gil_(held) {
      gil_.core_.LetGo();
    }
    // Blocks until it is this thread's turn. To clang the end of any scope
    // takes back what its beginning did, so this takes the gil.
    LOCKCHECK_ALWAYS_INLINE ~release_scope()
        LOCKCHECK_RELEASE() LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
      gil_.core_.Retake();
      gil_.BeginCount();
    }
    release_scope(const release_scope&) = delete;
    release_scope& operator=(const release_scope&) = delete;

   private:
    gil& gil_;
  };

  // By the holder. Takes m, without the gil if m has to be waited for. If m is
  // a lock without clang's attributes, let a lockcheck::lock_guard adopt it.
  template <typename Lockable>
  LOCKCHECK_ALWAYS_INLINE void lock(Lockable& m) LOCKCHECK_REQUIRES(this)
      LOCKCHECK_ACQUIRE(m) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (m.try_lock()) return;
    const release_scope released(*this);
    m.lock();
  }
  // The same for at most so long. The gil is taken again in any case, however
  // long that lasts.
  template <typename Lockable, typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_for(
      Lockable& m, const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_REQUIRES(this)
          LOCKCHECK_TRY_ACQUIRE(true, m) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (m.try_lock()) return true;
    const release_scope released(*this);
    return m.try_lock_for(duration);
  }
  template <typename Lockable, typename AnyClock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_lock_until(
      Lockable& m, const std::chrono::time_point<AnyClock, Duration>& time)
      LOCKCHECK_REQUIRES(this)
          LOCKCHECK_TRY_ACQUIRE(true, m) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (m.try_lock()) return true;
    const release_scope released(*this);
    return m.try_lock_until(time);
  }
  // The same of a semaphore's permit.
  template <typename Semaphore>
  LOCKCHECK_ALWAYS_INLINE void acquire(Semaphore& semaphore)
      LOCKCHECK_REQUIRES(this) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (semaphore.try_acquire()) return;
    const release_scope released(*this);
    semaphore.acquire();
  }
  template <typename Semaphore, typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool try_acquire_for(
      Semaphore& semaphore, const std::chrono::duration<Rep, Period>& duration)
      LOCKCHECK_REQUIRES(this) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (semaphore.try_acquire()) return true;
    const release_scope released(*this);
    return semaphore.try_acquire_for(duration);
  }
  template <typename Semaphore, typename AnyClock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool try_acquire_until(
      Semaphore& semaphore,
      const std::chrono::time_point<AnyClock, Duration>& time)
      LOCKCHECK_REQUIRES(this) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (semaphore.try_acquire()) return true;
    const release_scope released(*this);
    return semaphore.try_acquire_until(time);
  }
  // x.wait(...), without the gil if it has to be waited for: of an event, a
  // latch, a future, a condition (with a predicate; else it always has to).
  template <typename Waitable, typename... Args>
  LOCKCHECK_ALWAYS_INLINE decltype(auto) wait(Waitable& x, Args&&... args)
      LOCKCHECK_REQUIRES(this) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if constexpr (std::is_void_v<decltype(x.wait(
                      std::forward<Args>(args)...))>) {
      if (internal::FoundAtOnce(x, args...)) return;
    }
    const release_scope released(*this);
    return x.wait(std::forward<Args>(args)...);
  }
  // x.wait_for(...) and x.wait_until(...), of a latch or barrier try_wait_for()
  // and try_wait_until(), in the same way.
  template <typename Waitable, typename... Args>
  LOCKCHECK_ALWAYS_INLINE auto wait_for(Waitable& x, Args&&... args)
      LOCKCHECK_REQUIRES(this) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    using Outcome = decltype(internal::WaitFor(x, std::forward<Args>(args)...));
    if (internal::FoundInTime(x, args...)) return internal::Found<Outcome>();
    const release_scope released(*this);
    return internal::WaitFor(x, std::forward<Args>(args)...);
  }
  template <typename Waitable, typename... Args>
  LOCKCHECK_ALWAYS_INLINE auto wait_until(Waitable& x, Args&&... args)
      LOCKCHECK_REQUIRES(this) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    using Outcome =
        decltype(internal::WaitUntil(x, std::forward<Args>(args)...));
    if (internal::FoundInTime(x, args...)) return internal::Found<Outcome>();
    const release_scope released(*this);
    return internal::WaitUntil(x, std::forward<Args>(args)...);
  }

 private:
  using Clock = std::chrono::steady_clock;

  void BeginCount() noexcept {
    left_ = check_interval_.load(std::memory_order_relaxed);
    if (switch_ns_.load(std::memory_order_relaxed) != 0) taken_ = Clock::now();
  }
  bool IsTime() noexcept {
    const int64_t ns = switch_ns_.load(std::memory_order_relaxed);
    if (ns == 0) return --left_ <= 0;
    return Clock::now() - taken_ >= std::chrono::nanoseconds(ns);
  }

  internal::GilCore core_;
  std::atomic<int> check_interval_{kCheckInterval};
  std::atomic<int64_t> switch_ns_{0};  // 0: ticks are counted
  // The holder's.
  int left_ = 0;
  Clock::time_point taken_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_GIL_H_

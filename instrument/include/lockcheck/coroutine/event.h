// coroutine::event: a flag that coroutines wait for; Python's asyncio.Event in
// std's spelling, and lockcheck::event for coroutines.
//
// It starts clear. co_await wait() suspends the coroutine until it is set, and
// not at all while it is; after clear(), later waits are suspended again. A
// set() releases all that were waiting, even if clear() follows at once; they
// go on in the order in which they came. co_await wait_for(d), wait_until(t)
// say whether it was set. What happened before a set() happened before the
// waits that it ended, and those that found it set. A coroutine that is
// destroyed while it waits does not wait any more.
//
// To be awaited by coroutines of a context. set() and clear() may be called by
// any thread: one that is not in run() has a context::work meanwhile.
// The name, if any, must outlive the object. Misuse: destruction while somebody
// waits. In the log it is an event like any other.
#ifndef LOCKCHECK_COROUTINE_EVENT_H_
#define LOCKCHECK_COROUTINE_EVENT_H_

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <new>
#include <type_traits>

#include "lockcheck/coroutine/context.h"
#include "lockcheck/internal/coroutine_signal_wait.h"
#include "lockcheck/internal/flag_changes.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

class CoroutineEventCore {
 public:
  constexpr CoroutineEventCore(const char* name, source_location where) noexcept
      : signal_(name, where) {}

  // How often it was set or cleared: odd while it is set.
  uint32_t Changes() const { return changes_.load(std::memory_order_acquire); }
  void Change(uint32_t set, SiteSlot* slot, Caller caller) {
    const Signal::Use use(signal_);
    signal_.Post(ChangeFlag(changes_, set), slot, caller);
  }

  using Signal = CoroutineSignal<WaitKind::kEvent>;
  Signal& signal() { return signal_; }

 private:
  Signal signal_;
  std::atomic<uint32_t> changes_{0};
};

// What is awaited of an event; see coroutine::mutex for why there are two.
class EventAwaiter {
 public:
  using Time = SignalWait::Time;

  EventAwaiter(CoroutineEventCore& event, How how, Time time, SiteSlot* slot)
      : event_(event), slot_(slot), how_(how), time_(time) {}
  ~EventAwaiter() {
    if (is_waiting_) Abandon();
  }
  EventAwaiter(const EventAwaiter&) = delete;
  EventAwaiter& operator=(const EventAwaiter&) = delete;

  LOCKCHECK_ALWAYS_INLINE bool await_ready() {
    before_ = event_.Changes();
    if (!IsSet(before_)) return false;
    event_.signal().Took(before_, how_, slot_, LOCKCHECK_CALLER());
    return true;
  }
  LOCKCHECK_ALWAYS_INLINE bool await_suspend(std::coroutine_handle<> handle) {
    return MustWait(handle, LOCKCHECK_CALLER());
  }

  // While it waits: it is to give up. Who is to be resumed now, if anybody.
  Chain* Cancel() { return wait_.GiveUp(); }
  bool HasGivenUp() const { return is_waiting_ && wait_.waiter.HasGivenUp(); }

 protected:
  // Whether it was set.
  bool End() {
    if (!is_waiting_) return true;
    is_waiting_ = false;
    const bool was_set = wait_.End();
    event_.signal().EndWait(wait_.waiter, was_set
                                              ? CoroutineOutcome::kSignalled
                                              : CoroutineOutcome::kTimedOut);
    if (was_set) event_.signal().Took(before_ | 1, how_, slot_, caller_);
    return was_set;
  }

 private:
  bool MustWait(std::coroutine_handle<> handle, Caller caller) {
    CoroutineEventCore::Signal& signal = event_.signal();
    new (&wait_) SignalWait(signal.queue());
    caller_ = caller;
    const CoroutineEventCore::Signal::Use use(signal);
    signal.Enter(wait_.waiter, slot_, caller);
    // It may have been set since, and cleared.
    if (event_.Changes() != before_ &&
        LeaveQueue(signal.queue(), wait_.waiter)) {
      signal.Took(before_ | 1, how_, slot_, caller);
      return false;
    }
    is_waiting_ = true;
    signal.BeginWait(wait_.waiter, how_);
    wait_.Suspend(handle, WaitKind::kEvent, how_, time_);
    return true;
  }
  // The coroutine is destroyed while it waits.
  void Abandon() {
    wait_.Abandon();
    event_.signal().EndWait(wait_.waiter, CoroutineOutcome::kInterrupted);
  }

  CoroutineEventCore& event_;
  SiteSlot* const slot_;
  const How how_;
  const Time time_;
  uint32_t before_ = 0;
  bool is_waiting_ = false;
  Caller caller_;
  union {
    SignalWait wait_;  // is there while it waits
  };
};

}  // namespace internal

namespace coroutine {

class event {
 public:
  constexpr event(source_location where = source_location::current()) noexcept
      : core_(nullptr, where) {}
  constexpr explicit event(
      const char* name,
      source_location where = source_location::current()) noexcept
      : core_(name, where) {}
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  LOCKCHECK_ALWAYS_INLINE void set() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    core_.Change(1, slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void clear() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    core_.Change(0, slot, LOCKCHECK_CALLER());
  }
  bool is_set() const noexcept { return internal::IsSet(core_.Changes()); }

 private:
  struct Awaiter : internal::EventAwaiter {
    using EventAwaiter::EventAwaiter;
    void await_resume() { this->End(); }
  };
  struct TimedAwaiter : internal::EventAwaiter {
    using EventAwaiter::EventAwaiter;
    bool await_resume() { return this->End(); }
  };
  template <typename Awaiter>
  struct [[nodiscard]] Request {
    Awaiter operator co_await() const {
      return Awaiter(*core, how, time, slot);
    }
    internal::CoroutineEventCore* core;
    internal::SiteSlot* slot;
    internal::How how;
    internal::EventAwaiter::Time time;
  };
  static_assert(std::is_trivially_copyable_v<Request<Awaiter>>);

 public:
  LOCKCHECK_ALWAYS_INLINE Request<Awaiter> wait() {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {&core_, slot, internal::How::kBlocking, {}};
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE Request<TimedAwaiter> wait_for(
      const std::chrono::duration<Rep, Period>& duration) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {&core_, slot, internal::How::kTimed, internal::TimeAfter(duration)};
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE Request<TimedAwaiter> wait_until(
      const std::chrono::time_point<Clock, Duration>& time) {
    internal::SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return {&core_, slot, internal::How::kTimed, internal::SteadyTime(time)};
  }

 private:
  internal::CoroutineEventCore core_;
};

}  // namespace coroutine
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_COROUTINE_EVENT_H_

// One wait of a coroutine for a post, from the moment at which it has entered
// the queue of those who wait (coroutine_signal.h).
//
// A post, the end of its time, and its destruction each try to take it out of
// the queue, and one of them does. It is of trivial destruction: who makes one
// calls End() or Abandon().
#ifndef LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_WAIT_H_
#define LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_WAIT_H_

#include <coroutine>

#include "lockcheck/internal/coroutine_run.h"
#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/coroutine_signal_disabled.h"
#else
#include "lockcheck/internal/coroutine_signal.h"
#endif

namespace lockcheck::inline LOCKCHECK_ABI::internal {

class SignalWait : private CoroutineTimer {
 public:
  using Time = CoroutineTimer::Clock::time_point;

  // Of the coroutine that runs.
  explicit SignalWait(SignalQueue& queue) : queue_(queue) {
    waiter.chain = &ThisChain();
  }
  SignalWait(const SignalWait&) = delete;
  SignalWait& operator=(const SignalWait&) = delete;

  // By await_suspend(), behind the record of the wait. `time`: when it gives
  // up, if it is kTimed.
  void Suspend(std::coroutine_handle<> handle, WaitKind kind, How how,
               Time time) {
    is_timed_ = how == How::kTimed;
    time_ = time;
    waiter.Describe(facts_, kind, is_timed_);
    internal::Suspend(handle, &ParkIn, this);
  }
  // When the coroutine goes on. False: its time was over.
  bool End() {
    DropTimer();
    return !waiter.HasGivenUp();
  }
  // When it is destroyed instead. True: a post was for it, and is nobody's now.
  bool Abandon() {
    DropTimer();
    return !waiter.HasGivenUp() && !LeaveQueue(queue_, waiter);
  }

  // Waits no more, unless a post was for it. Who is to be resumed now, if
  // anybody.
  Chain* GiveUp() noexcept {
    Chain* const chain = waiter.chain;
    if (!LeaveQueue(queue_, waiter)) return nullptr;
    return waiter.IsSecond() ? chain : nullptr;
  }

  CoroutineWaiter waiter;

 private:
  void DropTimer() {
    if (is_timed_) waiter.chain->context->DropTimer(*this);
  }
  static bool ParkIn(Chain& chain, void* wait) noexcept {
    auto& self = *static_cast<SignalWait*>(wait);
    BeginCoroutineWait(chain.record, self.facts_);
    if (self.is_timed_) {
      self.fire = &Fire;
      chain.context->SetTimer(self, self.time_);
    }
    // Unless a post has come already it may be gone from here on.
    return !self.waiter.IsSecond();
  }
  static Chain* Fire(CoroutineTimer& timer) noexcept {
    return static_cast<SignalWait&>(timer).GiveUp();
  }

  SignalQueue& queue_;
  Time time_{};
  bool is_timed_ = false;
  CoroutineWait facts_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_WAIT_H_

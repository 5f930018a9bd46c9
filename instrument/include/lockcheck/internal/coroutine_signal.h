// What coroutines wait for and do not hold: an object of the log with a queue
// of waiters (wait_queue.h), of which those that a post takes out are resumed
// by their contexts.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_H_
#define LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_H_

#include <atomic>
#include <cstdint>
#include <mutex>

#include "lockcheck/internal/coroutine_run.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/seen.h"
#include "lockcheck/internal/wait_queue.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

using SignalQueue = WaitQueue;

// A post may take it out of the queue before the coroutine is suspended: of the
// two, whoever comes second resumes it.
struct CoroutineWaiter : Waiter {
  CoroutineWaiter() { resume = &Resume; }

  bool IsSecond() { return came.fetch_add(1, std::memory_order_acq_rel) == 1; }
  bool HasGivenUp() const {
    return signalled.load(std::memory_order_relaxed) == kGaveUp;
  }
  // For those who look at suspended coroutines.
  void Describe(CoroutineWait& wait, WaitKind its_kind, bool timed) const {
    wait.signal = static_cast<uint8_t>(its_kind);
    wait.site = site;
    wait.timed = timed;
  }

  Chain* chain = nullptr;
  std::atomic<uint32_t> came{0};

 private:
  static void Resume(Waiter& waiter) noexcept {
    auto& its = static_cast<CoroutineWaiter&>(waiter);
    Chain* const chain = its.chain;
    if (its.IsSecond()) PushIfAny(chain);
  }
};

template <WaitKind kKind>
class CoroutineSignal {
 public:
  constexpr CoroutineSignal(const char* name, source_location where) noexcept
      : queue_(name, where) {}
  ~CoroutineSignal() {
    if (users_.load(std::memory_order_acquire) != 0) {
      AwaitUsersEnd(queue_, users_);
    }
    DestroyWaitQueue(queue_);
  }
  CoroutineSignal(const CoroutineSignal&) = delete;
  CoroutineSignal& operator=(const CoroutineSignal&) = delete;

  // While one of these lives, the object does.
  class Use {
   public:
    explicit Use(CoroutineSignal& used) : used_(used) {
      used_.users_.fetch_add(1, std::memory_order_relaxed);
    }
    ~Use() { used_.users_.fetch_sub(1, std::memory_order_release); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    CoroutineSignal& used_;
  };

  void Post(const PostFacts& facts, SiteSlot* slot, Caller caller) {
    Waiter* waiter;
    {
      const std::lock_guard guard(guard_);
      waiter = PostAndClaim(queue_, kKind, facts, slot, caller).first;
    }
    WakeClaimed(waiter);
  }
  // Each thread records it once in a row.
  void Took(uint32_t sequence, How how, SiteSlot* slot, Caller caller) {
    const uint32_t tag = queue_.tag.load(std::memory_order_relaxed);
    if (HasSeen(tag, sequence, how) || IsOff()) return;
    Take(queue_, kKind, {how, sequence, 0}, slot, caller);
    NoteSeen(queue_.tag.load(std::memory_order_relaxed), sequence, how);
  }
  // What would have been waited for was there, and leaves no other trace.
  void Found(How how, SiteSlot* slot, Caller caller) {
    if (!IsOff()) TakeOnce(queue_, kKind, how, slot, caller);
  }
  void Enter(CoroutineWaiter& waiter, SiteSlot* slot, Caller caller) {
    const std::lock_guard guard(guard_);
    Enqueue(queue_, kKind, waiter, slot, caller);
  }
  // Before the coroutine is suspended, and when it goes on.
  static void BeginWait(const CoroutineWaiter& waiter, How how) {
    BeginCoroutineSignalWait(waiter.chain->record, waiter, how == How::kTimed);
  }
  static void EndWait(const CoroutineWaiter& waiter, CoroutineOutcome outcome) {
    EndCoroutineSignalWait(waiter.chain->record, outcome);
  }
  SignalQueue& queue() { return queue_; }

 private:
  std::mutex guard_;  // of who enters, and of posts
  WaitQueue queue_;
  std::atomic<uint32_t> users_{0};
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_H_

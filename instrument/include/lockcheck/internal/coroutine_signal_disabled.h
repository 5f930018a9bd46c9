// LOCKCHECK_DISABLED: what coroutines wait for, without records.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_DISABLED_H_
#define LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_DISABLED_H_

#include <atomic>
#include <cstdint>
#include <mutex>

#include "lockcheck/internal/coroutine_run.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

enum class WaitKind : uint8_t {
  kEvent,
  kSemaphore,
  kConditionVariable,
  kQueue,
  kQueueSlots,
  kQueueDone,
};
enum class PostKind : uint8_t { kSet, kClear, kNotifyOne, kNotifyAll };
struct PostFacts {
  PostKind post;
  uint32_t wakes, sequence, value;
};
inline constexpr uint32_t kAllWaiters = UINT32_MAX;

struct CoroutineWaiter {
  enum State : uint8_t { kWaits, kClaimed, kGaveUp };

  bool IsSecond() { return came.fetch_add(1, std::memory_order_acq_rel) == 1; }
  bool HasGivenUp() const { return state == kGaveUp; }
  void Describe(CoroutineWait&, WaitKind, bool) const {}

  Chain* chain = nullptr;
  std::atomic<uint32_t> came{0};
  State state = kWaits;  // with the next two, guarded by the queue
  CoroutineWaiter* next = nullptr;
  CoroutineWaiter* previous = nullptr;
};

struct Claimed {
  CoroutineWaiter* first;
  uint32_t count;
};

class SignalQueue {
 public:
  constexpr SignalQueue() = default;
  // Who has taken the last one out may still be on the way out of TakeOut().
  ~SignalQueue() { const std::lock_guard guard(guard_); }
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  void Enter(CoroutineWaiter& waiter) {
    const std::lock_guard guard(guard_);
    waiter.previous = last_;
    (last_ == nullptr ? first_ : last_->next) = &waiter;
    last_ = &waiter;
  }
  // False: it has been taken out.
  bool Leave(CoroutineWaiter& waiter) {
    const std::lock_guard guard(guard_);
    if (waiter.state != CoroutineWaiter::kWaits) return false;
    Unlink(waiter);
    waiter.state = CoroutineWaiter::kGaveUp;
    return true;
  }
  // Those that have waited longest; they stay linked.
  Claimed TakeOut(uint32_t most) {
    const std::lock_guard guard(guard_);
    Claimed taken{most == 0 ? nullptr : first_, 0};
    CoroutineWaiter* last = nullptr;
    for (; taken.count < most && first_ != nullptr; ++taken.count) {
      last = first_;
      Unlink(*last);
      last->state = CoroutineWaiter::kClaimed;
    }
    if (last != nullptr) last->next = nullptr;
    return taken;
  }

 private:
  void Unlink(CoroutineWaiter& waiter) {
    (waiter.previous == nullptr ? first_ : waiter.previous->next) = waiter.next;
    (waiter.next == nullptr ? last_ : waiter.next->previous) = waiter.previous;
  }

  std::mutex guard_;
  CoroutineWaiter* first_ = nullptr;
  CoroutineWaiter* last_ = nullptr;
};

inline bool LeaveQueue(SignalQueue& queue, CoroutineWaiter& waiter) {
  return queue.Leave(waiter);
}
inline void WakeClaimed(CoroutineWaiter* waiter) {
  while (waiter != nullptr) {
    CoroutineWaiter& its = *waiter;
    waiter = waiter->next;
    Chain* const chain = its.chain;
    if (its.IsSecond()) PushIfAny(chain);
  }
}

template <WaitKind kKind>
class CoroutineSignal {
 public:
  constexpr CoroutineSignal(const char*, source_location) noexcept {}
  CoroutineSignal(const CoroutineSignal&) = delete;
  CoroutineSignal& operator=(const CoroutineSignal&) = delete;

  struct Use {
    explicit Use(CoroutineSignal&) {}
  };

  void Post(const PostFacts& facts, SiteSlot*, Caller) {
    WakeClaimed(queue_.TakeOut(facts.wakes).first);
  }
  void Took(uint32_t, How, SiteSlot*, Caller) {}
  void Found(How, SiteSlot*, Caller) {}
  void Enter(CoroutineWaiter& waiter, SiteSlot*, Caller) {
    queue_.Enter(waiter);
  }
  static void BeginWait(const CoroutineWaiter&, How) {}
  static void EndWait(const CoroutineWaiter&, CoroutineOutcome) {}
  SignalQueue& queue() { return queue_; }

 private:
  SignalQueue queue_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_SIGNAL_DISABLED_H_

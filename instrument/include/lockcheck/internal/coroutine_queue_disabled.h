// LOCKCHECK_DISABLED: coroutine::queue and the like without records; see
// queue.h for what is promised to whom.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_QUEUE_DISABLED_H_
#define LOCKCHECK_INTERNAL_COROUTINE_QUEUE_DISABLED_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

#include "lockcheck/internal/coroutine_signal_wait.h"
#include "lockcheck/internal/queue_closed.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <typename Exception, typename... Args>
[[noreturn]] void FailQueue([[maybe_unused]] Args... args) {
#if defined(__cpp_exceptions)
  throw Exception(args...);
#else
  std::abort();
#endif
}

struct CoroutineQueueState {
  CoroutineQueueState(size_t most, const char*, source_location)
      : maxsize(most) {}
  // Whoever has ended the last wait may still be on the way out.
  ~CoroutineQueueState() { const std::lock_guard guard(lock); }

  bool HasItem() const { return size > promised; }
  bool HasRoom() const {
    return !closed && (maxsize == 0 || size + kept < maxsize);
  }

  std::mutex lock;  // of all that follows
  bool closed = false;
  const size_t maxsize;
  size_t size = 0;
  size_t promised = 0;    // items of those who were woken for one
  size_t kept = 0;        // room of those who were woken for it
  size_t unfinished = 0;  // put, and no task_done() yet
  SignalQueue items, room, done;
};

template <WaitKind kKind>
SignalQueue& WaitersOf(CoroutineQueueState& queue) {
  if constexpr (kKind == WaitKind::kQueue) return queue.items;
  if constexpr (kKind == WaitKind::kQueueSlots) return queue.room;
  if constexpr (kKind == WaitKind::kQueueDone) return queue.done;
}

class CoroutineQueueSection {
 public:
  CoroutineQueueSection(CoroutineQueueState& queue, SiteSlot*, Caller)
      : queue_(queue) {
    queue_.lock.lock();
  }
  ~CoroutineQueueSection() {
    if (unused_ == WaitKind::kQueue) PromiseItem();
    if (unused_ == WaitKind::kQueueSlots) PromiseRoom();
    queue_.lock.unlock();
    WakeClaimed(woken_);
  }
  CoroutineQueueSection(const CoroutineQueueSection&) = delete;
  CoroutineQueueSection& operator=(const CoroutineQueueSection&) = delete;

  template <WaitKind kKind>
  bool Finds(How) {
    return Has<kKind>(IsThere<kKind>());
  }
  template <WaitKind kKind>
  void Enter(CoroutineWaiter& waiter) {
    WaitersOf<kKind>(queue_).Enter(waiter);
  }
  template <WaitKind kKind>
  bool FindsAfterWait(How, bool was_woken) {
    return Has<kKind>((was_woken && TakePromise<kKind>()) || IsThere<kKind>());
  }
  template <WaitKind kKind>
  void PassOnFound() {
    if (kKind != WaitKind::kQueueDone && TakePromise<kKind>()) unused_ = kKind;
  }

  void IsAdded(How) {
    unused_ = WaitKind::kQueueDone;
    ++queue_.size;
    ++queue_.unfinished;
    PromiseItem();
  }
  void IsTaken(How) {
    unused_ = WaitKind::kQueueDone;
    --queue_.size;
    if (queue_.maxsize != 0) PromiseRoom();
  }

 private:
  template <WaitKind kKind>
  bool IsThere() const {
    if (kKind == WaitKind::kQueue) return queue_.HasItem();
    if (kKind == WaitKind::kQueueSlots) return queue_.HasRoom();
    return queue_.unfinished == 0;
  }
  template <WaitKind kKind>
  bool Has(bool has) {
    // What is left in a closed queue can be got.
    if (queue_.closed && (kKind == WaitKind::kQueueSlots ||
                          (kKind == WaitKind::kQueue && !has))) {
      FailQueue<queue_closed>();
    }
    if (has) unused_ = kKind;
    return has;
  }
  // Of who was woken. At the end of all, that it was: there may be new items.
  template <WaitKind kKind>
  bool TakePromise() {
    if (kKind == WaitKind::kQueueDone) return true;
    size_t& promised =
        kKind == WaitKind::kQueue ? queue_.promised : queue_.kept;
    if (promised == 0) return false;
    --promised;
    return true;
  }
  void PromiseItem() {
    const Claimed getters = queue_.items.TakeOut(1);
    queue_.promised += getters.count;
    woken_ = getters.first;
  }
  void PromiseRoom() {
    const Claimed putters = queue_.room.TakeOut(1);
    queue_.kept += putters.count;
    woken_ = putters.first;
  }

  CoroutineQueueState& queue_;
  WaitKind unused_ = WaitKind::kQueueDone;  // that is nothing
  CoroutineWaiter* woken_ = nullptr;
};

inline void BeginQueueWait(const CoroutineWaiter&, How) {}
inline void EndQueueWait(const CoroutineWaiter&, CoroutineOutcome) {}

inline void FinishTask(CoroutineQueueState& queue, SiteSlot*, Caller) {
  Claimed joiners{nullptr, 0};
  {
    const std::lock_guard guard(queue.lock);
    if (queue.unfinished == 0) {
      FailQueue<std::logic_error>(
          "lockcheck: task_done() more often than put()");
    }
    if (--queue.unfinished == 0) joiners = queue.done.TakeOut(kAllWaiters);
  }
  WakeClaimed(joiners.first);
}

inline void Close(CoroutineQueueState& queue, SiteSlot*, Caller) noexcept {
  Claimed getters, putters;
  {
    const std::lock_guard guard(queue.lock);
    queue.closed = true;
    getters = queue.items.TakeOut(kAllWaiters);
    putters = queue.room.TakeOut(kAllWaiters);
  }
  WakeClaimed(getters.first);
  WakeClaimed(putters.first);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_QUEUE_DISABLED_H_

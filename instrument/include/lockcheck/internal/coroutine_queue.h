// coroutine::queue and the like, recorded: the queue of threads (queue.h),
// among whose waiters coroutines stand.
#ifndef LOCKCHECK_INTERNAL_COROUTINE_QUEUE_H_
#define LOCKCHECK_INTERNAL_COROUTINE_QUEUE_H_

#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/coroutine_signal_wait.h"
#include "lockcheck/internal/queue.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

using CoroutineQueueState = QueueState;

template <WaitKind kKind>
SignalQueue& WaitersOf(QueueState& queue) {
  if constexpr (kKind == WaitKind::kQueue) return queue.items;
  if constexpr (kKind == WaitKind::kQueueSlots) return queue.room;
  if constexpr (kKind == WaitKind::kQueueDone) return queue.done;
}

// Holds the queue's lock, while its coroutine runs. kKind is what is wanted: an
// item, room, or the end of all.
class CoroutineQueueSection : public QueueSection {
 public:
  CoroutineQueueSection(QueueState& queue, SiteSlot* slot, Caller caller)
      : QueueSection(queue, slot, caller), slot_(slot), caller_(caller) {}

  // Whether it is there, and the caller's. Throws queue_closed.
  template <WaitKind kKind>
  bool Finds(How how) {
    if constexpr (kKind == WaitKind::kQueue) {
      return HasItem(&AskForItem, how, nullptr);
    } else if constexpr (kKind == WaitKind::kQueueSlots) {
      return HasRoom(&AskForRoom, how, nullptr);
    } else {
      return queue().unfinished == 0 && TakeEnd(how);
    }
  }
  template <WaitKind kKind>
  void Enter(CoroutineWaiter& waiter) {
    Enqueue(WaitersOf<kKind>(queue()), kKind, waiter, slot_, caller_);
  }
  // The same as Finds() after a wait. Whoever was woken at the end of all does
  // not look again: there may be new items.
  template <WaitKind kKind>
  bool FindsAfterWait(How how, bool was_woken) {
    if constexpr (kKind == WaitKind::kQueueDone) {
      return (was_woken || queue().unfinished == 0) && TakeEnd(how);
    } else {
      constexpr bool kIsItem = kKind == WaitKind::kQueue;
      const QueueRequest request = RequestOf(how, nullptr);
      return Has(Await([&] {
                   return kIsItem ? FindItem(queue(), request, was_woken)
                                  : FindRoom(queue(), request, was_woken);
                 }),
                 kIsItem ? &PassOnItem : &PassOnRoom);
    }
  }
  // Of one that was woken, and is destroyed before it goes on.
  template <WaitKind kKind>
  void PassOnFound() {
    if constexpr (kKind == WaitKind::kQueue) {
      Has(TakePromise(queue().promised), &PassOnItem);
    } else if constexpr (kKind == WaitKind::kQueueSlots) {
      Has(TakePromise(queue().kept), &PassOnRoom);
    }
  }

 private:
  bool TakeEnd(How how) {
    Take(queue().done, WaitKind::kQueueDone, {how, queue().finished, 0}, slot_,
         caller_);
    AnnounceAcquired(&queue().done);
    return true;
  }

  SiteSlot* const slot_;
  const Caller caller_;
};

inline void BeginQueueWait(const CoroutineWaiter& waiter, How how) {
  BeginCoroutineSignalWait(waiter.chain->record, waiter, how == How::kTimed);
}
inline void EndQueueWait(const CoroutineWaiter& waiter,
                         CoroutineOutcome outcome) {
  EndCoroutineSignalWait(waiter.chain->record, outcome);
}
inline void FinishTask(QueueState& queue, SiteSlot* slot, Caller caller) {
  AnnounceRelease(&queue.done);
  QueueTaskDone(queue, slot, caller);
}
inline void Close(QueueState& queue, SiteSlot* slot, Caller caller) noexcept {
  AnnounceRelease(&queue);
  CloseQueue(queue, slot, caller);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_COROUTINE_QUEUE_H_

#include "lockcheck/internal/queue.h"

#include <mutex>
#include <stdexcept>

#include "lib/model/primitives.h"
#include "lockcheck/internal/queue_closed.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

// The number of the act that closes a queue.
constexpr uint32_t kClosed = 1;
constexpr auto kUseAfterClose =
    static_cast<uint8_t>(model::Misuse::kUseAfterClose);
constexpr auto kTaskDoneTooOften =
    static_cast<uint8_t>(model::Misuse::kTaskDoneTooOften);

uint32_t Clamped(size_t count) {
  return static_cast<uint32_t>(count < UINT32_MAX ? count : UINT32_MAX);
}
uint32_t Items(const QueueState& q) { return Clamped(q.size); }
uint32_t Room(const QueueState& q) { return Clamped(q.maxsize - q.size); }

// Enters the waiters' queue, and sleeps with the lock free. True: woken.
bool Sleep(QueueState& q, WaitQueue& waiters, WaitKind kind,
           const QueueRequest& r) {
  Waiter waiter;
  Enqueue(waiters, kind, waiter, r.slot, r.caller);
  q.lock.unlock();
  const bool woken =
      SleepUntilSignalled(waiters, waiter, r.slot, r.caller, r.deadline);
  q.lock.lock();
  return woken;
}

Waiter* PostItem(QueueState& q, SiteSlot* slot, Caller caller) {
  const Claimed getters =
      PostAndClaim(q.items, WaitKind::kQueue,
                   {PostKind::kPut, 1, q.sequence, Items(q)}, slot, caller);
  q.promised += getters.count;
  return getters.first;
}

Waiter* PostRoom(QueueState& q, SiteSlot* slot, Caller caller) {
  const Claimed putters =
      PostAndClaim(q.room, WaitKind::kQueueSlots,
                   {PostKind::kGet, 1, q.sequence, Room(q)}, slot, caller);
  q.kept += putters.count;
  return putters.first;
}

// The close comes before whatever the caller does now.
bool IsClosed(QueueState& q, const QueueRequest& r) {
  if (!q.closed) return false;
  Take(q.close, WaitKind::kQueueClose, {r.how, kClosed, 0}, r.slot, r.caller);
  return true;
}

}  // namespace

QueueState::~QueueState() {
  DestroyWaitQueue(items);
  DestroyWaitQueue(room);
  DestroyWaitQueue(done);
  DestroyWaitQueue(close);
}

namespace {

// Also if it is closed.
bool HasItemAfterWait(QueueState& q, const QueueRequest& r, bool was_woken) {
  if ((was_woken && TakePromise(q.promised)) || q.HasItem()) return true;
  IsClosed(q, r);
  return false;
}

// Whether it may wait for it.
bool MayAwait(WaitQueue& waiters, WaitKind kind, const QueueRequest& r) {
  if (!r.may_block) TryFailed(waiters, kind, r.slot, r.caller);
  return r.may_block;
}

}  // namespace

bool AwaitItemOrEnd(QueueState& q, const QueueRequest& r) {
  if (IsClosed(q, r) || !MayAwait(q.items, WaitKind::kQueue, r)) return false;
  return HasItemAfterWait(q, r, Sleep(q, q.items, WaitKind::kQueue, r));
}

bool AwaitItem(QueueState& q, const QueueRequest& r) {
  if (AwaitItemOrEnd(q, r)) return true;
  if (q.closed) throw queue_closed();
  return false;
}

bool AskForItem(QueueState& q, const QueueRequest& r) {
  if (IsClosed(q, r)) throw queue_closed();
  MayAwait(q.items, WaitKind::kQueue, r);
  return false;
}

bool FindItem(QueueState& q, const QueueRequest& r, bool was_woken) {
  if (HasItemAfterWait(q, r, was_woken)) return true;
  if (q.closed) throw queue_closed();
  return false;
}

bool AskForRoom(QueueState& q, const QueueRequest& r) {
  if (IsClosed(q, r)) {
    // The report may take as long as whoever reads it.
    q.lock.unlock();
    Misused(q.items, WaitKind::kQueue, kUseAfterClose, r.slot, r.caller);
    q.lock.lock();
    throw queue_closed();
  }
  MayAwait(q.room, WaitKind::kQueueSlots, r);
  return false;
}

bool FindRoom(QueueState& q, const QueueRequest& r, bool was_woken) {
  const bool has = (was_woken && TakePromise(q.kept)) || q.HasRoom();
  // Whoever found it closed and empty will not look again.
  if (IsClosed(q, r)) throw queue_closed();
  return has;
}

bool AwaitRoom(QueueState& q, const QueueRequest& r) {
  AskForRoom(q, r);
  if (!r.may_block) return false;
  return FindRoom(q, r, Sleep(q, q.room, WaitKind::kQueueSlots, r));
}

Waiter* PostAdded(QueueState& q, How how, SiteSlot* slot,
                  Caller caller) noexcept {
  if (q.IsBounded()) {
    Take(q.room, WaitKind::kQueueSlots, {how, q.sequence, Room(q)}, slot,
         caller);
  }
  return PostItem(q, slot, caller);
}

Waiter* PostTaken(QueueState& q, How how, SiteSlot* slot,
                  Caller caller) noexcept {
  Take(q.items, WaitKind::kQueue, {how, q.sequence, Items(q)}, slot, caller);
  return q.IsBounded() ? PostRoom(q, slot, caller) : nullptr;
}

Waiter* PassOnItem(QueueState& q, SiteSlot* slot, Caller caller) noexcept {
  return IsWaitedFor(q.items) ? PostItem(q, slot, caller) : nullptr;
}

Waiter* PassOnRoom(QueueState& q, SiteSlot* slot, Caller caller) noexcept {
  return IsWaitedFor(q.room) ? PostRoom(q, slot, caller) : nullptr;
}

void CloseQueue(QueueState& q, SiteSlot* slot, Caller caller) noexcept {
  Claimed getters, putters{nullptr, 0};
  {
    const std::lock_guard lock(q.lock);
    // One that changes nothing is ordered with the others all the same.
    Post(q.close, WaitKind::kQueueClose,
         {PostKind::kSet, 0, q.closed ? 0 : kClosed, 1}, slot, caller);
    if (q.closed) return;
    q.closed = true;
    getters = PostAndClaim(
        q.items, WaitKind::kQueue,
        {PostKind::kClose, kAllWaiters, q.sequence, Items(q)}, slot, caller);
    if (q.IsBounded()) {
      putters = PostAndClaim(
          q.room, WaitKind::kQueueSlots,
          {PostKind::kClose, kAllWaiters, q.sequence, Room(q)}, slot, caller);
    }
  }
  WakeClaimed(getters.first);
  WakeClaimed(putters.first);
}

void QueueTaskDone(QueueState& q, SiteSlot* slot, Caller caller) {
  Claimed joiners;
  {
    std::unique_lock lock(q.lock);
    if (q.unfinished == 0) {
      lock.unlock();
      Misused(q.done, WaitKind::kQueueDone, kTaskDoneTooOften, slot, caller);
      throw std::logic_error("lockcheck: task_done() more often than put()");
    }
    --q.unfinished;
    if (q.unfinished == 0) q.finished = q.sequence;
    joiners =
        PostAndClaim(q.done, WaitKind::kQueueDone,
                     {PostKind::kTaskDone, q.unfinished == 0 ? kAllWaiters : 0,
                      q.sequence, Clamped(q.unfinished)},
                     slot, caller);
  }
  WakeClaimed(joiners.first);
}

// Whoever was woken does not look again: there may be new items.
bool JoinQueue(QueueState& q, const QueueRequest& r) noexcept {
  uint32_t finished;
  {
    const std::lock_guard lock(q.lock);
    if (q.unfinished != 0 && !Sleep(q, q.done, WaitKind::kQueueDone, r) &&
        q.unfinished != 0) {
      return false;
    }
    finished = q.finished;
  }
  Take(q.done, WaitKind::kQueueDone, {r.how, finished, 0}, r.slot, r.caller);
  return true;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

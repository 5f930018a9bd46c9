// What the queue types stand on, but for the items themselves.
//
// One short lock guards the items and the counts, and who has to wait enters
// its queue of waiters under it. Who adds an item while somebody waits promises
// it to whoever has waited longest; who takes one out of a full queue keeps the
// room for the putter that has waited longest. What is promised no other takes,
// so nobody overtakes, and a waiter whose time is over has either been promised
// something, and takes it, or has left the queue.
#ifndef LOCKCHECK_INTERNAL_QUEUE_H_
#define LOCKCHECK_INTERNAL_QUEUE_H_

#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/short_lock.h"
#include "lockcheck/internal/tsan.h"
#include "lockcheck/internal/wait_queue.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

struct QueueState {
  ShortLock lock;  // of all that follows
  bool closed = false;
  uint32_t sequence = 0;  // of puts and gets
  const size_t maxsize;   // 0: no bound
  size_t size = 0;
  size_t promised = 0;    // items of those who were woken for one
  size_t kept = 0;        // room of those who were woken for it
  size_t unfinished = 0;  // put, and no task_done() yet
  uint32_t finished = 0;  // `sequence` when that was 0 last
  WaitQueue items, room, done;
  WaitQueue close;  // nobody waits in it: who finds it closed is after it

  QueueState(size_t most, const char* name, source_location where) noexcept
      : maxsize(most),
        items(name, where),
        room(name, where,
             static_cast<uint32_t>(most < UINT32_MAX ? most : UINT32_MAX)),
        done(name, where),
        close(name, where) {}
  ~QueueState();
  QueueState(const QueueState&) = delete;
  QueueState& operator=(const QueueState&) = delete;

  const WaitQueue* RoomIfBounded() const {
    return IsBounded() ? &room : nullptr;
  }
  bool IsBounded() const { return maxsize != 0; }
  bool HasItem() const { return size > promised; }
  bool HasRoom() const {
    return !closed && (!IsBounded() || size + kept < maxsize);
  }
};

// Who asks, and for how long.
struct QueueRequest {
  SiteSlot* slot;
  Caller caller;
  bool may_block = true;
  const Deadline* deadline = nullptr;  // none
  How how = HowToAsk(may_block, deadline);
};

// Of who was woken: whether there is something for it. After a close() that
// may be what was promised to another, who then has nothing.
inline bool TakePromise(size_t& promised) {
  if (promised == 0) return false;
  --promised;
  return true;
}

// With the lock held, also on return. True: it is there, and the caller's.
// False: it may not block, or its time is over. Throw queue_closed.
bool AwaitItem(QueueState& queue, const QueueRequest& request);
// False also if it is closed; does not throw, nor need memory.
bool AwaitItemOrEnd(QueueState& queue, const QueueRequest& request);
bool AwaitRoom(QueueState& queue, const QueueRequest& request);
// The same for coroutines, which wait elsewhere: before that, when it is not
// there (false, unless it throws), and after it.
bool AskForItem(QueueState& queue, const QueueRequest& request);
bool AskForRoom(QueueState& queue, const QueueRequest& request);
bool FindItem(QueueState& queue, const QueueRequest& request, bool was_woken);
bool FindRoom(QueueState& queue, const QueueRequest& request, bool was_woken);
// After it was added or taken, by who asked for room or an item in this way:
// records that, and returns whom to wake when the lock is free.
Waiter* PostAdded(QueueState& queue, How how, SiteSlot* slot,
                  Caller caller) noexcept;
Waiter* PostTaken(QueueState& queue, How how, SiteSlot* slot,
                  Caller caller) noexcept;
// Of what was the caller's, and is not used.
Waiter* PassOnItem(QueueState& queue, SiteSlot* slot, Caller caller) noexcept;
Waiter* PassOnRoom(QueueState& queue, SiteSlot* slot, Caller caller) noexcept;

// Without it.
void CloseQueue(QueueState& queue, SiteSlot* slot, Caller caller) noexcept;
void QueueTaskDone(QueueState& queue, SiteSlot* slot, Caller caller);
// False: its time is over.
bool JoinQueue(QueueState& queue, const QueueRequest& request) noexcept;

// Holds the lock. At its end whoever the act was for is woken; if the act did
// not come about, because a move threw, what it was to use is passed on.
class QueueSection {
 public:
  QueueSection(QueueState& queue, SiteSlot* slot, Caller caller)
      : queue_(queue), slot_(slot), caller_(caller) {
    queue_.lock.lock();
    AnnounceAcquired(&queue_);
  }
  ~QueueSection() {
    if (__builtin_expect(unused_ != nullptr, false)) {
      woken_ = unused_(queue_, slot_, caller_);
    }
    AnnounceRelease(&queue_);
    queue_.lock.unlock();
    if (__builtin_expect(woken_ != nullptr, false)) WakeClaimed(woken_);
  }
  QueueSection(const QueueSection&) = delete;
  QueueSection& operator=(const QueueSection&) = delete;

  bool HasItem(How how, const Deadline* deadline) {
    return HasItem(&AwaitItem, how, deadline);
  }
  // However long it takes; false: it is closed, and nothing is left.
  bool HasItemOrEnd() {
    return HasItem(&AwaitItemOrEnd, How::kBlocking, nullptr);
  }
  bool HasRoom(How how, const Deadline* deadline) {
    return HasRoom(&AwaitRoom, how, deadline);
  }
  // After it was asked for in this way.
  void IsAdded(How how) {
    unused_ = nullptr;
    ++queue_.size;
    ++queue_.unfinished;
    ++queue_.sequence;
    if (!IsNoted(how, queue_.RoomIfBounded(), &queue_.items, PostKind::kPut)) {
      woken_ = PostAdded(queue_, how, slot_, caller_);
    }
  }
  void IsTaken(How how) {
    unused_ = nullptr;
    --queue_.size;
    ++queue_.sequence;
    if (!IsNoted(how, &queue_.items, queue_.RoomIfBounded(), PostKind::kGet)) {
      woken_ = PostTaken(queue_, how, slot_, caller_);
    }
  }

 protected:
  using Awaiting = bool(QueueState&, const QueueRequest&);
  QueueState& queue() { return queue_; }
  QueueRequest RequestOf(How how, const Deadline* deadline) const {
    return {slot_, caller_, how != How::kTry, deadline, how};
  }
  // `await` is asked if it is not there; the request is not made before, for
  // g++ would put it together in a vector register in any case, which takes
  // longer than all the rest.
  bool HasItem(Awaiting* await, How how, const Deadline* deadline) {
    return Has(__builtin_expect(queue_.HasItem(), true) || Await([&] {
                 return await(queue_, RequestOf(how, deadline));
               }),
               &PassOnItem);
  }
  bool HasRoom(Awaiting* await, How how, const Deadline* deadline) {
    return Has(__builtin_expect(queue_.HasRoom(), true) || Await([&] {
                 return await(queue_, RequestOf(how, deadline));
               }),
               &PassOnRoom);
  }
  using PassOn = Waiter*(QueueState&, SiteSlot*, Caller) noexcept;
  // What it has, unless that is used, is passed on.
  bool Has(bool has, PassOn* if_unused) {
    if (has) unused_ = if_unused;
    return has;
  }
  // In the midst of it the lock may be another's.
  template <typename Wait>
  bool Await(Wait wait) {
    AnnounceRelease(&queue_);
    // Also if it throws that the queue is closed.
    struct Announcing {
      QueueState& queue;
      ~Announcing() { AnnounceAcquired(&queue); }
    } announcing{queue_};
    return wait();
  }

 private:
  // The frequent case: nobody waits for it.
  bool IsNoted(How how, const WaitQueue* taken, const WaitQueue* posted,
               PostKind post) {
    return (posted == nullptr || !IsWaitedFor(*posted)) &&
           (IsOff() ||
            WarmNote(taken, posted, {queue_.sequence, how, post}, slot_));
  }

  QueueState& queue_;
  SiteSlot* const slot_;
  const Caller caller_;
  PassOn* unused_ = nullptr;
  Waiter* woken_ = nullptr;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_QUEUE_H_

// What everything that can be waited for, but not held, stands on: conditions,
// events, queues, barriers and the like.
//
// Waiters stand in a queue of nodes on their own stacks; who posts takes nodes
// out of it, marks them and wakes their owners, each on its own futex. So a
// post wakes exactly whom it is for, a timeout takes itself out, and who was
// woken does not touch the object again: it may be destroyed then, as std
// allows. A ticket numbers the waits of one object: records of posts say which
// tickets they released.
//
// What the object has (a flag, items, a count) is the type's own, and so is the
// lock over it if it needs one. A waiter enters the queue before it looks for
// the last time, and a post comes after the change, so neither is missed.
//
// The queue is guarded by a ShortLock of its own.
#ifndef LOCKCHECK_INTERNAL_WAIT_QUEUE_H_
#define LOCKCHECK_INTERNAL_WAIT_QUEUE_H_

#include <atomic>
#include <cstdint>

#include "lockcheck/internal/deadline.h"
#include "lockcheck/internal/hot.h"
#include "lockcheck/internal/short_lock.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

enum class WaitKind : uint8_t {  // model::ObjectKind's numbers
  kConditionVariable = 8,
  kSemaphore = 9,
  kEvent = 10,
  kLatch = 11,
  kBarrier = 12,
  kFuture = 13,
  kQueue = 15,
  kQueueSlots = 16,
  kQueueDone = 17,
  kThreadPool = 18,
  kOperation = 21,
  kQueueClose = 22,
  kProcessSemaphore = 27,
  kProcessEvent = 28,
  kProcessConditionVariable = 29,
  kProcessBarrier = 30,
  kProcessQueue = 31,
  kProcessQueueSlots = 32,
  kProcessQueueDone = 33,
  kProcessQueueClose = 34,
  kProcessPool = 35,
};

// What ends waits; model::Post's numbers.
enum class PostKind : uint8_t {
  kNotifyOne = 1,
  kNotifyAll = 2,
  kRelease = 3,
  kSet = 4,
  kClear = 5,
  kPut = 6,
  kGet = 7,
  kTaskDone = 8,
  kArrive = 9,
  kFulfil = 10,
  kClose = 11,
  kComplete = 12,
  kStop = 13,
};

// What the object is after the post, and how many of those who wait it wakes.
struct PostFacts {
  PostKind post;
  uint32_t wakes;     // at most; kAllWaiters
  uint32_t sequence;  // orders the acts on this object; 0: not known
  uint32_t value;     // permits, items, arrivals that are missing, ...
};
inline constexpr uint32_t kAllWaiters = UINT32_MAX;

// What was got, and how it was asked for.
struct TakeFacts {
  How how;
  uint32_t sequence;  // of the act; 0: not known
  uint32_t value;     // what the object has after it
};

// What a waiter is in; the first to change kWaits has it. Who was claimed
// touches the object no more, for it may be gone.
enum WaiterState : uint32_t { kWaits, kClaimed, kNotified, kGaveUp };

struct Waiter {
  std::atomic<uint32_t> signalled{kWaits};
  uint32_t ticket = 0;
  uint32_t object = 0, site = 0;  // of the record; set before it waits
  WaitKind kind{};                // of the object; set with them
  uint64_t given = 0;             // by whoever claimed it, before it is woken
  // Of a coroutine's wait: what is called instead of waking a thread. The node
  // may be gone at once.
  void (*resume)(Waiter& waiter) noexcept = nullptr;
  Waiter* next = nullptr;
  Waiter* previous = nullptr;
};

struct WaitQueue {
  ShortLock guard;
  uint32_t next_ticket = 1;             // guarded, as are the next two
  std::atomic<Waiter*> first{nullptr};  // read by anybody
  Waiter* last = nullptr;
  std::atomic<uint32_t> tag{0};  // object id << 3; 0: not registered
  uint32_t line;
  const char* file;
  const char* name;
  uint32_t initial;  // what it begins with: permits, room, participants

  constexpr WaitQueue(const char* n, source_location where,
                      uint32_t begins_with = 0) noexcept
      : line(where.line()),
        file(where.file_name()),
        name(n),
        initial(begins_with) {}
};

inline bool IsWaitedFor(const WaitQueue& waiters) {
  return waiters.first.load(std::memory_order_relaxed) != nullptr;
}

// From then on the waiter can be woken.
void Enqueue(WaitQueue& queue, WaitKind kind, Waiter& waiter, SiteSlot* slot,
             Caller caller) noexcept;
// Takes out of the queue who does not wait after all (true). False: it was
// woken by a post meanwhile, which may have to be passed on. If it is being
// woken, blocks until that is over, which is a moment: the node is the waiter's
// again.
bool Withdraw(WaitQueue& queue, Waiter& waiter) noexcept;
// The same, but who has been taken out by a post is not waited for.
bool LeaveQueue(WaitQueue& queue, Waiter& waiter) noexcept;
// The parts of the work without a record: for objects that keep their own.
void EnterQueue(WaitQueue& queue, Waiter& waiter) noexcept;
// Takes out of the queue whoever has waited longest, for WakeClaimed(). Null:
// nobody waits.
Waiter* ClaimOne(WaitQueue& queue) noexcept;
// Blocks until the waiter is woken (true), or the deadline has passed and it
// has left the queue. Null: no deadline.
bool SleepUntilSignalled(WaitQueue& queue, Waiter& waiter, SiteSlot* slot,
                         Caller caller, const Deadline* deadline) noexcept;
// Wakes and records. Returns how many it woke, those that have waited longest.
uint32_t Post(WaitQueue& queue, WaitKind kind, const PostFacts& facts,
              SiteSlot* slot, Caller caller) noexcept;
// Post() in two halves, for an object whose waiters enter under a lock of its
// own: the first under that lock, the second behind it, so that who is woken
// finds the lock free. The object may be gone then; who was claimed is not.
struct Claimed {
  Waiter* first;  // null: nobody
  uint32_t count;
};
Claimed PostAndClaim(WaitQueue& queue, WaitKind kind, const PostFacts& facts,
                     SiteSlot* slot, Caller caller) noexcept;
void WakeClaimed(Waiter* first) noexcept;
// Records that the caller got what it asked for: after a wait, or without one.
void Take(WaitQueue& queue, WaitKind kind, const TakeFacts& facts,
          SiteSlot* slot, Caller caller) noexcept;
// The same of what would have been waited for and was there, and leaves no
// other trace: once by each thread for each place and each set of locks that it
// holds there, and not with mode=live.
void TakeOnce(WaitQueue& queue, WaitKind kind, How how, SiteSlot* slot,
              Caller caller) noexcept;
// Writes the short forms of a TAKE of one object and of a POST to another by
// one act, if it is frequent: the thread records, the objects and the place are
// known, and nobody waits. False: nothing was written. Null: not that one.
struct NoteFacts {  // in one register
  uint32_t sequence;
  How how;        // it was asked for
  PostKind post;  // which it is
};
bool WarmNote(const WaitQueue* taken, const WaitQueue* posted, NoteFacts facts,
              const SiteSlot* slot) noexcept;
// Makes this the place of the object's first use, for one whose constructor
// knows no place.
void NoteMade(WaitQueue& queue, WaitKind kind, SiteSlot* slot,
              Caller caller) noexcept;
// Records that a try found nothing.
void TryFailed(WaitQueue& queue, WaitKind kind, SiteSlot* slot,
               Caller caller) noexcept;
// Reports misuse of the object: model::Misuse's number.
void Misused(WaitQueue& queue, WaitKind kind, uint8_t misuse, SiteSlot* slot,
             Caller caller) noexcept;
void DestroyWaitQueue(WaitQueue& queue) noexcept;
// Blocks while somebody uses the object that is being destroyed: for a moment
// if these are on their way out, for a while if they wait or have gone with a
// fork.
void AwaitUsersEnd(const WaitQueue& queue,
                   const std::atomic<uint32_t>& users) noexcept;
[[noreturn]] void ThrowNotOwned();
// Reports the misuse, and throws std::logic_error.
[[noreturn]] void ArrivedTooOften(WaitQueue& queue, WaitKind kind,
                                  SiteSlot* slot, Caller caller);

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_WAIT_QUEUE_H_

// What the log is told of waits and posts; see lockcheck/internal/wait_queue.h.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_WAIT_RECORDS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_WAIT_RECORDS_H_

#include <cstdint>

#include "instrument/runtime/thread.h"
#include "lib/model/primitives.h"
#include "lockcheck/internal/wait_queue.h"

namespace lockcheck::runtime {

struct ProcessSleep;  // process_shadow.h

struct QueuedWait {
  internal::WaitQueue* queue;
  internal::Waiter* waiter;
  internal::SiteSlot* slot;
  internal::Caller caller;
  const internal::Deadline* deadline;
  // For the record: what it means to be woken, and who might do it.
  model::Outcome woken = model::Outcome::kSignalled;
  uint32_t owner = 0;
  uint32_t owner_site = 0;
  bool shared = false;  // with others, if they have what it waits for
  bool permit = false;  // of a semaphore that is held like a lock
  // Of what is between processes: how to sleep; the queue is no queue then.
  ProcessSleep* process = nullptr;
};

// Whom a post wakes.
struct Woken {
  uint32_t first = 0;  // ticket; 0: nobody waited
  uint32_t count = 0;
  uint32_t next_ticket = 0;  // every wait with a smaller one began before
};

// True: it was in the queue, and is not any more. False: it has been claimed by
// a notifier, who will touch it again, until it is marked.
bool Dequeue(internal::WaitQueue& queue, internal::Waiter& waiter);

// Sleeps until the waiter is signalled (true) or the deadline has passed and
// the waiter has left the queue; at most until `look`, if that is not null,
// and then *looked is set.
bool SleepInQueue(const QueuedWait& wait, const internal::Deadline* look,
                  bool* looked);

// The record of its beginning; `how` as in the record.
void WriteBlockOf(Thread* t, const internal::Waiter& waiter, uint32_t how,
                  uint32_t owner = 0, uint32_t owner_site = 0);

void WriteBlock(Thread* t, const QueuedWait& wait, internal::How how,
                uint32_t flags = 0);
// Gives the object an id, in `tag`.
struct QueueIdentity {
  std::atomic<uint32_t>& tag;
  const void* address;
  uint64_t place_key;  // as in ObjectFacts
};
void RegisterQueue(Thread* t, internal::WaitQueue& queue,
                   internal::WaitKind kind, uint32_t site,
                   const QueueIdentity& as);

// Of the table.
// Gives the waiter its object's id and its site's.
void DoPrepareWait(internal::WaitQueue& queue, internal::WaitKind kind,
                   internal::Waiter& waiter, internal::SiteSlot* slot,
                   internal::Caller caller);
bool DoQueuedWait(const QueuedWait& wait);
void DoPost(internal::WaitQueue& queue, internal::WaitKind kind,
            const internal::PostFacts& facts, const Woken& woken,
            internal::SiteSlot* slot, internal::Caller caller);
void DoTake(internal::WaitQueue& queue, internal::WaitKind kind,
            const internal::TakeFacts& facts, internal::SiteSlot* slot,
            internal::Caller caller);
void DoNoteMade(internal::WaitQueue& queue, internal::WaitKind kind,
                internal::SiteSlot* slot, internal::Caller caller);
void DoTryFailed(internal::WaitQueue& queue, internal::WaitKind kind,
                 internal::SiteSlot* slot, internal::Caller caller);
void DoMisused(internal::WaitQueue& queue, internal::WaitKind kind,
               model::Misuse misuse, internal::SiteSlot* slot,
               internal::Caller caller);
void DoDestroyWaitQueue(internal::WaitQueue& queue, bool waited);
// `held`: some thread's list of holds may have it.
void DestroyQueue(internal::WaitQueue& queue, bool waited, bool held);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_WAIT_RECORDS_H_

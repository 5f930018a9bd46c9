// The queue of an object's waiters, and what the types' inline code calls.

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>

#include <mutex>
#include <stdexcept>
#include <system_error>

#include "instrument/runtime/entry.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/process_shadow.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/wait_records.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

using runtime::FutexWait;
using runtime::Woken;

void FutexWake(std::atomic<uint32_t>& word, int count) {
  runtime::Futex(word, FUTEX_WAKE, static_cast<uint32_t>(count), nullptr, 0);
}

void Unlink(WaitQueue& q, Waiter& w) {
  if (w.previous != nullptr) {
    w.previous->next = w.next;
  } else {
    q.first.store(w.next, std::memory_order_relaxed);
  }
  (w.next != nullptr ? w.next->previous : q.last) = w.previous;
}

// Claims the waiters that have waited longest and have not given up, at most so
// many, and takes them out of the queue; they stay linked.
Waiter* TakeOut(WaitQueue& q, uint32_t most, Woken& woken) {
  const std::lock_guard guard(q.guard);
  woken.next_ticket = q.next_ticket;
  Waiter* first = nullptr;
  Waiter** link = &first;
  for (Waiter* w = q.first.load(std::memory_order_relaxed);
       w != nullptr && woken.count < most;) {
    Waiter* const next = w->next;
    uint32_t waits = kWaits;
    if (w->signalled.compare_exchange_strong(waits, kClaimed,
                                             std::memory_order_relaxed)) {
      Unlink(q, *w);
      w->next = nullptr;
      *link = w;
      link = &w->next;
      ++woken.count;
    }
    w = next;
  }
  if (first != nullptr) woken.first = first->ticket;
  return first;
}

// Who is marked may return and be gone, with its node, at once.
void WakeAll(Waiter* waiter) {
  while (waiter != nullptr) {
    Waiter* const next = waiter->next;
    if (waiter->resume != nullptr) {
      waiter->resume(*waiter);
    } else {
      waiter->signalled.store(kNotified, std::memory_order_release);
      FutexWake(waiter->signalled, 1);
    }
    waiter = next;
  }
}

}  // namespace

Waiter* ClaimOne(WaitQueue& queue) noexcept {
  const runtime::Unseen unseen;
  Woken woken;
  return TakeOut(queue, 1, woken);
}

void Enqueue(WaitQueue& queue, WaitKind kind, Waiter& waiter, SiteSlot* slot,
             Caller caller) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->prepare_wait(queue, kind, waiter, slot, caller);
  }
  EnterQueue(queue, waiter);
}

void EnterQueue(WaitQueue& queue, Waiter& waiter) noexcept {
  const std::lock_guard guard(queue.guard);
  waiter.ticket = queue.next_ticket++;
  waiter.previous = queue.last;
  if (queue.last != nullptr) {
    queue.last->next = &waiter;
  } else {
    queue.first.store(&waiter, std::memory_order_relaxed);
  }
  queue.last = &waiter;
}

bool SleepUntilSignalled(WaitQueue& queue, Waiter& waiter, SiteSlot* slot,
                         Caller caller, const Deadline* deadline) noexcept {
  const runtime::Unseen unseen;
  const runtime::QueuedWait wait{&queue, &waiter, slot, caller, deadline};
  if (const runtime::Table* const table = runtime::Recording()) {
    return table->queued_wait(wait);
  }
  bool looked = false;
  return runtime::SleepInQueue(wait, nullptr, &looked);
}

uint32_t Post(WaitQueue& queue, WaitKind kind, const PostFacts& facts,
              SiteSlot* slot, Caller caller) noexcept {
  const runtime::Unseen unseen;
  Woken woken;
  Waiter* waiter = TakeOut(queue, facts.wakes, woken);
  if (const runtime::Table* const table = runtime::Recording()) {
    table->post(queue, kind, facts, woken, slot, caller);
  }
  WakeAll(waiter);
  return woken.count;
}

Claimed PostAndClaim(WaitQueue& queue, WaitKind kind, const PostFacts& facts,
                     SiteSlot* slot, Caller caller) noexcept {
  const runtime::Unseen unseen;
  Woken woken;
  Waiter* waiter = nullptr;
  if (queue.first.load(std::memory_order_relaxed) != nullptr) {
    waiter = TakeOut(queue, facts.wakes, woken);
  } else {
    woken.next_ticket = queue.next_ticket;
  }
  if (const runtime::Table* const table = runtime::Recording()) {
    table->post(queue, kind, facts, woken, slot, caller);
  }
  return {waiter, woken.count};
}

void WakeClaimed(Waiter* waiter) noexcept {
  const runtime::Unseen unseen;
  WakeAll(waiter);
}

void Take(WaitQueue& queue, WaitKind kind, const TakeFacts& facts,
          SiteSlot* slot, Caller caller) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->take(queue, kind, facts, slot, caller);
  }
}

void NoteMade(WaitQueue& queue, WaitKind kind, SiteSlot* slot,
              Caller caller) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->note_made(queue, kind, slot, caller);
  }
}

void TryFailed(WaitQueue& queue, WaitKind kind, SiteSlot* slot,
               Caller caller) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->try_failed(queue, kind, slot, caller);
  }
}

void Misused(WaitQueue& queue, WaitKind kind, uint8_t misuse, SiteSlot* slot,
             Caller caller) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->misused(queue, kind, static_cast<model::Misuse>(misuse), slot,
                   caller);
  }
}

void DestroyWaitQueue(WaitQueue& queue) noexcept {
  const runtime::Unseen unseen;
  if (queue.tag.load(std::memory_order_relaxed) == 0) return;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->destroy_wait_queue(
        queue, queue.first.load(std::memory_order_relaxed) != nullptr);
  }
}

// Who uses it needs the processor: yielding is all that helps. The time limits
// are for what is no use any more.
void AwaitUsersEnd(const WaitQueue& queue,
                   const std::atomic<uint32_t>& users) noexcept {
  const runtime::Unseen unseen;
  constexpr int64_t kLeavingNs = 1'000'000'000, kWaitingNs = 20'000'000;
  const Deadline leaving = runtime::Soon(kLeavingNs);
  const Deadline waiting = runtime::Soon(kWaitingNs);
  while (users.load(std::memory_order_acquire) != 0) {
    const bool waits = queue.first.load(std::memory_order_relaxed) != nullptr;
    if (runtime::HasPassed(waits ? waiting : leaving)) return;
    sched_yield();
  }
}

void ThrowNotOwned() {
  throw std::system_error(
      std::make_error_code(std::errc::operation_not_permitted),
      "lockcheck::condition_variable: wait with a lock that is not owned");
}

void ArrivedTooOften(WaitQueue& queue, WaitKind kind, SiteSlot* slot,
                     Caller caller) {
  Misused(queue, kind, static_cast<uint8_t>(model::Misuse::kArriveTooOften),
          slot, caller);
  throw std::logic_error(
      "lockcheck: arrived more often than the latch or barrier expects");
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

namespace lockcheck::runtime {

bool Dequeue(internal::WaitQueue& queue, internal::Waiter& waiter) {
  uint32_t waits = internal::kWaits;
  if (!waiter.signalled.compare_exchange_strong(waits, internal::kGaveUp,
                                                std::memory_order_relaxed)) {
    return false;
  }
  const std::lock_guard guard(queue.guard);
  internal::Unlink(queue, waiter);
  return true;
}

namespace {

// Of a waiter that was claimed.
void AwaitMark(internal::Waiter& waiter) {
  uint32_t state;
  while ((state = waiter.signalled.load(std::memory_order_acquire)) !=
         internal::kNotified) {
    FutexWait(waiter.signalled, state, nullptr);
  }
}

}  // namespace

bool SleepInQueue(const QueuedWait& wait, const Deadline* look, bool* looked) {
  if (wait.process != nullptr) return SleepInSlot(wait, look, looked);
  std::atomic<uint32_t>& signalled = wait.waiter->signalled;
  const bool brief = look != nullptr && IsBefore(*look, wait.deadline);
  const Deadline* until = brief ? look : wait.deadline;
  while (true) {
    const uint32_t state = signalled.load(std::memory_order_acquire);
    if (state == internal::kNotified) return true;
    if (FutexWait(signalled, state, until) != ETIMEDOUT) continue;
    if (brief) {
      *looked = true;
      return false;
    }
    if (Dequeue(*wait.queue, *wait.waiter)) return false;
    // The object may be gone by now.
    AwaitMark(*wait.waiter);
    return true;
  }
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

bool LeaveQueue(WaitQueue& queue, Waiter& waiter) noexcept {
  const runtime::Unseen unseen;
  return runtime::Dequeue(queue, waiter);
}

bool Withdraw(WaitQueue& queue, Waiter& waiter) noexcept {
  const runtime::Unseen unseen;
  if (runtime::Dequeue(queue, waiter)) return true;
  runtime::AwaitMark(waiter);
  return false;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

// The queue of a condition variable's waiters, and what its inline code calls.

#include <errno.h>
#include <linux/futex.h>

#include <system_error>

#include "instrument/runtime/condition.h"
#include "instrument/runtime/entry.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

using runtime::FutexWait;
using runtime::Notified;

void FutexWake(std::atomic<uint32_t>& word, int count) {
  runtime::Futex(word, FUTEX_WAKE, static_cast<uint32_t>(count), nullptr, 0);
}

// Drepper's mutex2 ("Futexes Are Tricky", 2011).
class Guard {
 public:
  explicit Guard(std::atomic<uint32_t>& word) : word_(word) {
    uint32_t seen = 0;
    if (word_.compare_exchange_strong(seen, 1, std::memory_order_acquire)) {
      return;
    }
    if (seen != 2) seen = word_.exchange(2, std::memory_order_acquire);
    while (seen != 0) {
      FutexWait(word_, 2, nullptr);
      seen = word_.exchange(2, std::memory_order_acquire);
    }
  }
  ~Guard() {
    if (word_.exchange(0, std::memory_order_release) == 2) FutexWake(word_, 1);
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  std::atomic<uint32_t>& word_;
};

void Unlink(ConditionState& c, Waiter& w) {
  (w.previous != nullptr ? w.previous->next : c.first) = w.next;
  (w.next != nullptr ? w.next->previous : c.last) = w.previous;
}

// Claims the first waiter that has not given up, or all, and takes them out of
// the queue; they stay linked.
Waiter* TakeOut(ConditionState& c, bool all, Notified& notified) {
  const Guard guard(c.guard);
  notified.next_ticket = c.next_ticket;
  Waiter* first = nullptr;
  Waiter** link = &first;
  for (Waiter* w = c.first; w != nullptr && (all || first == nullptr);) {
    Waiter* const next = w->next;
    uint32_t waits = kWaits;
    if (w->signalled.compare_exchange_strong(waits, kClaimed,
                                             std::memory_order_relaxed)) {
      Unlink(c, *w);
      w->next = nullptr;
      *link = w;
      link = &w->next;
      ++notified.count;
    }
    w = next;
  }
  if (first != nullptr) notified.first = first->ticket;
  return first;
}

}  // namespace

void Enqueue(ConditionState& condition, ConditionKind kind, Waiter& waiter,
             SiteSlot* slot, Caller caller) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->prepare_wait(condition, kind, waiter, slot, caller);
  }
  const Guard guard(condition.guard);
  waiter.ticket = condition.next_ticket++;
  waiter.previous = condition.last;
  (condition.last != nullptr ? condition.last->next : condition.first) =
      &waiter;
  condition.last = &waiter;
}

bool SleepUntilSignalled(ConditionState& condition, Waiter& waiter,
                         SiteSlot* slot, Caller caller,
                         const Deadline* deadline) noexcept {
  const runtime::Unseen unseen;
  const runtime::ConditionWait wait{&condition, &waiter, slot, caller,
                                    deadline};
  if (const runtime::Table* const table = runtime::Recording()) {
    return table->wait_condition(wait);
  }
  bool looked = false;
  return runtime::SleepInQueue(wait, nullptr, &looked);
}

void Notify(ConditionState& condition, ConditionKind kind, bool all,
            SiteSlot* slot, Caller caller) noexcept {
  const runtime::Unseen unseen;
  Notified notified;
  Waiter* waiter = TakeOut(condition, all, notified);
  if (const runtime::Table* const table = runtime::Recording()) {
    table->notify(condition, kind,
                  all ? model::Post::kNotifyAll : model::Post::kNotifyOne,
                  notified, slot, caller);
  }
  // Who is marked may return and be gone, with its node, at once.
  while (waiter != nullptr) {
    Waiter* const next = waiter->next;
    waiter->signalled.store(kNotified, std::memory_order_release);
    FutexWake(waiter->signalled, 1);
    waiter = next;
  }
}

void DestroyCondition(ConditionState& condition) noexcept {
  const runtime::Unseen unseen;
  if (condition.tag.load(std::memory_order_relaxed) == 0) return;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->destroy_condition(condition, condition.first != nullptr);
  }
}

void ThrowNotOwned() {
  throw std::system_error(
      std::make_error_code(std::errc::operation_not_permitted),
      "lockcheck::condition_variable: wait with a lock that is not owned");
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

namespace lockcheck::runtime {

bool Dequeue(internal::ConditionState& condition, internal::Waiter& waiter) {
  uint32_t waits = internal::kWaits;
  if (!waiter.signalled.compare_exchange_strong(waits, internal::kGaveUp,
                                                std::memory_order_relaxed)) {
    return false;
  }
  const internal::Guard guard(condition.guard);
  internal::Unlink(condition, waiter);
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

bool SleepInQueue(const ConditionWait& wait, const Deadline* look,
                  bool* looked) {
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
    if (Dequeue(*wait.condition, *wait.waiter)) return false;
    // The object may be gone by now.
    AwaitMark(*wait.waiter);
    return true;
  }
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

void Withdraw(ConditionState& condition, Waiter& waiter) noexcept {
  const runtime::Unseen unseen;
  if (!runtime::Dequeue(condition, waiter)) runtime::AwaitMark(waiter);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

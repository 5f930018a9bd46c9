#include "instrument/runtime/wait_records.h"

#include <errno.h>

#include <cstddef>
#include <cstdio>

#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/misuse.h"
#include "instrument/runtime/objects.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/quiescence.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/wait.h"
#include "instrument/runtime/waiting.h"
#include "lockcheck/internal/queue.h"

namespace lockcheck::runtime {

using internal::WaitKind;
using internal::WaitQueue;
using log::Op;

namespace {

template <typename Ours, typename Models>
constexpr bool Same(Ours ours, Models models) {
  return static_cast<uint8_t>(ours) == static_cast<uint8_t>(models);
}

using model::ObjectKind;
static_assert(
    Same(WaitKind::kConditionVariable, ObjectKind::kConditionVariable) &&
    Same(WaitKind::kSemaphore, ObjectKind::kSemaphore) &&
    Same(WaitKind::kEvent, ObjectKind::kEvent) &&
    Same(WaitKind::kLatch, ObjectKind::kLatch) &&
    Same(WaitKind::kBarrier, ObjectKind::kBarrier) &&
    Same(WaitKind::kFuture, ObjectKind::kFuture) &&
    Same(WaitKind::kQueue, ObjectKind::kQueue) &&
    Same(WaitKind::kQueueSlots, ObjectKind::kQueueSlots) &&
    Same(WaitKind::kQueueDone, ObjectKind::kQueueDone) &&
    Same(WaitKind::kThreadPool, ObjectKind::kThreadPool) &&
    Same(WaitKind::kOperation, ObjectKind::kOperation) &&
    Same(WaitKind::kQueueClose, ObjectKind::kQueueClose) &&
    Same(WaitKind::kProcessSemaphore, ObjectKind::kProcessSemaphore) &&
    Same(WaitKind::kProcessEvent, ObjectKind::kProcessEvent) &&
    Same(WaitKind::kProcessConditionVariable,
         ObjectKind::kProcessConditionVariable) &&
    Same(WaitKind::kProcessBarrier, ObjectKind::kProcessBarrier) &&
    Same(WaitKind::kProcessQueue, ObjectKind::kProcessQueue) &&
    Same(WaitKind::kProcessQueueSlots, ObjectKind::kProcessQueueSlots) &&
    Same(WaitKind::kProcessQueueDone, ObjectKind::kProcessQueueDone) &&
    Same(WaitKind::kProcessQueueClose, ObjectKind::kProcessQueueClose));
using internal::PostKind;
static_assert(Same(PostKind::kNotifyOne, model::Post::kNotifyOne) &&
              Same(PostKind::kNotifyAll, model::Post::kNotifyAll) &&
              Same(PostKind::kRelease, model::Post::kRelease) &&
              Same(PostKind::kSet, model::Post::kSet) &&
              Same(PostKind::kClear, model::Post::kClear) &&
              Same(PostKind::kPut, model::Post::kPut) &&
              Same(PostKind::kGet, model::Post::kGet) &&
              Same(PostKind::kTaskDone, model::Post::kTaskDone) &&
              Same(PostKind::kArrive, model::Post::kArrive) &&
              Same(PostKind::kFulfil, model::Post::kFulfil) &&
              Same(PostKind::kClose, model::Post::kClose) &&
              Same(PostKind::kComplete, model::Post::kComplete) &&
              Same(PostKind::kStop, model::Post::kStop));

}  // namespace

namespace {

// What is waited for, where one name stands for several objects.
const char* PartOf(WaitKind kind) {
  switch (kind) {
    case WaitKind::kQueueSlots:
    case WaitKind::kProcessQueueSlots:
      return " (room)";
    case WaitKind::kQueueDone:
    case WaitKind::kProcessQueueDone:
      return " (end)";
    case WaitKind::kQueueClose:
    case WaitKind::kProcessQueueClose:
      return " (close)";
    case WaitKind::kThreadPool:
    case WaitKind::kProcessPool:
      return " (slots)";
    default:
      return "";
  }
}

uint32_t IdOf(Thread* t, WaitQueue& c, WaitKind kind, uint32_t site);

// What it begins with; of a queue's end the queue's items, by which what is put
// is known to be unfinished.
uint32_t ValueOf(Thread* t, WaitQueue& c, WaitKind kind, uint32_t site) {
  if (t->live) return c.initial;
  // Of one between processes the items' queue lies two before it, and has its
  // id (process_shadow.cc).
  if (kind == WaitKind::kProcessQueueDone) {
    return (&c)[-2].tag.load(std::memory_order_relaxed) >> 3;
  }
  if (kind != WaitKind::kQueueDone) return c.initial;
  using internal::QueueState;
  auto* const done = reinterpret_cast<char*>(&c);
  auto* const queue =
      reinterpret_cast<QueueState*>(done - offsetof(QueueState, done));
  return IdOf(t, queue->items, WaitKind::kQueue, site);
}

}  // namespace

void RegisterQueue(Thread* t, WaitQueue& c, WaitKind kind, uint32_t site,
                   const QueueIdentity& as) {
  const char* name = c.name;
  char whole[1024];
  if (const char* const part = PartOf(kind); name != nullptr && *part != 0) {
    snprintf(whole, sizeof(whole), "%s%s", name, part);
    name = whole;
  }
  RegisterObject(
      t, as.tag,
      {static_cast<model::ObjectKind>(kind), site, as.address, c.file, c.line,
       name, ValueOf(t, c, kind, site), as.place_key});
}

namespace {

uint32_t IdOf(Thread* t, WaitQueue& c, WaitKind kind, uint32_t site) {
  if (c.tag.load(std::memory_order_relaxed) == 0) {
    RegisterQueue(t, c, kind, site, {c.tag, &c, 0});
  }
  return c.tag.load(std::memory_order_relaxed) >> 3;
}

// Nobody in particular has to end it: it is no part of a deadlock of locks.
void BeginWait(Thread* t, const QueuedWait& wait) {
  Wanted wanted{};
  wanted.site = wait.waiter->site;
  wanted.timed = wait.deadline != nullptr;
  wanted.kind = static_cast<ObjectKind>(wait.waiter->kind);
  const model::Primitive& row = model::PrimitiveOf(wanted.kind);
  wanted.outside = row.outside;
  wanted.process = row.between_processes;
  wanted.owed = row.owed;
  wanted.permit = wait.permit ? wait.waiter->object : 0;
  BeginWaiting(t, wanted);
  WriteBlock(t, wait, internal::HowToAsk(true, wait.deadline));
}

void WriteWaitStack(Thread* t, const QueuedWait& wait) {
  const uint32_t stack = RecordStack(
      t,
      {log::StackReason::kWait, wait.waiter->object, wait.waiter->site, 0, 0},
      wait.slot, wait.caller);
  Begin(t, 2).Word(stack).End(Op::kWaitStack);
}

}  // namespace

void WriteBlockOf(Thread* t, const internal::Waiter& waiter, uint32_t how,
                  uint32_t owner, uint32_t owner_site) {
  Begin(t, 9)
      .Word(waiter.object)
      .Word(waiter.site)
      .Word(owner)
      .Word(owner_site)
      .U64(Ticks())
      .Word(waiter.ticket)
      .End(Op::kBlock, how);
}

void WriteBlock(Thread* t, const QueuedWait& wait, internal::How how,
                uint32_t flags) {
  if (wait.shared) flags |= log::kBlockSharedBit;
  WriteBlockOf(t, *wait.waiter, static_cast<uint32_t>(how) | flags, wait.owner,
               wait.owner_site);
}

void DoPrepareWait(WaitQueue& queue, WaitKind kind, internal::Waiter& waiter,
                   internal::SiteSlot* slot, internal::Caller caller) {
  const KeepErrno keep_errno;
  if (Thread* const t = Enter()) {
    waiter.site = SiteId(t, slot, caller);
    waiter.object = IdOf(t, queue, kind, waiter.site);
    waiter.kind = kind;
    Leave(t);
  }
}

bool DoQueuedWait(const QueuedWait& wait) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  bool looked = false;
  if (t == nullptr) {
    const bool signalled = SleepInQueue(wait, nullptr, &looked);
    return signalled;
  }
  ReadyToWait(t);
  ShowObjectsOfWait(t, wait.waiter->object);
  BeginWait(t, wait);
  const Deadline look = Soon(kLongWaitNs);
  uint32_t actor = t->hot.actor;
  Leave(t);
  bool signalled = SleepInQueue(wait, &look, &looked);
  if (looked) {
    if (Resume(t, actor)) BeginWait(t, wait);
    actor = t->hot.actor;
    if (!t->live) WriteWaitStack(t, wait);
    WatchWait();
    Leave(t);
    signalled = SleepInQueue(wait, nullptr, &looked);
  }
  if (Resume(t, actor)) BeginWait(t, wait);
  EndWaiting(t);
  Begin(t, 4).U64(Ticks()).End(
      Op::kUnblock, static_cast<uint32_t>(
                        signalled ? wait.woken : model::Outcome::kTimedOut));
  t->after_wait = t->hot.cursor;
  Leave(t);
  return signalled;
}

void DoPost(WaitQueue& queue, WaitKind kind, const internal::PostFacts& facts,
            const Woken& woken, internal::SiteSlot* slot,
            internal::Caller caller) {
  const KeepErrno keep_errno;
  if (Thread* const t = Enter()) {
    const uint32_t site = SiteId(t, slot, caller);
    const uint32_t object = IdOf(t, queue, kind, site);
    Begin(t, 8)
        .Word(object)
        .Word(site)
        .Word(woken.first)
        .Word(woken.count)
        .Word(woken.next_ticket)
        .Word(facts.sequence)
        .Word(facts.value)
        .End(Op::kPost, static_cast<uint32_t>(facts.post));
    Leave(t);
  }
}

void DoTake(WaitQueue& queue, WaitKind kind, const internal::TakeFacts& facts,
            internal::SiteSlot* slot, internal::Caller caller) {
  const KeepErrno keep_errno;
  if (Thread* const t = Enter()) {
    const uint32_t site = SiteId(t, slot, caller);
    const uint32_t object = IdOf(t, queue, kind, site);
    Begin(t, 5)
        .Word(object)
        .Word(site)
        .Word(facts.sequence)
        .Word(facts.value)
        .End(Op::kTake, static_cast<uint32_t>(facts.how));
    Leave(t);
  }
}

void DoNoteMade(WaitQueue& queue, WaitKind kind, internal::SiteSlot* slot,
                internal::Caller caller) {
  const KeepErrno keep_errno;
  if (Thread* const t = Enter()) {
    IdOf(t, queue, kind, SiteId(t, slot, caller));
    Leave(t);
  }
}

void DoTryFailed(WaitQueue& queue, WaitKind kind, internal::SiteSlot* slot,
                 internal::Caller caller) {
  const KeepErrno keep_errno;
  if (Thread* const t = Enter()) {
    const uint32_t site = SiteId(t, slot, caller);
    const uint32_t object = IdOf(t, queue, kind, site);
    Begin(t, 3).Word(object).Word(site).End(
        Op::kTryFailed, static_cast<uint32_t>(model::How::kTry));
    Leave(t);
  }
}

void DoMisused(WaitQueue& queue, WaitKind kind, model::Misuse misuse,
               internal::SiteSlot* slot, internal::Caller caller) {
  const KeepErrno keep_errno;
  if (Thread* const t = Enter()) {
    const uint32_t site = SiteId(t, slot, caller);
    const uint32_t object = IdOf(t, queue, kind, site);
    ReportMisuse(t, {misuse, object, site, 0, nullptr, slot, caller, queue.name,
                     queue.file, queue.line});
    Leave(t);
  }
}

void DestroyQueue(WaitQueue& queue, bool waited, bool held) {
  const KeepErrno keep_errno;
  const uint32_t object = queue.tag.load(std::memory_order_relaxed) >> 3;
  Thread* const t = object == 0 ? nullptr : Enter();
  if (t != nullptr && waited) {
    ReportMisuse(t, {model::Misuse::kDestroyWaited,
                     object,
                     0,
                     0,
                     nullptr,
                     nullptr,
                     {},
                     queue.name,
                     queue.file,
                     queue.line});
  }
  if (object != 0) ObjectIsGone(t, object, waited || held);
  if (t != nullptr) Leave(t);
  queue.tag.store(0, std::memory_order_relaxed);
}

void DoDestroyWaitQueue(WaitQueue& queue, bool waited) {
  DestroyQueue(queue, waited, false);
}

}  // namespace lockcheck::runtime

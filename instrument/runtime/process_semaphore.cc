#include "instrument/runtime/process_semaphore.h"

#include "instrument/runtime/entry.h"
#include "instrument/runtime/holding.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/process_shadow.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/reporter.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/wait_records.h"

namespace lockcheck::runtime {
namespace {

using internal::ProcessPermits;
using internal::ProcessSemaphoreState;
using internal::ProcessSignal;
using internal::ProcessWait;
using internal::WaitKind;
using log::Op;

uint32_t ActsOf(uint64_t word) { return static_cast<uint32_t>(word >> 32); }
uint32_t PermitsOf(uint64_t word) { return static_cast<uint32_t>(word); }

ProcessPermits PermitsOf(ProcessSemaphoreState& s) { return {s, s.word}; }
ProcessSignal SignalOf(ProcessSemaphoreState& s) {
  return {&s, 0, WaitKind::kProcessSemaphore, s.initial};
}

How HowOf(const ProcessPermitRequest& request) {
  return internal::HowToAsk(request.may_block, request.deadline);
}

void DropHolds(Thread* t, uint32_t object) {
  while (FindHold(t, object) != SIZE_MAX) DropStaleHold(t, object);
}

// A request of a busy thread, and what it works with.
struct Asked {
  const ProcessPermitRequest& request;
  internal::WaitQueue& queue;
  LockState& record;
  uint32_t site;

  ProcessSemaphoreState& semaphore() const { return *request.semaphore; }
  uint32_t object() const { return ObjectId(record); }
};

// Before it is asked for, as a lock would be.
void Note(Thread* t, const Asked& a, bool new_site) {
  const ProcessPermitRequest& r = a.request;
  NoteRequest(t, a.record, a.site, new_site, r.slot, r.caller);
  if (!t->live || a.semaphore().Signals() || !a.semaphore().IsLock()) return;
  NoteOrder(t,
            {&a.record, LockKind::kSemaphore, HowOf(r), r.slot, r.caller, 0,
             r.deadline},
            a.site);
}

// `after` is what the semaphore was then.
void WriteTaken(Thread* t, const Asked& a, uint64_t after) {
  const auto how = HowOf(a.request);
  if (!a.semaphore().Signals()) {
    return TakenPermit(t, a.record, a.site, how, a.semaphore().IsLock());
  }
  DropHolds(t, a.object());
  Begin(t, 5)
      .Word(a.object())
      .Word(a.site)
      .Word(ActsOf(after))
      .Word(PermitsOf(after))
      .End(Op::kTake, static_cast<uint32_t>(how));
}

void WriteTryFailed(Thread* t, const Asked& a) {
  Begin(t, 3)
      .Word(a.object())
      .Word(a.site)
      .End(Op::kTryFailed, static_cast<uint32_t>(HowOf(a.request)));
}

// Sleeps, the thread not being busy, until a permit is granted.
bool RecordedSleep(const Asked& a, ProcessWait& wait) {
  ProcessSemaphoreState& s = a.semaphore();
  ProcessPermits permits = PermitsOf(s);
  const internal::ProcessSettle settle = permits.settle();
  ProcessSleep sleep{&s, &wait, &settle};
  internal::Waiter waiter;
  waiter.ticket = wait.ticket;
  waiter.object = a.object();
  waiter.site = a.site;
  waiter.kind = WaitKind::kProcessSemaphore;
  QueuedWait queued{&a.queue, &waiter, a.request.slot, a.request.caller,
                    a.request.deadline};
  queued.process = &sleep;
  queued.woken = model::Outcome::kAcquired;
  queued.shared = !s.IsLock();
  queued.permit = !s.Signals();
  if (!s.Signals() && s.IsLock()) {
    queued.owner = LastActor(a.record) & internal::kOwnerMask;
    queued.owner_site =
        SiteOfTag(a.record.holder_site.load(std::memory_order_relaxed));
  }
  return DoQueuedWait(queued);
}

bool PlainAcquire(const ProcessPermitRequest& request) {
  ProcessPermits permits = PermitsOf(*request.semaphore);
  uint64_t after;
  if (!request.may_block) return permits.Take(&after);
  ProcessWait wait;
  if (permits.TakeOrEnter(wait, &after)) return true;
  if (!internal::AwaitUnrecorded(*request.semaphore, wait, permits.settle(),
                                 request.deadline)) {
    return false;
  }
  permits.Fetch(wait);
  return true;
}

bool PlainRelease(ProcessSemaphoreState& s, ptrdiff_t count) {
  return PermitsOf(s).Release(count, s.most, [&] {
    if (count != 0) s.signals.store(true, std::memory_order_relaxed);
  });
}

// With the guard, before the permits are there. The first one says that what
// was held of it were no holds: that is kept.
void WritePost(Thread* t, ProcessSemaphoreState& s, uint32_t object,
               uint32_t site, uint32_t count) {
  if (!s.signals.exchange(true, std::memory_order_relaxed) && t->live) {
    NoteLiveSignals(object);
  }
  const uint64_t act = PermitsOf(s).CountAct();
  Record r = Begin(t, 9);
  r.Word(object).Word(site).Word(0).Word(0).Word(0);
  r.Word(ActsOf(act)).Word(PermitsOf(act) + count);
  if (count != 1) r.Word(count);
  r.End(Op::kPost, static_cast<uint32_t>(model::Post::kRelease));
}

void WriteReleases(Thread* t, ProcessSemaphoreState& s, uint32_t object,
                   uint32_t site, uint32_t count) {
  if (s.Signals()) DropHolds(t, object);
  for (; count > 0 && FindHold(t, object) != SIZE_MAX; --count) {
    WriteRelease(t, object);
  }
  if (count > 0) WritePost(t, s, object, site, count);
}

// Asks, and waits if it has to. True: a permit was had.
bool Acquire(Thread*& t, const Asked& a, uint64_t* after) {
  ProcessPermits permits = PermitsOf(a.semaphore());
  if (!a.request.may_block) return permits.Take(after);
  ProcessWait wait;
  if (permits.TakeOrEnter(wait, after)) return true;
  AnnounceIfClosing(t);
  Leave(t);
  const bool got = RecordedSleep(a, wait);
  if (got) *after = permits.Fetch(wait);
  t = Enter();
  return got;
}

}  // namespace

bool DoAcquireProcessPermit(const ProcessPermitRequest& request) {
  const KeepErrno keep_errno;
  Thread* t = Enter();
  if (t == nullptr) return PlainAcquire(request);
  ProcessSemaphoreState& s = *request.semaphore;
  bool new_site = false;
  const uint32_t site = SiteId(t, request.slot, request.caller, &new_site);
  internal::WaitQueue* const queue = QueueOf(t, SignalOf(s), site);
  LockState* const record = queue == nullptr ? nullptr : HoldRecordOf(t, s);
  if (record == nullptr) {
    Leave(t);
    return PlainAcquire(request);
  }
  const Asked asked{request, *queue, *record, site};
  Note(t, asked, new_site);
  uint64_t after = 0;
  const bool got = Acquire(t, asked, &after);
  if (t == nullptr) return got;
  if (got) {
    WriteTaken(t, asked, after);
  } else if (!request.may_block) {
    WriteTryFailed(t, asked);
  }
  AnnounceIfClosing(t);
  Leave(t);
  return got;
}

bool DoReleaseProcessPermits(ProcessSemaphoreState& s, ptrdiff_t count,
                             SiteSlot* slot, Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return PlainRelease(s, count);
  const uint32_t site = SiteId(t, slot, caller);
  internal::WaitQueue* const queue = QueueOf(t, SignalOf(s), site);
  if (queue == nullptr) {
    Leave(t);
    return PlainRelease(s, count);
  }
  const uint32_t object = queue->tag.load(std::memory_order_relaxed) >> 3;
  // What is written with the guard should not have to wait for a file.
  Room(t, 2 * kSlackWords);
  const bool released = PermitsOf(s).Release(count, s.most, [&] {
    WriteReleases(t, s, object, site, static_cast<uint32_t>(count));
  });
  Leave(t);
  return released;
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

bool Acquire(const runtime::ProcessPermitRequest& request) {
  const runtime::Unseen unseen;
  const runtime::Table* const table = runtime::Recording();
  return table != nullptr ? table->acquire_process_permit(request)
                          : runtime::PlainAcquire(request);
}

}  // namespace

bool AcquireProcessPermit(ProcessSemaphoreState& semaphore, SiteSlot* slot,
                          Caller caller, const Deadline* deadline) noexcept {
  return Acquire({&semaphore, slot, caller, true, deadline});
}

bool TryAcquireProcessPermit(ProcessSemaphoreState& semaphore, SiteSlot* slot,
                             Caller caller) noexcept {
  return Acquire({&semaphore, slot, caller, false, nullptr});
}

void ReleaseProcessPermits(ProcessSemaphoreState& semaphore, ptrdiff_t count,
                           SiteSlot* slot, Caller caller) {
  const runtime::Unseen unseen;
  const runtime::Table* const table = runtime::Recording();
  const bool released =
      table != nullptr
          ? table->release_process_permits(semaphore, count, slot, caller)
          : runtime::PlainRelease(semaphore, count);
  if (released) return;
  if (semaphore.is_bounded) {
    RecordMisuse(runtime::SignalOf(semaphore),
                 static_cast<uint8_t>(model::Misuse::kOverRelease), slot,
                 caller);
  }
  ThrowReleasedAboveBound();
}

void DestroyProcessSemaphore(ProcessSemaphoreState& semaphore) noexcept {
  DestroyProcessObject(semaphore);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

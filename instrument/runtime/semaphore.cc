#include "instrument/runtime/semaphore.h"

#include <stdexcept>

#include "instrument/runtime/entry.h"
#include "instrument/runtime/holding.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/misuse.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/reporter.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/wait_records.h"
#include "lockcheck/internal/coroutine_semaphore.h"
#include "lockcheck/internal/hot_permit.h"

namespace lockcheck::runtime {
namespace {

using internal::Caller;
using internal::kPermitsAwaited;
using internal::PermitsOf;
using internal::SemaphoreState;
using internal::SiteSlot;
using internal::Waiter;
using internal::WaitKind;
using log::Op;

constexpr uint64_t kOneAct = internal::kOnePermitAct;
uint32_t ActsOf(uint64_t word) { return static_cast<uint32_t>(word >> 32); }

// The word after it.
uint64_t CountAct(SemaphoreState& s) {
  return s.permits.fetch_add(kOneAct, std::memory_order_seq_cst) + kOneAct;
}

// As so many acts. False: there was none. (No word `after` it says so: acts are
// counted modulo 2^32.)
bool TakePermit(SemaphoreState& s, uint64_t acts, uint64_t& after) {
  uint64_t word = s.permits.load(std::memory_order_seq_cst);
  while (PermitsOf(word) != 0) {
    after = word + acts - 1;
    if (s.permits.compare_exchange_weak(word, after,
                                        std::memory_order_seq_cst)) {
      return true;
    }
  }
  return false;
}

bool IsWaitedFor(SemaphoreState& s) {
  return s.queue.first.load(std::memory_order_seq_cst) != nullptr;
}

// Whether so many may be released. Of a bounded one, so many fewer are out
// then.
bool TakeFromOut(SemaphoreState& s, ptrdiff_t count) {
  if (!s.IsBounded()) {
    const uint64_t word = s.permits.load(std::memory_order_relaxed);
    return count <= static_cast<ptrdiff_t>(s.bound) - PermitsOf(word);
  }
  uint32_t out = s.out.load(std::memory_order_relaxed);
  do {
    if (count > static_cast<ptrdiff_t>(out)) return false;
  } while (!s.out.compare_exchange_weak(out, out - static_cast<uint32_t>(count),
                                        std::memory_order_relaxed));
  return true;
}

// Hands to those who wait what there is. That one is handed over is the
// waiter's act, and is counted when it is known whose: behind all that this one
// did before it waited.
void HandOver(SemaphoreState& s) {
  uint64_t after = 0;
  while (IsWaitedFor(s) && TakePermit(s, 0, after)) {
    if (Waiter* const waiter = internal::ClaimOne(s.queue)) {
      waiter->given = CountAct(s);
      internal::WakeClaimed(waiter);
    } else {
      s.permits.fetch_add(1, std::memory_order_seq_cst);
    }
  }
}

// Says that nobody waits, unless somebody does.
bool IsAwaitedNoMore(SemaphoreState& s) {
  if (IsWaitedFor(s)) return false;
  s.permits.fetch_and(~kPermitsAwaited, std::memory_order_seq_cst);
  // Who came before that has said so in vain.
  if (!IsWaitedFor(s)) return true;
  s.permits.fetch_or(kPermitsAwaited, std::memory_order_seq_cst);
  return false;
}

// That they are added is no act: of a release that has one it is counted
// already, and what a waiter gives back since it has another is nobody's.
void AddPermits(SemaphoreState& s, uint32_t count) {
  uint64_t word = s.permits.load(std::memory_order_relaxed);
  while ((word & kPermitsAwaited) == 0) {
    if (s.permits.compare_exchange_weak(word, word + count,
                                        std::memory_order_seq_cst)) {
      return;
    }
  }
  s.users.fetch_add(1, std::memory_order_relaxed);
  s.permits.fetch_add(count, std::memory_order_seq_cst);
  do {
    HandOver(s);
  } while (!IsAwaitedNoMore(s) &&
           PermitsOf(s.permits.load(std::memory_order_seq_cst)) != 0);
  s.users.fetch_sub(1, std::memory_order_release);
}

// Takes a permit (true), or enters the queue.
bool TakeOrEnter(SemaphoreState& s, Waiter& waiter, uint64_t& after) {
  internal::EnterQueue(s.queue, waiter);
  s.permits.fetch_or(kPermitsAwaited, std::memory_order_seq_cst);
  if (!TakePermit(s, kOneAct, after)) return false;
  // Who hands another one over to a coroutine is not waited for: it waits for
  // that.
  if (s.of_coroutines && !internal::LeaveQueue(s.queue, waiter)) {
    AddPermits(s, 1);
    return false;
  }
  if (s.of_coroutines) return true;
  // Another one that was handed over meanwhile is given back.
  if (!internal::Withdraw(s.queue, waiter)) AddPermits(s, 1);
  return true;
}

// Only permit of all: it is a lock.
bool IsLock(const SemaphoreState& s) { return s.queue.initial == 1; }

How HowOf(const PermitRequest& request) {
  if (request.timed) return How::kTimed;
  return internal::HowToAsk(request.may_block, request.deadline);
}

void Register(Thread* t, SemaphoreState& s, uint32_t site) {
  if (Tag(s) != 0) return;
  RegisterLock(t, s, LockKind::kSemaphore, site, s.queue.initial);
  s.queue.tag.store(Tag(s), std::memory_order_relaxed);
  // With mode=live what a coroutine holds is not recorded.
  if (t->live && s.of_coroutines) return;
  // Unless it signals meanwhile.
  uint32_t not_yet = internal::kHeldNotYet;
  if ((Tag(s) & 2) == 0) {
    s.held_tag.compare_exchange_strong(
        not_yet, Tag(s) | (IsLock(s) ? uint32_t{internal::kHeldOnly} : 0),
        std::memory_order_relaxed);
  }
}

void DropHolds(Thread* t, const SemaphoreState& s) {
  while (FindHold(t, ObjectId(s)) != SIZE_MAX) DropStaleHold(t, ObjectId(s));
}

// `after` is what the semaphore was then.
void WriteTaken(Thread* t, const PermitRequest& request, uint32_t site,
                uint64_t after) {
  SemaphoreState& s = *request.semaphore;
  if (s.Signals()) {
    DropHolds(t, s);
    Begin(t, 5)
        .Word(ObjectId(s))
        .Word(site)
        .Word(ActsOf(after))
        .Word(PermitsOf(after))
        .End(Op::kTake, static_cast<uint32_t>(HowOf(request)));
  } else {
    TakenPermit(t, s, site, HowOf(request), IsLock(s));
  }
}

void WriteTryFailed(Thread* t, const PermitRequest& request, uint32_t site) {
  Begin(t, 3)
      .Word(ObjectId(*request.semaphore))
      .Word(site)
      .End(Op::kTryFailed, static_cast<uint32_t>(HowOf(request)));
}

// Before it is asked for, as a lock would be.
void Note(Thread* t, const PermitRequest& request, uint32_t site,
          bool new_site) {
  SemaphoreState& s = *request.semaphore;
  NoteRequest(t, s, site, new_site, request.slot, request.caller);
  if (!t->live || s.Signals() || !IsLock(s)) return;
  NoteOrder(t,
            {&s, LockKind::kSemaphore, HowOf(request), request.slot,
             request.caller, 0, request.deadline},
            site);
}

bool PlainAcquire(const PermitRequest& request) {
  SemaphoreState& s = *request.semaphore;
  uint64_t after = 0;
  if (TakePermit(s, kOneAct, after)) return true;
  if (!request.may_block) return false;
  if (request.coroutine != nullptr) {
    return TakeOrEnter(s, *request.coroutine, after);
  }
  Waiter waiter;
  if (TakeOrEnter(s, waiter, after)) return true;
  bool looked = false;
  return SleepInQueue(
      {&s.queue, &waiter, request.slot, request.caller, request.deadline},
      nullptr, &looked);
}

QueuedWait WaitOf(const PermitRequest& request, Waiter& waiter) {
  SemaphoreState& s = *request.semaphore;
  QueuedWait wait{&s.queue, &waiter, request.slot, request.caller,
                  request.deadline};
  wait.woken = model::Outcome::kAcquired;
  wait.shared = !IsLock(s);
  wait.permit = !s.Signals();
  if (!s.Signals() && IsLock(s)) {
    wait.owner = LastActor(s) & internal::kOwnerMask;
    wait.owner_site = SiteOfTag(s.holder_site.load(std::memory_order_relaxed));
  }
  return wait;
}

// When there was no permit. True: one was taken after all. A coroutine does not
// wait here; a thread that has waited may be none that records any more (null).
bool AcquireLater(Thread*& t, const PermitRequest& request, uint32_t site,
                  uint64_t& after) {
  SemaphoreState& s = *request.semaphore;
  Waiter own;
  Waiter& waiter = request.coroutine != nullptr ? *request.coroutine : own;
  waiter.object = ObjectId(s);
  waiter.site = site;
  waiter.kind = WaitKind::kSemaphore;
  if (TakeOrEnter(s, waiter, after)) return true;
  const QueuedWait wait = WaitOf(request, waiter);
  if (request.coroutine != nullptr) {
    WriteBlock(t, wait, HowOf(request), log::kBlockAwaitedBit);
    return false;
  }
  AnnounceIfClosing(t);
  Leave(t);
  const bool got = DoQueuedWait(wait);
  after = own.given;
  t = Enter();
  return got;
}

// Of a coroutine with mode=live, where the place alone is kept.
bool LiveAcquire(Thread* t, const PermitRequest& request) {
  if (request.coroutine != nullptr) {
    request.coroutine->site = SiteId(t, request.slot, request.caller);
  }
  return PlainAcquire(request);
}

// Before the permits are there, but with an act of its own. The first one says
// that what was held of it were no holds: that is kept.
void WritePost(Thread* t, SemaphoreState& s, uint32_t site, uint32_t count) {
  if (s.held_tag.exchange(internal::kHeldSignals, std::memory_order_relaxed) !=
          internal::kHeldSignals &&
      t->live) {
    NoteLiveSignals(ObjectId(s));
  }
  const uint64_t act = CountAct(s);
  Record r = Begin(t, 9);
  r.Word(ObjectId(s)).Word(site).Word(0).Word(0).Word(0);
  r.Word(ActsOf(act)).Word(PermitsOf(act) + count);
  if (count != 1) r.Word(count);
  r.End(Op::kPost, static_cast<uint32_t>(model::Post::kRelease));
}

}  // namespace

bool DoAcquirePermit(const PermitRequest& request) {
  const KeepErrno keep_errno;
  Thread* t = Enter();
  if (t == nullptr) return PlainAcquire(request);
  SemaphoreState& s = *request.semaphore;
  if (t->live && s.of_coroutines) {
    const bool got = LiveAcquire(t, request);
    Leave(t);
    return got;
  }
  bool new_site = false;
  const uint32_t site = SiteId(t, request.slot, request.caller, &new_site);
  Register(t, s, site);
  Note(t, request, site, new_site);
  uint64_t after = 0;
  bool got = TakePermit(s, kOneAct, after);
  if (!got && request.may_block) {
    got = AcquireLater(t, request, site, after);
    if (t == nullptr) return got;
  }
  if (got) {
    WriteTaken(t, request, site, after);
  } else if (!request.may_block) {
    WriteTryFailed(t, request, site);
  }
  AnnounceIfClosing(t);
  Leave(t);
  return got;
}

void DoTookPermit(const PermitRequest& request) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  const Waiter& waiter = *request.coroutine;
  if (!t->live) WriteTaken(t, request, waiter.site, waiter.given);
  Leave(t);
}

void DoReleasePermits(SemaphoreState& s, uint32_t count, SiteSlot* slot,
                      Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) {
    s.held_tag.store(internal::kHeldSignals, std::memory_order_relaxed);
    return;
  }
  if (t->live && s.of_coroutines) return Leave(t);
  const uint32_t site = SiteId(t, slot, caller);
  Register(t, s, site);
  uint32_t held = 0;
  if (!s.Signals()) {
    while (held < count && FindHold(t, ObjectId(s)) != SIZE_MAX) {
      WriteRelease(t, ObjectId(s));
      ++held;
    }
  } else {
    DropHolds(t, s);
  }
  if (held < count) WritePost(t, s, site, count - held);
  Leave(t);
}

void DoOverRelease(SemaphoreState& s, SiteSlot* slot, Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  const uint32_t site = SiteId(t, slot, caller);
  Register(t, s, site);
  ReportMisuse(
      t, {model::Misuse::kOverRelease, ObjectId(s), site, 0, &s, slot, caller});
  Leave(t);
}

void DoDestroySemaphore(SemaphoreState& s) {
  // Whoever took a permit need not be the one that releases it.
  DestroyQueue(s.queue, IsWaitedFor(s), true);
  s.tag.store(0, std::memory_order_relaxed);
  s.lock_class.store(0, std::memory_order_relaxed);
  if (!s.Signals()) {
    s.held_tag.store(internal::kHeldNotYet, std::memory_order_relaxed);
  }
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

namespace {

bool Acquire(const runtime::PermitRequest& request) {
  const runtime::Unseen unseen;
  const runtime::Table* const table = runtime::Recording();
  const bool got = table != nullptr ? table->acquire_permit(request)
                                    : runtime::PlainAcquire(request);
  SemaphoreState& s = *request.semaphore;
  if (got && s.IsBounded()) CountOut(s);
  return got;
}

}  // namespace

bool AcquirePermit(SemaphoreState& semaphore, SiteSlot* slot, Caller caller,
                   const Deadline* deadline) noexcept {
  return Acquire({&semaphore, slot, caller, true, deadline});
}

bool TryAcquirePermit(SemaphoreState& semaphore, SiteSlot* slot,
                      Caller caller) noexcept {
  return Acquire({&semaphore, slot, caller, false, nullptr});
}

void ReleasePermits(SemaphoreState& semaphore, ptrdiff_t count, SiteSlot* slot,
                    Caller caller) {
  const runtime::Unseen unseen;
  const runtime::Table* const table = runtime::Recording();
  if (count < 0 || !runtime::TakeFromOut(semaphore, count)) {
    if (table != nullptr && semaphore.IsBounded()) {
      table->over_release(semaphore, slot, caller);
    }
    throw std::logic_error("lockcheck: semaphore released above its bound");
  }
  if (count == 0) return;
  const auto permits = static_cast<uint32_t>(count);
  if (table != nullptr) {
    table->release_permits(semaphore, permits, slot, caller);
  }
  runtime::AddPermits(semaphore, permits);
}

bool AcquireCoroutinePermit(SemaphoreState& semaphore, Waiter& waiter, How how,
                            SiteSlot* slot, Caller caller) noexcept {
  return Acquire(
      {&semaphore, slot, caller, true, nullptr, &waiter, how == How::kTimed});
}

void EndCoroutinePermitWait(CoroutineRecord& coroutine,
                            SemaphoreState& semaphore, Waiter& waiter, How how,
                            CoroutineOutcome outcome) noexcept {
  const runtime::Unseen unseen;
  const bool got = outcome == CoroutineOutcome::kAcquired;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->end_coroutine_signal_wait(coroutine, outcome);
    if (got) {
      table->took_permit({&semaphore,
                          nullptr,
                          {},
                          true,
                          nullptr,
                          &waiter,
                          how == How::kTimed});
    }
  }
  if (got && semaphore.IsBounded()) CountOut(semaphore);
}

void AddPermit(SemaphoreState& semaphore) noexcept {
  const runtime::Unseen unseen;
  runtime::AddPermits(semaphore, 1);
}

void DestroySemaphore(SemaphoreState& semaphore) noexcept {
  const runtime::Unseen unseen;
  if (semaphore.tag.load(std::memory_order_relaxed) == 0) return;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->destroy_semaphore(semaphore);
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

// Coroutines that wait for each other: for locks, and for ends.

#include <mutex>
#include <system_error>

#include "instrument/runtime/carried.h"
#include "instrument/runtime/coroutine.h"
#include "instrument/runtime/coroutine_deadlock.h"
#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/entry.h"
#include "instrument/runtime/held_across.h"
#include "instrument/runtime/holding.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/mixed_deadlock.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/wait_records.h"
#include "instrument/runtime/waiting.h"
#include "lockcheck/internal/coroutine_chain.h"
#include "lockcheck/internal/coroutine_mutex.h"
#include "lockcheck/internal/thread_hooks.h"

namespace lockcheck::runtime {
namespace {

using internal::CoroutineOutcome;
using internal::CoroutineRecord;
using internal::CoroutineWait;
using log::Op;

void EndWaiting(CoroutineRecord& coroutine) {
  const std::lock_guard guard(CoroutineGuard());
  coroutine.wait = nullptr;
}

void WriteUnblock(Thread* t, model::Outcome outcome) {
  Begin(t, 3).U64(Ticks()).End(Op::kUnblock, static_cast<uint32_t>(outcome));
}

}  // namespace

bool TakeCoroutines(const LockRequest& request, uint32_t owner) {
  return request.reads ? internal::ReadAtOnce(request.lock->word)
                       : TryTake(*request.lock, owner);
}

Got LockLiveCoroutines(Thread* t, const LockRequest& request) {
  const uint32_t owner =
      t->live_coroutine != 0 ? t->live_coroutine : t->hot.actor;
  if (TakeCoroutines(request, owner)) return Got::kLock;
  if (request.must_wait_at == nullptr) return Got::kNothing;
  *request.must_wait_at = SiteId(t, request.slot, request.caller);
  return Got::kMustWait;
}

void DoBeginCoroutineWait(CoroutineRecord& coroutine,
                          const CoroutineWait& wait) {
  if (wait.lock != nullptr) {
    // Nobody can hand it over to one who is not in its list yet.
    wait.is_own = Owner(*wait.lock) == coroutine.actor;
    wait.lock_name = wait.lock->name;
    wait.lock_file = wait.lock->file;
    wait.lock_line = wait.lock->line;
  }
  const std::lock_guard guard(CoroutineGuard());
  coroutine.wait = &wait;
  SetWaitingCoroutine(coroutine.actor, &coroutine);
}

bool DoIsCoroutineWaitToFail(uint32_t actor, bool can_fail) {
  CoroutineDeadlock deadlock;
  bool found = false;
  {
    const std::lock_guard guard(CoroutineGuard());
    const bool fails = can_fail && g_options.on_deadlock == OnDeadlock::kThrow;
    found = deadlock.Find(actor);
    if (found && !deadlock.Claim(fails)) return false;
  }
  if (found) return ReportCoroutines(deadlock, can_fail);
  MixedDeadlock mixed;
  return mixed.FindOf(actor) && ReportMixed(mixed, can_fail);
}

namespace {

// Of each that is left, and then of the moment.
void NoteLeft(CoroutineRecord* const* coroutines, size_t count) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  const auto note = [&](log::NoteKind kind, uint64_t value) {
    Begin(t, 4).U64(value).End(Op::kNote, static_cast<uint32_t>(kind));
  };
  if (!t->live) {
    for (size_t i = 0; i < count; ++i) {
      note(log::NoteKind::kLeft, coroutines[i]->actor);
    }
    note(log::NoteKind::kNobodyResumes, Ticks());
  }
  Leave(t);
}

}  // namespace

// Who closed a cycle has said so; nobody is told when an owner ends.
void DoCoroutinesAreLeft(CoroutineRecord* const* coroutines, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    CoroutineDeadlock deadlock;
    {
      const std::lock_guard guard(CoroutineGuard());
      if (!deadlock.FindGone(coroutines[i]->actor) || !deadlock.Claim(false)) {
        continue;
      }
    }
    ReportCoroutines(deadlock, false);
  }
  if (DoesDeadlockStand()) return;
  CoroutineDeadlock deadlock;
  {
    const std::lock_guard guard(CoroutineGuard());
    if (!deadlock.FindLeft(coroutines, count)) return;
  }
  NoteLeft(coroutines, count);
  ReportCoroutines(deadlock, false);
}

void DoEndCoroutineLockWait(CoroutineRecord& coroutine, LockState& lock,
                            How how, bool reads, uint32_t site,
                            CoroutineOutcome outcome) {
  EndWaiting(coroutine);
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  if (!t->live) {
    WriteUnblock(t, static_cast<model::Outcome>(outcome));
    if (outcome == CoroutineOutcome::kAcquired && reads) {
      TakenShared(t, static_cast<SharedState&>(lock), site, how, 0);
    } else if (outcome == CoroutineOutcome::kAcquired) {
      Taken(t, lock, site, how, 0);
    }
  }
  Leave(t);
}

void DoBeginCoroutineSignalWait(const internal::Waiter& waiter, bool timed) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  if (!t->live) {
    WriteBlockOf(t, waiter,
                 static_cast<uint32_t>(timed ? How::kTimed : How::kBlocking) |
                     log::kBlockAwaitedBit);
  }
  Leave(t);
}

void DoEndCoroutineSignalWait(CoroutineRecord& coroutine,
                              CoroutineOutcome outcome) {
  EndWaiting(coroutine);
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  if (!t->live) WriteUnblock(t, static_cast<model::Outcome>(outcome));
  Leave(t);
}

uint32_t DoBeginCoroutineJoin(uint32_t actor, SiteSlot* slot, Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return 0;
  const uint32_t site = SiteId(t, slot, caller);
  if (!t->live) {
    NoteJoin(t, site, slot, caller);
    WriteJoinBlockOf(t, actor, site, Ticks(), log::kBlockAwaitedBit);
  }
  Leave(t);
  return site;
}

void DoEndCoroutineJoin(CoroutineRecord& coroutine, uint32_t actor,
                        bool has_ended) {
  EndWaiting(coroutine);
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  if (!t->live && has_ended) {
    WriteJoinOf(t, actor, Ticks());
  } else if (!t->live) {
    WriteUnblock(t, model::Outcome::kInterrupted);
  }
  Leave(t);
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

// Of a coroutine that is about to be suspended.
void AwaitsAt(uint32_t site) {
  if (t_chain == nullptr) return;
  t_chain->record.await_site = site;
  t_chain->record.waits = true;
}

}  // namespace

CoroutineGot RequestCoroutineLock(LockState& lock, LockKind kind, How how,
                                  bool reads, SiteSlot* slot, Caller caller,
                                  uint32_t* site) noexcept {
  const runtime::Unseen unseen;
  runtime::LockRequest request{&lock, kind, how, slot, caller, 0, nullptr};
  request.reads = reads;
  request.must_wait_at = site;
  if (how == How::kBlocking && t_chain != nullptr && t_chain->record.gives_up) {
    request.how = How::kTimed;
  }
  runtime::Got got = runtime::Got::kNothing;
  if (const runtime::Table* const table = runtime::Recording()) {
    got = table->lock(request);
  } else if (runtime::TakeCoroutines(request, CoroutineOwner())) {
    got = runtime::Got::kLock;
  }
  if (got == runtime::Got::kMustWait) AwaitsAt(*site);
  return got == runtime::Got::kLock       ? CoroutineGot::kLock
         : got == runtime::Got::kMustWait ? CoroutineGot::kMustWait
                                          : CoroutineGot::kNothing;
}

uint32_t CoroutineOwner() noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    return table->coroutine_owner();
  }
  return IsOff() ? uint32_t{kOffOwner} : runtime::UnrecordedOwner();
}

void HandOver(LockState& lock, uint32_t tag) noexcept {
  const runtime::Unseen unseen;
  auto& state = static_cast<CoroutineLockState&>(lock);
  const runtime::Table* const table = tag == 0 ? nullptr : runtime::Recording();
  const uint64_t ticks = table == nullptr ? 0 : runtime::Ticks();
  LockWaiter* const next = state.waiters.Pass(state.word);
  if (next == nullptr) return;
  ResumeAll(next);
  if (table != nullptr) table->saw_waiters(tag, ticks);
}

void UnlockCoroutineShared(CoroutineLockState& lock, SiteSlot* slot,
                           Caller caller) noexcept {
  const runtime::Unseen unseen;
  const uint32_t tag = lock.tag.load(std::memory_order_relaxed);
  const runtime::Table* const table = runtime::Recording();
  if (table != nullptr && !table->stop_reading(lock, slot, caller)) return;
  const uint64_t ticks = table == nullptr ? 0 : runtime::Ticks();
  LockWaiter* const next = lock.waiters.PassReading(lock.word);
  if (next == nullptr) return;
  ResumeAll(next);
  if (table != nullptr && tag != 0) table->saw_waiters(tag, ticks);
}

void BeginCoroutineWait(CoroutineRecord& coroutine,
                        const CoroutineWait& wait) noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      coroutine.actor == 0 ? nullptr : runtime::Recording();
  if (table != nullptr) table->begin_coroutine_wait(coroutine, wait);
}

void CoroutinesAreLeft(CoroutineRecord* const* coroutines,
                       size_t count) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->coroutines_are_left(coroutines, count);
  }
}

bool IsCoroutineWaitToFail(uint32_t actor, bool can_fail) noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      actor == 0 ? nullptr : runtime::Recording();
  return table != nullptr && table->is_coroutine_wait_to_fail(actor, can_fail);
}

void EndCoroutineLockWait(CoroutineRecord& coroutine, LockState& lock, How how,
                          bool reads, uint32_t site,
                          CoroutineOutcome outcome) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->end_coroutine_lock_wait(coroutine, lock, how, reads, site, outcome);
  }
}

void BeginCoroutineSignalWait(CoroutineRecord& coroutine, const Waiter& waiter,
                              bool timed) noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      coroutine.actor == 0 ? nullptr : runtime::Recording();
  if (table != nullptr) {
    table->begin_coroutine_signal_wait(waiter, timed || coroutine.gives_up);
  }
  coroutine.await_site = waiter.site;
  coroutine.waits = true;
}

void EndCoroutineSignalWait(CoroutineRecord& coroutine,
                            CoroutineOutcome outcome) noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      coroutine.actor == 0 ? nullptr : runtime::Recording();
  if (table != nullptr) table->end_coroutine_signal_wait(coroutine, outcome);
}

uint32_t BeginCoroutineJoin(uint32_t actor, SiteSlot* slot,
                            Caller caller) noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      actor == 0 ? nullptr : runtime::Recording();
  const uint32_t site =
      table == nullptr ? 0 : table->begin_coroutine_join(actor, slot, caller);
  AwaitsAt(site);
  return site;
}

void EndCoroutineJoin(CoroutineRecord& coroutine, uint32_t actor,
                      bool has_ended) noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      actor == 0 ? nullptr : runtime::Recording();
  if (table != nullptr) table->end_coroutine_join(coroutine, actor, has_ended);
}

void ThrowCoroutineDeadlock() {
  throw std::system_error(
      std::make_error_code(std::errc::resource_deadlock_would_occur),
      "lockcheck: this wait closes a deadlock");
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

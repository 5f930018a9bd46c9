#include "instrument/runtime/process_lock.h"

#include <errno.h>

#include "instrument/runtime/across.h"
#include "instrument/runtime/entry.h"
#include "instrument/runtime/holding.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/misuse.h"
#include "instrument/runtime/objects.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/process_guard.h"
#include "instrument/runtime/process_identity.h"
#include "instrument/runtime/process_record.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/reporter.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/wait.h"
#include "instrument/runtime/waiting.h"
#include "lockcheck/internal/process_hooks.h"
#include "lockcheck/internal/segment.h"

namespace lockcheck::runtime {
namespace {

using internal::kOwnerMask;
using internal::kWaiters;
using log::Op;

void NameLock(Message& m, const ProcessRecord& lock) {
  if (lock.made_name[0] != 0) {
    m << "\"" << lock.made_name << "\"";
  } else {
    m << "the lock made at " << lock.made_file << ":"
      << uint64_t{lock.made_line};
  }
}

// Told by the kernel, so it is certain; who it was is known if it was recorded.
// Once for each lock in each process.
void SayOwnerDied(const ProcessRecord& lock, uint32_t owner) {
  static GrowingSet said;
  if (!said.Insert(lock.number)) return;
  Message m;
  m << "hazard owner-died: ";
  NameLock(m, lock);
  m << " is had from ";
  if (owner != 0) {
    m << "A" << uint64_t{owner} << ", which died while it had it";
  } else {
    m << "an owner that died while it had it";
  }
}

void NoteOwnerDied(Thread* t, const ProcessRecord& lock,
                   const LockState& record) {
  const uint32_t owner =
      &record == &lock
          ? record.word.load(std::memory_order_relaxed) & kOwnerMask
          : 0;
  const Keep keep(t);
  Begin(t, 4)
      .U64(uint64_t{owner} << 32 | ObjectId(record))
      .End(Op::kNote, static_cast<uint32_t>(log::NoteKind::kOwnerDied));
  SayOwnerDied(lock, owner);
}

// The guard is had by the thread, which is busy.
void TakeRecord(Thread* t, const LockRequest& request, uint32_t site) {
  ProcessRecord& lock = *request.process;
  SharedState* const record = RecordOf(t, lock, site, !request.reads);
  if (record == nullptr) return;
  if (IsTold(lock)) NoteOwnerDied(t, lock, *record);
  if (request.reads) {
    // So it stays until somebody writes.
    record->word.store(internal::kReading, std::memory_order_relaxed);
    TakenShared(t, *record, site, request.how, request.group);
  } else {
    record->word.store(t->hot.actor, std::memory_order_relaxed);
    Taken(t, *record, site, request.how, request.group);
  }
}

bool IsMineAlone(Thread* t, const LockState& record) {
  return Owner(record) == t->hot.actor;
}

// Whether this thread would wait for itself. Who reads may read again.
bool HasItself(Thread* t, const LockRequest& request) {
  const LockState& record = *request.lock;
  return IsMineAlone(t, record) ||
         (IsShared(*request.process) && !request.reads &&
          FindHold(t, ObjectId(record)) != SIZE_MAX);
}

void WriteTryFailed(Thread* t, const LockRequest& request, uint32_t site) {
  Begin(t, 3)
      .Word(ObjectId(*request.lock))
      .Word(site)
      .End(Op::kTryFailed, static_cast<uint32_t>(request.how));
}

MisuseReport Misused(model::Misuse misuse, const ProcessRecord& lock,
                     uint32_t object, uint32_t site, uint32_t owner,
                     SiteSlot* slot, Caller caller) {
  return {misuse,         object,
          site,           owner,
          nullptr,        slot,
          caller,         lock.made_name[0] != 0 ? lock.made_name : nullptr,
          lock.made_file, lock.made_line};
}

Got WaitFor(Thread* t, const LockRequest& request, uint32_t site) {
  switch (RecordedWait(t, request, site)) {
    case WaitEnd::kTaken:
      TakeRecord(t, request, site);
      return Got::kLock;
    case WaitEnd::kTimedOut:
      return Got::kNothing;
    case WaitEnd::kNotRecoverable:
      return Got::kNotRecoverable;
    case WaitEnd::kDeadlock:
      break;
  }
  return Got::kDeadlock;
}

Got LockOwn(Thread* t, const LockRequest& request, uint32_t site) {
  if (!MayBlock(request)) {
    WriteTryFailed(t, request, site);
    return Got::kNothing;
  }
  if (request.how != How::kTimed) {
    ReportMisuse(t, Misused(model::Misuse::kSelfLock, *request.process,
                            ObjectId(*request.lock), site, t->hot.actor,
                            request.slot, request.caller));
  }
  return WaitFor(t, request, site);
}

Got LockOther(Thread* t, const LockRequest& request, uint32_t site) {
  // What may be written while the lock is held finds its room now.
  Room(t, 2 * kSlackWords);
  const int result = TryGuard(*request.process, request.reads);
  if (HasTaken(*request.process, result)) {
    TakeRecord(t, request, site);
    return Got::kLock;
  }
  if (result == ENOTRECOVERABLE && MayBlock(request)) {
    return Got::kNotRecoverable;
  }
  if (MayBlock(request)) return WaitFor(t, request, site);
  WriteTryFailed(t, request, site);
  return Got::kNothing;
}

void WriteUnlock(Thread* t, LockState& record) {
  WriteRelease(t, ObjectId(record));
  record.word.store(0, std::memory_order_relaxed);
}

// Whose it is, as far as that is known.
int UnlockNotMine(Thread* t, ProcessRecord& lock, LockState* record,
                  SiteSlot* slot, Caller caller) {
  const uint32_t site = SiteId(t, slot, caller);
  if (record == nullptr || Tag(*record) == 0) {
    record = RecordOf(t, lock, site, false);
  }
  if (record == nullptr) return PlainProcessUnlock(lock);
  const bool is_free = !IsHeld(lock);
  // A thread that was not recorded when it took the lock may be now.
  const int result = is_free ? 0 : PlainProcessUnlock(lock);
  if (is_free || result != 0) {
    ReportMisuse(t, Misused(is_free ? model::Misuse::kUnlockFree
                                    : model::Misuse::kUnlockByOther,
                            lock, ObjectId(*record), site,
                            is_free ? 0 : Owner(*record), slot, caller));
  }
  return result;
}

}  // namespace

void TakenPlain(ProcessRecord& lock, bool reads) {
  // The inner levels of a recursive one are recorded, if the outermost is.
  if (reads || (!IsShared(lock) && Exclusive(lock).guard.Depth() > 1)) return;
  lock.word.store(0, std::memory_order_relaxed);
}

Round ProcessRound(const LockRequest& request, const Deadline* deadline) {
  ProcessRecord& lock = *request.process;
  std::atomic<uint32_t>& word = request.lock->word;
  // For its release to see.
  uint32_t seen = word.load(std::memory_order_relaxed);
  while (seen != 0 && (seen & kWaiters) == 0 &&
         !word.compare_exchange_weak(seen, seen | kWaiters,
                                     std::memory_order_relaxed)) {
  }
  const int result = AwaitGuard(lock, request.reads, deadline);
  return HasTaken(lock, result)      ? Round::kTaken
         : result == ENOTRECOVERABLE ? Round::kNotRecoverable
                                     : Round::kTimedOut;
}

bool LastProcessTry(const LockRequest& request) {
  ProcessRecord& lock = *request.process;
  return HasTaken(lock, TryGuard(lock, request.reads));
}

namespace {

// Of a recursive lock that this thread has.
Got TakeAgain(ProcessState& lock) {
  return lock.guard.TryLock() == 0 ? Got::kLock : Got::kNothing;
}

}  // namespace

Got DoLockProcess(const LockRequest& asked) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return PlainProcessRequest(asked);
  LockRequest request = asked;
  bool new_site = false;
  const uint32_t site = SiteId(t, request.slot, request.caller, &new_site);
  request.lock = RecordOf(t, *request.process, site, false);
  if (request.lock == nullptr) {
    Leave(t);
    return PlainProcessRequest(asked);
  }
  Got got;
  if (IsRecursive(request.kind) && IsMineAlone(t, *request.lock)) {
    got = TakeAgain(Exclusive(*request.process));
  } else if (HasItself(t, request)) {
    got = LockOwn(t, request, site);
  } else {
    if (request.group == 0) {
      NoteRequest(t, *request.lock, site, new_site, request.slot,
                  request.caller);
    }
    if (t->live) NoteOrder(t, request, site);
    got = LockOther(t, request, site);
    AnnounceIfClosing(t);
  }
  Leave(t);
  return got;
}

void DoTakenProcess(ProcessRecord& lock, SiteSlot* slot, Caller caller,
                    int result) {
  const KeepErrno keep_errno;
  HasTaken(lock, result);
  Thread* const t = Enter();
  if (t == nullptr) return TakenPlain(lock, false);
  LockRequest request{&lock,  lock.kind, How::kBlocking, slot,
                      caller, 0,         nullptr};
  request.process = &lock;
  TakeRecord(t, request, SiteId(t, slot, caller));
  Leave(t);
}

int DoUnlockProcess(ProcessRecord& lock, SiteSlot* slot, Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return PlainProcessUnlock(lock);
  LockState* const record = KnownRecordOf(t, lock);
  if (record == nullptr || !IsMineAlone(t, *record)) {
    const int result = UnlockNotMine(t, lock, record, slot, caller);
    Leave(t);
    return result;
  }
  if (IsRecursive(lock.kind) && Exclusive(lock).guard.Depth() > 1) {
    Leave(t);
    return PlainProcessUnlock(lock);
  }
  const uint32_t tag = Tag(*record);
  const bool waited =
      (record->word.load(std::memory_order_relaxed) & kWaiters) != 0;
  WriteUnlock(t, *record);
  if (waited) Begin(t, 4).Word(tag >> 3).U64(Ticks()).End(Op::kSawWaiters);
  Leave(t);
  return PlainProcessUnlock(lock);
}

void DoUnlockSharedProcess(ProcessSharedState& lock, SiteSlot* slot,
                           Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) {
    lock.guard.UnlockShared();
    return;
  }
  LockState* const record = KnownRecordOf(t, lock);
  const size_t index = record == nullptr || Tag(*record) == 0
                           ? SIZE_MAX
                           : FindHold(t, ObjectId(*record));
  if (index != SIZE_MAX && IsRead(t->kept().hot.holds[index])) {
    CloseHold(t, index);
    Leave(t);
    lock.guard.UnlockShared();
    return;
  }
  const uint32_t site = SiteId(t, slot, caller);
  const bool held = IsHeld(lock);
  const SharedState* const its = RecordOf(t, lock, site, false);
  if (its == nullptr) {
    // Nothing is known of it, nor was when it was taken.
    lock.guard.UnlockShared();
  } else {
    const uint32_t reader = its->last_reader.load(std::memory_order_relaxed);
    const uint32_t owner = Owner(*its) != 0 ? Owner(*its) : reader;
    ReportMisuse(
        t, Misused(held ? model::Misuse::kUnlockByOther
                        : model::Misuse::kUnlockFree,
                   lock, ObjectId(*its), site, held ? owner : 0, slot, caller));
  }
  Leave(t);
}

void DoDestroyProcess(ProcessRecord& lock) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t != nullptr) {
    LockState* const record = KnownRecordOf(t, lock);
    if (record != nullptr && Tag(*record) != 0) {
      const uint32_t object = ObjectId(*record);
      const uint32_t site =
          SiteOfTag(record->holder_site.load(std::memory_order_relaxed));
      const bool held = IsHeld(lock);
      const auto report = [&](model::Misuse misuse) {
        ReportMisuse(t, Misused(misuse, lock, object, site, Owner(*record),
                                nullptr, {}));
      };
      if (IsWaitedFor(*record)) report(model::Misuse::kDestroyWaited);
      if (held) report(model::Misuse::kDestroyHeld);
      if (held && FindHold(t, object) != SIZE_MAX) WriteUnlock(t, *record);
      ObjectIsGone(t, object, held);
    }
    Leave(t);
  }
  ForgetRecord(lock);
}

Got PlainProcessRequest(const LockRequest& request) {
  ProcessRecord& lock = *request.process;
  int result = TryGuard(lock, request.reads);
  if (result != 0 && result != EOWNERDEAD && MayBlock(request)) {
    result = AwaitGuard(lock, request.reads, request.deadline);
  }
  if (HasTaken(lock, result)) {
    TakenPlain(lock, request.reads);
    return Got::kLock;
  }
  return result == ENOTRECOVERABLE && MayBlock(request) ? Got::kNotRecoverable
                                                        : Got::kNothing;
}

int PlainProcessUnlock(ProcessRecord& lock) { return LeaveGuard(lock); }

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

using runtime::Table;
using runtime::Unseen;

ProcessRecord::ProcessRecord(LockKind its_kind, const char* called,
                             source_location where) noexcept
    : SharedState(nullptr, where),
      number(runtime::NewNumber()),
      made_line(where.line()),
      kind(its_kind) {
  file = nullptr;
  if (runtime::Recording() != nullptr) runtime::ShowWaitsAcross();
  runtime::CopyNames({called, where.file_name()}, made_name, made_file);
}

void UseLocksOfOthers() noexcept {
  const Unseen unseen;
  if (runtime::Recording() != nullptr) runtime::ShowWaitsAcross();
}

namespace {

void Destroy(ProcessRecord& lock) {
  const Unseen unseen;
  if (const Table* const table = runtime::Recording()) {
    table->destroy_process(lock);
  }
}

}  // namespace

ProcessState::~ProcessState() { Destroy(*this); }
ProcessSharedState::~ProcessSharedState() { Destroy(*this); }

void UnlockProcessUncommon(ProcessRecord& lock, SiteSlot* slot, Caller caller) {
  const Unseen unseen;
  const Table* const table = runtime::Recording();
  const int error = table != nullptr ? table->unlock_process(lock, slot, caller)
                                     : runtime::PlainProcessUnlock(lock);
  if (error != 0) UnlockProcessFailed(lock, error);
}

void UnlockProcessFailed(ProcessRecord& lock, int error) {
  // Of a free lock: nothing, as for any other.
  if (!runtime::IsHeld(lock)) return;
  ThrowRobust(error,
              "lockcheck: lock between processes unlocked by a thread that "
              "does not own it");
}

// What the record says the kernel knows, too; but that is not so if the thread
// was not recorded when it released the lock.
bool TakeProcessAgain(ProcessState& lock) noexcept {
  if (lock.guard.TryLock() != 0) return false;
  if (lock.guard.Depth() > 1) return true;
  lock.guard.Unlock();
  return false;
}

bool LeaveProcessLevel(ProcessState& lock) noexcept {
  return lock.guard.Depth() > 1 && lock.guard.Unlock() == 0;
}

void UnlockSharedProcessUncommon(ProcessSharedState& lock, SiteSlot* slot,
                                 Caller caller) noexcept {
  const Unseen unseen;
  if (const Table* const table = runtime::Recording()) {
    table->unlock_shared_process(lock, slot, caller);
  } else {
    lock.guard.UnlockShared();
  }
}

void TakenProcessUncommon(ProcessState& lock, SiteSlot* slot, Caller caller,
                          int result) noexcept {
  const Unseen unseen;
  if (const Table* const table = runtime::Recording()) {
    table->taken_process(lock, slot, caller, result);
  } else {
    runtime::HasTaken(lock, result);
    runtime::TakenPlain(lock, false);
  }
}

void ReleasingProcess(uint32_t tag) noexcept {
  const Unseen unseen;
  if (const Table* const table = runtime::Recording()) {
    table->saw_waiters(tag, runtime::Ticks());
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

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

bool IsTaken(int result) { return result == 0 || result == EOWNERDEAD; }

// The guard is had.
void Adopt(ProcessState& lock, int result) {
  if (result == EOWNERDEAD) lock.owner_died = true;
}

int Sleep(ProcessState& lock, const Deadline* deadline) {
  return deadline == nullptr ? lock.guard.Lock()
                             : lock.guard.LockUntil(*deadline);
}

void NameLock(Message& m, const ProcessState& lock) {
  if (lock.made_name[0] != 0) {
    m << "\"" << lock.made_name << "\"";
  } else {
    m << "the lock made at " << lock.made_file << ":"
      << uint64_t{lock.made_line};
  }
}

// Told by the kernel, so it is certain; who it was is known if it was recorded.
// Once for each lock in each process.
void SayOwnerDied(const ProcessState& lock, uint32_t owner) {
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

void NoteOwnerDied(Thread* t, const ProcessState& lock,
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
  ProcessState& lock = *request.process;
  LockState* const record = RecordOf(t, lock, site, true);
  if (record == nullptr) return;
  const bool died = lock.owner_died;
  if (died) NoteOwnerDied(t, lock, *record);
  record->word.store(t->hot.actor, std::memory_order_relaxed);
  Taken(t, *record, site, request.how, request.group);
}

bool IsMineAlone(Thread* t, const LockState& record) {
  return Owner(record) == t->hot.actor;
}

void WriteTryFailed(Thread* t, const LockRequest& request, uint32_t site) {
  Begin(t, 3)
      .Word(ObjectId(*request.lock))
      .Word(site)
      .End(Op::kTryFailed, static_cast<uint32_t>(request.how));
}

MisuseReport Misused(model::Misuse misuse, const ProcessState& lock,
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
  const int result = request.process->guard.TryLock();
  if (IsTaken(result)) {
    Adopt(*request.process, result);
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
int UnlockNotMine(Thread* t, ProcessState& lock, LockState* record,
                  SiteSlot* slot, Caller caller) {
  const uint32_t site = SiteId(t, slot, caller);
  if (record == nullptr || Tag(*record) == 0) {
    record = RecordOf(t, lock, site, false);
  }
  if (record == nullptr) return PlainProcessUnlock(lock);
  const bool is_free = lock.guard.OwnerTid() == 0;
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

void TakenPlain(ProcessState& lock, int result) {
  Adopt(lock, result);
  lock.word.store(0, std::memory_order_relaxed);
}

Round ProcessRound(const LockRequest& request, const Deadline* deadline) {
  ProcessState& lock = *request.process;
  std::atomic<uint32_t>& word = request.lock->word;
  // For its release to see.
  uint32_t seen = word.load(std::memory_order_relaxed);
  while (seen != 0 && (seen & kWaiters) == 0 &&
         !word.compare_exchange_weak(seen, seen | kWaiters,
                                     std::memory_order_relaxed)) {
  }
  const int result = Sleep(lock, deadline);
  Adopt(lock, IsTaken(result) ? result : 0);
  return IsTaken(result)             ? Round::kTaken
         : result == ENOTRECOVERABLE ? Round::kNotRecoverable
                                     : Round::kTimedOut;
}

bool LastProcessTry(const LockRequest& request) {
  const int result = request.process->guard.TryLock();
  if (IsTaken(result)) Adopt(*request.process, result);
  return IsTaken(result);
}

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
  if (IsMineAlone(t, *request.lock)) {
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

void DoTakenProcess(ProcessState& lock, SiteSlot* slot, Caller caller,
                    int result) {
  const KeepErrno keep_errno;
  Adopt(lock, result);
  Thread* const t = Enter();
  if (t == nullptr) return TakenPlain(lock, result);
  LockRequest request{
      &lock, LockKind::kProcessMutex, How::kBlocking, slot, caller, 0, nullptr};
  request.process = &lock;
  TakeRecord(t, request, SiteId(t, slot, caller));
  Leave(t);
}

int DoUnlockProcess(ProcessState& lock, SiteSlot* slot, Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return PlainProcessUnlock(lock);
  LockState* const record = KnownRecordOf(t, lock);
  if (record == nullptr || !IsMineAlone(t, *record)) {
    const int result = UnlockNotMine(t, lock, record, slot, caller);
    Leave(t);
    return result;
  }
  const uint32_t tag = Tag(*record);
  const bool waited =
      (record->word.load(std::memory_order_relaxed) & kWaiters) != 0;
  WriteUnlock(t, *record);
  if (waited) Begin(t, 4).Word(tag >> 3).U64(Ticks()).End(Op::kSawWaiters);
  Leave(t);
  return PlainProcessUnlock(lock);
}

void DoDestroyProcess(ProcessState& lock) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t != nullptr) {
    LockState* const record = KnownRecordOf(t, lock);
    if (record != nullptr && Tag(*record) != 0) {
      const uint32_t object = ObjectId(*record);
      const uint32_t site =
          SiteOfTag(record->holder_site.load(std::memory_order_relaxed));
      const bool held = lock.guard.OwnerTid() != 0;
      const auto report = [&](model::Misuse misuse) {
        ReportMisuse(t, Misused(misuse, lock, object, site, Owner(*record),
                                nullptr, {}));
      };
      if (IsWaitedFor(*record)) report(model::Misuse::kDestroyWaited);
      if (held) report(model::Misuse::kDestroyHeld);
      if (held && IsMineAlone(t, *record)) WriteUnlock(t, *record);
      ObjectIsGone(t, object, held);
    }
    Leave(t);
  }
  ForgetRecord(lock);
}

Got PlainProcessRequest(const LockRequest& request) {
  ProcessState& lock = *request.process;
  int result = lock.guard.TryLock();
  if (!IsTaken(result) && MayBlock(request)) {
    result = Sleep(lock, request.deadline);
  }
  if (IsTaken(result)) {
    TakenPlain(lock, result);
    return Got::kLock;
  }
  return result == ENOTRECOVERABLE && MayBlock(request) ? Got::kNotRecoverable
                                                        : Got::kNothing;
}

int PlainProcessUnlock(ProcessState& lock) { return lock.guard.Unlock(); }

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

using runtime::Table;
using runtime::Unseen;

}  // namespace

ProcessState::ProcessState(const char* called, source_location where) noexcept
    : LockState(nullptr, where),
      made_line(where.line()),
      number(runtime::NewNumber()) {
  file = nullptr;
  if (runtime::Recording() != nullptr) runtime::ShowWaitsAcross();
  runtime::CopyNames({called, where.file_name()}, made_name, made_file);
  NoteLockOfSegment(&guard, made_name[0] != 0 ? made_name : nullptr);
}

void UseLocksOfOthers() noexcept {
  const Unseen unseen;
  if (runtime::Recording() != nullptr) runtime::ShowWaitsAcross();
}

ProcessState::~ProcessState() {
  const Unseen unseen;
  if (const Table* const table = runtime::Recording()) {
    table->destroy_process(*this);
  }
}

void UnlockProcessUncommon(ProcessState& lock, SiteSlot* slot, Caller caller) {
  const Unseen unseen;
  const Table* const table = runtime::Recording();
  const int error = table != nullptr ? table->unlock_process(lock, slot, caller)
                                     : runtime::PlainProcessUnlock(lock);
  if (error != 0) UnlockProcessFailed(lock, error);
}

void UnlockProcessFailed(const ProcessState& lock, int error) {
  // Of a free lock: nothing, as for any other.
  if (lock.guard.OwnerTid() == 0) return;
  ThrowRobust(error,
              "lockcheck: process::mutex unlocked by a thread that does not "
              "own it");
}

void TakenProcessUncommon(ProcessState& lock, SiteSlot* slot, Caller caller,
                          int result) noexcept {
  const Unseen unseen;
  if (const Table* const table = runtime::Recording()) {
    table->taken_process(lock, slot, caller, result);
  } else {
    runtime::TakenPlain(lock, result);
  }
}

void ReleasingProcess(uint32_t tag) noexcept {
  const Unseen unseen;
  if (const Table* const table = runtime::Recording()) {
    table->saw_waiters(tag, runtime::Ticks());
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

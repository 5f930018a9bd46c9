// The lock operations that the hot path leaves to the runtime, recorded.

#include <errno.h>

#include <cstring>

#include "instrument/runtime/across.h"
#include "instrument/runtime/coroutine.h"
#include "instrument/runtime/coroutine_hazard.h"
#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/exit.h"
#include "instrument/runtime/fork.h"
#include "instrument/runtime/gil.h"
#include "instrument/runtime/held_across.h"
#include "instrument/runtime/holding.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/misuse.h"
#include "instrument/runtime/objects.h"
#include "instrument/runtime/order_key.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/plain_shared.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/process_lock.h"
#include "instrument/runtime/process_semaphore.h"
#include "instrument/runtime/process_shadow.h"
#include "instrument/runtime/quiescence.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/region.h"
#include "instrument/runtime/reporter.h"
#include "instrument/runtime/semaphore.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/task.h"
#include "instrument/runtime/wait.h"
#include "instrument/runtime/wait_records.h"
#include "instrument/runtime/waiting.h"
#include "lockcheck/shared_mutex.h"

namespace lockcheck::runtime {

using internal::kOwnerMask;
using internal::kReading;
using internal::kWaiters;
using internal::RecursiveState;
using internal::ReleasedToWaiters;
using internal::WriterReleased;
using log::Op;

// Table and internal both need the numbers of model::ObjectKind.
static_assert(static_cast<uint8_t>(LockKind::kMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kMutex));
static_assert(static_cast<uint8_t>(LockKind::kRecursiveTimedMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kRecursiveTimedMutex));
static_assert(static_cast<uint8_t>(LockKind::kSharedTimedMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kSharedTimedMutex));
static_assert(static_cast<uint8_t>(LockKind::kGil) ==
              static_cast<uint8_t>(model::ObjectKind::kGil));
static_assert(static_cast<uint8_t>(LockKind::kOnceFlag) ==
              static_cast<uint8_t>(model::ObjectKind::kOnceFlag));
static_assert(static_cast<uint8_t>(LockKind::kCoroutineMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kCoroutineMutex));
static_assert(static_cast<uint8_t>(LockKind::kCoroutineSharedMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kCoroutineSharedMutex));
static_assert(static_cast<uint8_t>(LockKind::kProcessMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kProcessMutex));
static_assert(static_cast<uint8_t>(LockKind::kProcessRecursiveMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kProcessRecursiveMutex));
static_assert(static_cast<uint8_t>(LockKind::kProcessSharedMutex) ==
              static_cast<uint8_t>(model::ObjectKind::kProcessSharedMutex));
static_assert(static_cast<uint8_t>(How::kTry) ==
              static_cast<uint8_t>(model::How::kTry));
static_assert(static_cast<uint8_t>(How::kTimed) ==
              static_cast<uint8_t>(model::How::kTimed));
static_assert(static_cast<uint8_t>(How::kMulti) ==
              static_cast<uint8_t>(model::How::kMulti));

namespace {

uint32_t& DepthOf(LockState& lock) {
  return static_cast<RecursiveState&>(lock).depth;
}

// ---- Taking -----------------------------------------------------------------

void Taken(Thread* t, const LockRequest& request, uint32_t site) {
  if (request.reads) {
    TakenShared(t, static_cast<SharedState&>(*request.lock), site, request.how,
                request.group);
  } else {
    Taken(t, *request.lock, site, request.how, request.group);
  }
}

bool TakeNow(Thread* t, const LockRequest& request) {
  if (IsOfCoroutines(request.kind)) {
    return TakeCoroutines(request, t->hot.actor);
  }
  if (!request.reads) return TryTake(*request.lock, t->hot.actor);
  return TryRead(static_cast<SharedState&>(*request.lock), 0);
}

void WriteTryFailed(Thread* t, const LockRequest& request, uint32_t site) {
  Begin(t, 3)
      .Word(ObjectId(*request.lock))
      .Word(site)
      .End(Op::kTryFailed, static_cast<uint32_t>(request.how));
}

Got WaitFor(Thread* t, const LockRequest& request, uint32_t site) {
  if (request.must_wait_at != nullptr) {
    WriteBlock(t, request, site);
    *request.must_wait_at = site;
    return Got::kMustWait;
  }
  switch (RecordedWait(t, request, site)) {
    case WaitEnd::kTaken:
      Taken(t, request, site);
      return Got::kLock;
    case WaitEnd::kTimedOut:
      return Got::kNothing;
    case WaitEnd::kDeadlock:
    case WaitEnd::kNotRecoverable:
      break;
  }
  return Got::kDeadlock;
}

// The lock is owned by this thread already.
Got LockOwn(Thread* t, const LockRequest& request, uint32_t site) {
  LockState& lock = *request.lock;
  if (IsRecursive(request.kind)) {
    if (DepthOf(lock) == UINT32_MAX) return Got::kNothing;
    ++DepthOf(lock);
    return Got::kLock;
  }
  if (request.how == How::kTry ||
      (request.how == How::kMulti && request.tries)) {
    WriteTryFailed(t, request, site);
    return Got::kNothing;
  }
  // What a suspended coroutine has that this thread carried, with mode=live.
  const bool is_others = LiveHolder(ObjectId(lock)) != 0;
  if (request.how != How::kTimed && !is_others) {
    ReportMisuse(t, {model::Misuse::kSelfLock, ObjectId(lock), site,
                     t->hot.actor, &lock, request.slot, request.caller});
  }
  return WaitFor(t, request, site);
}

// Whether the request is for a lock that this thread has already, in a way that
// does not go together. Who reads may read again.
bool HasItself(Thread* t, const LockRequest& request) {
  LockState& lock = *request.lock;
  if (!IsShared(request.kind)) return Owner(lock) != 0 && IsMine(t, lock);
  const uint32_t word = lock.word.load(std::memory_order_relaxed);
  if ((word & kReading) == 0) return IsMine(t, lock);
  return !request.reads && FindHold(t, ObjectId(lock)) != SIZE_MAX;
}

// Of a thread that is not recorded.
bool LockUnrecorded(const LockRequest& request) {
  if (IsShared(request.kind)) {
    return PlainSharedRequest(request, UnrecordedOwner());
  }
  return PlainLock(request, UnrecordedOwner());
}

// The same of a coroutine's lock, which no thread sleeps for.
Got LockUnrecordedCoroutines(const LockRequest& request) {
  if (TakeCoroutines(request, UnrecordedOwner())) return Got::kLock;
  if (request.must_wait_at == nullptr) return Got::kNothing;
  *request.must_wait_at = 0;
  return Got::kMustWait;
}

// The lock is not this thread's.
Got LockOther(Thread* t, const LockRequest& request, uint32_t site) {
  // What may be written while the lock is held finds its room now.
  Room(t, 2 * kSlackWords);
  if (TakeNow(t, request)) {
    Taken(t, request, site);
    return Got::kLock;
  }
  if (MayBlock(request)) return WaitFor(t, request, site);
  WriteTryFailed(t, request, site);
  return Got::kNothing;
}

Got DoLock(const LockRequest& asked) {
  if (asked.process != nullptr) return DoLockProcess(asked);
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  LockState& lock = *asked.lock;
  if (t == nullptr) {
    if (IsOfCoroutines(asked.kind)) {
      return LockUnrecordedCoroutines(asked);
    }
    const bool taken = LockUnrecorded(asked);
    return taken ? Got::kLock : Got::kNothing;
  }
  LockRequest request = asked;
  if (t->live && IsOfCoroutines(request.kind)) {
    const Got got = LockLiveCoroutines(t, request);
    Leave(t);
    return got;
  }
  // The request itself may write before it waits.
  request.again |= t->after_wait == t->hot.cursor;
  bool new_site = false;
  const uint32_t site = SiteId(t, request.slot, request.caller, &new_site);
  if (Tag(lock) == 0) RegisterLock(t, lock, request.kind, site);
  Got got;
  if (__builtin_expect(HasItself(t, request), false)) {
    got = LockOwn(t, request, site);
  } else {
    if (request.group == 0) {
      NoteRequest(t, lock, site, new_site, request.slot, request.caller);
    }
    if (t->live) NoteOrder(t, request, site);
    got = LockOther(t, request, site);
    AnnounceIfClosing(t);
  }
  Leave(t);
  return got;
}

// The lock's word was taken and nothing else was done; the gate is shut, unless
// a signal handler forked meanwhile and this is the child.
void DoTaken(LockState& lock, SiteSlot* slot) {
  const KeepErrno keep_errno;
  Thread* t = Current();
  if (t->magic == 0) {
    Leave(t);
    t = Enter();
    // The owner is the parent's actor; see IsMine().
    if (t == nullptr) return;
  }
  const uint32_t site =
      SiteOfTag(__atomic_load_n(&slot->tag, __ATOMIC_RELAXED));
  if (t->notes_wanted && HoldCount(t) == 0) {
    NoteOrder(t, {&lock, {}, How::kBlocking, slot, {}, 0, nullptr}, site);
  }
  Taken(t, lock, site, How::kBlocking, 0);
  AnnounceIfClosing(t);
  Leave(t);
}

// ---- Releasing --------------------------------------------------------------

void FreeOf(LockState& lock, LockKind kind) {
  if (IsOfCoroutines(kind)) {
    internal::HandOver(lock, 0);
  } else if (IsShared(kind)) {
    PlainWriteUnlock(static_cast<SharedState&>(lock));
  } else {
    Free(lock);
  }
}

bool UnlockNotMine(Thread* t, LockState& lock, LockKind kind, uint32_t site,
                   SiteSlot* slot, Caller caller) {
  // A lock that was never taken has no id yet, and the report needs its name.
  if (Tag(lock) == 0) RegisterLock(t, lock, kind, site);
  const uint32_t owner = Owner(lock);
  if (owner == 0) {
    // Another thread may have unlocked what this one still counts as held.
    DropStaleHold(t, ObjectId(lock));
    ReportMisuse(t, {model::Misuse::kUnlockFree, ObjectId(lock), site, 0, &lock,
                     slot, caller});
    return true;
  }
  if (owner == UnrecordedOwner()) {
    FreeOf(lock, kind);
    return true;
  }
  ReportMisuse(t, {model::Misuse::kUnlockByOther, ObjectId(lock), site, owner,
                   &lock, slot, caller});
  if (IsRecursive(kind)) return false;
  NoteUnlockedByOther();
  DropStaleHold(t, ObjectId(lock));
  // Whoever takes it next must not be recognized as its last owner.
  lock.last_actor |= kWaiters;
  FreeOf(lock, kind);
  return true;
}

// The end of a reading; false: this thread reads nothing, which is reported.
bool CloseReading(Thread* t, SharedState& lock, SiteSlot* slot, Caller caller) {
  const uint32_t tag = Tag(lock);
  const bool read = (lock.word.load(std::memory_order_relaxed) & kReading) != 0;
  const size_t index = tag == 0 ? SIZE_MAX : FindHold(t, tag >> 3);
  if (read && index != SIZE_MAX) {
    CloseHold(t, index);
    return true;
  }
  const uint32_t site = SiteId(t, slot, caller);
  const uint32_t reader = lock.last_reader.load(std::memory_order_relaxed);
  ReportMisuse(
      t, {read ? model::Misuse::kUnlockByOther : model::Misuse::kUnlockFree,
          tag >> 3, site, read ? reader : Owner(lock), &lock, slot, caller});
  return false;
}

void DoUnlockShared(LockState& base, SiteSlot* slot, Caller caller) {
  const KeepErrno keep_errno;
  auto& lock = static_cast<SharedState&>(base);
  Thread* const t = Enter();
  if (t == nullptr) {
    // It may be what the thread held when it was still recorded.
    NoteUnlockedByOther();
    PlainReadUnlock(lock);
    return;
  }
  const uint32_t tag = Tag(lock);
  const bool read = CloseReading(t, lock, slot, caller);
  Leave(t);
  if (read && StopReading(lock)) WriterReleased(lock, tag);
}

bool DoStopReading(LockState& lock, SiteSlot* slot, Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) {
    NoteUnlockedByOther();
    return true;
  }
  const bool read =
      t->live || CloseReading(t, static_cast<SharedState&>(lock), slot, caller);
  Leave(t);
  return read;
}

bool DoUnlock(LockState& lock, LockKind kind, SiteSlot* slot, Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) {
    FreeOf(lock, kind);
    return true;
  }
  bool permitted = true;
  if (t->live && IsOfCoroutines(kind)) {
    Leave(t);
    internal::HandOver(lock, 0);
  } else if (__builtin_expect(!IsMine(t, lock), false)) {
    const uint32_t site = SiteId(t, slot, caller);
    permitted = UnlockNotMine(t, lock, kind, site, slot, caller);
    Leave(t);
  } else if (IsRecursive(kind) && DepthOf(lock) != 0) {
    --DepthOf(lock);
    Leave(t);
  } else {
    const uint32_t tag = Tag(lock);
    WriteRelease(t, tag >> 3);
    Leave(t);
    if (IsOfCoroutines(kind)) {
      internal::HandOver(lock, tag);
    } else if (lock.word.exchange(0, std::memory_order_seq_cst) & kWaiters) {
      IsShared(kind) ? WriterReleased(lock, tag) : ReleasedToWaiters(lock, tag);
    }
  }
  return permitted;
}

// The waker has nothing more to say about the lock: it may be gone when the
// waiter has taken and released it.
void DoSawWaiters(uint32_t tag, uint64_t ticks) {
  const KeepErrno keep_errno;
  if (Thread* const t = Enter()) {
    Begin(t, 4).Word(tag >> 3).U64(ticks).End(Op::kSawWaiters);
    Leave(t);
  }
}

// Not of what a forked child inherited from its parent's other threads.
void ReportDestroyed(Thread* t, LockState& lock, LockKind kind) {
  const uint32_t object = ObjectId(lock);
  const uint32_t word = lock.word.load(std::memory_order_relaxed);
  const bool read = IsShared(kind) && (word & kReading) != 0;
  const uint32_t owner = read
                             ? static_cast<SharedState&>(lock).last_reader.load(
                                   std::memory_order_relaxed)
                             : word & kOwnerMask;
  if (word == 0 ||
      !(owner == t->hot.actor || IsMine(t, lock) || IsOwnerHere(owner))) {
    return;
  }
  const uint32_t site =
      SiteOfTag(lock.holder_site.load(std::memory_order_relaxed));
  const auto report = [&](model::Misuse misuse) {
    ReportMisuse(t, {misuse, object, site, owner, &lock, nullptr, {}});
  };
  // The bit alone may be that of one who has given up.
  if ((word & kWaiters) && (IsOfCoroutines(kind) || IsWaitedFor(lock))) {
    report(model::Misuse::kDestroyWaited);
  }
  report(model::Misuse::kDestroyHeld);
  WriteRelease(t, object);
}

void DoDestroy(LockState& lock, LockKind kind) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (Tag(lock) != 0) {
    const bool held = lock.word.load(std::memory_order_relaxed) != 0;
    if (t != nullptr) ReportDestroyed(t, lock, kind);
    ObjectIsGone(t, ObjectId(lock), held || WasUnlockedByOther());
  }
  // A static lock may be used after its destructor, as std::mutex may: it
  // becomes a new object then.
  lock.tag.store(0, std::memory_order_relaxed);
  lock.lock_class.store(0, std::memory_order_relaxed);
  lock.last_actor = 0;
  if (t != nullptr) Leave(t);
}

// ---- Threads ----------------------------------------------------------------

void DoAttach(internal::ThreadPointer* pointer) {
  if (Thread* const t = Enter()) Leave(t);
  AttachPointer(pointer);
}

uint32_t DoFork() {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return 0;
  const uint32_t child = NewId(&log::FileHeader::next_actor);
  {
    const Keep keep(t);
    Begin(t, 4).Word(child).U64(Ticks()).End(Op::kFork);
  }
  NextPhase(t);
  Leave(t);
  return child;
}

void DoBegin(uint32_t actor, uint32_t parent) {
  if (actor != 0) AttachThread(log::BeginHow::kStarted, actor, parent);
}

void WriteJoinBlock(Thread* t, uint32_t actor, uint32_t site, How how) {
  Begin(t, 5).Word(actor).Word(site).U64(Ticks()).End(
      Op::kJoinBlock, static_cast<uint32_t>(how));
}

model::Outcome OutcomeOf(Joined joined) {
  switch (joined) {
    case Joined::kYes:
      return model::Outcome::kAcquired;
    case Joined::kTimedOut:
      return model::Outcome::kTimedOut;
    case Joined::kFailed:
      break;
  }
  return model::Outcome::kInterrupted;
}

void WriteJoined(Thread* t, uint32_t actor, Joined joined) {
  Begin(t, 3).U64(Ticks()).End(Op::kUnblock,
                               static_cast<uint32_t>(OutcomeOf(joined)));
  if (joined == Joined::kYes) {
    Begin(t, 4).Word(actor).U64(Ticks()).End(Op::kJoin);
  }
}

// One with a time limit may be asked for again and again: with mode=live only
// the last one is kept, which comes to its end.
void EndJoin(Thread* t, uint32_t actor, Joined joined) {
  Wanted wanted;
  uint32_t number;
  const bool timed = SeeWait(t, &wanted, &number) && wanted.timed;
  EndWaiting(t);
  EndWaitAcross(t);
  if (timed && joined != Joined::kYes) return WriteJoined(t, actor, joined);
  const Keep keep(t);
  if (timed && t->live) WriteJoinBlock(t, actor, wanted.site, How::kTimed);
  WriteJoined(t, actor, joined);
}

void DoJoinBlock(uint32_t actor, How how, SiteSlot* slot, Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  const uint32_t site = SiteId(t, slot, caller);
  NoteJoin(t, site, slot, caller);
  if (actor == t->hot.actor) {
    ReportMisuse(
        t, {model::Misuse::kSelfJoin, 0, site, actor, nullptr, slot, caller});
  }
  // With a time limit it gives up.
  if (t->live && how != How::kTimed && actor != t->hot.actor) {
    NoteJoinOrder(t, actor, site);
  }
  const bool timed = how == How::kTimed;
  if (timed) {
    WriteJoinBlock(t, actor, site, how);
  } else {
    const Keep keep(t);
    WriteJoinBlock(t, actor, site, how);
  }
  if (HoldCount(t) != 0) ShowObjectsOfWait(t, 0);
  Wanted wanted{};
  wanted.joined = actor;
  wanted.site = site;
  wanted.timed = timed;
  wanted.outside = IsOfOtherProcess(actor);
  BeginWaiting(t, wanted);
  // Of itself, join() throws.
  if (actor != t->hot.actor) ReportDeadlockOf(t, false);
  if (!HasEnded(actor)) WatchWait();
  if (!timed && IsDeadlockAcross(t, actor)) ReportDeadlockAcross(t, false);
  Leave(t);
}

void DoJoin(uint32_t actor, Joined joined) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  EndJoin(t, actor, joined);
  if (t->live && joined == Joined::kYes) NoteLiveJoined(actor);
  AnnounceIfClosing(t);
  if (joined == Joined::kYes) NextPhase(t);
  Leave(t);
}

void DoName(const char* name) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  const size_t size = strnlen(name, 255);
  const size_t kept = size < kNameBytes ? size : kNameBytes - 1;
  const bool is_said = t->named == t->hot.actor && kept == size &&
                       memcmp(t->name, name, size + 1) == 0;
  if (!is_said) {
    const Keep keep(t);
    Begin(t, 70)
        .Word(t->hot.actor)
        .Text(name, size)
        .End(Op::kDefName, static_cast<uint32_t>(log::NameTarget::kActor));
  }
  memcpy(t->name, name, kept);
  t->name[kept] = 0;
  t->named = t->hot.actor;
  Leave(t);
}

uint32_t DoSelf() {
  Thread* const t = Enter();
  if (t == nullptr) return 0;
  Leave(t);
  return t->hot.actor;
}

}  // namespace

constinit Table g_own_table = {internal::kModeUnknown,
                               &DoAttach,
                               &DoLock,
                               &DoTaken,
                               &DoUnlock,
                               &DoSawWaiters,
                               &DoUnlockShared,
                               &DoDestroy,
                               &DoFork,
                               &DoBegin,
                               &DoJoinBlock,
                               &DoJoin,
                               &DoName,
                               &DoSelf,
                               &DoPrepareWait,
                               &DoQueuedWait,
                               &DoPost,
                               &DoTake,
                               &DoNoteMade,
                               &DoTryFailed,
                               &DoMisused,
                               &DoDestroyWaitQueue,
                               &DoAcquirePermit,
                               &DoReleasePermits,
                               &DoOverRelease,
                               &DoDestroySemaphore,
                               &DoBeginRegion,
                               &DoEndRegion,
                               &DoPassOnGil,
                               &DoForkTask,
                               &DoBeginTask,
                               &DoEndTask,
                               &DoTaskJoined,
                               &DoWorkFor,
                               &DoForkCoroutine,
                               &DoResumeCoroutine,
                               &DoSuspendCoroutine,
                               &DoEndCoroutine,
                               &DoLeaveCoroutines,
                               &DoCoroutineOwner,
                               &DoBeginCoroutineWait,
                               &DoIsCoroutineWaitToFail,
                               &DoCoroutinesAreLeft,
                               &DoEndCoroutineLockWait,
                               &DoBeginCoroutineSignalWait,
                               &DoEndCoroutineSignalWait,
                               &DoBeginCoroutineJoin,
                               &DoEndCoroutineJoin,
                               &DoTakenProcess,
                               &DoUnlockProcess,
                               &DoDestroyProcess,
                               &DoForked,
                               &DoEndProcess,
                               &DoTookPermit,
                               &DoProcessSignal,
                               &DoDestroyProcessObject,
                               &DoSiteOfAwait,
                               &DoEnterContext,
                               &DoExitContext,
                               &DoAcquireProcessPermit,
                               &DoReleaseProcessPermits,
                               &DoStopReading,
                               &DoForkPlace,
                               &DoForkRemoteTask,
                               &DoUnlockSharedProcess,
                               &DoOrderKey};

}  // namespace lockcheck::runtime

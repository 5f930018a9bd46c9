#include "instrument/runtime/wait.h"

#include "instrument/runtime/across.h"
#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/gone_owner.h"
#include "instrument/runtime/held_across.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/plain_shared.h"
#include "instrument/runtime/process_lock.h"
#include "instrument/runtime/quiescence.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/reporter.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/steer.h"
#include "instrument/runtime/waiting.h"
#include "lib/model/primitives.h"

namespace lockcheck::runtime {
namespace {

using log::Op;

struct Wait {
  Thread* t;
  const LockRequest& request;
  uint32_t site;
  bool again;  // a wait or a tick takes its lock again: that never fails
  bool long_wait = false;
  bool looks = true;     // at `look` at what it waits for, and then goes on
  int looks_across = 0;  // how often it has, with other processes in mind
  Deadline look = Soon(kLongWaitNs);
};

// Of several readers, one.
uint32_t SomeOwner(const LockRequest& request) {
  const LockState& lock = *request.lock;
  const uint32_t owner = Owner(lock);
  if (owner != 0 || !IsShared(request.kind)) return owner;
  const auto& shared = static_cast<const SharedState&>(lock);
  const uint32_t word = lock.word.load(std::memory_order_relaxed);
  return word & internal::kReading
             ? shared.last_reader.load(std::memory_order_relaxed)
             : 0;
}

struct Owned {
  uint32_t owner;  // 0: nobody any more
  uint32_t site;   // where it took the lock; 0: not known
};

// The owner notes the place just after it has the lock: until then the note is
// somebody else's.
Owned OwnerAndPlace(const LockRequest& request) {
  constexpr int kPatience = 100;
  uint32_t owner = 0;
  for (int i = 0; i < kPatience; ++i) {
    owner = SomeOwner(request);
    const uint32_t place =
        request.lock->holder_site.load(std::memory_order_acquire);
    const bool its =
        internal::HolderSite(place & ~internal::kHolderBits, owner) == place ||
        (place & internal::kSiteShort) == 0;
    if (owner == 0 || its) return {owner, SiteOfTag(place)};
    __builtin_ia32_pause();
  }
  return {owner, 0};
}

}  // namespace

void WriteBlock(Thread* t, const LockRequest& request, uint32_t site) {
  const Owned owned = OwnerAndPlace(request);
  Record r = Begin(t, 8);
  r.Word(ObjectId(*request.lock)).Word(site);
  r.Word(owned.owner).Word(owned.site);
  r.U64(Ticks());
  r.End(Op::kBlock,
        static_cast<uint32_t>(request.how) |
            (request.reads ? log::kBlockSharedBit : 0u) |
            (request.must_wait_at != nullptr ? log::kBlockAwaitedBit : 0u));
}

namespace {

void BeginWait(const Wait& w) {
  ReadyToWait(w.t);
  ShowObjectsOfWait(w.t, ObjectId(*w.request.lock));
  WriteBlock(w.t, w.request, w.site);
  Wanted wanted{};
  wanted.lock = w.request.lock;
  wanted.site = w.site;
  wanted.timed = w.request.deadline != nullptr;
  wanted.reads = w.request.reads;
  wanted.shared = IsShared(w.request.kind);
  wanted.process = w.request.process != nullptr;
  BeginWaiting(w.t, wanted);
  if (Steers()) [[unlikely]]
    HurryUp(SomeOwner(w.request));
}

void WriteWake(const Wait& w) {
  if (w.t->live) return;  // there may be any number of them in one wait
  const Owned owned = OwnerAndPlace(w.request);
  if (owned.owner == 0) return;
  Begin(w.t, 6).Word(owned.owner).Word(owned.site).U64(Ticks()).End(Op::kWake);
}

void WriteWaitStack(Wait& w) {
  w.long_wait = true;
  // Of each wait, it would be more than what mode=live may keep.
  if (w.t->live) return;
  const uint32_t stack = RecordStack(
      w.t, {log::StackReason::kWait, ObjectId(*w.request.lock), w.site, 0, 0},
      w.request.slot, w.request.caller);
  Begin(w.t, 2).Word(stack).End(Op::kWaitStack);
}

Round OneRound(const Wait& w, const Deadline* deadline) {
  if (w.request.process != nullptr) return ProcessRound(w.request, deadline);
  LockState& lock = *w.request.lock;
  const uint32_t me = w.t->hot.actor;
  return IsShared(w.request.kind)
             ? SharedRound(static_cast<SharedState&>(lock), w.request.reads, me,
                           deadline)
             : WaitRound(lock, w.request.kind, me, deadline);
}

bool GiveUp(const Wait& w, Round round) {
  if (w.request.process != nullptr) return LastProcessTry(w.request);
  LockState& lock = *w.request.lock;
  const uint32_t me = w.t->hot.actor;
  return IsShared(w.request.kind)
             ? LastSharedTry(static_cast<SharedState&>(lock), w.request.reads,
                             me, round)
             : LastTry(lock, me, round);
}

// Whether the one that the request waits for waits itself: the rest of the way
// is walked only then.
bool IsOwnerWaiting(const Wait& w) {
  if (IsAnyHeldAcross()) return true;
  const uint32_t word = w.request.lock->word.load(std::memory_order_seq_cst);
  // Its readers have to be looked for.
  if (IsShared(w.request.kind) && (word & internal::kReading) != 0) return true;
  const Thread* const owner = ThreadOf(word & internal::kOwnerMask);
  return owner != nullptr &&
         (owner->waiting.number.load(std::memory_order_seq_cst) & 1) != 0;
}

// True: the request is to fail.
bool IsDeadlock(const Wait& w) {
  return IsOwnerWaiting(w) && ReportDeadlockOf(w.t, !w.again);
}

void LookLater(Wait& w) {
  // Who ends with the gil wakes nobody.
  // Who waits in another process may come to hold what this one needs.
  const bool across = ShowsWaitsAcross() && w.request.deadline == nullptr;
  w.looks = across || MayBeGone(w.request) ||
            w.request.kind == LockKind::kGil || IsAnyHeldAcross();
  const bool soon = across && w.looks_across++ < kSoonLooks;
  if (w.looks) w.look = Soon(soon ? kSoonLookNs : kGoneOwnerNs);
}

// The time has come. True: the request is to fail.
bool Look(Wait& w) {
  const bool first = !w.long_wait;
  if (first) WriteWaitStack(w);
  LookLater(w);
  if (first && IsDeadlock(w)) return true;
  // Others may have gone that could have resumed who holds it.
  if (!first && ReportCarriersOf(w.t, !w.again)) return true;
  if (IsDeadlockAcross(w.t, w.request)) {
    return ReportDeadlockAcross(w.t, !w.again);
  }
  if (first || w.request.process != nullptr) return false;
  return w.looks && ReportGoneOwnerOf(w.t, w.request, !w.again);
}

WaitEnd SleepUntilTaken(Wait& w) {
  const Deadline* const deadline = w.request.deadline;
  if (IsDeadlock(w)) return WaitEnd::kDeadlock;
  // If it closes a cycle of lock orders, whom it waits for may be about to wait
  // for this thread: that it could happen is said when the wait has lasted.
  while (true) {
    const bool looks = w.looks && IsBefore(w.look, deadline);
    const uint32_t actor = w.t->hot.actor;
    Leave(w.t);
    const Round round = OneRound(w, looks ? &w.look : deadline);
    if (Resume(w.t, actor)) BeginWait(w);
    if (round == Round::kTaken) return WaitEnd::kTaken;
    if (round == Round::kNotRecoverable) return WaitEnd::kNotRecoverable;
    if (deadline != nullptr && HasPassed(*deadline)) {
      return GiveUp(w, round) ? WaitEnd::kTaken : WaitEnd::kTimedOut;
    }
    if (looks && HasPassed(w.look)) {
      if (Look(w)) {
        return GiveUp(w, round) ? WaitEnd::kTaken : WaitEnd::kDeadlock;
      }
      AnnounceIfClosing(w.t);
      WatchWait();
    } else if (round == Round::kWoken) {
      WriteWake(w);
      // The owner may have ended.
      if (!w.looks) LookLater(w);
    }
  }
}

model::Outcome OutcomeOf(WaitEnd end) {
  switch (end) {
    case WaitEnd::kTaken:
      return model::Outcome::kAcquired;
    case WaitEnd::kTimedOut:
      return model::Outcome::kTimedOut;
    case WaitEnd::kDeadlock:
    case WaitEnd::kNotRecoverable:
      break;
  }
  return model::Outcome::kInterrupted;
}

}  // namespace

WaitEnd RecordedWait(Thread* t, const LockRequest& request, uint32_t site) {
  Wait w{t, request, site, request.again};
  BeginWait(w);
  const WaitEnd end = SleepUntilTaken(w);
  EndWaiting(t);
  EndWaitAcross(t);
  Begin(t, 4).U64(Ticks()).End(Op::kUnblock,
                               static_cast<uint32_t>(OutcomeOf(end)));
  return end;
}

}  // namespace lockcheck::runtime

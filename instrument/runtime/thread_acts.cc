// What threads do that is no lock: they start others, join them, are named.
#include "instrument/runtime/thread_acts.h"

#include <cstring>

#include "instrument/runtime/across.h"
#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/fork.h"
#include "instrument/runtime/holding.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/misuse.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/quiescence.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/steer.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {

using log::Op;

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

namespace {

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

}  // namespace

void DoJoinBlock(uint32_t actor, How how, SiteSlot* slot, Caller caller) {
  const KeepErrno keep_errno;
  Thread* t = Enter();
  if (t == nullptr) return;
  const uint32_t site = SiteId(t, slot, caller);
  if (Steers() && how != How::kTimed && IsSteered(site)) [[unlikely]] {
    t = HoldBack(t, site, 0, actor);
    if (t == nullptr) return;
  }
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

}  // namespace lockcheck::runtime

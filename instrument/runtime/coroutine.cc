#include "instrument/runtime/coroutine.h"

#include <cstring>
#include <system_error>

#include "instrument/runtime/carried.h"
#include "instrument/runtime/coroutine_hazard.h"
#include "instrument/runtime/entry.h"
#include "instrument/runtime/fork.h"
#include "instrument/runtime/held_across.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/waiting.h"
#include "lockcheck/internal/coroutine_mutex.h"

namespace lockcheck::runtime {

using internal::Carrier;
using internal::CoroutineRecord;

// Most coroutines that are suspended hold nothing, and most others one or two
// locks.
constexpr uint32_t kFewHolds = 4;
struct HoldRoom {
  union {
    HoldRoom* next;
    Hold holds[kFewHolds];
  };
};

namespace {

void FreeRoom(Thread* t, CoroutineRecord& r) {
  if (r.held_room == kFewHolds) {
    auto* const room = reinterpret_cast<HoldRoom*>(r.held);
    room->next = t->hold_rooms;
    t->hold_rooms = room;
  } else if (r.held_room != 0) {
    UnmapPages(r.held, r.held_room * sizeof(Hold));
  }
  r.held = nullptr;
  r.held_room = 0;
}

bool MakeRoom(Thread* t, CoroutineRecord& r, uint32_t count) {
  if (count <= r.held_room) return true;
  FreeRoom(t, r);
  void* room;
  uint32_t size = kFewHolds;
  if (count > kFewHolds) {
    size = 2 * count;
    room = MapPages(size * sizeof(Hold));
  } else if (t->hold_rooms != nullptr) {
    room = t->hold_rooms;
    t->hold_rooms = t->hold_rooms->next;
  } else {
    room = ArenaAllocate(sizeof(HoldRoom));
  }
  if (room == nullptr) return false;
  r.held = static_cast<Hold*>(room);
  r.held_room = size;
  return true;
}

// What the thread holds is the other's, and none of its records is the last
// one any more. Without memory it is forgotten: the log has it.
void KeepHolds(Thread* t, CoroutineRecord& r) {
  ThreadHolds& h = t->kept().hot;
  const auto count = static_cast<uint32_t>(HoldCount(t));
  r.held_count = 0;
  if (count != 0 && MakeRoom(t, r, count)) {
    memcpy(r.held, h.holds, count * sizeof(Hold));
    for (uint32_t i = 0; i < count; ++i) r.held[i].after = internal::kNotHere;
    r.held_count = count;
  }
  h.top = h.holds;
}

// Of a thread that holds nothing.
void TakeHolds(Thread* t, CoroutineRecord& r) {
  ThreadHolds& h = t->kept().hot;
  for (uint32_t i = 0; i < r.held_count; ++i) {
    if (h.top == h.limit && !GrowHolds(t)) break;
    *h.top++ = r.held[i];
  }
  r.held_count = 0;
}

// The thread is the carrier from now on, between two coroutines.
void BecomeCarrier(Thread* t, Carrier& carrier) {
  BeActor(t, carrier.thread.actor);
  t->segment = carrier.thread.segment;
  TakeHolds(t, carrier.thread);
  carrier.is_between = true;
}

// Null: it is not recorded, or is the child of a fork, which is between no
// coroutines.
Thread* EnterFrom(Carrier& carrier) {
  if (!carrier.is_between) return Enter();
  Thread* const t = Current();
  if (t->magic != 0) return t;
  carrier.is_between = false;
  return Enter();
}

// A coroutine lives in one process.
bool IsActorHere(const Thread* t, const CoroutineRecord& r) {
  return r.actor != 0 && r.process == t->process;
}

void LeaveCoroutines(Thread* t, Carrier& carrier) {
  if (carrier.is_between) {
    carrier.is_between = false;
    Room(t, SegmentWords(t) + kFewWords);
    BeginSegment(t, t->segment + 1);
    FreeRoom(t, carrier.thread);
  }
  Leave(t);
}

void Begin(Thread* t, CoroutineRecord& r) {
  BecomeActor(t, r.actor, 0);
  t->begin_how = log::BeginHow::kCoroutine;
  t->begin_parent = r.parent;
  t->begin_ticks = t->stamp;
  WriteBegin(t);
  if (r.name != nullptr) WriteNameOf(t, r.actor, r.name);
  r.has_begun = true;
}

}  // namespace

void AddHeld(Thread* t, CoroutineRecord& r, const Hold& hold) {
  if (r.held_count == r.held_room) {
    CoroutineRecord larger;
    if (!MakeRoom(t, larger, r.held_count + 1)) return;
    if (r.held_count != 0) {
      memcpy(larger.held, r.held, r.held_count * sizeof(Hold));
    }
    FreeRoom(t, r);
    r.held = larger.held;
    r.held_room = larger.held_room;
  }
  r.held[r.held_count++] = hold;
}

void DoForkCoroutine(CoroutineRecord& r) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  r.process = t->process;
  r.parent = t->hot.actor;
  r.actor = NewId(&log::FileHeader::next_actor);
  if (!t->live) WriteForkOf(t, r.actor, Ticks());
  Leave(t);
}

void DoResumeCoroutine(Carrier& carrier, CoroutineRecord& r) {
  const KeepErrno keep_errno;
  Thread* const t = EnterFrom(carrier);
  if (t == nullptr) return;
  if (!IsActorHere(t, r)) {
    r.actor = 0;
    return LeaveCoroutines(t, carrier);
  }
  if (t->live) {
    carrier.thread.actor = t->live_coroutine;
    t->live_coroutine = r.actor;
    if (r.held_in == 0) SetThreadOf(r.actor, t);
    BeginTurn(t, carrier, r);
    return Leave(t);
  }
  // Else the block might end between the two actors.
  Room(t, SegmentWords(t) + 2 * r.held_count + kFewWords);
  carrier.is_between = false;
  carrier.thread.actor = t->hot.actor;
  carrier.thread.segment = t->segment;
  KeepHolds(t, carrier.thread);
  // Of one that is known to hold something, with the guard.
  if (r.held_in == 0) SetThreadOf(r.actor, t);
  TakeHolds(t, r);
  if (r.has_begun) {
    BecomeActor(t, r.actor, r.segment + 1);
  } else {
    Begin(t, r);
  }
  BeginTurn(t, carrier, r);
  Leave(t);
}

void DoSuspendCoroutine(Carrier& carrier, CoroutineRecord& r) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  if (t->live) {
    EndTurn(t, carrier, r, false);
    if (r.held_in == 0) SetWaitingCoroutine(r.actor, nullptr);
    t->live_coroutine = carrier.thread.actor;
    return Leave(t);
  }
  // Else it has forked, and this is the child: an actor that goes on.
  if (t->hot.actor != r.actor) return Leave(t);
  EndTurn(t, carrier, r, false);
  r.segment = t->segment;
  KeepHolds(t, r);
  if (r.held_in == 0) SetWaitingCoroutine(r.actor, nullptr);
  BecomeCarrier(t, carrier);
}

void DoEndCoroutine(Carrier& carrier, CoroutineRecord& r) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  if (t->live) {
    EndTurn(t, carrier, r, true);
    t->live_coroutine = carrier.thread.actor;
    SetThreadOf(r.actor, nullptr);
    FreeRoom(t, r);
    return Leave(t);
  }
  if (t->hot.actor != r.actor) return Leave(t);
  EndTurn(t, carrier, r, true);
  ReportStillHeld(t);
  t->kept().hot.top = t->kept().hot.holds;
  WriteEndOfCarried(t);
  SetThreadOf(r.actor, nullptr);
  FreeRoom(t, r);
  BecomeCarrier(t, carrier);
}

void DoLeaveCoroutines(Carrier& carrier) {
  if (!carrier.is_between) return;
  const KeepErrno keep_errno;
  if (Thread* const t = EnterFrom(carrier)) LeaveCoroutines(t, carrier);
}

uint32_t DoCoroutineOwner() {
  Thread* const t = Enter();
  if (t == nullptr) return UnrecordedOwner();
  const uint32_t owner =
      t->live && t->live_coroutine != 0 ? t->live_coroutine : t->hot.actor;
  Leave(t);
  return owner;
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

void ForkCoroutine(CoroutineRecord& coroutine) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->fork_coroutine(coroutine);
  }
}

void Carrier::Resume(CoroutineRecord& coroutine) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->resume_coroutine(*this, coroutine);
  }
}

void Carrier::Suspend(CoroutineRecord& coroutine) noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      coroutine.actor == 0 ? nullptr : runtime::Recording();
  if (table != nullptr) table->suspend_coroutine(*this, coroutine);
}

void Carrier::End(CoroutineRecord& coroutine) noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      coroutine.actor == 0 ? nullptr : runtime::Recording();
  if (table != nullptr) table->end_coroutine(*this, coroutine);
}

void Carrier::Leave() noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      !is_between ? nullptr : runtime::Recording();
  if (table != nullptr) table->leave_coroutines(*this);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

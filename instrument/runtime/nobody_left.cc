#include "instrument/runtime/nobody_left.h"

#include <algorithm>
#include <atomic>

#include "instrument/runtime/deadlock.h"
#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/elsewhere.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/table.h"
#include "lockcheck/internal/queue.h"

namespace lockcheck::runtime {
namespace {

bool IsForSignal(const Wanted& wanted) {
  return wanted.lock == nullptr && wanted.joined == 0;
}

// Whether the thread waits, for a lock or an end, and through others perhaps,
// for one that waits for a signal; or for itself, with a wait in between that
// nobody saw begin. Another circle, of locks, is cut by the bound.
bool NeedsWhoWaitsForSignal(const Thread* const thread, uint32_t threads) {
  const Thread* t = thread;
  bool elsewhere = false;
  for (uint32_t i = 0; i <= threads; ++i) {
    if (i != 0 && t == thread) return elsewhere;
    Wanted wanted;
    uint32_t number;
    if (!SeeAnyWait(t, &wanted, &number)) return false;
    if (IsForSignal(wanted)) return i != 0;
    elsewhere |= IsElsewhere(t);
    t = SomeBlocker(wanted, &SeeAnyWait);
    if (t == nullptr) return false;
  }
  return false;
}

bool SomebodyHolds(uint32_t object) {
  bool held = false;
  ForAllWaiting([&](const Thread*, const Wanted& wanted, uint32_t) {
    held = HoldOf(wanted, object) != nullptr;
    return !held;
  });
  return held;
}

// The slots of the pool of which the thread has a worker, if tasks that were
// submitted have none; 0: it is in no task's way. Nothing moves in this process
// while this looks.
[[gnu::no_sanitize_thread]] uint32_t StarvedPool(const Thread* t) {
  const internal::QueueState* const jobs =
      t->jobs.load(std::memory_order_acquire);
  if (jobs == nullptr || !jobs->HasItem()) return 0;
  return t->slots.load(std::memory_order_relaxed)->tag.load() >> 3;
}

struct Found {
  uint32_t stuck = 0;  // actor in a deadlock that signals are part of; 0: none
  uint32_t owed = 0;   // the first that waits for what is owed to it; 0: none
  bool signals = false;  // somebody waits for one
};

// Of several that wait alike the report has the first one's part.
uint32_t First(uint32_t actor, uint32_t other) {
  return actor == 0 ? other : std::min(actor, other);
}

Found Judge(uint32_t threads) {
  Found found;
  uint32_t starved = 0;
  ForAllWaiting([&](const Thread* t, const Wanted& wanted, uint32_t) {
    found.signals |= IsForSignal(wanted);
    if (wanted.owed) found.owed = First(found.owed, wanted.actor);
    if (IsForSignal(wanted) && StarvedPool(t) != 0) {
      starved = First(starved, wanted.actor);
    }
    if (NeedsWhoWaitsForSignal(t, threads) ||
        (wanted.permit != 0 && SomebodyHolds(wanted.permit))) {
      found.stuck = wanted.actor;
    }
    return true;
  });
  if (starved != 0) found.stuck = starved;
  if (found.stuck == 0 && !DoesDeadlockStand()) found.stuck = found.owed;
  return found;
}

// Makes this thread an actor.
void WriteNote(log::NoteKind kind, uint64_t ticks) {
  Thread* const t = Enter();
  if (t == nullptr) return;
  {
    const Keep keep(t);
    const auto note = [&](log::NoteKind what, uint64_t value) {
      Begin(t, 4).U64(value).End(log::Op::kNote, static_cast<uint32_t>(what));
    };
    for (const Thread* w = FirstThread(); w != nullptr; w = w->next_all) {
      Wanted wanted;
      uint32_t number;
      // Not of this one.
      if (!IsAlive(w) || !SeeAnyWait(w, &wanted, &number)) continue;
      if (IsElsewhere(w)) {
        note(log::NoteKind::kElsewhere,
             uint64_t{wanted.joined} << 32 | wanted.actor);
      }
      const uint32_t pool = IsForSignal(wanted) ? StarvedPool(w) : 0;
      if (pool == 0) continue;
      note(log::NoteKind::kStarved, uint64_t{pool} << 32 | wanted.actor);
    }
    note(kind, ticks);
  }
  Leave(t);
  g_own_table.name_thread("lockcheck");
}

}  // namespace

bool TellNobodyLeft(uint32_t threads) {
  const uint64_t now = Ticks();
  const Found found = Judge(threads);
  if (found.stuck == 0 && (!found.signals || DoesDeadlockStand())) return false;
  WriteNote(log::NoteKind::kQuiescent, now);
  if (found.stuck != 0) {
    ReportNobodyLeft(found.stuck);
  } else {
    ReportStall();
  }
  return true;
}

void NoteNobodyLeftHere() {
  WriteNote(log::NoteKind::kQuiescentAcross, Ticks());
}

}  // namespace lockcheck::runtime

#include "instrument/runtime/fork_held.h"

#include <algorithm>
#include <utility>

#include "instrument/runtime/process_lock.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/waiting.h"
#include "lib/log/format.h"

namespace lockcheck::runtime {
namespace {

using internal::Caller;
using log::NoteKind;
using log::Op;

// In memory that fork() copies, as ForkPage is not.
Thread* g_known = nullptr;

// Not a permit, which anybody may release, nor what is one for all processes.
bool StaysLocked(const Hold& hold) {
  return ObjectOf(hold) != 0 && !IsPermit(hold) &&
         NameOfProcessLock(ObjectOf(hold)) == nullptr;
}

bool HoldsAny(Thread* t) {
  const ThreadHolds& h = t->kept().hot;
  return std::any_of(h.holds, h.top, &StaysLocked);
}

// The kernel copies page by page, so that parts of a list may be older than
// others. The thread's gate lies where its end does, and names the class and
// the place of the innermost hold: who has the same there had it then.
bool IsOfOneMoment(Thread* t) {
  const ThreadHolds& h = t->kept().hot;
  return h.holds < h.top && h.top <= h.limit && h.gate == h.top[-1].gate;
}

// A handler that interrupts the runtime is an actor of its own.
bool IsSameThread(const Thread* t, Thread* forker) {
  for (Thread* s = forker; s != nullptr; s = s->kept().interrupted) {
    if (s == t) return true;
  }
  for (Thread* s = forker; s != nullptr; s = s->kept().signal_thread) {
    if (s == t) return true;
  }
  return false;
}

void WriteNote(Thread* t, NoteKind kind, uint32_t low, uint32_t high) {
  Begin(t, 4).Word(low).Word(high).End(Op::kNote, static_cast<uint32_t>(kind));
}

}  // namespace

void NoteForkPlace(Thread* t, Caller caller, bool in_libc) {
  Kept& kept = t->kept();
  const bool others = FirstThread() != t || t->next_all != nullptr;
  if (t->live || kept.fork_site != 0 || (!others && HoldCount(t) == 0)) return;
  kept.fork_site = SiteBehind(t, caller, in_libc);
}

void KnowThread(Thread* t) { t->kept().next_known = std::exchange(g_known, t); }

ParentsHolds TakeParentsHolds(Thread* forker) {
  ParentsHolds parents;
  Thread* const known = std::exchange(g_known, nullptr);
  for (Thread* t = known; t != nullptr && forker == nullptr;
       t = t->kept().next_known) {
    if (t->kept().fork_actor != 0) forker = t;
  }
  if (forker == nullptr) return parents;
  parents.forker = forker->kept().actor;
  parents.site = std::exchange(forker->kept().fork_site, 0);
  for (Thread* t = known; t != nullptr; t = t->kept().next_known) {
    if (IsSameThread(t, forker) || !IsOfOneMoment(t) || !HoldsAny(t)) continue;
    t->kept().next_holder = std::exchange(parents.holders, t);
  }
  return parents;
}

void WriteForkHeld(Thread* t, const ParentsHolds& parents) {
  if (t->live || parents.forker == 0 ||
      (parents.holders == nullptr && !HoldsAny(t))) {
    return;
  }
  WriteNote(t, NoteKind::kForkActor, parents.forker, parents.site);
  for (Thread* h = parents.holders; h != nullptr; h = h->kept().next_holder) {
    const Kept& kept = h->kept();
    WriteNote(t, NoteKind::kForkActor, kept.actor, 0);
    for (const Hold* hold = kept.hot.holds; hold != kept.hot.top; ++hold) {
      if (!StaysLocked(*hold)) continue;
      WriteNote(t, NoteKind::kForkHeld, ObjectOf(*hold), SiteOf(*hold));
    }
  }
}

}  // namespace lockcheck::runtime

#include "instrument/runtime/quiescence.h"

#include <linux/futex.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "instrument/runtime/deadlock.h"
#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/elsewhere.h"
#include "instrument/runtime/kernel_look.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/own_thread.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/waiting.h"
#include "lockcheck/internal/queue.h"

namespace lockcheck::runtime {
namespace {

// Of ForkPage::watch. kRelied: somebody has begun to wait since the watch
// looked last. kAsked: and it is to look now.
enum Watch : uint32_t { kNobody, kWatches, kRelied, kAsked };

// Looks in a row that the kernel did not confirm, until they become rarer:
// somebody is left, and so it will mostly stay. Then the time between two
// doubles, so often at most.
constexpr uint32_t kDoubts = 8;
constexpr uint32_t kMostDoublings = 6;

bool Waits(const Wanted& wanted) { return !wanted.timed && !wanted.outside; }

struct Look {
  bool any = false;  // somebody is in a wait of lockcheck's, without a limit
  uint32_t threads = 0;   // that wait, elsewhere or not; 0: somebody does not
  uint64_t waits = 0;     // which
  uint64_t switches = 0;  // 0: the kernel does not confirm that all sleep
};

uint64_t Mix(uint64_t sum, uint64_t value) {
  return (sum ^ value) * 0x9e3779b97f4a7c15ull + 1;
}

// Calls `act` with each thread and its wait, as they were when all waited,
// until it returns false.
template <typename Act>
bool ForAllWaiting(Act act) {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (!IsAlive(t)) continue;
    Wanted wanted;
    uint32_t number;
    if (!SeeAnyWait(t, &wanted, &number) || !act(t, wanted, number)) {
      return false;
    }
  }
  return true;
}

// What is seen without asking the kernel.
struct Glance {
  bool any = false;     // somebody is in a wait of lockcheck's, without a limit
  bool others = false;  // somebody is in no wait, or elsewhere
  bool goes_on = false;  // or in one that ends by itself
};

Glance GlanceAtWaits() {
  Glance glance;
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    Wanted wanted;
    uint32_t number;
    if (!IsAlive(t)) continue;
    if (!SeeWait(t, &wanted, &number)) {
      glance.others = true;
    } else if (Waits(wanted)) {
      glance.any = true;
    } else {
      glance.goes_on = true;
    }
    if (glance.any && glance.goes_on) break;
  }
  return glance;
}

// A thread that runs runs mostly still at the next look. In a wait that has
// just begun it does not.
bool StillRuns(const Thread* t) {
  Wanted wanted;
  uint32_t number;
  FutexSleep sleep;
  return t != nullptr && IsAlive(t) && !SeeWait(t, &wanted, &number) &&
         !SeeFutexSleep(TidOf(t), &sleep);
}

// False: it does not wait. Notes it if it waits elsewhere.
bool AddWait(Thread* t, Look* look) {
  Wanted wanted;
  uint32_t number;
  if (SeeWait(t, &wanted, &number)) {
    if (!Waits(wanted)) return false;
    ForgetElsewhere(t);
  } else if (!NoteElsewhere(t)) {
    g_fork_page->runs.store(t);
    return false;
  }
  ++look->threads;
  look->waits = Mix(look->waits, uint64_t{ActorOf(t)} << 32 | number);
  return true;
}

Look LookAtWaits() {
  Look look;
  const Glance glance = GlanceAtWaits();
  look.any = glance.any;
  if (glance.goes_on || !glance.any || StillRuns(g_fork_page->runs.load())) {
    return look;
  }
  for (Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (!IsAlive(t) || AddWait(t, &look)) continue;
    look.threads = 0;
    break;
  }
  return look;
}

bool IsKnown(uint32_t tid) {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (IsAlive(t) && TidOf(t) == tid) return true;
  }
  return false;
}

// Of a thread that the runtime does not know: it may wait elsewhere, too. The
// runtime's own, if they sleep, have nothing that anybody waits for.
bool AddOther(uint32_t tid, void* switches) {
  if (IsKnown(tid) || tid == static_cast<uint32_t>(gettid())) return true;
  if (IsOwnThread(tid)) return SwitchesOfSleeper(tid) != 0;
  FutexSleep sleep;
  if (!SleepsForThisProcess(tid, &sleep)) return false;
  const uint64_t its = SwitchesOfSleeper(tid);
  auto* const sum = static_cast<uint64_t*>(switches);
  *sum = Mix(Mix(*sum, tid), its);
  return its != 0;
}

// What is cheap to ask, and what mostly decides, first. A thread that ends may
// hide another one while they are gone through.
uint64_t AskKernel() {
  uint64_t switches = 1;
  if (IsReporting() || HasHandlers()) return 0;
  const uint32_t seen = ForEachThread(&AddOther, &switches);
  if (seen == 0 || seen != CountThreads()) return 0;
  const bool all_sleep =
      ForAllWaiting([&](const Thread* t, const Wanted&, uint32_t) {
        const uint64_t its = SwitchesOfSleeper(TidOf(t));
        switches = Mix(switches, its);
        return its != 0;
      });
  return all_sleep && !SharesMemory() ? switches : 0;
}

// ---- What it is -------------------------------------------------------------

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

Found Judge(const Look& look) {
  Found found;
  uint32_t starved = 0;
  ForAllWaiting([&](const Thread* t, const Wanted& wanted, uint32_t) {
    found.signals |= IsForSignal(wanted);
    if (wanted.owed) found.owed = First(found.owed, wanted.actor);
    if (IsForSignal(wanted) && StarvedPool(t) != 0) {
      starved = First(starved, wanted.actor);
    }
    if (NeedsWhoWaitsForSignal(t, look.threads) ||
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
void WriteNote(uint64_t ticks) {
  Thread* const t = Enter();
  if (t == nullptr) return;
  {
    const Keep keep(t);
    const auto note = [&](log::NoteKind kind, uint64_t value) {
      Begin(t, 4).U64(value).End(log::Op::kNote, static_cast<uint32_t>(kind));
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
    note(log::NoteKind::kQuiescent, ticks);
  }
  Leave(t);
  g_own_table.name_thread("lockcheck");
}

// False: there is nothing to tell, for only locks are to blame.
bool Tell(const Look& look) {
  const uint64_t now = Ticks();
  const Found found = Judge(look);
  if (found.stuck == 0 && (!found.signals || DoesDeadlockStand())) return false;
  WriteNote(now);
  if (found.stuck != 0) {
    ReportNobodyLeft(found.stuck);
  } else {
    ReportStall();
  }
  return true;
}

// ---- The watch --------------------------------------------------------------

// At most until somebody asks, if it would be long. True: somebody has asked.
bool Sleep(uint32_t doubts) {
  const uint32_t beyond = doubts > kDoubts ? doubts - kDoubts : 0;
  const int64_t ns = int64_t{g_options.quiescence} * 1'000'000
                     << std::min(beyond, kMostDoublings);
  std::atomic<uint32_t>& watch = g_fork_page->watch;
  if (beyond == 0) {
    const timespec moment = {ns / 1'000'000'000, ns % 1'000'000'000};
    nanosleep(&moment, nullptr);
  } else {
    const Deadline deadline = Soon(ns);
    FutexWait(watch, kWatches, &deadline);
  }
  return watch.exchange(kWatches) == kAsked;
}

// False: somebody has begun to wait meanwhile, and relies on it.
bool Retire() {
  uint32_t watches = kWatches;
  return g_fork_page->watch.compare_exchange_strong(watches, kNobody);
}

void* LookUntilNobodyWaits(void*) {
  const Unseen unseen;
  pthread_setname_np(pthread_self(), "lockcheck");
  Look last;
  uint32_t doubts = 0;
  while (true) {
    if (Sleep(doubts)) doubts = 0;
    Look now = LookAtWaits();
    if (!now.any) {
      doubts = 0;
      if (Retire()) return nullptr;
    } else if (now.threads == 0) {
      ++doubts;
    } else if (now.threads == last.threads && now.waits == last.waits) {
      now.switches = AskKernel();
      ++doubts;
      if (now.switches != 0 && now.switches == last.switches) {
        // Once: nothing moves in this process any more.
        if (Tell(now)) return nullptr;
        now = {};
      } else if (now.switches != 0) {
        doubts = 0;  // the next look decides
      }
    }
    last = now;
  }
}

// If `all`, it looks at once, and often again.
void LetLook(bool all) {
  std::atomic<uint32_t>& watch = g_fork_page->watch;
  uint32_t was = watch.load();
  uint32_t now;
  do {
    now = all || was == kNobody ? kAsked : std::max<uint32_t>(was, kRelied);
  } while (!watch.compare_exchange_weak(was, now));
  if (was == kNobody) {
    if (!StartOwnThread(&LookUntilNobodyWaits)) watch.store(kNobody);
  } else if (all && was != kAsked) {
    Futex(watch, FUTEX_WAKE, 1, nullptr, 0);
  }
}

bool IsWatched() { return g_fork_page->watch.load() != kNobody; }

}  // namespace

void WatchIfAllWait() {
  if (g_options.quiescence == 0) return;
  const Glance glance = GlanceAtWaits();
  if (glance.any && !glance.others && !glance.goes_on) LetLook(true);
}

void WatchWait() {
  if (g_options.quiescence == 0) return;
  const Glance glance = GlanceAtWaits();
  if (!glance.any) return;
  // Mostly somebody runs, and a watch is there.
  const bool runs = glance.goes_on || (glance.others && IsWatched() &&
                                       StillRuns(g_fork_page->runs.load()));
  LetLook(!runs);
}

}  // namespace lockcheck::runtime

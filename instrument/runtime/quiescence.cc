#include "instrument/runtime/quiescence.h"

#include <linux/futex.h>
#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "instrument/runtime/deadlock.h"
#include "instrument/runtime/deadlock_report.h"
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

// Of ForkPage::watch. kAsked: again since the watch looked last.
enum Watch : uint32_t { kNobody, kWatches, kAsked };

// Looks in a row that the kernel did not confirm, until they become rarer: the
// program has threads of its own, or handlers, and so it will mostly stay. Then
// the time between two doubles, so often at most.
constexpr uint32_t kDoubts = 8;
constexpr uint32_t kMostDoublings = 6;

// A thread, or a handler that interrupted the runtime in one.
[[gnu::no_sanitize_thread]] bool IsAlive(const Thread* t) {
  return __atomic_load_n(&t->magic, __ATOMIC_RELAXED) != 0 &&
         __atomic_load_n(&t->hot.actor, __ATOMIC_RELAXED) != 0;
}

// What is read while a thread ends and another one takes its books does not
// count: their wait is another one then.
[[gnu::no_sanitize_thread]] uint32_t TidOf(const Thread* t) { return t->tid; }

// Calls `act` with each thread and its wait, until it returns false or a thread
// is met that does not wait, or will by itself go on.
template <typename Act>
bool ForAllWaiting(Act act) {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (!IsAlive(t)) continue;
    Wanted wanted;
    uint32_t number;
    if (!SeeWait(t, &wanted, &number)) return false;
    if (wanted.timed || wanted.outside || !act(t, wanted, number)) return false;
  }
  return true;
}

struct Look {
  uint32_t threads = 0;   // 0: somebody does not wait
  uint64_t waits = 0;     // which
  uint64_t switches = 0;  // 0: the kernel does not confirm that all sleep
};

uint64_t Mix(uint64_t sum, uint64_t value) {
  return (sum ^ value) * 0x9e3779b97f4a7c15ull + 1;
}

Look LookAtWaits() {
  Look look;
  const bool all =
      ForAllWaiting([&](const Thread*, const Wanted& wanted, uint32_t number) {
        ++look.threads;
        look.waits = Mix(look.waits, uint64_t{wanted.actor} << 32 | number);
        return true;
      });
  return all ? look : Look{};
}

// What is cheap to ask, and what mostly decides, first.
uint64_t AskKernel(const Look& look) {
  const uint32_t own = g_fork_page->own_threads.load();
  if (CountThreads() != look.threads + own || IsReporting() || HasHandlers() ||
      SharesMemory()) {
    return 0;
  }
  uint64_t switches = 1;
  const bool all_sleep =
      ForAllWaiting([&](const Thread* t, const Wanted&, uint32_t) {
        const uint64_t its = SwitchesOfSleeper(TidOf(t));
        switches = Mix(switches, its);
        return its != 0;
      });
  return all_sleep ? switches : 0;
}

// ---- What it is -------------------------------------------------------------

bool IsForSignal(const Wanted& wanted) {
  return wanted.lock == nullptr && wanted.joined == 0;
}

// Whether the thread waits, for a lock or an end, and through others perhaps,
// for one that waits for a signal. A circle of locks is cut by the bound.
bool NeedsWhoWaitsForSignal(const Thread* t, uint32_t threads) {
  for (uint32_t i = 0; i < threads; ++i) {
    Wanted wanted;
    uint32_t number;
    if (!SeeWait(t, &wanted, &number)) return false;
    if (IsForSignal(wanted)) return i != 0;
    t = SomeBlocker(wanted);
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
      const bool waits = IsAlive(w) && SeeWait(w, &wanted, &number);
      const uint32_t pool = waits && IsForSignal(wanted) ? StarvedPool(w) : 0;
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

// False: somebody has asked meanwhile, and relies on it.
bool Retire() {
  uint32_t watches = kWatches;
  return g_fork_page->watch.compare_exchange_strong(watches, kNobody);
}

void* LookUntilSomebodyRuns(void*) {
  const Unseen unseen;
  pthread_setname_np(pthread_self(), "lockcheck");
  Look last;
  uint32_t doubts = 0;
  while (true) {
    if (Sleep(doubts)) doubts = 0;
    Look now = LookAtWaits();
    if (now.threads == 0) {
      doubts = 0;
      if (Retire()) return nullptr;
    } else if (now.threads == last.threads && now.waits == last.waits) {
      now.switches = AskKernel(now);
      if (now.switches != 0 && now.switches == last.switches) {
        // Once: nothing moves in this process any more.
        if (Tell(now)) return nullptr;
        now = {};
      }
      ++doubts;
    }
    last = now;
  }
}

bool AllWait() {
  return ForAllWaiting(
      [](const Thread*, const Wanted&, uint32_t) { return true; });
}

}  // namespace

void WatchIfAllWait() {
  if (g_options.quiescence == 0 || !AllWait()) return;
  std::atomic<uint32_t>& watch = g_fork_page->watch;
  switch (watch.exchange(kAsked)) {
    case kNobody:
      if (!StartOwnThread(&LookUntilSomebodyRuns)) watch.store(kNobody);
      break;
    case kWatches:
      Futex(watch, FUTEX_WAKE, 1, nullptr, 0);
      break;
    case kAsked:
      break;
  }
}

}  // namespace lockcheck::runtime

#include "instrument/runtime/quiescence.h"

#include <linux/futex.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "instrument/runtime/across.h"
#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/elsewhere.h"
#include "instrument/runtime/kernel_look.h"
#include "instrument/runtime/nobody_left.h"
#include "instrument/runtime/own_thread.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

// Of ForkPage::watch. kRelied: somebody has begun to wait since the watch
// looked last. kAsked: and it is to look now.
enum Watch : uint32_t { kNobody, kWatches, kRelied, kAsked };

// Looks in a row that the kernel did not confirm, until they become rarer:
// somebody is left, and so it will mostly stay. Then the time between two
// doubles, so often at most.
constexpr uint32_t kDoubts = 8;
constexpr uint32_t kMostDoublings = 4;

// For what another process may do, which this one has forked or shares the
// object with.
bool IsAcross(const Wanted& wanted) {
  return wanted.process ||
         (wanted.outside && wanted.joined != 0 && ShowsWaitsAcross());
}

bool Waits(const Wanted& wanted) {
  return !wanted.timed && (!wanted.outside || IsAcross(wanted));
}

struct Look {
  bool any = false;  // somebody is in a wait of lockcheck's, without a limit
  bool goes_on = false;  // or in one that ends by itself
  bool ran = false;      // somebody has since the last look, as far as is seen
  uint32_t threads = 0;
  uint64_t switches = 0;  // 0: the kernel does not confirm that all sleep
  bool across = false;    // another process could wake somebody
};

uint64_t Mix(uint64_t sum, uint64_t value) {
  return (sum ^ value) * 0x9e3779b97f4a7c15ull + 1;
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

// Not while it is in a wait of lockcheck's.
bool MayRun(const Thread* t) {
  Wanted wanted;
  uint32_t number;
  return t != nullptr && IsAlive(t) && !SeeWait(t, &wanted, &number);
}

// Another one if the thread has done anything that the runtime sees.
[[gnu::no_sanitize_thread]] uint64_t TraceOf(const Thread* t) {
  uint32_t* const cursor = __atomic_load_n(&t->hot.cursor, __ATOMIC_RELAXED);
  const uint32_t number = t->waiting.number.load(std::memory_order_relaxed);
  return Mix(reinterpret_cast<uintptr_t>(cursor),
             uint64_t{ActorOf(t)} << 32 | number);
}

// Since this was asked last. False: it has not, or done nothing that is seen.
bool HasRun(Thread* t) {
  const uint64_t trace = TraceOf(t);
  return t->trace.exchange(trace, std::memory_order_relaxed) != trace;
}

// Asks the kernel for nothing: who runs may rely on the number of the next
// descriptor that it opens.
Look LookAtWaits() {
  Look look;
  for (Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (!IsAlive(t)) continue;
    ++look.threads;
    const bool has_run = HasRun(t);
    look.ran |= has_run;
    Wanted wanted;
    uint32_t number;
    if (SeeWait(t, &wanted, &number)) {
      (Waits(wanted) ? look.any : look.goes_on) = true;
    } else if (has_run) {
      g_fork_page->runs.store(t);
    }
  }
  return look;
}

// ---- What the kernel knows --------------------------------------------------

// Who did not sleep mostly does not at the next look.
bool StillRuns(const Thread* t) {
  FutexSleep sleep;
  return MayRun(t) && !SeeFutexSleep(TidOf(t), &sleep);
}

struct Sleepers {
  uint64_t switches = 1;
  SharedWords words;
};

// Notes those that wait elsewhere. False: somebody does not wait.
bool NoteWaits(SharedWords* words) {
  for (Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (!IsAlive(t)) continue;
    Wanted wanted;
    uint32_t number;
    if (SeeWait(t, &wanted, &number)) {
      if (!Waits(wanted)) return false;
      ForgetElsewhere(t);
    } else if (!NoteElsewhere(t, words)) {
      g_fork_page->runs.store(t);
      return false;
    }
  }
  return true;
}

// Of a thread that the runtime does not know: it may wait elsewhere, too. The
// runtime's own, if they sleep, have nothing that anybody waits for.
bool AddOther(uint32_t tid, void* context) {
  if (ThreadByTid(tid) != nullptr || tid == static_cast<uint32_t>(gettid())) {
    return true;
  }
  if (IsOwnThread(tid)) return SwitchesOfSleeper(tid) != 0;
  auto* const sleepers = static_cast<Sleepers*>(context);
  FutexSleep sleep;
  if (!SleepsAt(tid, &sleep, &sleepers->words)) return false;
  const uint64_t its = SwitchesOfSleeper(tid);
  sleepers->switches = Mix(Mix(sleepers->switches, tid), its);
  return its != 0;
}

// What opens no file, and then what mostly decides, first. A thread that ends
// may hide another one while they are gone through.
void AskKernel(Look* look) {
  Sleepers sleepers;
  if (IsReporting() || HasHandlers() || StillRuns(g_fork_page->runs.load()) ||
      !NoteWaits(&sleepers.words)) {
    return;
  }
  const uint32_t seen = ForEachThread(&AddOther, &sleepers);
  if (seen == 0 || seen != CountThreads()) return;
  const bool all_sleep =
      ForAllWaiting([&](const Thread* t, const Wanted& wanted, uint32_t) {
        const uint64_t its = SwitchesOfSleeper(TidOf(t));
        // Who waits for another process looks again from time to time, and so
        // does who waits for a lock of one that does.
        const bool looks_again =
            IsAcross(wanted) || (wanted.lock != nullptr && ShowsWaitsAcross());
        if (!looks_again) sleepers.switches = Mix(sleepers.switches, its);
        return its != 0;
      });
  if (!all_sleep || !sleepers.words.AreOwn()) return;
  look->switches = sleepers.switches;
  look->across = SharesMemory();
}

// ---- The watch --------------------------------------------------------------

// Whether to note that nothing moves here but what other processes do. Who
// should have woken somebody may have been killed: so not before each has
// looked again. Then once, and again when another process has come to that: its
// waits have begun since.
class AcrossNotes {
 public:
  void SomethingMoves() { since_ = 0; }
  void NothingMoves() {
    const uint64_t now = WaitClock();
    if (since_ == 0) {
      since_ = now;
      noted_ = false;
    }
    if (now - since_ < kLookedAgainNs) return;
    if (noted_ && QuiescencesAcross() == others_) return;
    if (!noted_) CountQuiescenceAcross();
    noted_ = true;
    others_ = QuiescencesAcross();
    NoteNobodyLeftHere();
  }

 private:
  static constexpr uint64_t kLookedAgainNs = 600'000'000;
  uint64_t since_ = 0;
  bool noted_ = false;
  uint32_t others_ = 0;
};

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
    // Whoever relies on it changes the word, and wakes nobody.
    uint32_t was;
    while ((was = watch.load()) != kAsked && !HasPassed(deadline)) {
      FutexWait(watch, was, &deadline);
    }
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
  bool again = false;  // soon
  AcrossNotes across;
  while (true) {
    if (Sleep(again ? 0 : doubts)) doubts = 0;
    Look now = LookAtWaits();
    const bool is_last = !now.ran && now.threads == last.threads;
    // The kernel is asked if nobody has run since.
    again = now.any && !now.goes_on && !is_last && !again;
    ++doubts;
    if (!now.any) {
      doubts = 0;
      if (Retire()) return nullptr;
    } else if (!now.goes_on && is_last) {
      AskKernel(&now);
      const bool stands = now.switches != 0 && now.switches == last.switches;
      if (!stands || !now.across) across.SomethingMoves();
      if (stands && now.across) {
        across.NothingMoves();
      } else if (stands) {
        // Once: nothing moves in this process any more.
        if (TellNobodyLeft(now.threads)) return nullptr;
        now = {};
      } else if (now.switches != 0) {
        doubts = 0;  // the next look decides
      }
    } else {
      across.SomethingMoves();
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
                                       MayRun(g_fork_page->runs.load()));
  LetLook(!runs);
}

}  // namespace lockcheck::runtime

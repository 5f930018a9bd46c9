#include "instrument/runtime/deadlock_report.h"

#include <atomic>
#include <cstdlib>

#include "instrument/runtime/across.h"
#include "instrument/runtime/carrier_deadlock.h"
#include "instrument/runtime/command.h"
#include "instrument/runtime/elsewhere.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/process_lock.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/reporter.h"
#include "instrument/runtime/saying.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/stall.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {

using internal::LockUp;

constinit std::atomic<internal::DeadlockHook> g_deadlock_hook{nullptr};

namespace {

std::atomic<uint32_t> g_deadlocks{0};  // without those that are suppressed
std::atomic<uint32_t> g_suppressed{0};
std::atomic<bool> g_deadlock_stands{false};
std::atomic<uint32_t> g_misuses{0};
std::atomic<uint32_t> g_reporting{0};

struct Reporting {
  Reporting() { g_reporting.fetch_add(1); }
  ~Reporting() { g_reporting.fetch_sub(1); }
  Reporting(const Reporting&) = delete;
  Reporting& operator=(const Reporting&) = delete;
};

void NameLock(Message& m, const LockState& lock) {
  const ProcessLockName* const shared = NameOfProcessLock(ObjectId(lock));
  const ProcessLockName names =
      shared != nullptr ? *shared
                        : ProcessLockName{lock.name, lock.file, lock.line};
  if (names.name != nullptr) {
    m << "\"" << names.name << "\"";
  } else if (names.file != nullptr) {
    m << "the lock made at " << names.file << ":" << uint64_t{names.line};
  } else {
    m << "a lock";
  }
}

void NameThread(Message& m, uint32_t actor, const char* name, uint32_t tid) {
  m << "A" << uint64_t{actor};
  if (name[0] != 0) m << " " << name;
  if (tid != 0) m << " (thread " << uint64_t{tid} << ")";
}

void NameThread(Message& m, const Stuck& stuck) {
  NameThread(m, stuck.wanted.actor, stuck.thread->name, stuck.thread->tid);
}

void NamePlace(Message& m, uint32_t site) {
  if (const void* const pc = PcOfSite(site)) {
    m << ", in ";
    NameFunction(m, pc);
  }
}

// A lock's own note of its holder's place is, if it is read, some reader's.
uint32_t SiteOfHold(const Wanted& wanted, const LockState& lock) {
  const Hold* const hold = HoldOf(wanted, ObjectId(lock));
  return hold == nullptr ? 0 : SiteOf(*hold);
}

void SayWhoWaits(Message& m, const Deadlock& cycle) {
  if (cycle.size() == 1) {
    m << "a thread waits for itself";
  } else {
    m << uint64_t{cycle.size()} << " threads wait for each other";
  }
}

// The requests of a cycle, wherever it begins.
uint32_t PlacesOf(const Deadlock& cycle) {
  uint32_t places = 0;
  for (size_t i = 0; i < cycle.size(); ++i) {
    places += cycle[i].wanted.site * 0x9e3779b1u;
  }
  return places | 1;
}

// False: it was said before, or very many others were.
bool IsNewTimedCycle(const Deadlock& cycle) {
  static std::atomic<uint32_t> said[64];
  const uint32_t places = PlacesOf(cycle);
  for (std::atomic<uint32_t>& slot : said) {
    uint32_t free = 0;
    if (slot.compare_exchange_strong(free, places)) return true;
    if (free == places) return false;
  }
  return false;
}

// A program may mean to give up and begin anew, so each such cycle is said once
// and is no failure. The locks may be gone by now, so they are not asked for
// their names.
void ReportTimedCycle(const Deadlock& cycle) {
  if (!IsNewTimedCycle(cycle)) return;
  {
    Message m;
    m << "hazard timed-cycle: ";
    SayWhoWaits(m, cycle);
    m << ", until a time limit ends it";
  }
  for (size_t i = 0; i < cycle.size(); ++i) {
    const Stuck& stuck = cycle[i];
    Message m;
    m << "  A" << uint64_t{stuck.wanted.actor} << " (thread "
      << uint64_t{stuck.tid} << ")";
    if (stuck.held_site != 0) {
      m << " holds what it took";
      NamePlace(m, stuck.held_site);
      m << ", and";
    }
    m << " waits";
    if (stuck.wanted.timed) m << " (with a time limit)";
    NamePlace(m, stuck.wanted.site);
  }
}

// Whether the tests have been told.
bool TellHook(LockUp how, const Deadlock* deadlock) {
  const internal::DeadlockHook hook =
      g_deadlock_hook.load(std::memory_order_acquire);
  return hook != nullptr && hook(how, deadlock);
}

void SayHeadline(const Deadlock& deadlock) {
  Message m;
  m << "DEADLOCK: ";
  const GoneOwner* const gone = deadlock.gone_owner();
  if (gone == nullptr) {
    SayWhoWaits(m, deadlock);
  } else if (gone->tid != 0) {
    m << "a thread waits for a lock whose owner has ended";
  } else {
    m << "a thread waits for a lock whose owner exists in the parent only";
  }
}

void SayWhoIsGone(const Stuck& stuck, const GoneOwner& owner) {
  {
    Message m;
    m << "  ";
    NameThread(m, stuck);
    m << " waits for ";
    NameLock(m, *stuck.wanted.lock);
    NamePlace(m, stuck.wanted.site);
  }
  Message m;
  m << "    and ";
  NameThread(m, owner.actor, owner.name, owner.tid);
  if (owner.tid != 0) {
    m << " has ended and still holds it";
  } else {
    m << " held it when the process was forked";
  }
  NamePlace(m, owner.site);
}

// A program that hangs has said so, in one line; it counts no more.
void SaySuppressed() {
  g_deadlocks.fetch_sub(1, std::memory_order_relaxed);
  g_suppressed.fetch_add(1, std::memory_order_relaxed);
  Message() << "it is suppressed (suppressions=, baseline=): no more is said "
               "of it";
}

// With mode=live its lock order may have been said, and counted, before.
void Show(const Deadlock& deadlock, Saying& saying) {
  const bool live = g_options.mode == RunModeOption::kLive;
  uint32_t orders = 0;
  // Of several that wait for one lock the command names the first.
  const GoneOwner* const gone = deadlock.gone_owner();
  const uint32_t actor =
      gone != nullptr ? gone->actor : deadlock[0].wanted.actor;
  const Shown shown = ShowDeadlock(actor, live ? &orders : nullptr);
  if (saying.TakeNames() && shown == Shown::kNoCommand) {
    SayWhoAndWhere(deadlock);
  }
  if (shown == Shown::kSuppressed) SaySuppressed();
  for (size_t i = 0; gone == nullptr && i < deadlock.size(); ++i) {
    const Wanted& wanted = deadlock[i].wanted;
    if (wanted.top == wanted.holds) continue;
    orders += TakeSaidOrder(SiteOf(wanted.top[-1]), wanted.site);
  }
  UncountOrders(orders);
}

// Of a deadlock that is new.
void Tell(const Deadlock& deadlock, bool can_fail, Saying& saying) {
  g_deadlocks.fetch_add(1, std::memory_order_relaxed);
  if (TellHook(can_fail ? LockUp::kClosed : LockUp::kToStay, &deadlock)) {
    return;
  }
  AwaitReports();
  SayHeadline(deadlock);
  saying.BeginNames(deadlock);
  Show(deadlock, saying);
}

// True: the request is to fail.
bool DoAsAsked(bool can_fail) {
  if (g_options.on_deadlock == OnDeadlock::kAbort) abort();
  const bool fails = can_fail && g_options.on_deadlock == OnDeadlock::kThrow;
  if (!fails) g_deadlock_stands.store(true, std::memory_order_relaxed);
  return fails;
}

// Of all threads, none of which goes on.
void SayAllWaits() {
  SayEachWait();
  SayElsewhere();
}

}  // namespace

void SayWhoAndWhere(const Deadlock& deadlock) {
  if (const GoneOwner* const gone = deadlock.gone_owner()) {
    SayWhoIsGone(deadlock[0], *gone);
    return;
  }
  const size_t n = deadlock.size();
  for (size_t i = 0; i < n; ++i) {
    const Stuck& stuck = deadlock[i];
    const LockState* const has = deadlock[(i + n - 1) % n].wanted.lock;
    {
      Message m;
      m << "  ";
      NameThread(m, stuck);
      if (has != nullptr) {
        m << " holds ";
        NameLock(m, *has);
        NamePlace(m, SiteOfHold(stuck.wanted, *has));
      } else {
        m << " is to end first";
      }
    }
    Message m;
    m << "    and waits for ";
    if (stuck.wanted.lock != nullptr) {
      NameLock(m, *stuck.wanted.lock);
    } else {
      m << "the end of ";
      NameThread(m, deadlock[(i + 1) % n]);
    }
    NamePlace(m, stuck.wanted.site);
  }
}

namespace {

// With the notes written, if this is one that could.
void TellCarriers(const CarrierDeadlock& deadlock) {
  g_deadlocks.fetch_add(1, std::memory_order_relaxed);
  if (TellHook(LockUp::kNobodyLeft, nullptr)) return;
  AwaitReports();
  deadlock.SayHeadline();
  const Shown shown = g_options.mode == RunModeOption::kLive
                          ? Shown::kNoCommand
                          : ShowDeadlock(deadlock.holder(), nullptr);
  if (shown == Shown::kNoCommand) deadlock.SayEach();
  if (shown == Shown::kSuppressed) SaySuppressed();
}

}  // namespace

bool ReportCarriersOf(Thread* t, bool can_fail) {
  CarrierDeadlock deadlock;
  if (!deadlock.Find(t, false)) return false;
  DropClosing(t);
  deadlock.WriteNotes(t);
  const Reporting reporting;
  const Saying saying;
  TellCarriers(deadlock);
  return DoAsAsked(can_fail);
}

void ReportCarriersLeft(const CarrierDeadlock& deadlock) {
  const Saying saying;
  TellCarriers(deadlock);
  DoAsAsked(false);
}

bool ReportMixed(const MixedDeadlock& deadlock, bool can_fail) {
  const Reporting reporting;
  const Saying saying;
  g_deadlocks.fetch_add(1, std::memory_order_relaxed);
  if (!TellHook(LockUp::kNobodyLeft, nullptr)) {
    AwaitReports();
    deadlock.SayHeadline();
    const Shown shown = g_options.mode == RunModeOption::kLive
                            ? Shown::kNoCommand
                            : ShowDeadlock(deadlock.actor(), nullptr);
    if (shown == Shown::kNoCommand) deadlock.SayEach();
    if (shown == Shown::kSuppressed) SaySuppressed();
  }
  return DoAsAsked(can_fail);
}

bool ReportDeadlockOf(Thread* t, bool can_fail) {
  MixedDeadlock mixed;
  if (mixed.FindOf(t)) {
    DropClosing(t);
    return ReportMixed(mixed, can_fail);
  }
  if (ReportCarriersOf(t, can_fail)) return true;
  Deadlock deadlock;
  if (!deadlock.Find(t)) {
    if (deadlock.FindTimed(t)) ReportTimedCycle(deadlock);
    return false;
  }
  DropClosing(t);
  if (!deadlock.Claim()) return false;
  const Reporting reporting;
  Saying saying;
  Tell(deadlock, can_fail, saying);
  return DoAsAsked(can_fail);
}

bool ReportGoneOwnerOf(Thread* t, const LockRequest& request, bool can_fail) {
  Deadlock deadlock;
  if (!deadlock.FindGone(t, request)) return false;
  const Reporting reporting;
  Saying saying;
  if (deadlock.Claim()) Tell(deadlock, can_fail, saying);
  return DoAsAsked(can_fail);
}

bool ReportCoroutines(const CoroutineDeadlock& deadlock, bool can_fail) {
  const Reporting reporting;
  const Saying saying;
  g_deadlocks.fetch_add(1, std::memory_order_relaxed);
  if (!TellHook(LockUp::kNobodyLeft, nullptr)) {
    AwaitReports();
    deadlock.SayHeadline();
    // With mode=live the log has no coroutines.
    const Shown shown = g_options.mode == RunModeOption::kLive
                            ? Shown::kNoCommand
                            : ShowDeadlock(deadlock.actor(), nullptr);
    if (shown == Shown::kNoCommand) deadlock.SayEach();
    if (shown == Shown::kSuppressed) SaySuppressed();
  }
  return DoAsAsked(can_fail);
}

bool ReportDeadlockAcross(Thread* t, bool can_fail) {
  const Reporting reporting;
  const Saying saying;
  g_deadlocks.fetch_add(1, std::memory_order_relaxed);
  CountDeadlockAcross();
  if (!TellHook(LockUp::kNobodyLeft, nullptr)) {
    AwaitReports();
    Message() << "DEADLOCK: threads of " << uint64_t{ProcessesInDeadlock()}
              << " processes wait for each other";
    const Shown shown = ShowDeadlock(t->hot.actor, nullptr);
    if (shown == Shown::kNoCommand) SayAllWaits();
    if (shown == Shown::kSuppressed) SaySuppressed();
  }
  return DoAsAsked(can_fail);
}

void ReportNobodyLeft(uint32_t actor) {
  const Saying saying;
  g_deadlocks.fetch_add(1, std::memory_order_relaxed);
  if (!TellHook(LockUp::kNobodyLeft, nullptr)) {
    AwaitReports();
    Message() << "DEADLOCK: every thread waits, and nobody is left who could "
                 "end a wait";
    const Shown shown = ShowDeadlock(actor, nullptr);
    if (shown == Shown::kNoCommand) SayAllWaits();
    if (shown == Shown::kSuppressed) SaySuppressed();
  }
  DoAsAsked(false);
}

void ReportStall() {
  if (TellHook(LockUp::kStall, nullptr)) return;
  AwaitReports();
  Message() << "hazard stall: every thread waits to be signalled, and nobody "
               "is left who could do it";
  if (!ShowStatus()) SayAllWaits();
}

bool IsReporting() { return g_reporting.load() != 0; }

bool AnyDeadlock() { return g_deadlocks.load(std::memory_order_relaxed) != 0; }

bool DoesDeadlockStand() {
  return g_deadlock_stands.load(std::memory_order_relaxed);
}

void CountMisuse() { g_misuses.fetch_add(1, std::memory_order_relaxed); }

bool AnyFinding() {
  return AnyDeadlock() || AnyDeadlockAcross() ||
         g_misuses.load(std::memory_order_relaxed) != 0 || CountOrders() != 0;
}

void SaySummary() {
  const uint32_t n = g_deadlocks.load(std::memory_order_relaxed);
  if (n != 0) {
    Message() << "in this program " << uint64_t{n}
              << (n == 1 ? " deadlock" : " deadlocks")
              << " happened, see above";
  }
  const uint32_t orders = CountOrders();
  if (orders != 0) {
    Message() << "in this program lock orders that can become a deadlock were "
                 "found "
              << uint64_t{orders} << (orders == 1 ? " time" : " times")
              << ", see above";
  }
  const uint32_t suppressed =
      CountSuppressedOrders() + g_suppressed.load(std::memory_order_relaxed);
  if (suppressed != 0) {
    Message() << "in this program " << uint64_t{suppressed}
              << (suppressed == 1 ? " finding was" : " findings were")
              << " suppressed (suppressions=, baseline=)";
  }
}

}  // namespace lockcheck::runtime

#include "instrument/runtime/coroutine_hazard.h"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>

#include "instrument/runtime/coroutine.h"
#include "instrument/runtime/coroutine_stack.h"
#include "instrument/runtime/entry.h"
#include "instrument/runtime/exit.h"
#include "instrument/runtime/held_across.h"
#include "instrument/runtime/holding.h"
#include "instrument/runtime/id_table.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "lib/model/held_by.h"

namespace lockcheck::runtime {
namespace {

using internal::Carrier;
using internal::CoroutineRecord;
using log::NoteKind;

// Of objects: whether they are locks for which nobody sleeps.
constinit IdTable<> g_awaited_locks;
GrowingSet g_said;  // what was said with mode=live

// About half a millisecond, on slow counters more.
constexpr uint64_t kUsedIsOld = 1'500'000;
// No counter is slower, in ticks for each millisecond.
constexpr uint64_t kFewestTicks = 500'000;
constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSleptFactor = 100;

Carrier::Used UsedNow(uint64_t ticks) {
  rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return {ticks,
          static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
              static_cast<uint64_t>(now.tv_nsec),
          ProcessorNs(usage), static_cast<uint64_t>(usage.ru_nvcsw)};
}

// How long it certainly kept the thread, in nanoseconds; 0: not for long. Of
// one that has waited for what is recorded the records say how long that was.
uint64_t LongRun(const Carrier& carrier, const CoroutineRecord& r,
                 bool has_waited) {
  const uint64_t limit_ms = g_options.long_run;
  const uint64_t ticks = Ticks();
  const uint64_t ran = ticks - r.resumed_ticks;
  if (limit_ms == 0 || ticks < r.resumed_ticks ||
      ran < limit_ms * kFewestTicks) {
    return 0;
  }
  const Carrier::Used& before = carrier.used;
  if (before.ns == 0 || before.ticks > r.resumed_ticks) return 0;
  const Carrier::Used now = UsedNow(ticks);
  const auto whole = static_cast<double>(now.ns - before.ns);
  const double ns = whole * static_cast<double>(ran) /
                    static_cast<double>(ticks - before.ticks);
  const auto limit = static_cast<double>(limit_ms * kMs);
  if (ns < limit) return 0;
  const auto cpu = static_cast<double>(now.cpu_ns - before.cpu_ns);
  const bool computed = cpu - (whole - ns) >= limit;
  const bool slept = !has_waited && now.sleeps != before.sleeps &&
                     ns - cpu >= static_cast<double>(kSleptFactor) * limit;
  return computed || slept ? static_cast<uint64_t>(ns) : 0;
}

bool HasWaited(const Thread* t, const CoroutineRecord& r) {
  return t->waiting.number.load(std::memory_order_relaxed) != r.waits_before;
}

void WriteNote(Thread* t, NoteKind kind, uint64_t value) {
  Begin(t, 4).U64(value).End(log::Op::kNote, static_cast<uint32_t>(kind));
}

// True once.
bool IsNew(NoteKind kind, uint32_t a, uint32_t b) {
  const uint64_t places = (uint64_t{a} << 32 | b) * 0x9e3779b97f4a7c15ull;
  return g_said.Insert(places << 8 | static_cast<uint64_t>(kind));
}

void NameCoroutine(Message& m, const CoroutineRecord& r) {
  m << "A" << uint64_t{r.actor};
  if (r.name != nullptr) m << " " << r.name;
}

void NamePlace(Message& m, const char* before, uint32_t site) {
  if (const void* const pc = PcOfSite(site)) {
    m << before;
    NameFunction(m, pc);
  }
}

bool IsThreadLock(const Hold& hold) {
  return !IsPermit(hold) && g_awaited_locks.Get(ObjectOf(hold)) == 0;
}

void SayHeldAcross(const CoroutineRecord& r, const Hold& hold) {
  if (!IsNew(NoteKind::kHeldAcross, SiteOf(hold), r.await_site)) return;
  Message m;
  m << "hazard lock-across-await: ";
  NameCoroutine(m, r);
  m << " is suspended";
  NamePlace(m, ", in ", r.await_site);
  m << ", and holds a lock that threads sleep for";
  NamePlace(m, ", taken in ", SiteOf(hold));
}

// With mode=live the thread's own holds come first, and there are those of
// suspended coroutines, whose locks have other threads as their owners when
// they are let go of.
void NoteLiveHeldAcross(Thread* t, const Carrier& carrier, CoroutineRecord& r) {
  if (WasUnlockedByOther()) return;
  const ThreadHolds& h = t->kept().hot;
  for (size_t i = carrier.thread.held_count; i < HoldCount(t); ++i) {
    const Hold& hold = h.holds[i];
    if (!IsThreadLock(hold) || LiveHolder(ObjectOf(hold)) != 0) continue;
    SayHeldAcross(r, hold);
    AddHeld(t, r, hold);
  }
  if (r.held_count != 0) BeginHeldAcross(t, r);
}

void NoteHeldAcross(Thread* t, const Carrier& carrier, CoroutineRecord& r) {
  if (t->live) return NoteLiveHeldAcross(t, carrier, r);
  if (CountThreadLocks(t) == 0) return;
  WriteNote(t, NoteKind::kHeldAcross, r.await_site);
  BeginHeldAcross(t, r);
}

// Where it went on. Of one that had just begun, the function's address is all
// that is known.
uint32_t SiteOfTurn(Thread* t, const CoroutineRecord& r) {
  return r.resumed_site != 0 ? r.resumed_site : SiteOfFunction(t, r.function);
}

void SayKeptThread(const CoroutineRecord& r, uint32_t site, uint64_t ns,
                   uint32_t ready) {
  if (!IsNew(NoteKind::kKeptThread, site, r.await_site)) return;
  Message m;
  m << "hazard long-run: ";
  NameCoroutine(m, r);
  m << " kept its thread for " << ns / kMs << " ms";
  NamePlace(m, ", since ", site);
  NamePlace(m, ", until ", r.await_site);
  m << "; " << uint64_t{ready}
    << (ready == 1 ? " other was ready" : " others were ready");
}

void NoteKeptThread(Thread* t, const Carrier& carrier,
                    const CoroutineRecord& r) {
  const bool has_waited = HasWaited(t, r);
  const uint64_t ns = LongRun(carrier, r, has_waited);
  if (ns == 0 && !has_waited) return;
  const uint32_t ready = r.context == nullptr
                             ? 0
                             : r.context->ready.load(std::memory_order_relaxed);
  const uint32_t site = ns == 0 ? 0 : SiteOfTurn(t, r);
  if (t->live) {
    if (ns != 0) SayKeptThread(r, site, ns, ready);
    return;
  }
  const uint64_t time =
      std::min(log::EncodeTicks(ns / 1000), log::kStillOpen - 1);
  const uint64_t others = std::min(ready, uint32_t{0xffff});
  WriteNote(t, NoteKind::kKeptThread, site | time << 32 | others << 48);
}

}  // namespace

void NoteKindOfLock(uint32_t object, model::ObjectKind kind) {
  if (model::IsHeldByCoroutines(kind)) g_awaited_locks.Set(object, 1);
}

uint32_t CountThreadLocks(Thread* t) {
  const ThreadHolds& h = t->kept().hot;
  return static_cast<uint32_t>(std::count_if(h.holds, h.top, &IsThreadLock));
}

void BeginTurn(Thread* t, Carrier& carrier, CoroutineRecord& r) {
  r.resumed_site = r.await_site;
  r.await_site = 0;
  r.waits = false;
  r.waits_before = t->waiting.number.load(std::memory_order_relaxed);
  if (r.held_in != 0) {
    if (r.held_in != t->tid && !t->live) {
      WriteNote(t, NoteKind::kHeldAcross, r.resumed_site | uint64_t{1} << 32);
    }
    EndHeldAcross(t, r);
  }
  r.resumed_ticks = Ticks();
  if (r.resumed_ticks - carrier.used.ticks > kUsedIsOld &&
      g_options.long_run != 0) {
    carrier.used = UsedNow(r.resumed_ticks);
    r.resumed_ticks = Ticks();
  }
}

void EndTurn(Thread* t, Carrier& carrier, CoroutineRecord& r, bool has_ended) {
  if (r.waits && !has_ended && !t->live) NoteAwaitStack(t, r);
  if (!has_ended) NoteHeldAcross(t, carrier, r);
  NoteKeptThread(t, carrier, r);
}

uint32_t DoSiteOfAwait(SiteSlot* slot, internal::Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return 0;
  const uint32_t site = SiteId(t, slot, caller);
  Leave(t);
  return site;
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

uint32_t SiteOfAwait(SiteSlot* slot, Caller caller) noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table = runtime::Recording();
  return table == nullptr ? 0 : table->site_of_await(slot, caller);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

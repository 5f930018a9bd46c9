#include "instrument/runtime/reporter.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>

#include <algorithm>
#include <cstring>

#include "instrument/runtime/command.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/own_thread.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/saying.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/unseen.h"

namespace lockcheck::runtime {
namespace {

constexpr int64_t kIdleNs = 1'000'000'000;

// Of one pair of places each second, fourth, eighth... is looked at when it
// comes, the others at the end.
GrowingSet g_looked_at;
std::atomic<uint32_t> g_count{0};
std::atomic<uint32_t> g_suppressed{0};
// Those that were said without the command or happened, and the latter.
GrowingSet g_said, g_happened;

Reports& Page() { return g_fork_page->reports; }

// Never 0.
uint64_t KindOf(uint32_t held_site, uint32_t site) {
  return (uint64_t{held_site} << 32 | site) * 0xff51afd7ed558ccdull | 1;
}

bool IsPowerOfTwo(uint64_t n) { return (n & (n - 1)) == 0; }

// True for the first, second, fourth... of its kind.
bool IsToBeLookedAt(uint64_t kind) {
  uint32_t count = 0;
  for (uint64_t n = 0; n < 64; ++n) {
    // The n-th one has come before if its key is there.
    if (g_looked_at.Insert((kind ^ n * 0x9e3779b97f4a7c15ull) | 1)) {
      count = static_cast<uint32_t>(n) + 1;
      break;
    }
  }
  return count != 0 && IsPowerOfTwo(count);
}

Closing ClosingOf(const Thread* t) {
  const LockState* const lock = t->closing.lock;
  Closing closing = {t->closing.what,
                     t->hot.actor,
                     t->closing.site,
                     t->closing.held_site,
                     0,
                     ""};
  if (lock == nullptr || lock->file == nullptr) return closing;
  closing.line = lock->line;
  const size_t size = strlen(lock->file);
  const size_t kept = std::min(size, sizeof(closing.file) - 1);
  memcpy(closing.file, lock->file + (size - kept), kept);
  return closing;
}

// ---- Showing ----------------------------------------------------------------

void NameSite(Message& m, uint32_t site) {
  if (const void* const pc = PcOfSite(site)) {
    m << " in ";
    NameFunction(m, pc);
  }
}

void SayJoinWithoutCommand(const Closing& closing) {
  Message m;
  m << "possible deadlock: A" << uint64_t{closing.actor}
    << " waits for a thread's end";
  NameSite(m, closing.site);
  m << " and holds a lock taken";
  NameSite(m, closing.held_site);
  m << " that the thread takes too, or waits for in turn. The lockcheck "
       "command "
       "would say more (command=PATH)";
}

// Once for each pair of places. What may be none is for the command to judge.
void SayWithoutCommand(const Closing& closing) {
  if (closing.what == ClosingRequest::kPerhaps) return;
  if (!g_said.Insert(KindOf(closing.held_site, closing.site))) return;
  g_count.fetch_add(1, std::memory_order_relaxed);
  if (closing.what == ClosingRequest::kJoin) {
    return SayJoinWithoutCommand(closing);
  }
  Message m;
  m << "possible deadlock: a lock made at " << closing.file << ":"
    << uint64_t{closing.line} << " is asked for";
  NameSite(m, closing.site);
  m << ", A" << uint64_t{closing.actor} << " holds one taken";
  NameSite(m, closing.held_site);
  m << "; other threads take them the other way round. The lockcheck command "
       "would say more (command=PATH)";
}

void SayWhoClosed(const Closing* closings, size_t count) {
  Message m;
  m << "the lock order above came about now, in A"
    << uint64_t{closings[0].actor};
  for (size_t i = 1; i < count; ++i) {
    if (closings[i].actor == closings[i - 1].actor) continue;
    m << ", A" << uint64_t{closings[i].actor};
  }
  m << "; the program goes on";
}

void Show(const Closing* closings, size_t count) {
  const NewOrders orders = ShowNewOrders();
  g_suppressed.fetch_add(orders.suppressed, std::memory_order_relaxed);
  switch (orders.shown) {
    case Shown::kSome:
      g_count.fetch_add(orders.count, std::memory_order_relaxed);
      if (count != 0) SayWhoClosed(closings, count);
      break;
    case Shown::kNothing:
    case Shown::kSuppressed:
      break;
    case Shown::kLater:
      Page().rest.store(true, std::memory_order_relaxed);
      break;
    case Shown::kNoCommand:
      std::for_each(closings, closings + count, SayWithoutCommand);
      break;
  }
}

// Shows what was announced; false: nothing was.
bool ShowAnnounced() {
  Closing closings[Reports::kMost];
  uint32_t count, announced;
  Reports& page = Page();
  {
    const ProcessLock lock;
    count = page.count;
    memcpy(closings, page.closings, count * sizeof(Closing));
    page.count = 0;
    announced = page.announced.load(std::memory_order_relaxed);
  }
  if (count != 0) {
    const Saying saying;
    Show(closings, count);
  }
  page.shown.store(announced, std::memory_order_release);
  Futex(page.shown, FUTEX_WAKE, INT32_MAX, nullptr, 0);
  return count != 0;
}

// ---- The thread -------------------------------------------------------------

// True: nothing is announced, and who announces something from now on starts
// another thread.
bool Retire() {
  const ProcessLock lock;
  if (Page().count != 0) return false;
  Page().running.store(false, std::memory_order_relaxed);
  return true;
}

void* Report(void*) {
  const Unseen unseen;
  pthread_setname_np(pthread_self(), "lockcheck");
  std::atomic<uint32_t>& announced = Page().announced;
  while (true) {
    const uint32_t seen = announced.load(std::memory_order_acquire);
    if (ShowAnnounced()) continue;
    const Deadline idle = Soon(kIdleNs);
    if (FutexWait(announced, seen, &idle) == ETIMEDOUT && Retire()) break;
  }
  return nullptr;
}

// Whether there was room for it, and no thread that could be told.
bool Announce(const Closing& closing) {
  Reports& page = Page();
  const ProcessLock lock;
  if (page.count == Reports::kMost) {
    page.rest.store(true, std::memory_order_relaxed);
    return false;
  }
  page.closings[page.count++] = closing;
  page.announced.fetch_add(1, std::memory_order_release);
  return !page.running.exchange(true, std::memory_order_relaxed);
}

}  // namespace

void NoteClosing(Thread* t, const LockState* lock, uint32_t site,
                 ClosingRequest::What what) {
  const uint32_t held_site =
      HoldCount(t) == 0 ? 0 : SiteOf(t->kept().hot.top[-1]);
  t->closing = {what, lock, site, held_site};
}

void AnnounceClosing(Thread* t) {
  const Closing closing = ClosingOf(t);
  DropClosing(t);
  if (!IsToBeLookedAt(KindOf(closing.held_site, closing.site))) {
    Page().rest.store(true, std::memory_order_relaxed);
  } else if (!Announce(closing)) {
    Futex(Page().announced, FUTEX_WAKE, 1, nullptr, 0);
  } else if (!StartOwnThread(&Report)) {
    // What was announced is shown at the end.
    Page().running.store(false, std::memory_order_relaxed);
  }
}

void AwaitReports() {
  Reports& page = Page();
  const uint32_t announced = page.announced.load(std::memory_order_acquire);
  const Deadline patience = Soon(kReportPatienceNs);
  while (page.running.load(std::memory_order_relaxed)) {
    const uint32_t shown = page.shown.load(std::memory_order_acquire);
    if (static_cast<int32_t>(announced - shown) <= 0) break;
    if (FutexWait(page.shown, shown, &patience) == ETIMEDOUT) break;
  }
}

void ShowRest() {
  AwaitReports();
  // If no thread could be started.
  ShowAnnounced();
  if (Page().rest.exchange(false)) Show(nullptr, 0);
}

uint32_t CountOrders() { return g_count.load(std::memory_order_relaxed); }

uint32_t CountSuppressedOrders() {
  return g_suppressed.load(std::memory_order_relaxed);
}

void UncountOrders(uint32_t count) {
  g_count.fetch_sub(count, std::memory_order_relaxed);
}

bool TakeSaidOrder(uint32_t held_site, uint32_t site) {
  const uint64_t kind = KindOf(held_site, site);
  const bool said = !g_said.Insert(kind);
  return g_happened.Insert(kind) && said;
}

}  // namespace lockcheck::runtime

#include "instrument/runtime/across.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>

#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/process_identity.h"
#include "instrument/runtime/read_file.h"

namespace lockcheck::runtime {
namespace {

struct Slot {
  std::atomic<uint64_t> begun;  // when the wait was shown first; 0: none
  std::atomic<uint64_t> seen;   // when the owner was seen to be that
  std::atomic<uint64_t> said;   // the wait whose deadlock was said
  std::atomic<uint64_t> edge;   // who waits, and, in the high half, for whom
  std::atomic<uint32_t> pid;
};

constexpr size_t kSlots = 1024;
struct Shared {
  std::atomic<uint32_t> deadlocks;
  std::atomic<uint32_t> quiescences;
  Slot slots[kSlots];
};
std::atomic<Shared*> g_shared{nullptr};

// A join ends with the actor and no sooner.
constexpr uint64_t kForEver = UINT64_MAX;
constexpr size_t kMostActors = 64;

struct Edge {
  Slot* slot;
  uint64_t begun, edge;
  uint32_t pid;
  uint32_t actor() const { return static_cast<uint32_t>(edge); }
  uint32_t owner() const { return static_cast<uint32_t>(edge >> 32); }
};

thread_local size_t t_processes __attribute__((tls_model("initial-exec"))) = 0;

uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<uint64_t>(now.tv_nsec);
}

Slot& SlotOf(Shared& shared, uint32_t actor) {
  return shared.slots[actor % kSlots];
}

// Its parent may not have waited for it yet.
bool IsDead(uint32_t pid) {
  const KeepErrno keep_errno;
  if (IsGone(pid)) return true;
  char path[32], text[256];
  snprintf(path, sizeof(path), "/proc/%u/stat", pid);
  text[ReadFile(path, text, sizeof(text) - 1)] = 0;
  // The name in field 2 may contain anything.
  const char* const name_end = strrchr(text, ')');
  return name_end != nullptr && name_end[1] != 0 &&
         (name_end[2] == 'Z' || name_end[2] == 'X');
}

// A slot that another actor has, who waits, is left to it.
void Show(Slot& slot, uint32_t actor, uint32_t owner, uint64_t seen) {
  const uint64_t edge = uint64_t{owner} << 32 | actor;
  uint64_t last = slot.edge.load();
  const bool waits = slot.begun.load() != 0;
  const bool mine = static_cast<uint32_t>(last) == actor;
  if (waits && mine) {
    slot.edge.store(edge);
    slot.seen.store(seen);
    return;
  }
  if (waits && !IsDead(slot.pid.load())) return;
  slot.begun.store(0);
  if (!slot.edge.compare_exchange_strong(last, edge)) return;
  slot.seen.store(seen);
  slot.pid.store(static_cast<uint32_t>(getpid()));
  slot.begun.store(Now());
}

// What the actor waits for, and when that was seen.
bool See(Shared& shared, uint32_t actor, Edge* edge, uint64_t* seen) {
  Slot& slot = SlotOf(shared, actor);
  *edge = {&slot, slot.begun.load(), slot.edge.load(), slot.pid.load()};
  *seen = slot.seen.load();
  return edge->begun != 0 && edge->actor() == actor && edge->owner() != 0;
}

// The way from waiter to waiter, if it comes back to `actor`.
size_t FindCycle(Shared& shared, uint32_t actor, Edge (&edges)[kMostActors]) {
  uint64_t seen;
  if (!See(shared, actor, &edges[0], &seen)) return 0;
  const uint64_t last_seen = seen;
  for (size_t n = 1; n < kMostActors; ++n) {
    const Edge& last = edges[n - 1];
    if (last.owner() == actor) {
      return n > 1 && edges[0].begun < seen ? n : 0;
    }
    const uint64_t by = n == 1 ? last_seen : seen;
    if (!See(shared, last.owner(), &edges[n], &seen)) return 0;
    if (edges[n].begun >= by) return 0;
  }
  return 0;
}

// What a killed waiter has shown nobody takes away.
bool StillStands(const Edge* edges, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const Slot& slot = *edges[i].slot;
    if (slot.begun.load() != edges[i].begun ||
        slot.edge.load() != edges[i].edge || IsDead(edges[i].pid)) {
      return false;
    }
  }
  return true;
}

size_t CountProcesses(const Edge* edges, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n; ++i) {
    size_t before = 0;
    while (edges[before].pid != edges[i].pid) ++before;
    count += before == i;
  }
  return count;
}

// True for one of those that ask.
bool Claim(const Edge* edges, size_t n) {
  const Edge* smallest = edges;
  for (size_t i = 1; i < n; ++i) {
    if (edges[i].actor() < smallest->actor()) smallest = &edges[i];
  }
  return smallest->slot->said.exchange(smallest->begun) != smallest->begun;
}

bool IsNewDeadlock(Shared& shared, uint32_t actor) {
  Edge edges[kMostActors];
  const size_t n = FindCycle(shared, actor, edges);
  if (n == 0 || !StillStands(edges, n)) return false;
  // Within one process the closer of the cycle has said it.
  t_processes = CountProcesses(edges, n);
  return t_processes > 1 && Claim(edges, n);
}

}  // namespace

void ShowWaitsAcross() {
  if (ShowsWaitsAcross() || g_options.mode != RunModeOption::kRecord) return;
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  Shared* none = nullptr;
  if (!g_shared.compare_exchange_strong(none, static_cast<Shared*>(memory))) {
    munmap(memory, sizeof(Shared));
  }
}

bool ShowsWaitsAcross() { return g_shared.load() != nullptr; }

bool IsDeadlockAcross(Thread* t, const LockRequest& request) {
  Shared* const shared = g_shared.load();
  // Of readers, one is seen, and each would have to go: nobody is the owner.
  if (shared == nullptr || request.deadline != nullptr ||
      (IsShared(request.kind) && request.process == nullptr) ||
      request.kind == LockKind::kGil) {
    return false;
  }
  const uint64_t seen = Now();
  const uint32_t me = t->hot.actor;
  Show(SlotOf(*shared, me), me, Owner(*request.lock), seen);
  return IsNewDeadlock(*shared, me);
}

bool IsDeadlockAcross(Thread* t, uint32_t joined) {
  Shared* const shared = g_shared.load();
  if (shared == nullptr) return false;
  const uint32_t me = t->hot.actor;
  Show(SlotOf(*shared, me), me, joined, kForEver);
  return IsNewDeadlock(*shared, me);
}

void EndWaitAcross(Thread* t) {
  Shared* const shared = g_shared.load();
  if (shared == nullptr) return;
  Slot& slot = SlotOf(*shared, t->hot.actor);
  if (static_cast<uint32_t>(slot.edge.load()) == t->hot.actor) {
    slot.begun.store(0);
  }
}

size_t ProcessesInDeadlock() { return t_processes; }

void CountQuiescenceAcross() {
  if (Shared* const shared = g_shared.load()) shared->quiescences.fetch_add(1);
}

uint32_t QuiescencesAcross() {
  const Shared* const shared = g_shared.load();
  return shared == nullptr ? 0 : shared->quiescences.load();
}

void CountDeadlockAcross() {
  if (Shared* const shared = g_shared.load()) shared->deadlocks.fetch_add(1);
}

bool AnyDeadlockAcross() {
  const Shared* const shared = g_shared.load();
  return shared != nullptr && shared->deadlocks.load() != 0;
}

}  // namespace lockcheck::runtime

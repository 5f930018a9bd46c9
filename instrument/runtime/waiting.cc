#include "instrument/runtime/waiting.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cstring>

#include "instrument/runtime/id_table.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/process.h"

namespace lockcheck::runtime {
namespace {

// Pointers to threads, but for these: 0, of what has not begun; who has ended;
// who lives in another process; and of coroutines that wait, pointers with a
// bit set.
constexpr uintptr_t kEnded = 1;
constexpr uintptr_t kIsCoroutine = 2;
constexpr uintptr_t kElsewhere = 4;
constinit IdTable<kEnded> g_threads;

}  // namespace

uint64_t WaitClock() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<uint64_t>(now.tv_nsec);
}

void BeginWaiting(Thread* t, const Wanted& wanted) {
  Waiting& w = t->waiting;
  w.lock.store(wanted.lock, std::memory_order_relaxed);
  w.joined.store(wanted.joined, std::memory_order_relaxed);
  w.actor.store(t->hot.actor, std::memory_order_relaxed);
  w.site.store(wanted.site, std::memory_order_relaxed);
  w.how.store(static_cast<uint32_t>(wanted.timed) |
                  static_cast<uint32_t>(wanted.reads) << 1 |
                  static_cast<uint32_t>(wanted.shared) << 2 |
                  static_cast<uint32_t>(wanted.outside) << 3 |
                  static_cast<uint32_t>(wanted.owed) << 4 |
                  static_cast<uint32_t>(wanted.process) << 5 |
                  static_cast<uint32_t>(wanted.kind) << 8,
              std::memory_order_relaxed);
  w.permit.store(wanted.permit, std::memory_order_relaxed);
  w.since.store(WaitClock(), std::memory_order_relaxed);
  w.holds.store(t->kept().hot.holds, std::memory_order_relaxed);
  w.top.store(t->kept().hot.top, std::memory_order_relaxed);
  // Of two that begin to wait, at least one sees the other's wait. A wait may
  // have lost its end: its thread could not be entered then.
  const uint32_t last = w.number.load(std::memory_order_relaxed);
  w.number.store((last | 1) + (last & 1) * 2, std::memory_order_seq_cst);
}

void EndWaiting(Thread* t) {
  std::atomic<uint32_t>& number = t->waiting.number;
  const uint32_t last = number.load(std::memory_order_relaxed);
  // It is even if the wait began in another process, before a fork.
  number.store(last + (last & 1), std::memory_order_release);
}

bool SeeWait(const Thread* t, Wanted* wanted, uint32_t* number) {
  const Waiting& w = t->waiting;
  *number = w.number.load(std::memory_order_seq_cst);
  if ((*number & 1) == 0) return false;
  // Each comes before the second look at the number.
  wanted->lock = w.lock.load(std::memory_order_acquire);
  wanted->joined = w.joined.load(std::memory_order_acquire);
  wanted->actor = w.actor.load(std::memory_order_acquire);
  wanted->site = w.site.load(std::memory_order_acquire);
  const uint32_t how = w.how.load(std::memory_order_acquire);
  wanted->timed = (how & 1) != 0;
  wanted->reads = (how & 2) != 0;
  wanted->shared = (how & 4) != 0;
  wanted->outside = (how & 8) != 0;
  wanted->owed = (how & 16) != 0;
  wanted->process = (how & 32) != 0;
  wanted->kind = static_cast<model::ObjectKind>(how >> 8);
  wanted->permit = w.permit.load(std::memory_order_acquire);
  wanted->holds = w.holds.load(std::memory_order_acquire);
  wanted->top = w.top.load(std::memory_order_acquire);
  return w.number.load(std::memory_order_relaxed) == *number;
}

bool IsWaitedFor(const LockState& lock) {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    Wanted wanted;
    uint32_t number;
    if (SeeWait(t, &wanted, &number) && wanted.lock == &lock) return true;
  }
  return false;
}

// If the wait is over, the thread writes there meanwhile, and what is read does
// not count.
[[gnu::no_sanitize_thread]] const Hold* HoldOf(const Wanted& wanted,
                                               uint32_t object) {
  for (const Hold* hold = wanted.holds; hold != wanted.top; ++hold) {
    const uint32_t word = hold->word;
    const uint32_t its = word == 0 ? hold->object : log::ObjectOf(word);
    if (its == object) return hold;
  }
  return nullptr;
}

Thread* ThreadOf(uint32_t actor) {
  const uintptr_t t = g_threads.Get(actor);
  const bool is_none = (t & (kEnded | kIsCoroutine)) != 0 || t == kElsewhere;
  return is_none ? nullptr : reinterpret_cast<Thread*>(t);
}

void SetThreadOf(uint32_t actor, Thread* t) {
  if (t == nullptr) return g_threads.Retire(actor);
  g_threads.Set(actor, reinterpret_cast<uintptr_t>(t));
}

bool HasEnded(uint32_t actor) { return g_threads.Get(actor) == kEnded; }

internal::CoroutineRecord* WaitingCoroutine(uint32_t actor) {
  const uintptr_t its = g_threads.Get(actor);
  if ((its & kIsCoroutine) == 0) return nullptr;
  return reinterpret_cast<internal::CoroutineRecord*>(its & ~kIsCoroutine);
}

void SetWaitingCoroutine(uint32_t actor, internal::CoroutineRecord* coroutine) {
  const auto its = reinterpret_cast<uintptr_t>(coroutine);
  g_threads.Set(actor, coroutine == nullptr ? 0 : its | kIsCoroutine);
}

void NoteOtherProcess(uint32_t actor) { g_threads.Set(actor, kElsewhere); }

bool IsOfOtherProcess(uint32_t actor) {
  return g_threads.Get(actor) == kElsewhere;
}

Thread* FirstThread() {
  return __atomic_load_n(&g_fork_page->all_threads, __ATOMIC_ACQUIRE);
}

const Thread* ThreadByTid(uint32_t tid) {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    if (IsAlive(t) && TidOf(t) == tid) return t;
  }
  return nullptr;
}

// The kernel copies, and says so if the pages are not there. Where it does not
// lend the call (a sandbox), it is asked whether they are, which is true for a
// moment only.
bool ReadMemory(const void* from, void* to, size_t bytes) {
  const KeepErrno keep_errno;
  const iovec local = {to, bytes};
  const iovec remote = {const_cast<void*>(from), bytes};
  const ssize_t n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
  bool read = n == static_cast<ssize_t>(bytes);
  if (n < 0 && errno != EFAULT) {
    // An invalid `how` is looked at after the set has been read.
    errno = 0;
    syscall(SYS_rt_sigprocmask, ~0, from, nullptr, 8);
    read = errno != EFAULT;
    if (read) memcpy(to, from, bytes);
  }
  return read;
}

}  // namespace lockcheck::runtime

#include "instrument/runtime/gone_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstring>

#include "instrument/runtime/fork.h"
#include "instrument/runtime/holding.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

struct HeldAtEnd {
  GoneOwner owner;
  bool reads;
  HeldAtEnd* next;
};
std::atomic<HeldAtEnd*> g_held_at_end{nullptr};

void Note(const Thread* t, const Hold& hold) {
  void* const memory = ArenaAllocate(sizeof(HeldAtEnd));
  if (memory == nullptr) return;
  auto* const held = static_cast<HeldAtEnd*>(memory);
  held->owner = {t->hot.actor, ObjectOf(hold), SiteOf(hold), t->tid, ""};
  memcpy(held->owner.name, t->name, sizeof(t->name));
  held->reads = IsRead(hold);
  held->next = g_held_at_end.load(std::memory_order_relaxed);
  while (!g_held_at_end.compare_exchange_weak(held->next, held,
                                              std::memory_order_release)) {
  }
}

// What a thread waits for may be gone when this looks.
bool IsLock(const LockState* lock, uint32_t object) {
  uint32_t tag;
  return ReadMemory(&lock->tag, &tag, sizeof(tag)) && tag >> 3 == object;
}

void WakeWaitersFor(uint32_t object) {
  for (const Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    Wanted wanted;
    uint32_t number;
    if (!SeeWait(t, &wanted, &number) || wanted.lock == nullptr ||
        !IsLock(wanted.lock, object)) {
      continue;
    }
    auto& word = const_cast<std::atomic<uint32_t>&>(wanted.lock->word);
    Futex(word, FUTEX_WAKE, INT_MAX, nullptr, 0);
  }
}

// A main thread that ended by pthread_exit() is there, dead, as long as its
// process.
bool IsDeadMainThread(uint32_t tid) {
  if (tid != static_cast<uint32_t>(getpid())) return false;
  const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char text[256];
  const ssize_t n = read(fd, text, sizeof(text));
  close(fd);
  const void* const name_end =
      n <= 0 ? nullptr : memrchr(text, ')', static_cast<size_t>(n));
  if (name_end == nullptr) return false;
  const char* const state = static_cast<const char*>(name_end) + 2;
  return state < text + n && *state == 'Z';
}

bool IsThreadGone(uint32_t tid) {
  const KeepErrno keep_errno;
  if (syscall(SYS_tgkill, getpid(), tid, 0) != 0) return errno == ESRCH;
  return IsDeadMainThread(tid);
}

// Who has the lock exclusively, if it is recorded; `reads`: others read it.
uint32_t OwnerOf(const LockRequest& request, bool* read) {
  const uint32_t word = request.lock->word.load(std::memory_order_relaxed);
  *read = IsShared(request.kind) && (word & internal::kReading) != 0;
  return *read || (word & kUnrecorded) != 0 ? 0 : word & internal::kOwnerMask;
}

const HeldAtEnd* FindHeld(const LockRequest& request) {
  const HeldAtEnd* held = g_held_at_end.load(std::memory_order_acquire);
  if (held == nullptr) return nullptr;
  bool read;
  const uint32_t owner = OwnerOf(request, &read);
  const uint32_t object = ObjectId(*request.lock);
  for (; held != nullptr; held = held->next) {
    if (held->owner.object != object || held->reads != read) continue;
    if (read ? !request.reads : held->owner.actor == owner) return held;
  }
  return nullptr;
}

// What the thread that forked held, its child holds.
[[gnu::no_sanitize_thread]] bool HasDescendant(uint32_t actor) {
  for (Thread* t = FirstThread(); t != nullptr; t = t->next_all) {
    for (const uint32_t ancestor : t->kept().ancestors) {
      if (ancestor == actor) return true;
    }
  }
  return false;
}

// Who has the lock and is a thread that only the parent has; 0: nobody.
uint32_t OwnerInParent(const LockRequest& request) {
  bool read;
  const uint32_t owner = OwnerOf(request, &read);
  if (owner == 0 || IsOwnerHere(owner) || HasDescendant(owner)) return 0;
  return owner;
}

}  // namespace

void NoteHeldAtEnd(Thread* t) {
  for (size_t i = 0; i < HoldCount(t); ++i) {
    const Hold& hold = t->kept().hot.holds[i];
    // Another may release what was acquired here.
    if (IsPermit(hold)) continue;
    Note(t, hold);
    WakeWaitersFor(ObjectOf(hold));
  }
}

bool MayBeGone(const LockRequest& request) {
  // The kernel sees to the death of an owner that is in another process.
  return request.process == nullptr && request.deadline == nullptr &&
         !WasUnlockedByOther() &&
         (FindHeld(request) != nullptr || OwnerInParent(request) != 0);
}

bool FindGoneOwner(const LockRequest& request, GoneOwner* owner) {
  if (WasUnlockedByOther()) return false;
  if (const HeldAtEnd* const held = FindHeld(request)) {
    *owner = held->owner;
    return IsThreadGone(owner->tid);
  }
  const uint32_t in_parent = OwnerInParent(request);
  if (in_parent == 0) return false;
  const LockState& lock = *request.lock;
  *owner = {in_parent, ObjectId(lock),
            SiteOfTag(lock.holder_site.load(std::memory_order_relaxed)), 0, ""};
  return true;
}

}  // namespace lockcheck::runtime

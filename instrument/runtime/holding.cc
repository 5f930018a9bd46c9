#include "instrument/runtime/holding.h"

#include <atomic>

#include "instrument/runtime/coroutine_hazard.h"
#include "instrument/runtime/objects.h"
#include "instrument/runtime/sites.h"

namespace lockcheck::runtime {

using internal::kOwnerMask;
using internal::kReadersActor;
using internal::kWaiters;
using log::Op;

namespace {

// Some lock was unlocked by another actor than its owner, whose list of holds
// still has it. Never reset: from then on every hand-over looks.
std::atomic<bool> g_unlocked_by_other{false};

void WriteAcquisition(Thread* t, LockState& lock, uint32_t site, uint32_t group,
                      Acquisition a) {
  lock.holder_site.store(internal::HolderSite(SiteTagOf(site), t->hot.actor),
                         std::memory_order_relaxed);
  a.object = ObjectId(lock);
  a.site = site;
  a.gate = GateBehind(ClassOf(lock), site);
  if (group != 0) {
    a.flags |= log::kFlagGroup;
    a.group = group;
  }
  if (t->hot.cursor >= t->hot.sample_at && TakeSample(t)) {
    a.flags |= log::kFlagStart;
    a.start_ticks = Ticks();
  }
  OpenHold(t, a);
}

// Who held it before, and the lock's books of that.
Acquisition AfterLast(Thread* t, LockState& lock) {
  Acquisition a{};
  if (__builtin_expect(lock.last_actor != t->hot.actor, false)) {
    const uint32_t last = lock.last_actor & kOwnerMask;
    if ((lock.last_actor & kWaiters) || WasUnlockedByOther()) {
      DropStaleHold(t, ObjectId(lock));
    }
    if (last != 0 && last != t->hot.actor) {
      ++lock.handovers;
      a.flags |= log::kFlagHandover;
      a.handover = lock.handovers;
    }
    // An object whose id needs a wide record never takes the hot path.
    lock.last_actor = t->hot.actor | (Tag(lock) & 2 ? kWaiters : 0);
  }
  return a;
}

}  // namespace

void RegisterLock(Thread* t, LockState& lock, LockKind kind, uint32_t site,
                  uint32_t value) {
  const auto its_kind = static_cast<model::ObjectKind>(kind);
  RegisterObject(
      t, lock.tag,
      {its_kind, site, &lock, lock.file, lock.line, lock.name, value});
  NoteKindOfLock(ObjectId(lock), its_kind);
}

void DropStaleHold(Thread* t, uint32_t object) {
  const size_t index = FindHold(t, object);
  if (index == SIZE_MAX) return;
  Begin(t, 2).Word(object).End(Op::kReleasedByOther);
  RemoveHold(t, index);
}

void TakenShared(Thread* t, SharedState& lock, uint32_t site, How how,
                 uint32_t group) {
  Acquisition a{};
  a.flags = static_cast<uint32_t>(how) | log::kFlagShared | log::kFlagHandover;
  a.handover = lock.handovers;
  const uint32_t last = kReadersActor | (Tag(lock) & 2 ? kWaiters : 0);
  if (LastActor(lock) != last) SetLastActor(lock, last);
  lock.last_reader.store(t->hot.actor, std::memory_order_relaxed);
  WriteAcquisition(t, lock, site, group, a);
}

void Taken(Thread* t, LockState& lock, uint32_t site, How how, uint32_t group) {
  Acquisition a = AfterLast(t, lock);
  a.flags |= static_cast<uint32_t>(how);
  WriteAcquisition(t, lock, site, group, a);
}

void TakenPermit(Thread* t, LockState& lock, uint32_t site, How how,
                 bool only) {
  Acquisition a{};
  if (only) a = AfterLast(t, lock);
  // As readings of what nobody writes are, so that repetitions are short.
  if (!only) a.flags = log::kFlagShared | log::kFlagHandover;
  a.flags |= static_cast<uint32_t>(how);
  a.permit = true;
  WriteAcquisition(t, lock, site, 0, a);
}

void WriteRelease(Thread* t, uint32_t object) {
  const size_t index = FindHold(t, object);
  if (index != SIZE_MAX) CloseHold(t, index);
}

bool WasUnlockedByOther() {
  return g_unlocked_by_other.load(std::memory_order_relaxed);
}

void NoteUnlockedByOther() {
  g_unlocked_by_other.store(true, std::memory_order_relaxed);
}

}  // namespace lockcheck::runtime

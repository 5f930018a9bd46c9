#include "instrument/runtime/process_shadow.h"

#include <cstring>
#include <mutex>
#include <new>

#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/known_objects.h"
#include "instrument/runtime/plain.h"
#include "instrument/runtime/process_identity.h"
#include "instrument/runtime/process_lock.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"

namespace lockcheck::runtime {
namespace {

using internal::kProcessSignals;
using internal::ProcessObject;
using internal::ProcessSignal;
using internal::WaitKind;
using internal::WaitQueue;

// Whoever destroys the object forgets it; the others keep what they have of it.
struct Shadow {
  std::atomic<uint64_t> number{0};  // the object's
  Shadow* next = nullptr;
  WaitQueue queues[kProcessSignals] = {
      {nullptr, {}}, {nullptr, {}}, {nullptr, {}}, {nullptr, {}}};
  LockState held{nullptr, {}};  // of a semaphore, while it has no other
  ProcessLockName names = {};
  ProcessNameText name = "";
  ProcessFileText file = "";
};
static_assert(kProcessSignals == 4);

constinit KnownObjects<Shadow> g_shadows;

// Null: no memory.
Shadow* ShadowOf(const ProcessObject& object) {
  return g_shadows.FindOrMake(object.number, [&](Shadow& shadow) {
    memcpy(shadow.name, object.made_name, sizeof(shadow.name));
    memcpy(shadow.file, object.made_file, sizeof(shadow.file));
    const char* const name = shadow.name[0] != 0 ? shadow.name : nullptr;
    const char* const file = shadow.file[0] != 0 ? shadow.file : nullptr;
    shadow.names = {name, file, object.made_line};
    for (WaitQueue& queue : shadow.queues) {
      new (&queue) WaitQueue(name, {});
      queue.file = file;
      queue.line = object.made_line;
    }
    new (&shadow.held) LockState(name, {});
    shadow.held.file = file;
    shadow.held.line = static_cast<uint16_t>(object.made_line);
  });
}

bool Claim(ProcessObject& object, WaitKind kind) {
  // Of another recording so far.
  const auto reset = [&] {
    for (auto& tag : object.tags) tag.store(0, std::memory_order_relaxed);
    if (kind != WaitKind::kProcessSemaphore) return;
    auto& held = static_cast<internal::ProcessSemaphoreState&>(object).held;
    held.last_actor = 0;
    held.handovers = 0;
  };
  if (ClaimFor(object.recording, object.claimed_by, false, reset)) return true;
  if (!IsGone(object.claimed_by.load(std::memory_order_relaxed))) return false;
  internal::EnterGuard(object);
  const bool claimed =
      ClaimFor(object.recording, object.claimed_by, true, reset);
  object.guard.Unlock();
  return claimed;
}

// Its id in this recording, if it is to have one that other processes know.
void TakeSharedId(Thread* t, const ProcessSignal& signal, WaitQueue& queue,
                  uint32_t site) {
  ProcessObject& object = *signal.object;
  if (!HasOwnLog(t) || !Claim(object, signal.kind)) return;
  std::atomic<uint32_t>& tag = object.tags[signal.index];
  if (tag.load(std::memory_order_acquire) == 0) {
    RegisterQueue(t, queue, signal.kind, site,
                  {tag, &object, PlaceKey(queue.file, queue.line)});
  }
  queue.tag.store(tag.load(std::memory_order_acquire),
                  std::memory_order_relaxed);
}

bool IsAwaitedNow(ProcessObject& object, uint32_t index) {
  for (uint32_t i = 0; i < internal::kProcessSlots; ++i) {
    if (object.state[i].load(std::memory_order_relaxed) ==
            internal::kSlotWaits &&
        object.signal[i].load(std::memory_order_relaxed) == index &&
        !internal::IsOwnerGone(object, i)) {
      return true;
    }
  }
  return false;
}

}  // namespace

WaitQueue* QueueOf(Thread* t, const ProcessSignal& signal, uint32_t site) {
  Shadow* const shadow = ShadowOf(*signal.object);
  if (shadow == nullptr) return nullptr;
  WaitQueue& queue = shadow->queues[signal.index];
  if (queue.tag.load(std::memory_order_relaxed) != 0) return &queue;
  // The definition of a queue's end names its items.
  if (signal.kind == WaitKind::kProcessQueueDone) {
    QueueOf(t, {signal.object, 0, WaitKind::kProcessQueue, 0}, site);
  }
  queue.initial = signal.initial;
  TakeSharedId(t, signal, queue, site);
  if (queue.tag.load(std::memory_order_relaxed) == 0) {
    RegisterQueue(t, queue, signal.kind, site, {queue.tag, signal.object, 0});
  }
  if (model::CanBeHeld(static_cast<model::ObjectKind>(signal.kind))) {
    NameProcessObject(queue.tag.load(std::memory_order_relaxed) >> 3,
                      &shadow->names);
  }
  return &queue;
}

LockState* HoldRecordOf(Thread* t, internal::ProcessSemaphoreState& s) {
  Shadow* const shadow = ShadowOf(s);
  if (shadow == nullptr) return nullptr;
  const uint32_t tag = shadow->queues[0].tag.load(std::memory_order_relaxed);
  const bool shared =
      HasOwnLog(t) && s.recording.load(std::memory_order_relaxed) ==
                          internal::g_recording.load(std::memory_order_relaxed);
  LockState& record = shared ? s.held : shadow->held;
  if (record.tag.load(std::memory_order_relaxed) == tag) return &record;
  // New. Two may come here at once, so nothing is written that the other one
  // could have counted on already.
  const ProcessLockName& names = shadow->names;
  record.lock_class.store(
      static_cast<uint16_t>(ClassOf(names.name, names.file, names.line)),
      std::memory_order_relaxed);
  record.tag.store(tag, std::memory_order_release);
  return &record;
}

WaitQueue* DoProcessSignal(const ProcessSignal& signal, SiteSlot* slot,
                           Caller caller) {
  const KeepErrno keep_errno;
  Shadow* const known = g_shadows.Find(signal.object->number);
  if (known != nullptr &&
      known->queues[signal.index].tag.load(std::memory_order_relaxed) != 0) {
    return &known->queues[signal.index];
  }
  Thread* const t = Enter();
  if (t == nullptr) return nullptr;
  WaitQueue* const queue = QueueOf(t, signal, SiteId(t, slot, caller));
  Leave(t);
  return queue;
}

void DoDestroyProcessObject(ProcessObject& object) {
  const KeepErrno keep_errno;
  const bool mine =
      internal::g_recording.load(std::memory_order_relaxed) != 0 &&
      object.recording.load(std::memory_order_relaxed) ==
          internal::g_recording.load(std::memory_order_relaxed);
  Shadow* const shadow =
      mine ? ShadowOf(object) : g_shadows.Find(object.number);
  if (shadow == nullptr) return;
  for (uint32_t i = 0; i < kProcessSignals; ++i) {
    WaitQueue& queue = shadow->queues[i];
    // Known to other processes only, so far.
    if (mine) queue.tag.store(object.tags[i].load(std::memory_order_relaxed));
    NameProcessObject(queue.tag.load(std::memory_order_relaxed) >> 3, nullptr);
    DestroyQueue(queue, IsAwaitedNow(object, i), true);
  }
  g_shadows.Forget(*shadow);
}

bool SleepInSlot(const QueuedWait& wait, const Deadline* look, bool* looked) {
  const ProcessSleep& p = *wait.process;
  const bool brief = look != nullptr && IsBefore(*look, wait.deadline);
  const Deadline* const until = brief ? look : wait.deadline;
  if (internal::SleepUntilGranted(*p.waiters, *p.wait, *p.settle, until)) {
    return true;
  }
  if (brief) {
    *looked = true;
    return false;
  }
  return internal::GiveUpWait(*p.waiters, *p.wait, *p.settle);
}

}  // namespace lockcheck::runtime

#include "instrument/runtime/process_record.h"

#include <atomic>
#include <cstring>

#include "instrument/runtime/id_table.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/objects.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/process_identity.h"
#include "instrument/runtime/process_lock.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
constinit std::atomic<uint64_t> g_recording{0};
}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

namespace lockcheck::runtime {
namespace {

using internal::g_recording;

// What this process keeps of one lock: its names, which may be read when the
// shared memory is gone, and a record for when the lock's own is not to be had.
// Never given back, but used again for another lock.
struct Known : LockState {
  Known() : LockState(nullptr, {}) {}
  std::atomic<uint64_t> number;  // the lock's; kUnused, kBeingMade
  Known* next;
  ProcessLockName names;
  char name_text[ProcessState::kNameBytes];
  char file_text[ProcessState::kFileBytes];
};
constexpr uint64_t kUnused = 1, kBeingMade = 2;

constexpr size_t kHeads = 256;
std::atomic<Known*> g_known[kHeads];
constinit IdTable g_by_object;

std::atomic<Known*>& HeadOf(uint64_t number) {
  return g_known[number / 4 % kHeads];
}

Known* Find(uint64_t number) {
  Known* known = HeadOf(number).load(std::memory_order_acquire);
  while (known != nullptr &&
         known->number.load(std::memory_order_acquire) != number) {
    known = known->next;
  }
  return known;
}

// One that no lock has any more, or a new one.
Known* Unused(std::atomic<Known*>& head) {
  for (Known* known = head.load(std::memory_order_acquire); known != nullptr;
       known = known->next) {
    uint64_t unused = kUnused;
    if (known->number.compare_exchange_strong(unused, kBeingMade)) return known;
  }
  auto* const fresh = static_cast<Known*>(ArenaAllocate(sizeof(Known)));
  if (fresh == nullptr) return nullptr;
  new (fresh) Known;
  fresh->number.store(kBeingMade, std::memory_order_relaxed);
  fresh->next = head.load(std::memory_order_relaxed);
  while (!head.compare_exchange_weak(fresh->next, fresh,
                                     std::memory_order_release)) {
  }
  return fresh;
}

// Two threads that come first make one each, and one of them is found.
Known* KnownOf(ProcessState& lock) {
  if (Known* const known = Find(lock.number)) return known;
  Known* const known = Unused(HeadOf(lock.number));
  if (known == nullptr) return nullptr;
  memcpy(known->name_text, lock.made_name, sizeof(lock.made_name));
  memcpy(known->file_text, lock.made_file, sizeof(lock.made_file));
  known->word.store(0, std::memory_order_relaxed);
  known->last_actor = 0;
  known->tag.store(0, std::memory_order_relaxed);
  known->handovers = 0;
  known->lock_class.store(0, std::memory_order_relaxed);
  known->name = known->name_text[0] != 0 ? known->name_text : nullptr;
  known->file = known->file_text[0] != 0 ? known->file_text : nullptr;
  known->line = static_cast<uint16_t>(lock.made_line);
  known->names = {known->name, known->file, lock.made_line};
  known->number.store(lock.number, std::memory_order_release);
  return Find(lock.number);
}

void Register(Thread* t, LockState& record, Known* known, uint32_t site) {
  if (Tag(record) == 0) {
    const ProcessLockName& names = known->names;
    RegisterObject(
        t, record.tag,
        {model::ObjectKind::kProcessMutex, site, &record, names.file,
         names.line, names.name, 0, PlaceKey(names.file, names.line)});
    record.lock_class.store(
        static_cast<uint16_t>(ClassOf(names.name, names.file, names.line)),
        std::memory_order_relaxed);
  }
  const uint32_t object = ObjectId(record);
  if (g_by_object.Get(object) == 0) {
    NameProcessObject(object, &known->names);
  }
}

// Whether the lock's own record is this recording's, or is so from now on.
bool Claim(ProcessState& lock, bool guarded) {
  return ClaimFor(lock.recording, lock.claimed_by, guarded, [&] {
    lock.word.store(0, std::memory_order_relaxed);
    lock.last_actor = 0;
    lock.tag.store(0, std::memory_order_relaxed);
    lock.handovers = 0;
    lock.lock_class.store(0, std::memory_order_relaxed);
  });
}

}  // namespace

LockState* RecordOf(Thread* t, ProcessState& lock, uint32_t site,
                    bool guarded) {
  Known* const known = KnownOf(lock);
  if (known == nullptr) return nullptr;
  LockState* record = known;
  if (HasOwnLog(t) && Claim(lock, guarded)) record = &lock;
  Register(t, *record, known, site);
  return record;
}

LockState* KnownRecordOf(Thread* t, ProcessState& lock) {
  if (HasOwnLog(t) && lock.recording.load(std::memory_order_relaxed) ==
                          g_recording.load(std::memory_order_relaxed)) {
    return &lock;
  }
  return Find(lock.number);
}

void ForgetRecord(ProcessState& lock) {
  if (Known* const known = Find(lock.number)) {
    NameProcessObject(ObjectId(*known), nullptr);
    known->number.store(kUnused, std::memory_order_release);
  }
  NameProcessObject(ObjectId(lock), nullptr);
}

void UseRecordsOfProcessLocks() {
  uint64_t key;
  memcpy(&key, g_writer.header()->recording_id, sizeof(key));
  g_recording.store(key | 1, std::memory_order_relaxed);
}

void NameProcessObject(uint32_t object, const ProcessLockName* name) {
  g_by_object.Set(object, reinterpret_cast<uintptr_t>(name));
}

const ProcessLockName* NameOfProcessLock(uint32_t object) {
  return object == 0 ? nullptr
                     : reinterpret_cast<const ProcessLockName*>(
                           g_by_object.Get(object));
}

void DropProcessLocks(Thread* t) {
  for (size_t i = HoldCount(t); i-- > 0;) {
    if (NameOfProcessLock(ObjectOf(t->kept().hot.holds[i])) != nullptr) {
      RemoveHold(t, i);
    }
  }
  for (const auto& head : g_known) {
    for (Known* known = head.load(std::memory_order_acquire); known != nullptr;
         known = known->next) {
      known->word.store(0, std::memory_order_relaxed);
    }
  }
}

}  // namespace lockcheck::runtime

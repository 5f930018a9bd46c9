#include "instrument/runtime/process_record.h"

#include <atomic>
#include <cstring>

#include "instrument/runtime/id_table.h"
#include "instrument/runtime/known_objects.h"
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
struct Known : SharedState {
  Known() : SharedState(nullptr, {}) {}
  std::atomic<uint64_t> number{0};  // the lock's
  Known* next = nullptr;
  ProcessLockName names;
  char name_text[ProcessRecord::kNameBytes];
  char file_text[ProcessRecord::kFileBytes];
};
constinit KnownObjects<Known> g_known;
constinit IdTable<> g_by_object;

// Null: no memory.
Known* KnownOf(ProcessRecord& lock) {
  return g_known.FindOrMake(lock.number, [&](Known& known) {
    memcpy(known.name_text, lock.made_name, sizeof(lock.made_name));
    memcpy(known.file_text, lock.made_file, sizeof(lock.made_file));
    known.word.store(0, std::memory_order_relaxed);
    known.last_actor = 0;
    known.tag.store(0, std::memory_order_relaxed);
    known.handovers = 0;
    known.lock_class.store(0, std::memory_order_relaxed);
    known.name = known.name_text[0] != 0 ? known.name_text : nullptr;
    known.file = known.file_text[0] != 0 ? known.file_text : nullptr;
    known.line = static_cast<uint16_t>(lock.made_line);
    known.names = {known.name, known.file, lock.made_line};
  });
}

void Register(Thread* t, SharedState& record, Known* known, uint32_t site,
              internal::LockKind kind) {
  if (Tag(record) == 0) {
    const ProcessLockName& names = known->names;
    RegisterObject(
        t, record.tag,
        {static_cast<model::ObjectKind>(kind), site, &record, names.file,
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
bool Claim(ProcessRecord& lock, bool guarded) {
  return ClaimFor(lock.recording, lock.claimed_by, guarded, [&] {
    lock.word.store(0, std::memory_order_relaxed);
    lock.last_actor = 0;
    lock.tag.store(0, std::memory_order_relaxed);
    lock.handovers = 0;
    lock.lock_class.store(0, std::memory_order_relaxed);
  });
}

}  // namespace

SharedState* RecordOf(Thread* t, ProcessRecord& lock, uint32_t site,
                      bool guarded) {
  Known* const known = KnownOf(lock);
  if (known == nullptr) return nullptr;
  SharedState* record = known;
  if (HasOwnLog(t) && Claim(lock, guarded)) record = &lock;
  Register(t, *record, known, site, lock.kind);
  return record;
}

SharedState* KnownRecordOf(Thread* t, ProcessRecord& lock) {
  if (HasOwnLog(t) && lock.recording.load(std::memory_order_relaxed) ==
                          g_recording.load(std::memory_order_relaxed)) {
    return &lock;
  }
  return g_known.Find(lock.number);
}

void ForgetRecord(ProcessRecord& lock) {
  if (Known* const known = g_known.Find(lock.number)) {
    NameProcessObject(ObjectId(*known), nullptr);
    g_known.Forget(*known);
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
  g_known.ForEach(
      [](Known& known) { known.word.store(0, std::memory_order_relaxed); });
}

}  // namespace lockcheck::runtime

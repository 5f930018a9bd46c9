#include "instrument/runtime/process_record.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "instrument/runtime/id_table.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/objects.h"
#include "instrument/runtime/process.h"
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
struct Known : SharedState {
  Known() : SharedState(nullptr, {}) {}
  std::atomic<uint64_t> number;  // the lock's; kUnused, kBeingMade
  Known* next;
  ProcessLockName names;
  char name_text[ProcessRecord::kNameBytes];
  char file_text[ProcessRecord::kFileBytes];
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
Known* KnownOf(ProcessRecord& lock) {
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

// By content, for it is another copy in each lock.
uint64_t PlaceKey(const ProcessLockName& names) {
  return (uint64_t{ClassOf(nullptr, names.file, names.line)} << 32 |
          names.line) *
             0x9e3779b97f4a7c15ull |
         1;
}

void Register(Thread* t, SharedState& record, Known* known, uint32_t site,
              internal::LockKind kind) {
  if (Tag(record) == 0) {
    const ProcessLockName& names = known->names;
    RegisterObject(t, record.tag,
                   {static_cast<model::ObjectKind>(kind), site, &record,
                    names.file, names.line, names.name, 0, PlaceKey(names)});
    record.lock_class.store(
        static_cast<uint16_t>(ClassOf(names.name, names.file, names.line)),
        std::memory_order_relaxed);
  }
  const uint32_t object = ObjectId(record);
  if (g_by_object.Get(object) == 0) {
    g_by_object.Set(object, reinterpret_cast<uintptr_t>(&known->names));
  }
}

bool IsGone(uint32_t pid) {
  return kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

// Whether the lock's own record is this recording's, or is so from now on.
bool Claim(ProcessRecord& lock, bool guarded) {
  const uint64_t mine = g_recording.load(std::memory_order_relaxed);
  uint64_t of = lock.recording.load(std::memory_order_acquire);
  if (of == mine) return true;
  // Nobody has written into it yet.
  bool claimed = of == 0 && lock.recording.compare_exchange_strong(of, mine);
  if (!claimed && of == mine) return true;
  if (!claimed && guarded &&
      IsGone(lock.claimed_by.load(std::memory_order_relaxed))) {
    lock.word.store(0, std::memory_order_relaxed);
    lock.last_actor = 0;
    lock.tag.store(0, std::memory_order_relaxed);
    lock.handovers = 0;
    lock.lock_class.store(0, std::memory_order_relaxed);
    lock.recording.store(mine, std::memory_order_release);
    claimed = true;
  }
  if (claimed) lock.claimed_by.store(static_cast<uint32_t>(getpid()));
  return claimed;
}

bool HasOwnLog(const Thread* t) {
  return !t->live && g_recording.load(std::memory_order_relaxed) != 0;
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
  return Find(lock.number);
}

void ForgetRecord(ProcessRecord& lock) {
  if (Known* const known = Find(lock.number)) {
    g_by_object.Set(ObjectId(*known), 0);
    known->number.store(kUnused, std::memory_order_release);
  }
  g_by_object.Set(ObjectId(lock), 0);
}

void UseRecordsOfProcessLocks() {
  uint64_t key;
  memcpy(&key, g_writer.header()->recording_id, sizeof(key));
  g_recording.store(key | 1, std::memory_order_relaxed);
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

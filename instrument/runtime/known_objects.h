// What this process keeps of each object that lies in memory which processes
// share, found by the object's number.
//
// Problem: of two threads that come to an object first at the same moment both
// must get the same entry, or what one of them writes is never found again. So
// it is looked for once more, made and shown under one short lock, which a
// forked child finds free. Looking needs none.
//
// Entries are never given back, but used again for other objects. An entry has
// `number` and `next`, which are these here.
// Threading: any, but for who is in a ProcessLock.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_KNOWN_OBJECTS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_KNOWN_OBJECTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

#include "instrument/runtime/pages.h"
#include "instrument/runtime/process.h"

namespace lockcheck::runtime {

// Entry: `std::atomic<uint64_t> number{0}` and `Entry* next`.
template <typename Entry>
class KnownObjects {
 public:
  constexpr KnownObjects() = default;

  // Null: there is none.
  Entry* Find(uint64_t number) { return FindIn(HeadOf(number), number); }

  // Calls fill(entry) if the object has none yet. Null: no memory.
  template <typename Fill>
  Entry* FindOrMake(uint64_t number, Fill fill) {
    if (Entry* const known = Find(number)) return known;
    const ProcessLock lock;
    if (Entry* const known = Find(number)) return known;
    std::atomic<Entry*>& head = HeadOf(number);
    // A process that was forked here goes on with one that is unused still.
    Entry* entry = FindIn(head, kUnused);
    const bool is_new = entry == nullptr;
    if (is_new) {
      void* const memory = ArenaAllocate(sizeof(Entry));
      if (memory == nullptr) return nullptr;
      entry = new (memory) Entry;
    }
    fill(*entry);
    entry->number.store(number, std::memory_order_release);
    if (!is_new) return entry;
    entry->next = head.load(std::memory_order_relaxed);
    head.store(entry, std::memory_order_release);
    return entry;
  }

  // The object is gone.
  void Forget(Entry& entry) {
    entry.number.store(kUnused, std::memory_order_release);
  }

  template <typename Act>
  void ForEach(Act act) {
    for (const auto& head : heads_) {
      for (Entry* entry = head.load(std::memory_order_acquire);
           entry != nullptr; entry = entry->next) {
        act(*entry);
      }
    }
  }

 private:
  static constexpr uint64_t kUnused = 1;  // no object's number
  static constexpr size_t kHeads = 256;

  std::atomic<Entry*>& HeadOf(uint64_t number) {
    return heads_[number / 4 % kHeads];
  }
  static Entry* FindIn(const std::atomic<Entry*>& head, uint64_t number) {
    Entry* entry = head.load(std::memory_order_acquire);
    while (entry != nullptr &&
           entry->number.load(std::memory_order_acquire) != number) {
      entry = entry->next;
    }
    return entry;
  }

  std::atomic<Entry*> heads_[kHeads] = {};
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_KNOWN_OBJECTS_H_

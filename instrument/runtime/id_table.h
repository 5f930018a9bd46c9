// From an id to a word, for any thread to look up without a lock.
//
// Ids are given out in order and never again. Pages of the table come into
// being when their first entry is set and stay; without memory an entry reads
// as 0. Cost: eight bytes for each id.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_ID_TABLE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_ID_TABLE_H_

#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "instrument/runtime/process.h"

namespace lockcheck::runtime {

class IdTable {
 public:
  constexpr IdTable() = default;

  uintptr_t Get(uint32_t id) const {
    if (id >= kIds) return 0;
    const Entry* const page =
        pages_[id / kPageIds].load(std::memory_order_acquire);
    return page == nullptr
               ? 0
               : page[id % kPageIds].load(std::memory_order_acquire);
  }

  void Set(uint32_t id, uintptr_t value) {
    if (id >= kIds) return;
    std::atomic<Entry*>& slot = pages_[id / kPageIds];
    Entry* page = slot.load(std::memory_order_acquire);
    if (page == nullptr) {
      auto* const fresh =
          static_cast<Entry*>(MapPages(kPageIds * sizeof(Entry)));
      if (fresh == nullptr) return;
      if (slot.compare_exchange_strong(page, fresh)) {
        page = fresh;
      } else {
        munmap(fresh, kPageIds * sizeof(Entry));
      }
    }
    page[id % kPageIds].store(value, std::memory_order_release);
  }

 private:
  using Entry = std::atomic<uintptr_t>;
  static constexpr size_t kPageIds = 1 << 14;
  static constexpr size_t kIds = 1 << 29;
  std::atomic<Entry*> pages_[kIds / kPageIds] = {};
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_ID_TABLE_H_

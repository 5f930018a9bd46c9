// From an id to a word, for any thread to look up without a lock.
//
// Ids are given out in order and never again. Pages of the table come into
// being when their first entry is set; without memory an entry reads as 0.
// Cost: eight bytes for each id, until all the ids of its page are retired (a
// program may run coroutines for weeks); then only addresses.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_ID_TABLE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_ID_TABLE_H_

#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "instrument/runtime/process.h"

namespace lockcheck::runtime {

// `kRetired`: what an id reads as for ever once it is retired.
template <uintptr_t kRetired = 0>
class IdTable {
 public:
  static constexpr size_t kPageIds = 1 << 14;

  constexpr IdTable() = default;

  uintptr_t Get(uint32_t id) const {
    if (id >= kIds) return 0;
    const uintptr_t page =
        pages_[id / kPageIds].load(std::memory_order_acquire);
    if (page == 0) return 0;
    if ((page & kAllRetired) != 0) return kRetired;
    return PageAt(page)->entries[id % kPageIds].load(std::memory_order_acquire);
  }

  void Set(uint32_t id, uintptr_t value) {
    if (Page* const page = Make(id)) {
      page->entries[id % kPageIds].store(value, std::memory_order_release);
    }
  }

  // Nobody may set it any more. Who looks it up at the moment in which the last
  // one of its page is retired may read 0.
  void Retire(uint32_t id) {
    Page* const page = Make(id);
    if (page == nullptr) return;
    static_assert(kRetired != 0, "else it would count twice");
    if (page->entries[id % kPageIds].exchange(
            kRetired, std::memory_order_acq_rel) == kRetired) {
      return;
    }
    if (page->retired.fetch_add(1, std::memory_order_acq_rel) + 1 < kPageIds) {
      return;
    }
    pages_[id / kPageIds].fetch_or(kAllRetired, std::memory_order_release);
    // Not unmapped, for somebody may be reading there.
    madvise(page, sizeof(Page), MADV_DONTNEED);
  }

 private:
  using Entry = std::atomic<uintptr_t>;
  struct Page {
    Entry entries[kPageIds];
    std::atomic<uint32_t> retired;
  };
  static constexpr size_t kIds = 1 << 29;
  static constexpr uintptr_t kAllRetired = 1;

  static Page* PageAt(uintptr_t page) { return reinterpret_cast<Page*>(page); }

  // Null: no memory, or all its ids are retired.
  Page* Make(uint32_t id) {
    if (id >= kIds) return nullptr;
    std::atomic<uintptr_t>& slot = pages_[id / kPageIds];
    uintptr_t page = slot.load(std::memory_order_acquire);
    if ((page & kAllRetired) != 0) return nullptr;
    if (page != 0) return PageAt(page);
    void* const fresh = MapPages(sizeof(Page));
    if (fresh == nullptr) return nullptr;
    if (slot.compare_exchange_strong(page,
                                     reinterpret_cast<uintptr_t>(fresh))) {
      return static_cast<Page*>(fresh);
    }
    munmap(fresh, sizeof(Page));
    return (page & kAllRetired) != 0 ? nullptr : PageAt(page);
  }

  std::atomic<uintptr_t> pages_[kIds / kPageIds] = {};
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_ID_TABLE_H_

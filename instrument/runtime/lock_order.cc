#include "instrument/runtime/lock_order.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "instrument/runtime/deadlock_report.h"
#include "instrument/runtime/entry.h"
#include "instrument/runtime/holding.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/process_record.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/saying.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"

namespace lockcheck::runtime {
namespace {

using internal::OrderedLock;

// "SECOND SITE".
struct OrderText {
  static constexpr size_t kDigits = 10;  // of a number of 32 bits, at most
  char text[2 * kDigits + 1];
  size_t size;

  OrderText(uint32_t second, uint32_t site) {
    const char* const end = std::to_chars(text, text + kDigits, second).ptr;
    size = std::min(static_cast<size_t>(end - text), kDigits);
    text[size++] = ' ';
    size = static_cast<size_t>(
        std::to_chars(text + size, text + sizeof(text), site).ptr - text);
  }
};

bool IsOfProcesses(LockKind kind) {
  return kind == LockKind::kProcessMutex ||
         kind == LockKind::kProcessRecursiveMutex ||
         kind == LockKind::kProcessSharedMutex;
}

// Of a process, that were recorded, and are not to be once more: the first of
// them, for the set only grows. A forked child's declarations add to those of
// its parent, so a copy is right there.
class RecordedPairs {
 public:
  // True: it is to be recorded.
  bool Add(uint32_t first, uint32_t second) {
    const uint64_t pair = uint64_t{first} << 32 | second;
    if (count_.load(std::memory_order_relaxed) >= kMost) {
      return !pairs_.Find(pair, nullptr);
    }
    if (!pairs_.Insert(pair)) return false;
    count_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

 private:
  static constexpr uint32_t kMost = 1 << 16;
  GrowingSet pairs_;
  std::atomic<uint32_t> count_{0};
};
constinit RecordedPairs g_recorded;

// The lock's number in the log. 0: no memory. The lock's own state changes by
// use alone; what is given to it here is that number.
uint32_t IdOf(Thread* t, OrderedLock lock, uint32_t site) {
  void* const address = const_cast<void*>(lock.lock);
  if (IsOfProcesses(lock.kind)) {
    const SharedState* const record =
        RecordOf(t, *static_cast<ProcessRecord*>(address), site, false);
    return record == nullptr ? 0 : ObjectId(*record);
  }
  auto& state = *static_cast<LockState*>(address);
  if (Tag(state) == 0) RegisterLock(t, state, lock.kind, site);
  return ObjectId(state);
}

void NamePlace(Message& m, const char* word, uint32_t site) {
  const void* const pc = PcOfSite(site);
  if (pc == nullptr) return;
  m << " " << word << " ";
  NameFunction(m, pc);
}

void NameLock(Message& m, uint32_t id, const char* word, uint32_t site) {
  const LiveName known = NameOfLiveObject(id & ~LiveOrder::kShared);
  if (known.name[0] != 0) {
    m << " \"" << known.name << "\"";
  } else {
    m << " a lock";
  }
  if (known.file != nullptr) {
    m << ", made at " << known.file << ":" << uint64_t{known.line} << ",";
  }
  NamePlace(m, word, site);
}

}  // namespace

void DoDeclareOrder(OrderedLock first, OrderedLock second, SiteSlot* slot,
                    Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  const uint32_t site = SiteId(t, slot, caller);
  const uint32_t first_id = IdOf(t, first, site);
  const uint32_t second_id = IdOf(t, second, site);
  if (first_id == 0 || second_id == 0) {
    // No memory.
  } else if (t->live) {
    DeclareLiveOrder(first_id, second_id, site);
  } else if (g_recorded.Add(first_id, second_id)) {
    const OrderText text(second_id, site);
    Begin(t, 10)
        .Word(first_id)
        .Text(text.text, text.size)
        .End(log::Op::kDefName, kDeclaredOrderName);
  }
  Leave(t);
}

void SayIfOrderIsBroken(const Thread* t, const LiveOrder::Request& request) {
  const LiveDeclared::Broken broken = FindBrokenLiveOrder(request);
  if (broken.held == SIZE_MAX) return;
  const uint32_t held_site = request.held_sites[broken.held];
  static GrowingSet said;
  if (!said.Insert(uint64_t{held_site} << 32 | request.site)) return;
  CountMisuse();
  const Saying saying;
  Message m;
  m << "misuse (declared-order): actor " << uint64_t{t->hot.actor}
    << " asks for";
  NameLock(m, request.wanted, "in", request.site);
  m << " and holds";
  NameLock(m, request.held[broken.held], "taken in", held_site);
  m << "; the program declares the first before the second";
  NamePlace(m, "in", broken.site);
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

void DeclareOrder(OrderedLock first, OrderedLock second, SiteSlot* slot,
                  Caller caller) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->declare_order(first, second, slot, caller);
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

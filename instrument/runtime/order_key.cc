#include "instrument/runtime/order_key.h"

#include <algorithm>
#include <charconv>

#include "instrument/runtime/entry.h"
#include "instrument/runtime/holding.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "lockcheck/order_key.h"

namespace lockcheck::runtime {

void DoOrderKey(internal::LockState& lock, internal::LockKind kind,
                uint32_t key, internal::SiteSlot* slot,
                internal::Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  // With mode=live nobody asks for it, and the lock's number may become another
  // one's.
  if (!t->live) {
    if (Tag(lock) == 0) {
      RegisterLock(t, lock, kind, SiteId(t, slot, caller));
    }
    char text[16];
    const auto written = std::to_chars(text, text + sizeof(text),
                                       std::min(key, largest_order_key));
    Begin(t, 8)
        .Word(ObjectId(lock))
        .Text(text, static_cast<size_t>(written.ptr - text))
        .End(log::Op::kDefName, kOrderKeyName);
  }
  Leave(t);
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// The lock's own state changes by use alone; what is given to it here is its
// number in the log.
void SetOrderKey(const void* lock, LockKind kind, uint32_t key, SiteSlot* slot,
                 Caller caller) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    auto* const state = static_cast<LockState*>(const_cast<void*>(lock));
    table->order_key(*state, kind, key, slot, caller);
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

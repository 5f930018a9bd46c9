// What a wait leaves in the log that need not wait, and has no other trace:
// that the thread would have waited there, with the locks that it holds.

#include "instrument/runtime/entry.h"
#include "instrument/runtime/seen_way.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "lockcheck/internal/wait_queue.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

using runtime::Thread;

// 0: the object is not registered yet.
uint64_t WayTo(Thread* t, const WaitQueue& queue, How how,
               const SiteSlot* slot) {
  const uint32_t tag = queue.tag.load(std::memory_order_relaxed);
  if (tag == 0) return 0;
  const uint32_t wanted = tag >> 3 | static_cast<uint32_t>(how) << 29;
  return runtime::SeenWay(t, t->kept().hot.top, wanted, slot);
}

}  // namespace

void TakeOnce(WaitQueue& queue, WaitKind kind, How how, SiteSlot* slot,
              Caller caller) noexcept {
  Thread* t = runtime::Current();
  if (t->live) return;
  const uint64_t way = WayTo(t, queue, how, slot);
  if (way != 0 && runtime::HasSeenWay(t, way)) return;
  const runtime::Unseen unseen;
  const runtime::Table* const table = runtime::Recording();
  t = runtime::Current();
  if (table == nullptr || t->live) return;
  table->take(queue, kind, {how, 0, 0}, slot, caller);
  // Not for a signal handler that interrupted the runtime: it records as an
  // actor of its own.
  if (LoadGate(&t->kept().hot) == kGateShut) return;
  if (const uint64_t now = WayTo(t, queue, how, slot)) {
    runtime::NoteSeenWay(t, now);
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

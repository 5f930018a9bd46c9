#include "instrument/runtime/held_across.h"

#include <mutex>

#include "instrument/runtime/entry.h"
#include "instrument/runtime/id_table.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {
namespace {

using internal::Carrier;
using internal::ContextRecord;
using internal::CoroutineRecord;

// With mode=live: from an object to the suspended coroutine that has it.
constinit IdTable<> g_live_holders;

// The holds that are noted stand in the record, which has no others then.
void NoteLiveHolds(const CoroutineRecord& r, uint32_t actor) {
  for (uint32_t i = 0; i < r.held_count; ++i) {
    g_live_holders.Set(ObjectOf(r.held[i]), actor);
  }
}

// With mode=live the thread's own holds come first, and then those of
// coroutines that it has carried.
uint32_t CountOwnHolds(Thread* t) {
  const ThreadHolds& h = t->kept().hot;
  uint32_t count = 0;
  while (count < HoldCount(t) && LiveHolder(ObjectOf(h.holds[count])) == 0) {
    ++count;
  }
  return count;
}

}  // namespace

internal::ShortLock& CoroutineGuard() { return g_fork_page->coroutines; }

void BeginHeldAcross(Thread* t, CoroutineRecord& r) {
  r.held_in = t->tid;
  if (t->live) NoteLiveHolds(r, r.actor);
  const std::lock_guard guard(CoroutineGuard());
  SetWaitingCoroutine(r.actor, &r);
  g_fork_page->held_across.fetch_add(1);
}

void EndHeldAcross(Thread* t, CoroutineRecord& r) {
  r.held_in = 0;
  if (t->live) {
    NoteLiveHolds(r, 0);
    r.held_count = 0;
  }
  const std::lock_guard guard(CoroutineGuard());
  SetThreadOf(r.actor, t);
  g_fork_page->held_across.fetch_sub(1);
}

bool IsAnyHeldAcross() {
  return g_fork_page->held_across.load(std::memory_order_seq_cst) != 0;
}

CoroutineRecord* SuspendedHolder(uint32_t owner, uint32_t object) {
  const uint32_t live = LiveHolder(object);
  CoroutineRecord* const r = WaitingCoroutine(live != 0 ? live : owner);
  return r != nullptr && r->held_in != 0 ? r : nullptr;
}

uint32_t LiveHolder(uint32_t object) {
  return static_cast<uint32_t>(g_live_holders.Get(object));
}

void DoEnterContext(Carrier& carrier, ContextRecord& context) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  carrier.context = &context;
  carrier.recorded = t;
  {
    const std::lock_guard guard(CoroutineGuard());
    carrier.next_of_context = context.carriers;
    if (context.carriers != nullptr) {
      context.carriers->previous_of_context = &carrier;
    }
    context.carriers = &carrier;
  }
  if (t == nullptr) return;
  if (t->live) carrier.thread.held_count = CountOwnHolds(t);
  Leave(t);
}

void DoExitContext(Carrier& carrier) {
  const KeepErrno keep_errno;
  const std::lock_guard guard(CoroutineGuard());
  Carrier* const next = carrier.next_of_context;
  Carrier* const previous = carrier.previous_of_context;
  if (next != nullptr) next->previous_of_context = previous;
  (previous == nullptr ? carrier.context->carriers
                       : previous->next_of_context) = next;
  carrier.context = nullptr;
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

void Carrier::Enter(ContextRecord& of) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->enter_context(*this, of);
  }
}

void Carrier::Exit() noexcept {
  const runtime::Unseen unseen;
  const runtime::Table* const table =
      context == nullptr ? nullptr : runtime::Recording();
  if (table != nullptr) table->exit_context(*this);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

// Which passes of a once_flag a thread need not record again; see
// lockcheck/once_flag.h. Like the warm path it reads nothing but the thread's
// state and the flag, so any copy of the runtime may run it.

#include "lockcheck/once_flag.h"

#include "instrument/runtime/live.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/internal/seen.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {
namespace {

// Of the thread's phase, what it holds below `top`, the flag and the place.
uint64_t PassKey(runtime::Thread* t, const Hold* top, const SharedState& once,
                 const SiteSlot* slot) {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15ull;
  const uint64_t way = runtime::LiveWay(t, top, runtime::ObjectId(once));
  return (way ^ reinterpret_cast<uintptr_t>(slot)) * kSpread;
}

uint64_t* PassEntry(runtime::Thread* t, uint64_t key) {
  return SeenEntry(&t->hot, static_cast<uint32_t>(key >> 32));
}

}  // namespace

bool HasPassed(SharedState& once, SiteSlot* slot) noexcept {
  auto* const t = reinterpret_cast<runtime::Thread*>(t_thread.state);
  if (runtime::Tag(once) == 0) return false;
  const uint64_t key = PassKey(t, t->kept().hot.top, once, slot);
  return *PassEntry(t, key) == key;
}

void NotePassed(SharedState& once, SiteSlot* slot) noexcept {
  auto* const t = reinterpret_cast<runtime::Thread*>(t_thread.state);
  if (LoadGate(&t->kept().hot) == kGateShut || runtime::Tag(once) == 0) return;
  // The innermost hold is the pass itself.
  const uint64_t key = PassKey(t, t->kept().hot.top - 1, once, slot);
  *PassEntry(t, key) = key;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

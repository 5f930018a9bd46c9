// Which passes of a once_flag a thread need not record again; see
// lockcheck/once_flag.h.

#include "lockcheck/once_flag.h"

#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/seen_way.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

using runtime::SeenWay;
using runtime::Thread;

bool HasPassed(SharedState& once, SiteSlot* slot) noexcept {
  Thread* const t = runtime::Current();
  if (runtime::Tag(once) == 0) return false;
  return runtime::HasSeenWay(
      t, SeenWay(t, t->kept().hot.top, runtime::ObjectId(once), slot));
}

void NotePassed(SharedState& once, SiteSlot* slot) noexcept {
  Thread* const t = runtime::Current();
  if (LoadGate(&t->kept().hot) == kGateShut || runtime::Tag(once) == 0) return;
  // The innermost hold is the pass itself.
  runtime::NoteSeenWay(
      t, SeenWay(t, t->kept().hot.top - 1, runtime::ObjectId(once), slot));
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#include "instrument/runtime/gil.h"

#include <mutex>
#include <system_error>
#include <utility>

#include "instrument/runtime/entry.h"
#include "instrument/runtime/holding.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/lock_facts.h"
#include "instrument/runtime/misuse.h"
#include "instrument/runtime/plain_gil.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/reporter.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"

namespace lockcheck::runtime {
namespace {

Passed PlainPassOn(GilState& gil, bool competes) {
  const uint32_t me = UnrecordedOwner();
  if (Owner(gil) != me) return Passed::kNotPermitted;
  return PassOn(gil, me, competes) ? Passed::kKept : Passed::kGivenAway;
}

}  // namespace

Passed DoPassOnGil(GilState& gil, bool competes, SiteSlot* slot,
                   Caller caller) {
  const KeepErrno keep_errno;
  Thread* t = Enter();
  if (t == nullptr) return PlainPassOn(gil, competes);
  const uint32_t site = SiteId(t, slot, caller);
  if (!IsMine(t, gil)) {
    if (Tag(gil) == 0) RegisterLock(t, gil, LockKind::kGil, site);
    ReportMisuse(t, {model::Misuse::kReleaseByOther, ObjectId(gil), site,
                     Owner(gil), &gil, slot, caller});
    Leave(t);
    return Passed::kNotPermitted;
  }
  // Given away, the gil may be gone.
  const uint32_t tag = Tag(gil);
  const bool waited = gil.first.load(std::memory_order_relaxed) != nullptr;
  WriteRelease(t, tag >> 3);
  const uint64_t ticks = Ticks();
  const bool kept = PassOn(gil, t->hot.actor, competes);
  if (kept) {
    // It might have had to wait here, with what else it holds.
    NoteRequest(t, gil, site, false, slot, caller);
    if (t->live) {
      NoteOrder(
          t, {&gil, LockKind::kGil, How::kBlocking, slot, caller, 0, nullptr},
          site);
    }
    Taken(t, gil, site, How::kBlocking, 0);
  } else if (waited) {
    Begin(t, 4).Word(tag >> 3).U64(ticks).End(log::Op::kSawWaiters);
  }
  AnnounceIfClosing(t);
  Leave(t);
  return kept ? Passed::kKept : Passed::kGivenAway;
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

bool PassOnGil(GilState& gil, bool competes, SiteSlot* slot, Caller caller) {
  const runtime::Unseen unseen;
  const runtime::Table* const table = runtime::Recording();
  const runtime::Passed passed =
      table != nullptr ? table->pass_on_gil(gil, competes, slot, caller)
                       : runtime::PlainPassOn(gil, competes);
  if (passed == runtime::Passed::kNotPermitted) {
    throw std::system_error(
        std::make_error_code(std::errc::operation_not_permitted),
        "lockcheck: gil let go by a thread that does not hold it");
  }
  return passed == runtime::Passed::kKept;
}

void RetakeGil(GilState& gil, SiteSlot* slot, Caller caller) noexcept {
  const runtime::Unseen unseen;
  runtime::LockRequest request{
      &gil, LockKind::kGil, How::kBlocking, slot, caller, 0, nullptr};
  request.again = true;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->lock(request);
  } else {
    runtime::PlainRequest(request);
  }
}

void SetGilArbiter(GilState& gil, GilArbiter arbiter) {
  const std::lock_guard guard(gil.guard);
  std::swap(gil.arbiter, arbiter);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

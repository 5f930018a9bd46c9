#include "instrument/runtime/region.h"

#include <atomic>

#include "instrument/runtime/entry.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/objects.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/table.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/waiting.h"
#include "lockcheck/blocking_region.h"

namespace lockcheck::runtime {
namespace {

using log::Op;

GrowingSet g_regions;  // site -> object

uint32_t RegionAt(Thread* t, uint32_t site, const char* name,
                  source_location where) {
  // Key 0 is none.
  const uint64_t key = uint64_t{1} << 32 | site;
  uint32_t object = 0;
  if (g_regions.Find(key, &object)) return object;
  std::atomic<uint32_t> tag{0};
  RegisterObject(t, tag,
                 {model::ObjectKind::kRegion, site, nullptr, where.file_name(),
                  where.line(), name});
  object = tag.load(std::memory_order_relaxed) >> 3;
  // Two threads that come first make one each, and one of them stays.
  g_regions.InsertValue(key, object, &object);
  return object;
}

}  // namespace

void DoBeginRegion(const char* name, source_location where, SiteSlot* slot,
                   Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  // Its records would keep what mode=live forgets from being forgotten.
  if (t->live) return Leave(t);
  const uint32_t site = SiteId(t, slot, caller);
  const uint32_t object = RegionAt(t, site, name, where);
  ReadyToWait(t);
  Wanted wanted{};
  wanted.site = site;
  wanted.outside = true;
  wanted.kind = model::ObjectKind::kRegion;
  BeginWaiting(t, wanted);
  Begin(t, 9).Word(object).Word(site).Word(0).Word(0).U64(Ticks()).Word(0).End(
      Op::kBlock, static_cast<uint32_t>(model::How::kBlocking));
  Leave(t);
}

void DoEndRegion() {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  if (t->live) return Leave(t);
  EndWaiting(t);
  Begin(t, 4).U64(Ticks()).End(
      Op::kUnblock, static_cast<uint32_t>(model::Outcome::kSignalled));
  Leave(t);
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

void BeginRegion(const char* name, source_location where, SiteSlot* slot,
                 Caller caller) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->begin_region(name, where, slot, caller);
  }
}

void EndRegion() noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->end_region();
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

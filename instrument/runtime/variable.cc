#include "instrument/runtime/variable.h"

#include "instrument/runtime/entry.h"
#include "instrument/runtime/keep_errno.h"
#include "instrument/runtime/message.h"
#include "instrument/runtime/objects.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/sites.h"
#include "instrument/runtime/unseen.h"
#include "instrument/runtime/warm_parts.h"

namespace lockcheck::runtime {

using internal::AccessFacts;
using internal::AccessKind;
using internal::DataKind;
using internal::KnownVariable;
using internal::VariableState;
using log::Op;

namespace {

template <typename Ours, typename Models>
constexpr bool Same(Ours ours, Models models) {
  return static_cast<uint8_t>(ours) == static_cast<uint8_t>(models);
}
static_assert(Same(DataKind::kAtomic, model::ObjectKind::kAtomic) &&
              Same(DataKind::kVariable, model::ObjectKind::kVariable));
static_assert(Same(AccessKind::kRead, model::Access::kRead) &&
              Same(AccessKind::kWrite, model::Access::kWrite) &&
              Same(AccessKind::kUpdate, model::Access::kUpdate));

// ---- What need not be recorded again ----
// Only reads have been recorded behind the access that `after_access` is of.
bool IsReadAgain(const Thread* t, const uint32_t* cursor, uint32_t tag,
                 const AccessFacts& facts) {
  if (facts.access != AccessKind::kRead || cursor != t->after_access ||
      tag == 0) {
    return false;
  }
  for (uint32_t i = 0; i < t->accessed_count; ++i) {
    if (t->accessed[i].tag == tag && t->accessed[i].version == facts.version) {
      return true;
    }
  }
  return false;
}

// The record of it was written at `at`, and is the last one. Without room for
// it what came before is forgotten, and is recorded again.
void NoteAccess(Thread* t, const uint32_t* at, uint32_t tag,
                const AccessFacts& facts) {
  const bool goes_on = facts.access == AccessKind::kRead &&
                       at == t->after_access &&
                       t->accessed_count < kMostAccessed;
  if (!goes_on) t->accessed_count = 0;
  t->accessed[t->accessed_count++] = {tag, facts.version};
  t->after_access = t->hot.cursor;
}

// A frequent one: what it needs is known. False: nothing was done.
bool WarmAccess(const VariableState& variable, const AccessFacts& facts,
                const internal::SiteSlot* slot) {
  Thread* const t = Current();
  if (t->live) return true;
  const uint32_t gate = internal::LoadGate(&t->kept().hot);
  const uint32_t tag = variable.tag.load(std::memory_order_relaxed);
  const uint32_t site = __atomic_load_n(&slot->tag, __ATOMIC_RELAXED);
  uint32_t* const cursor = t->hot.cursor;
  if (gate == internal::kGateShut) return false;
  if (IsReadAgain(t, cursor, tag, facts)) return true;
  if ((site & internal::kSiteShort) == 0 || tag == 0 || (tag & 2) != 0 ||
      !HasRoom(t) || !ShutAt(t, cursor, gate)) {
    return false;
  }
  cursor[2] = facts.version;
  cursor[1] = (tag | site) & ~log::kShortOpMask;
  internal::StoreWord(
      cursor,
      log::Extended(Op::kAccess, 3,
                    static_cast<uint32_t>(facts.access) | log::kShortNote));
  t->hot.cursor = cursor + 3;
  t->after_long = cursor + 3;
  NoteAccess(t, cursor, tag, facts);
  DelaySample(t, 3);
  internal::SetGate(&t->kept().hot, gate);
  return true;
}

// ---- Variables that are known by their addresses ----
// Open addressing; entries are never taken out, so that looking needs no lock.
constexpr uint32_t kMostKnown = 8192;
constexpr uint32_t kTableSize = 2 * kMostKnown;
constinit KnownVariable g_known[kTableSize];
constinit std::atomic<uint32_t> g_known_count{0};

uint32_t PlaceOf(const volatile void* address) {
  uint64_t x = reinterpret_cast<uintptr_t>(address);
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  return static_cast<uint32_t>(x >> 40) % kTableSize;
}

// The entry of the address, or the free one where it would be.
KnownVariable* EntryOf(const volatile void* address) {
  for (uint32_t i = 0, at = PlaceOf(address); i < kTableSize; ++i) {
    KnownVariable& entry = g_known[(at + i) % kTableSize];
    const auto* const known = entry.address.load(std::memory_order_acquire);
    if (known == address || known == nullptr) return &entry;
  }
  return nullptr;
}

// Who accesses a variable first, or first after it was forgotten, writes down
// what it is called. Others wait for that, but not for long: they may be in a
// handler that interrupts it.
enum Described : uint32_t { kNotDescribed, kBeingDescribed, kDescribed };
constexpr uint32_t kMostLooks = 1000;

// False: it is not described.
bool Describe(KnownVariable& entry, const char* name, source_location where) {
  uint32_t is = entry.described.load(std::memory_order_acquire);
  if (is == kNotDescribed &&
      entry.described.compare_exchange_strong(is, kBeingDescribed,
                                              std::memory_order_acquire)) {
    entry.state.file = where.file_name();
    entry.state.line = where.line();
    entry.state.name = name;
    entry.described.store(kDescribed, std::memory_order_release);
    return true;
  }
  for (uint32_t looks = 0; is != kDescribed && looks < kMostLooks; ++looks) {
    __builtin_ia32_pause();
    is = entry.described.load(std::memory_order_acquire);
  }
  return is == kDescribed;
}

void SayFull() {
  static std::atomic<bool> said{false};
  if (said.exchange(true, std::memory_order_relaxed)) return;
  Message() << "more than " << uint64_t{kMostKnown}
            << " addresses were given to LOCKCHECK_READ and LOCKCHECK_WRITE; "
               "accesses of others are not recorded. Use lockcheck::shared";
}

}  // namespace

void DoAccess(VariableState& variable, const AccessFacts& facts,
              internal::SiteSlot* slot, internal::Caller caller) {
  const KeepErrno keep_errno;
  Thread* const t = Enter();
  if (t == nullptr) return;
  if (!t->live) {
    const uint32_t site = SiteId(t, slot, caller);
    if (variable.tag.load(std::memory_order_relaxed) == 0) {
      RegisterObject(t, variable.tag,
                     {static_cast<model::ObjectKind>(facts.kind), site,
                      &variable, variable.file, variable.line, variable.name});
    }
    const uint32_t tag = variable.tag.load(std::memory_order_relaxed);
    Room(t, 4);
    const uint32_t* const at = t->hot.cursor;
    if (!IsReadAgain(t, at, tag, facts)) {
      Record(t)
          .Word(tag >> 3)
          .Word(site)
          .Word(facts.version)
          .End(Op::kAccess, static_cast<uint32_t>(facts.access));
      NoteAccess(t, at, tag, facts);
    }
  }
  Leave(t);
}

KnownVariable* DoFindVariable(const volatile void* address) {
  KnownVariable* const entry = EntryOf(address);
  return entry != nullptr &&
                 entry->address.load(std::memory_order_acquire) == address
             ? entry
             : nullptr;
}

KnownVariable* DoKnowVariable(const volatile void* address, const char* name,
                              source_location where) {
  for (;;) {
    KnownVariable* const entry = EntryOf(address);
    if (entry == nullptr) return nullptr;
    const volatile void* known = entry->address.load(std::memory_order_acquire);
    if (known == address) {
      return Describe(*entry, name, where) ? entry : nullptr;
    }
    if (g_known_count.load(std::memory_order_relaxed) >= kMostKnown) {
      SayFull();
      return nullptr;
    }
    if (entry->address.compare_exchange_strong(known, address,
                                               std::memory_order_acq_rel)) {
      g_known_count.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

void DoForgetVariable(const volatile void* address) {
  const KeepErrno keep_errno;
  KnownVariable* const entry = DoFindVariable(address);
  if (entry == nullptr) return;
  const uint32_t tag = entry->state.tag.exchange(0, std::memory_order_relaxed);
  entry->version.store(0, std::memory_order_relaxed);
  uint32_t is = kDescribed;
  entry->described.compare_exchange_strong(is, kNotDescribed,
                                           std::memory_order_acq_rel);
  if (tag == 0) return;
  if (Thread* const t = Enter()) {
    ObjectIsGone(t, tag >> 3, false);
    Leave(t);
  }
}

}  // namespace lockcheck::runtime

namespace lockcheck::inline LOCKCHECK_ABI::internal {

void Accessed(VariableState& variable, const AccessFacts& facts, SiteSlot* slot,
              Caller caller) noexcept {
  if (facts.version == kNoVersion) return;
  if (runtime::WarmAccess(variable, facts, slot)) return;
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->access(variable, facts, slot, caller);
  }
}

void AccessedAt(const volatile void* address, AccessKind access,
                const char* name, source_location where, SiteSlot* slot,
                Caller caller) noexcept {
  if (runtime::Current()->live) return;
  const runtime::Unseen unseen;
  const runtime::Table* const table = runtime::Recording();
  if (table == nullptr) return;
  KnownVariable* const known = table->know_variable(address, name, where);
  if (known == nullptr) return;
  const bool reads = access == AccessKind::kRead;
  const uint32_t version =
      reads ? known->version.load(std::memory_order_relaxed)
            : known->version.fetch_add(1, std::memory_order_relaxed) + 1;
  const AccessFacts facts = {DataKind::kVariable, access, version};
  if (!runtime::WarmAccess(known->state, facts, slot)) {
    table->access(known->state, facts, slot, caller);
  }
}

void ForgetVariableAt(const volatile void* address) noexcept {
  const runtime::Unseen unseen;
  if (const runtime::Table* const table = runtime::Recording()) {
    table->forget_variable(address);
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#include "instrument/runtime/sites.h"

#include <unwind.h>

#include <cstring>

#include "instrument/runtime/id_table.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/live_book.h"
#include "instrument/runtime/modules.h"
#include "instrument/runtime/process.h"
#include "instrument/runtime/record.h"
#include "instrument/runtime/steer.h"

namespace lockcheck::runtime {
namespace {

constexpr size_t kMaxFrames = 32;

constinit IdTable<> g_site_pcs;
GrowingSet g_ways;           // see WayKey()
GrowingSet g_wrapper_sites;  // return address -> site

struct Walk {
  Caller caller;
  bool inside;  // the caller's frame was reached
  void* pcs[kMaxFrames];
  uintptr_t frames[kMaxFrames];  // canonical frame address of the callee
  size_t count;
};

_Unwind_Reason_Code Step(_Unwind_Context* context, void* data) {
  auto* const walk = static_cast<Walk*>(data);
  auto* const pc = reinterpret_cast<void*>(_Unwind_GetIP(context));
  const uintptr_t frame = _Unwind_GetCFA(context);
  if (!walk->inside) {
    walk->inside = frame == reinterpret_cast<uintptr_t>(walk->caller.frame);
    if (!walk->inside) return _URC_NO_REASON;
  }
  if (pc == nullptr || walk->count == kMaxFrames) return _URC_END_OF_STACK;
  walk->pcs[walk->count] = pc;
  walk->frames[walk->count] = frame;
  ++walk->count;
  return _URC_NO_REASON;
}

// The callers of the function that `caller` describes, innermost first. Takes
// no lock and allocates nothing: libgcc finds unwind tables by _dl_find_object.
void Unwind(Caller caller, Walk& walk) {
  walk.caller = caller;
  walk.inside = false;
  walk.count = 0;
  _Unwind_Backtrace(&Step, &walk);
  if (walk.count == 0) {
    walk.pcs[0] = caller.return_address;
    walk.frames[0] = reinterpret_cast<uintptr_t>(caller.frame);
    walk.count = 1;
  }
}

void* PcOf(const SiteSlot* slot) {
  return const_cast<char*>(reinterpret_cast<const char*>(&slot->pc_distance) +
                           slot->pc_distance);
}

// The frames of `walk` from index `from` on, behind `pc` itself. Modules are
// described first, so that the record is not interrupted by theirs.
size_t PackFrames(Thread* t, const void* pc, const Walk& walk, size_t from,
                  uint64_t (&out)[kMaxFrames + 1]) {
  size_t n = 0;
  out[n++] = FrameOf(t, pc);
  for (size_t i = from; i < walk.count; ++i) out[n++] = FrameOf(t, walk.pcs[i]);
  return n;
}

uint32_t DefineSite(Thread* t, const void* pc, const Walk& walk, size_t from) {
  const Keep keep(t);
  uint64_t frames[kMaxFrames + 1];
  const size_t n = PackFrames(t, pc, walk, from, frames);
  const uint32_t id = NewId(&log::FileHeader::next_site);
  Record r = Begin(t, 4 + 2 * n);
  r.Word(id).Word(static_cast<uint32_t>(n));
  for (size_t i = 0; i < n; ++i) r.U64(frames[i]);
  r.End(log::Op::kDefSite);
  g_site_pcs.Set(id, reinterpret_cast<uintptr_t>(pc));
  if (Steers()) NoteSteered(id, pc);
  return id;
}

WrapperFrame& CacheEntry(Thread* t, void* return_address) {
  const auto key = reinterpret_cast<uintptr_t>(return_address);
  return t->kept().wrappers[(key * 0x9e3779b97f4a7c15ull) >> 57];
}
static_assert(kWrapperCache == 128);

// Of walk.pcs[i], which is a return address.
uint32_t SiteOfFrame(Thread* t, const Walk& walk, size_t i, bool* is_new) {
  const auto key = reinterpret_cast<uintptr_t>(walk.pcs[i]);
  uint32_t site = 0;
  if (g_wrapper_sites.Find(key, &site)) return site;
  const uint32_t id =
      DefineSite(t, static_cast<char*>(walk.pcs[i]) - 1, walk, i + 1);
  if (is_new != nullptr) *is_new = true;
  site = id;
  g_wrapper_sites.InsertValue(key, id, &site);
  return site;
}

// Unwinds to the first frame outside of wrappers, remembering each on the way.
uint32_t LearnWrappers(Thread* t, Caller caller, bool* is_new) {
  Walk walk;
  Unwind(caller, walk);
  for (size_t i = 0; i < walk.count; ++i) {
    char* const call = static_cast<char*>(walk.pcs[i]) - 1;
    const bool last = i + 1 == walk.count;
    if (!last && InWrapper(t, call)) {
      CacheEntry(t, walk.pcs[i]) = {
          walk.pcs[i],
          static_cast<uint32_t>(walk.frames[i + 1] - walk.frames[i]), 0};
      continue;
    }
    const uint32_t site = SiteOfFrame(t, walk, i, is_new);
    CacheEntry(t, walk.pcs[i]) = {walk.pcs[i], 0, site};
    return site;
  }
  return 0;
}

uint32_t WrapperSite(Thread* t, Caller caller, bool* is_new) {
  void* address = caller.return_address;
  auto frame = reinterpret_cast<uintptr_t>(caller.frame);
  for (size_t level = 0; level < 8; ++level) {
    const WrapperFrame& entry = CacheEntry(t, address);
    if (entry.return_address != address) break;
    if (entry.frame_size == 0) return entry.site;
    frame += entry.frame_size;
    address = *reinterpret_cast<void**>(frame - sizeof(void*));
  }
  return LearnWrappers(t, caller, is_new);
}

}  // namespace

const void* PcOfSlot(const SiteSlot* slot) { return PcOf(slot); }

const void* PcOfSite(uint32_t site) {
  return reinterpret_cast<const void*>(g_site_pcs.Get(site));
}

uint32_t SiteOfFunction(Thread* t, const void* function) {
  const auto key = reinterpret_cast<uintptr_t>(function);
  uint32_t site = 0;
  if (function == nullptr || g_wrapper_sites.Find(key, &site)) return site;
  Walk walk;
  walk.count = 0;
  site = DefineSite(t, function, walk, 0);
  g_wrapper_sites.InsertValue(key, site, &site);
  return site;
}

uint32_t SiteId(Thread* t, SiteSlot* slot, Caller caller, bool* is_new) {
  uint32_t tag = __atomic_load_n(&slot->tag, __ATOMIC_ACQUIRE);
  if (__builtin_expect(tag == internal::kSiteUnknown, false)) {
    void* const pc = PcOf(slot);
    if (InWrapper(t, pc)) {
      tag = internal::kSiteWrapper;
    } else {
      Walk walk;
      Unwind(caller, walk);
      const uint32_t site = DefineSite(t, pc, walk, 0);
      // With a wide tag no request takes the hot path.
      tag = Steers() && IsSteered(site) ? WideSiteTag(site) : SiteTagOf(site);
      if (is_new != nullptr) *is_new = true;
    }
    // Two threads may both have come first: one id wins, the other stays
    // unused.
    uint32_t unknown = internal::kSiteUnknown;
    if (!__atomic_compare_exchange_n(&slot->tag, &unknown, tag, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      tag = unknown;
    }
  }
  if (tag == internal::kSiteWrapper) return WrapperSite(t, caller, is_new);
  return SiteOfTag(tag);
}

uint32_t SiteBehind(Thread* t, Caller caller, bool outside) {
  Walk walk;
  Unwind(caller, walk);
  size_t i = 0;
  while (outside && i < walk.count && InSameModule(walk.pcs[i], walk.pcs[0])) {
    ++i;
  }
  return i < walk.count ? SiteOfFrame(t, walk, i, nullptr) : 0;
}

uint32_t RecordStack(Thread* t, const log::StackOf& of, SiteSlot* slot,
                     Caller caller) {
  const Keep keep(t);
  Walk walk;
  Unwind(caller, walk);
  uint64_t frames[kMaxFrames + 1];
  const size_t n = PackFrames(t, PcOf(slot), walk, 0, frames);
  const uint32_t id = NewId(&log::FileHeader::next_stack);
  Record r = Begin(t, 8 + 2 * n);
  r.Word(id).Word(of.object).Word(of.site);
  r.Word(of.held_object).Word(of.held_site).Word(static_cast<uint32_t>(n));
  for (size_t i = 0; i < n; ++i) r.U64(frames[i]);
  r.End(log::Op::kDefStack, static_cast<uint32_t>(of.reason));
  return id;
}

uint32_t ClassOf(const char* name, const char* file, uint32_t line) {
  // A class is a name, or a place where nothing has a name.
  const char* text = name != nullptr ? name : file;
  uint64_t hash = name != nullptr ? 0 : line;
  for (size_t i = 0; text != nullptr && text[i] != 0 && i < 1024; ++i) {
    hash = (hash ^ static_cast<unsigned char>(text[i])) * 0x100000001b3ull;
  }
  return static_cast<uint32_t>(hash * 0x9e3779b97f4a7c15ull >> 32) % 0xfffe + 1;
}

uint32_t ClassOf(LockState& lock) {
  uint32_t known = lock.lock_class.load(std::memory_order_relaxed);
  if (known != 0) return known;
  known = ClassOf(lock.name, lock.file, lock.line);
  lock.lock_class.store(static_cast<uint16_t>(known),
                        std::memory_order_relaxed);
  return known;
}

namespace {

// False: this way is known, and the thread remembers it now.
bool IsNewWay(Thread* t, uint32_t lock_class, uint32_t site) {
  const uint64_t key = WayKey(InnermostGate(t), lock_class, site);
  uint64_t& seen = t->kept().ways[WayPlace(key)];
  if (__builtin_expect(seen == key, true)) return false;
  seen = key;
  return g_ways.Insert(key);
}

void RecordWay(Thread* t, uint32_t object, uint32_t site, SiteSlot* slot,
               Caller caller) {
  log::StackOf of = {log::StackReason::kRequest, object, site};
  if (HoldCount(t) != 0) {
    const Hold& innermost = t->kept().hot.top[-1];
    of.held_object = ObjectOf(innermost);
    of.held_site = SiteOf(innermost);
  }
  if (t->live) {
    // They stand for their classes.
    KeepLiveObject(of.object);
    KeepLiveObject(of.held_object);
  }
  RecordStack(t, of, slot, caller);
}

}  // namespace

void NoteRequest(Thread* t, LockState& lock, uint32_t site, bool new_site,
                 SiteSlot* slot, Caller caller) {
  const uint32_t lock_class = ClassOf(lock);
  // With mode=live what is asked for under a hold never takes the hot path, and
  // `ways` of the thread are its dependencies.
  if (t->live && HoldCount(t) != 0) {
    if (g_ways.Insert(WayKey(InnermostGate(t), lock_class, site))) {
      RecordWay(t, lock.tag.load(std::memory_order_relaxed) >> 3, site, slot,
                caller);
    }
    return;
  }
  if (IsNewWay(t, lock_class, site) && !(new_site && HoldCount(t) == 0)) {
    RecordWay(t, lock.tag.load(std::memory_order_relaxed) >> 3, site, slot,
              caller);
  }
  if (__atomic_load_n(&slot->tag, __ATOMIC_RELAXED) & internal::kSiteShort) {
    __atomic_store_n(&slot->outer, InnermostGate(t) | lock_class,
                     __ATOMIC_RELAXED);
  }
}

void NoteJoin(Thread* t, uint32_t site, SiteSlot* slot, Caller caller) {
  if (HoldCount(t) == 0) return;
  const bool is_new = t->live ? g_ways.Insert(WayKey(InnermostGate(t), 0, site))
                              : IsNewWay(t, 0, site);
  if (is_new) {
    RecordWay(t, 0, site, slot, caller);
  }
}

}  // namespace lockcheck::runtime

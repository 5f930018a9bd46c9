// Where in the code an operation stands, and how the thread got there.
//
// A slot's place is known at once unless its function is a std guard that was
// not inlined; then the place is the first return address outside such
// functions. Since the frame size at a given return address in a guard is
// always the same, it is found by unwinding once, and by one load from then on.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_SITES_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_SITES_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/thread.h"
#include "lib/log/format.h"

namespace lockcheck::runtime {

using internal::Caller;

// The site's id. Registers the site, with a stack, when it first comes by; then
// `is_new` is set.
uint32_t SiteId(Thread* t, SiteSlot* slot, Caller caller,
                bool* is_new = nullptr);

// The tag that LockState::holder_site keeps, and back.
inline uint32_t WideSiteTag(uint32_t site) {
  return site << 3 | internal::kSiteWide;
}
inline uint32_t SiteTagOf(uint32_t site) {
  return site < log::kShortSites
             ? site << log::kSiteShift | internal::kSiteShort
             : WideSiteTag(site);
}
inline uint32_t SiteOfTag(uint32_t tag) {
  return tag & internal::kSiteShort  ? tag >> log::kSiteShift
         : tag & internal::kSiteWide ? tag >> 3
                                     : 0;
}

// The site that stands for a function of which no place is known.
uint32_t SiteOfFunction(Thread* t, const void* function);

// The instruction of the slot.
const void* PcOfSlot(const SiteSlot* slot);
// An address in the function of the site; null: not known.
const void* PcOfSite(uint32_t site);

// The site of the call that `caller` returns to, registered when it first comes
// by; with `outside`, of the first one that is not in the same module as that.
// 0: there is none.
uint32_t SiteBehind(Thread* t, Caller caller, bool outside);

// Records the present stack, from the slot's function outwards; returns its id.
uint32_t RecordStack(Thread* t, const log::StackOf& of, SiteSlot* slot,
                     Caller caller);

// The hash that stands for the lock's class: its name, or else its place.
uint32_t ClassOf(LockState& lock);
uint32_t ClassOf(const char* name, const char* file, uint32_t line);

// The gate of a thread whose innermost hold is of that class and site.
inline uint32_t GateBehind(uint32_t lock_class, uint32_t site) {
  if (site < log::kShortSites) {
    return internal::GateBehind(lock_class, SiteTagOf(site));
  }
  return internal::GateBehind(lock_class, site * 0x9e3779b1u);
}

// Where Kept::ways remembers that a lock of this class was asked for at this
// site behind this gate. Never 0.
inline uint64_t WayKey(uint32_t gate, uint32_t lock_class, uint32_t site) {
  return static_cast<uint64_t>(gate | lock_class) << 32 | site;
}
inline size_t WayPlace(uint64_t key) {
  return (key * 0x9e3779b97f4a7c15ull) >> 56;
}
static_assert(kWayCache == 256);

// Before the lock is asked for at the site: records the stack if nobody has yet
// come this way. Requests at the slot that come the same way may then take the
// hot path. `new_site`: the site's own stack is this one.
void NoteRequest(Thread* t, LockState& lock, uint32_t site, bool new_site,
                 SiteSlot* slot, Caller caller);
// The same of a join, which is always uncommon. The gate is shut meanwhile.
void NoteJoin(Thread* t, uint32_t site, SiteSlot* slot, Caller caller);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_SITES_H_

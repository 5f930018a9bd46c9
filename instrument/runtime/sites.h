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

// The site's id. Registers the site, with a stack, when it first comes by.
uint32_t SiteId(Thread* t, SiteSlot* slot, Caller caller);

// The tag that LockState::holder_site keeps, and back.
inline uint32_t SiteTagOf(uint32_t site) {
  return site < log::kShortSites
             ? site << log::kSiteShift | internal::kSiteShort
             : site << 3 | internal::kSiteWide;
}
inline uint32_t SiteOfTag(uint32_t tag) {
  return tag & internal::kSiteShort  ? tag >> log::kSiteShift
         : tag & internal::kSiteWide ? tag >> 3
                                     : 0;
}

// Records the present stack, from the slot's function outwards; returns its id.
uint32_t RecordStack(Thread* t, log::StackReason reason, uint32_t a, uint32_t b,
                     SiteSlot* slot, Caller caller);

// Where Kept::pairs remembers a pair of sites.
inline uint64_t PairKey(uint32_t held_site, uint32_t site) {
  return static_cast<uint64_t>(held_site) << 32 | site;
}
inline size_t PairSlot(uint32_t held_site, uint32_t site) {
  return (PairKey(held_site, site) * 0x9e3779b97f4a7c15ull) >> 56;
}
static_assert(kPairCache == 256);

// Lets requests at the slot under the present innermost hold take the hot path:
// their stack is in the log. Not if either has no short tag.
void OpenSlot(Thread* t, SiteSlot* slot);

// Records a stack if nobody has yet asked for `site` while holding `held_site`.
void NoteDependency(Thread* t, uint32_t held_site, uint32_t site,
                    SiteSlot* slot, Caller caller);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_SITES_H_

// Waits for the outside, recorded; see lockcheck/blocking_region.h.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_REGION_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_REGION_H_

#include "lockcheck/internal/hot.h"

namespace lockcheck::runtime {

// Of the table.
void DoBeginRegion(const char* name, source_location where,
                   internal::SiteSlot* slot, internal::Caller caller);
void DoEndRegion();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_REGION_H_

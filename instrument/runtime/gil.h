// The gil, recorded; see lockcheck/internal/gil.h. Taking it is a lock's
// business.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_GIL_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_GIL_H_

#include <cstdint>

#include "lockcheck/internal/gil.h"

namespace lockcheck::runtime {

enum class Passed : uint8_t { kGivenAway, kKept, kNotPermitted };

// Of the table.
Passed DoPassOnGil(internal::GilState& gil, bool competes,
                   internal::SiteSlot* slot, internal::Caller caller);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_GIL_H_

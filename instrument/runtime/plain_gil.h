// The gil itself, without any record; see lockcheck/internal/gil.h.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PLAIN_GIL_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PLAIN_GIL_H_

#include "instrument/runtime/plain.h"
#include "lockcheck/internal/gil.h"

namespace lockcheck::runtime {

using internal::GilState;

// As WaitRound(): kTaken, or kTimedOut and it is not among those who wait.
Round GilRound(GilState& gil, uint32_t me, const Deadline* deadline);

// By its owner `me`: gives it to who the arbiter chooses, or frees it. True:
// the owner was chosen, which can be only if it competes.
bool PassOn(GilState& gil, uint32_t me, bool competes);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_PLAIN_GIL_H_

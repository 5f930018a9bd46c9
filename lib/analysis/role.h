// What an object does to those who wait for it, as the analyses of events see
// it.
#ifndef LOCKCHECK_LIB_ANALYSIS_ROLE_H_
#define LOCKCHECK_LIB_ANALYSIS_ROLE_H_

#include <cstdint>

#include "lib/model/primitives.h"

namespace lockcheck::analysis {

enum class Role : uint8_t {
  kUnknown,      // not understood, or a call that the outside ends
  kLock,         // held by one, or by readers
  kPermits,      // several may hold one; who took one gives it back
  kUnits,        // whoever posts adds some, and each take consumes one
  kFlag,         // set, and perhaps cleared again
  kAllArrive,    // barrier, latch: the arrivals of a phase, all of them
  kCondition,    // notifications
  kOutstanding,  // what was begun, until all of it is over
  kData,         // read and written, and not waited for
};

// By its row in lib/model. `held`: who gives a permit back is who took it;
// `initial`: what there is at first.
Role RoleOf(model::ObjectKind kind, bool held, uint32_t initial);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_ROLE_H_

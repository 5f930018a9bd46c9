// Misuse of a lock: a record with a stack, and one line on stderr per place.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_MISUSE_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_MISUSE_H_

#include <cstdint>

#include "instrument/runtime/sites.h"
#include "instrument/runtime/thread.h"
#include "lib/model/primitives.h"

namespace lockcheck::runtime {

struct MisuseReport {
  model::Misuse misuse;
  uint32_t object;
  uint32_t site;
  uint32_t owner;         // actor id, 0: nobody
  const LockState* lock;  // for its name; may be null
  SiteSlot* slot;         // null: no stack
  Caller caller;
  // Of what is no lock; null: not known.
  const char* name = nullptr;
  const char* file = nullptr;
  uint32_t line = 0;
};

void ReportMisuse(Thread* t, const MisuseReport& report);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_MISUSE_H_

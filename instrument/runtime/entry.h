// The way in from the inline code.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_ENTRY_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_ENTRY_H_

#include "instrument/runtime/table.h"

namespace lockcheck::runtime {

// The table of a process that records, with the calling thread attached to it;
// null: nothing is recorded.
const Table* Recording();

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_ENTRY_H_

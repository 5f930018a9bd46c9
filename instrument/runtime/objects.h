// Gives objects their ids, and tells the log what they are.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_OBJECTS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_OBJECTS_H_

#include <atomic>
#include <cstdint>

#include "instrument/runtime/thread.h"
#include "lib/model/primitives.h"

namespace lockcheck::runtime {

struct ObjectFacts {
  model::ObjectKind kind;
  uint32_t site;  // of its first use
  const void* address;
  const char* file;  // of the constructor's call; may be null
  uint32_t line;
  const char* name;    // may be null
  uint32_t value = 0;  // what it begins with
  // What the place is known by; 0: the address of `file`, and `line`.
  uint64_t place_key = 0;
};

// Before the object is used: whoever comes first gives it its id. `tag` becomes
// id << 3, log::kOpenBit, and 2 if the id needs wide records.
void RegisterObject(Thread* t, std::atomic<uint32_t>& tag,
                    const ObjectFacts& facts);

// When it is destroyed. `t`: null if this thread cannot be recorded.
// `referred`: some thread's list of holds may have it still.
void ObjectIsGone(Thread* t, uint32_t object, bool referred);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_OBJECTS_H_

// Which module an address belongs to, and which of its functions only pass a
// lock operation on.
//
// Look-ups use _dl_find_object: no lock, no allocation, usable while the
// program holds any lock at all. A module is described in the log, and its
// symbol table read for wrappers, when the first address in it comes by.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_MODULES_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_MODULES_H_

#include <cstddef>
#include <cstdint>

#include "instrument/runtime/message.h"
#include "instrument/runtime/thread.h"

namespace lockcheck::runtime {

// The address as the log writes it: module id and offset. Describes the module
// first if it is new (so it may write records).
uint64_t FrameOf(Thread* t, const void* address);

// True if `address` lies in a function of std's guards (lock_guard,
// unique_lock, scoped_lock, shared_lock, lock, try_lock,
// condition_variable_any) made for one of lockcheck's types, and not inlined.
// False if symbols are stripped.
bool InWrapper(Thread* t, const void* address);

// Whether the addresses lie in one and the same module.
bool InSameModule(const void* one, const void* other);

// The last part of the module's path, cut to what fits, and the offset from its
// base. False: the address is in no module.
bool PlaceOf(const void* address, char* module, size_t size, uint64_t* offset);

// Writes "function+offset (module+offset)", or what is known of it.
void NameFunction(Message& m, const void* address);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_MODULES_H_

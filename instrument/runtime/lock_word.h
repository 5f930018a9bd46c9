// What a lock says of itself to those who look from outside: it may be gone.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LOCK_WORD_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LOCK_WORD_H_

#include <cstdint>
#include <cstring>

#include "instrument/runtime/sites.h"
#include "instrument/runtime/thread.h"
#include "instrument/runtime/waiting.h"

namespace lockcheck::runtime {

struct LockWord {
  uint32_t word = 0;       // its owner
  uint32_t object = 0;     // id; 0: none yet
  uint32_t held_site = 0;  // where it was taken; 0: not known
  const char* name = nullptr;
  const char* file = nullptr;
  uint16_t line = 0;
};

// False: it is gone.
inline bool ReadLockWord(const LockState* lock, LockWord* read) {
  alignas(LockState) char copy[sizeof(LockState)];
  if (!ReadMemory(lock, copy, sizeof(copy))) return false;
  const auto take = [&](size_t at, auto* to) {
    memcpy(to, copy + at, sizeof(*to));
  };
  uint32_t tag, place;
  take(offsetof(LockState, word), &read->word);
  take(offsetof(LockState, tag), &tag);
  take(offsetof(LockState, holder_site), &place);
  take(offsetof(LockState, name), &read->name);
  take(offsetof(LockState, file), &read->file);
  take(offsetof(LockState, line), &read->line);
  read->object = tag >> 3;
  read->held_site = SiteOfTag(place);
  return true;
}

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LOCK_WORD_H_

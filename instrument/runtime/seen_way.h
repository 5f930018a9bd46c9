// What a thread got without a wait, and would have waited for with the locks
// that it held: which of these it has recorded and need not record again.
//
// The key is of the thread's phase, of what it holds, of what it asked for and
// of the place; it stands in the thread's page of such things
// (lockcheck/internal/seen.h). Nothing but the thread's state is read, so any
// copy of the runtime may do so.
//
// Cost: a few ns for each lock that is held.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_SEEN_WAY_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_SEEN_WAY_H_

#include <cstdint>

#include "instrument/runtime/live.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/internal/seen.h"

namespace lockcheck::runtime {

// Of what is held below `top`.
inline uint64_t SeenWay(Thread* t, const Hold* top, uint32_t wanted,
                        const SiteSlot* slot) {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15ull;
  const uint64_t way = LiveWay(t, top, wanted);
  return (way ^ reinterpret_cast<uintptr_t>(slot)) * kSpread;
}

inline uint64_t* SeenWayEntry(Thread* t, uint64_t way) {
  return internal::SeenEntry(&t->hot, static_cast<uint32_t>(way >> 32));
}
inline bool HasSeenWay(Thread* t, uint64_t way) {
  return *SeenWayEntry(t, way) == way;
}
inline void NoteSeenWay(Thread* t, uint64_t way) {
  *SeenWayEntry(t, way) = way;
}

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_SEEN_WAY_H_

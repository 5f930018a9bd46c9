// What a thread has recorded once and need not record again: that it found a
// certain set of an event, or passed a once_flag at a certain place.
//
// Problem: a wait that finds what it asks for costs a load and a branch, a
// record of it many times that; and the second record of the same says nothing
// that the first did not. So each thread keeps the last ones, one for each of a
// few entries, in a page of its own that fork() wipes and a new thread begins
// with empty. Another thread's knowledge would be no help: order is known per
// thread. What was found by a try says less than what a wait with a time limit
// would have waited for, and that less than a wait without one; so it is
// recorded again when it is found by more.
//
// Cost: two loads and a comparison. An entry that another object takes over is
// recorded again when its turn comes.
#ifndef LOCKCHECK_INTERNAL_SEEN_H_
#define LOCKCHECK_INTERNAL_SEEN_H_

#include <cstdint>

#include "lockcheck/internal/hot.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

LOCKCHECK_ALWAYS_INLINE uint64_t* SeenEntry(ThreadState* t, uint32_t tag) {
  return reinterpret_cast<uint64_t*>(reinterpret_cast<char*>(t) + kSeenOffset) +
         (tag >> 3) % kSeenEntries;
}
LOCKCHECK_ALWAYS_INLINE uint64_t SeenKey(uint32_t tag, uint32_t what) {
  return static_cast<uint64_t>(what) << 32 | tag;
}
// What is different in the entry of what was asked for in this way: bits of the
// tag that an object's tags all have in common. More of them say less.
LOCKCHECK_ALWAYS_INLINE uint64_t Weakness(How how) {
  return how == How::kBlocking ? 0 : how == How::kTimed ? 1 : 4;
}

// Of an object that is not registered (tag 0), and on a thread that is not
// attached, never; `what` is not 0.
LOCKCHECK_ALWAYS_INLINE bool HasSeen(uint32_t tag, uint32_t what, How how) {
  const uint64_t entry =
      __atomic_load_n(SeenEntry(t_thread.state, tag), __ATOMIC_RELAXED);
  return (entry ^ SeenKey(tag, what)) <= Weakness(how);
}

// After the record was written. Not for a signal handler that interrupted the
// runtime: it records as an actor of its own.
inline void NoteSeen(uint32_t tag, uint32_t what, How how) {
  ThreadState* const t = t_thread.state;
  if (tag == 0 || what == 0 || LoadGate(HoldsOf(t)) == kGateShut) return;
  __atomic_store_n(SeenEntry(t, tag), SeenKey(tag, what) ^ Weakness(how),
                   __ATOMIC_RELAXED);
}

inline void ForgetSeen(ThreadState* t) {
  for (uint32_t id = 0; id < kSeenEntries; ++id) {
    __atomic_store_n(SeenEntry(t, id << 3), 0, __ATOMIC_RELAXED);
  }
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_SEEN_H_

// What a lock's words say.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_LOCK_FACTS_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_LOCK_FACTS_H_

#include <cstdint>

#include "instrument/runtime/thread.h"
#include "lockcheck/internal/hot.h"

namespace lockcheck::runtime {

using internal::SharedState;

// The exclusive owner's actor id; 0: none, or it is read.
inline uint32_t Owner(const LockState& lock) {
  const uint32_t word = lock.word.load(std::memory_order_relaxed);
  return (word & internal::kReading) != 0 ? 0 : word & internal::kOwnerMask;
}

inline uint32_t Tag(const LockState& lock) {
  return lock.tag.load(std::memory_order_relaxed);
}
inline uint32_t ObjectId(const LockState& lock) { return Tag(lock) >> 3; }

// Whether this thread owns the lock: it took it, or its parent process did
// before it forked.
inline bool IsMine(Thread* t, const LockState& lock) {
  const uint32_t owner = Owner(lock);
  if (owner == t->hot.actor) return true;
  if (owner == 0) return false;
  for (const uint32_t ancestor : t->kept().ancestors) {
    if (ancestor == 0) break;
    if (owner == ancestor) return true;
  }
  return false;
}

// Of a lock that is read, its readers store the same into `last_actor` at the
// same time.
inline uint32_t LastActor(const LockState& lock) {
  return __atomic_load_n(&lock.last_actor, __ATOMIC_RELAXED);
}
inline void SetLastActor(LockState& lock, uint32_t actor) {
  __atomic_store_n(&lock.last_actor, actor, __ATOMIC_RELAXED);
}

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_LOCK_FACTS_H_

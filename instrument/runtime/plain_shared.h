// The readers-writer lock itself, without any record; see plain.h.
//
// The word is the writer's id, or kReading and the number of readers, and the
// waiter bit. Readers go first, as with glibc's default pthread_rwlock_t: they
// enter while others read, whoever waits, and a release wakes all waiting
// readers before it wakes one writer. So a thread may read again what it reads
// already, and a steady stream of readers keeps a writer out.
//
// Readers and writers sleep on the same word under different bits
// (FUTEX_WAIT_BITSET). Whoever was woken takes the lock with the waiter bit
// set, or sets it before it sleeps or gives up, because others may sleep still.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PLAIN_SHARED_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PLAIN_SHARED_H_

#include <cstdint>

#include "instrument/runtime/plain.h"
#include "lockcheck/internal/hot.h"

namespace lockcheck::runtime {

using internal::SharedState;

// Reads the lock unless somebody writes. `more`: kWaiters, or 0.
inline bool TryRead(SharedState& lock, uint32_t more) {
  uint32_t word = lock.word.load(std::memory_order_relaxed);
  while (word == 0 || (word & internal::kReading) != 0) {
    const uint32_t next = (word == 0 ? internal::kReading : word) + 1;
    if (lock.word.compare_exchange_weak(word, next | more,
                                        std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

// One reader less, if there is one. True: it was the last, and somebody waits.
inline bool StopReading(SharedState& lock) {
  uint32_t word = lock.word.load(std::memory_order_relaxed);
  while ((word & internal::kReading) != 0) {
    const bool last = (word & ~internal::kWaiters) == internal::kReading + 1;
    if (lock.word.compare_exchange_weak(word, last ? 0 : word - 1,
                                        std::memory_order_release,
                                        std::memory_order_relaxed)) {
      return last && (word & internal::kWaiters) != 0;
    }
  }
  return false;
}

// After a release that saw waiters: all readers, or else one writer.
void WakeShared(SharedState& lock);

// As WaitRound() and LastTry(), for either side. `me` is the writer's id.
Round SharedRound(SharedState& lock, bool reads, uint32_t me,
                  const Deadline* deadline);
bool LastSharedTry(SharedState& lock, bool reads, uint32_t me, Round round);

// A request of any kind, and its releases, as PlainRequest().
bool PlainSharedRequest(const LockRequest& request, uint32_t me);
void PlainWriteUnlock(SharedState& lock);
void PlainReadUnlock(SharedState& lock);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_PLAIN_SHARED_H_

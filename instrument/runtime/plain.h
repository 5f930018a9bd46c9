// The lock itself, without any record: for mode=off, for threads that cannot be
// recorded, and as the part of the recorded lock that sleeps and wakes.
//
// It is the classic futex mutex (Drepper, "Futexes Are Tricky", 2011, mutex2):
// a waiter sets the waiter bit and sleeps while the word is what it saw; who
// was woken takes the lock with the bit set, because others may sleep still. It
// hands out no turns: a running thread may take the lock before the woken one,
// as with std::mutex.
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_PLAIN_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_PLAIN_H_

#include <time.h>

#include <atomic>
#include <cstdint>

#include "instrument/runtime/table.h"
#include "lockcheck/internal/hot.h"

namespace lockcheck::runtime {

// Takes the lock for owner `me` if it is free.
inline bool TryTake(LockState& lock, uint32_t me) {
  uint32_t free = 0;
  return lock.word.compare_exchange_strong(free, me, std::memory_order_acquire,
                                           std::memory_order_relaxed);
}

// Releases the lock and wakes one waiter, if there may be any.
void Free(LockState& lock);
void WakeWaiter(LockState& lock);

// futex(2) within this process. Returns its result, or -errno; errno itself
// stays as it was, as std's locks leave it.
long Futex(std::atomic<uint32_t>& word, int operation, uint32_t value,
           const timespec* time, uint32_t bits);

// Sleeps while the word has that value. 0, or errno: ETIMEDOUT, EAGAIN (it has
// not), EINTR. Only a wake-up for one of `bits` ends it.
int FutexWait(std::atomic<uint32_t>& word, uint32_t value,
              const Deadline* deadline, uint32_t bits = 0xffffffff);

inline bool MayBlock(const LockRequest& request) {
  return request.how == How::kBlocking || request.how == How::kTimed ||
         (request.how == How::kMulti && !request.tries);
}

// One round of waiting: takes the lock if it is free, else sleeps once.
enum class Round { kTaken, kWoken, kTimedOut, kNotRecoverable };
Round WaitRound(LockState& lock, uint32_t me, const Deadline* deadline);

// What a waiter does whose time is over after that round: takes the lock if it
// is free. If the round ended with a wake-up, that was one which another waiter
// may need: then the waiter bit is set, so that the next release passes it on.
bool LastTry(LockState& lock, uint32_t me, Round round);

Deadline Soon(int64_t ns);
bool HasPassed(const Deadline& deadline);
// Whether `a`, a monotonic time, surely comes before `b` (null: never).
bool IsBefore(const Deadline& a, const Deadline* b);

// A round for an exclusive lock of that kind.
Round WaitRound(LockState& lock, LockKind kind, uint32_t me,
                const Deadline* deadline);

// Of an exclusive lock. False: not taken (it may not block, or the deadline
// passed).
bool PlainLock(const LockRequest& request, uint32_t me);

// A request of any kind, recursive locks included, and its release. PlainUnlock
// is false if a recursive lock is not this thread's.
bool PlainRequest(const LockRequest& request);
bool PlainUnlock(LockState& lock, LockKind kind);

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_PLAIN_H_

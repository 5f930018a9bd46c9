#include "instrument/runtime/plain_shared.h"

#include <errno.h>
#include <linux/futex.h>

#include <climits>

namespace lockcheck::runtime {

using internal::kReading;
using internal::kWaiters;

namespace {

constexpr uint32_t kReaderBit = 1, kWriterBit = 2;  // of the futex's bitset

// How many were woken.
long Wake(SharedState& lock, int count, uint32_t bit) {
  return Futex(lock.word, FUTEX_WAKE_BITSET, static_cast<uint32_t>(count),
               nullptr, bit);
}

bool TryWrite(SharedState& lock, uint32_t me) {
  uint32_t free = 0;
  return lock.word.compare_exchange_strong(free, me, std::memory_order_acquire,
                                           std::memory_order_relaxed);
}

bool IsOpen(uint32_t word, bool reads) {
  return word == 0 || (reads && (word & kReading) != 0);
}

}  // namespace

// By address alone: another thread may have taken the lock, released and
// destroyed it by now. Who is about to sleep sees that the word has changed.
void WakeShared(SharedState& lock) {
  if (Wake(lock, INT_MAX, kReaderBit) <= 0) Wake(lock, 1, kWriterBit);
}

Round SharedRound(SharedState& lock, bool reads, uint32_t me,
                  const Deadline* deadline) {
  uint32_t word = lock.word.load(std::memory_order_relaxed);
  if (IsOpen(word, reads)) {
    if (reads) return TryRead(lock, kWaiters) ? Round::kTaken : Round::kWoken;
    return TryWrite(lock, me | kWaiters) ? Round::kTaken : Round::kWoken;
  }
  if ((word & kWaiters) == 0 &&
      !lock.word.compare_exchange_strong(word, word | kWaiters,
                                         std::memory_order_relaxed)) {
    return Round::kWoken;
  }
  return FutexWait(lock.word, word | kWaiters, deadline,
                   reads ? kReaderBit : kWriterBit) == ETIMEDOUT
             ? Round::kTimedOut
             : Round::kWoken;
}

bool LastSharedTry(SharedState& lock, bool reads, uint32_t me, Round round) {
  const uint32_t more = round == Round::kWoken ? kWaiters : 0;
  uint32_t word = lock.word.load(std::memory_order_relaxed);
  while (true) {
    const bool open = IsOpen(word, reads);
    const uint32_t taken = reads ? (word == 0 ? kReading : word) + 1 : me;
    const uint32_t next = (open ? taken : word) | more;
    if (!open && next == word) return false;
    if (lock.word.compare_exchange_weak(word, next, std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
      return open;
    }
  }
}

bool PlainSharedRequest(const LockRequest& request, uint32_t me) {
  auto& lock = static_cast<SharedState&>(*request.lock);
  if (request.reads ? TryRead(lock, 0) : TryWrite(lock, me)) return true;
  while (MayBlock(request)) {
    const Round round = SharedRound(lock, request.reads, me, request.deadline);
    if (round == Round::kTaken) return true;
    if (round == Round::kTimedOut) {
      return LastSharedTry(lock, request.reads, me, round);
    }
  }
  return false;
}

void PlainWriteUnlock(SharedState& lock) {
  if (lock.word.exchange(0, std::memory_order_release) & kWaiters) {
    WakeShared(lock);
  }
}

void PlainReadUnlock(SharedState& lock) {
  if (StopReading(lock)) WakeShared(lock);
}

}  // namespace lockcheck::runtime

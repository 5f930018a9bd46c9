#include "instrument/runtime/plain.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "instrument/runtime/plain_gil.h"
#include "instrument/runtime/plain_shared.h"
#include "instrument/runtime/thread.h"
#include "lockcheck/mutex.h"

namespace lockcheck::runtime {

using internal::IsRecursive;
using internal::IsShared;
using internal::kOffOwner;
using internal::kOwnerMask;
using internal::kWaiters;

long Futex(std::atomic<uint32_t>& word, int operation, uint32_t value,
           const timespec* time, uint32_t bits) {
  const int saved = errno;
  const long result =
      syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word),
              operation | FUTEX_PRIVATE_FLAG, value, time, nullptr, bits);
  const int error = errno;
  errno = saved;
  return result < 0 ? -error : result;
}

int FutexWait(std::atomic<uint32_t>& word, uint32_t value,
              const Deadline* deadline, uint32_t bits) {
  timespec time;
  int operation = FUTEX_WAIT_BITSET;
  if (deadline != nullptr) {
    time = {static_cast<time_t>(deadline->seconds),
            static_cast<long>(deadline->nanoseconds)};
    if (deadline->realtime) operation |= FUTEX_CLOCK_REALTIME;
  }
  return static_cast<int>(-Futex(word, operation, value,
                                 deadline == nullptr ? nullptr : &time, bits));
}

void WakeWaiter(LockState& lock) {
  Futex(lock.word, FUTEX_WAKE, 1, nullptr, 0);
}

void Free(LockState& lock) {
  if (lock.word.exchange(0, std::memory_order_release) & kWaiters) {
    WakeWaiter(lock);
  }
}

Round WaitRound(LockState& lock, uint32_t me, const Deadline* deadline) {
  uint32_t word = lock.word.load(std::memory_order_relaxed);
  if (word == 0) {
    return lock.word.compare_exchange_strong(word, me | kWaiters,
                                             std::memory_order_acquire,
                                             std::memory_order_relaxed)
               ? Round::kTaken
               : Round::kWoken;
  }
  if ((word & kWaiters) == 0 &&
      !lock.word.compare_exchange_strong(word, word | kWaiters,
                                         std::memory_order_relaxed)) {
    return Round::kWoken;
  }
  return FutexWait(lock.word, word | kWaiters, deadline) == ETIMEDOUT
             ? Round::kTimedOut
             : Round::kWoken;
}

bool LastTry(LockState& lock, uint32_t me, Round round) {
  if (round != Round::kWoken) return TryTake(lock, me);
  uint32_t word = lock.word.load(std::memory_order_relaxed);
  while (true) {
    const bool free = word == 0;
    if (lock.word.compare_exchange_weak(
            word, free ? me | kWaiters : word | kWaiters,
            std::memory_order_acquire, std::memory_order_relaxed)) {
      return free;
    }
  }
}

Deadline Soon(int64_t ns) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  Deadline d{now.tv_sec, now.tv_nsec + ns, false};
  d.seconds += d.nanoseconds / 1'000'000'000;
  d.nanoseconds %= 1'000'000'000;
  return d;
}

bool HasPassed(const Deadline& deadline) {
  timespec now;
  clock_gettime(deadline.realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  return now.tv_sec > deadline.seconds || (now.tv_sec == deadline.seconds &&
                                           now.tv_nsec >= deadline.nanoseconds);
}

bool IsBefore(const Deadline& a, const Deadline* b) {
  if (b == nullptr) return true;
  if (b->realtime) return false;
  return a.seconds < b->seconds ||
         (a.seconds == b->seconds && a.nanoseconds < b->nanoseconds);
}

Round WaitRound(LockState& lock, LockKind kind, uint32_t me,
                const Deadline* deadline) {
  return kind == LockKind::kGil
             ? GilRound(static_cast<GilState&>(lock), me, deadline)
             : WaitRound(lock, me, deadline);
}

bool PlainLock(const LockRequest& request, uint32_t me) {
  LockState& lock = *request.lock;
  if (TryTake(lock, me)) return true;
  while (MayBlock(request)) {
    switch (WaitRound(lock, request.kind, me, request.deadline)) {
      case Round::kTaken:
        return true;
      case Round::kTimedOut:
      case Round::kNotRecoverable:
        return false;
      case Round::kWoken:
        break;
    }
  }
  return false;
}

bool PlainRequest(const LockRequest& request) {
  LockState& lock = *request.lock;
  if (request.kind == LockKind::kGil) {
    return PlainLock(request, UnrecordedOwner());
  }
  if (!IsRecursive(request.kind)) {
    const uint32_t me =
        internal::IsOff() ? uint32_t{kOffOwner} : UnrecordedOwner();
    if (IsShared(request.kind)) return PlainSharedRequest(request, me);
    return PlainLock(request, me);
  }
  const uint32_t me = UnrecordedOwner();
  if ((lock.word.load(std::memory_order_relaxed) & kOwnerMask) == me) {
    uint32_t& depth = static_cast<internal::RecursiveState&>(lock).depth;
    if (depth == UINT32_MAX) return false;
    ++depth;
    return true;
  }
  return PlainLock(request, me);
}

bool PlainUnlock(LockState& lock, LockKind kind) {
  if (IsOfCoroutines(kind)) {
    internal::HandOver(lock, 0);
    return true;
  }
  if (IsShared(kind)) {
    PlainWriteUnlock(static_cast<SharedState&>(lock));
    return true;
  }
  if (IsRecursive(kind)) {
    const uint32_t owner =
        lock.word.load(std::memory_order_relaxed) & kOwnerMask;
    if (owner == 0) return true;
    if (owner != UnrecordedOwner()) return false;
    uint32_t& depth = static_cast<internal::RecursiveState&>(lock).depth;
    if (depth != 0) {
      --depth;
      return true;
    }
  }
  Free(lock);
  return true;
}

}  // namespace lockcheck::runtime

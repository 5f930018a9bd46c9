// Readers and a writer between processes, of which any may be killed at any
// moment: what process::shared_mutex excludes by.
//
// Problem: the kernel sees to the death of who has a robust mutex, and of
// nobody else; pthread's reader-writer lock stays as it is when somebody dies.
//
// So a robust mutex is the guard. A writer has it as long as it writes: its
// death is the guard's. A reader has it for a moment, in which it counts itself
// in a slot of its process; to stop reading it counts itself out, by one
// compare-and-swap and without the guard. A writer that has the guard and finds
// readers gives it back and sleeps until one stops; since a dead reader wakes
// nobody, it looks up now and then whether the processes in the slots are
// there still, and empties the slots of those that are not. Every step is one
// store, and whoever dies before or after it leaves something that the next one
// can go on from.
//
// Readers go first, as with shared_mutex. There are 128 slots; if as many
// processes read, a further reader keeps the guard while it reads: it reads,
// and others that come wait. Not those of a process that reads already: as long
// as its slot counts somebody there is no writer, so that another can be
// counted without the guard. (Who reads and reads again would else wait for a
// reader that may wait for him.)
#ifndef LOCKCHECK_INTERNAL_ROBUST_SHARED_H_
#define LOCKCHECK_INTERNAL_ROBUST_SHARED_H_

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "lockcheck/internal/process_identity.h"
#include "lockcheck/internal/robust.h"
#include "lockcheck/internal/time_left.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

class RobustSharedMutex {
 public:
  RobustSharedMutex() noexcept = default;
  RobustSharedMutex(const RobustSharedMutex&) = delete;
  RobustSharedMutex& operator=(const RobustSharedMutex&) = delete;

  // 0, or why it is not had: EBUSY, ETIMEDOUT, ENOTRECOVERABLE. `deadline`:
  // null, for ever. A try may be refused if others take and give back the lock
  // all the while, and by nothing else.
  int TryLock() noexcept;
  int Lock(const Deadline* deadline) noexcept;
  int TryLockShared() noexcept;
  int LockShared(const Deadline* deadline) noexcept;
  // 0; EPERM: this thread does not write, or this process does not read.
  int Unlock() noexcept;
  int UnlockShared() noexcept;

  // A writer died while it wrote, and nobody has called MakeConsistent() since:
  // that is for a writer to do, which else makes the lock not recoverable.
  bool owner_died() const noexcept { return owner_died_.load(); }
  // 0; EINVAL: there is nothing to repair; EPERM: this thread does not write.
  int MakeConsistent() noexcept;
  // True for one of those who ask, after a death.
  bool TakeNews() noexcept { return news_.exchange(false); }

  bool IsWritten() const noexcept { return use_.load() == kWritten; }
  bool IsRead() noexcept {
    return use_.load() == kReadByOne || AnyReader(true);
  }

 private:
  enum Use : uint32_t {
    kNone,
    kWritten,    // by who has the guard
    kReadByOne,  // by who has the guard, for there was no slot
  };
  // A slot: a ProcessIdentity, and how often it reads in the low bits.
  static constexpr size_t kSlots = 128;
  static constexpr unsigned kCountBits = 16;
  static constexpr uint64_t kCountMask = (1 << kCountBits) - 1;
  // How long a writer sleeps before it looks for readers that died.
  static constexpr int64_t kLookNs = 20'000'000;
  // How often a try finds the guard taken for a moment.
  static constexpr int kTries = 1000;

  bool HasGuard() const noexcept {
    return guard_.OwnerTid() == static_cast<uint32_t>(gettid());
  }
  int Entered(int result) noexcept;
  int TryEnter() noexcept;
  int Enter(const Deadline* deadline) noexcept {
    return Entered(deadline == nullptr ? guard_.Lock()
                                       : guard_.LockUntil(*deadline));
  }
  // `looks`: whether they are there still.
  bool AnyReader(bool looks) noexcept;
  std::atomic<uint64_t>& SlotAt(ProcessIdentity own, size_t i) noexcept {
    return slots_[((own >> kStartBits) + i) % kSlots];
  }
  bool CountIn() noexcept;
  bool CountInBesideOthers() noexcept;
  bool CountOut() noexcept;
  void BeginReading() noexcept;
  bool ReadAgainByOne() noexcept;
  void SomebodyLeft() noexcept;
  bool SleepUntilSomebodyLeaves(uint32_t seen,
                                const Deadline* deadline) noexcept;

  RobustMutex guard_;
  std::atomic<uint32_t> use_{kNone};
  // Who left, times two; bit 0: a writer waits until one does.
  std::atomic<uint32_t> left_{0};
  uint32_t read_again_ = 0;  // kReadByOne: how often beyond the first
  std::atomic<bool> owner_died_{false}, news_{false}, broken_{false};
  std::atomic<uint64_t> slots_[kSlots] = {};
};

// ---- The guard --------------------------------------------------------------
inline int RobustSharedMutex::Entered(int result) noexcept {
  if (result == EOWNERDEAD) {
    // Who dies here leaves the same to the next one.
    if (use_.load() == kWritten) {
      news_.store(true);
      owner_died_.store(true);
    }
    read_again_ = 0;
    use_.store(kNone);
    guard_.MakeConsistent();
    result = 0;
  }
  if (result == 0 && broken_.load()) {
    guard_.Unlock();
    return ENOTRECOVERABLE;
  }
  return result;
}

inline int RobustSharedMutex::TryEnter() noexcept {
  for (int i = 0; i < kTries; ++i) {
    const int result = Entered(guard_.TryLock());
    if (result != EBUSY || use_.load() != kNone) return result;
    sched_yield();
  }
  return EBUSY;
}

// ---- The slots --------------------------------------------------------------
inline bool RobustSharedMutex::AnyReader(bool looks) noexcept {
  bool any = false;
  for (std::atomic<uint64_t>& slot : slots_) {
    uint64_t seen = slot.load();
    if ((seen & kCountMask) == 0) continue;
    if (!looks || !HasProcessEnded(seen >> kCountBits)) {
      any = true;
    } else {
      slot.compare_exchange_strong(seen, 0);
    }
  }
  return any;
}

// By who has the guard. The process may have more than one slot.
inline bool RobustSharedMutex::CountIn() noexcept {
  const ProcessIdentity own = OwnIdentity();
  for (size_t i = 0; i < kSlots; ++i) {
    std::atomic<uint64_t>& slot = SlotAt(own, i);
    uint64_t seen = slot.load();
    while ((seen & kCountMask) == 0 ||
           (seen >> kCountBits == own && (seen & kCountMask) != kCountMask)) {
      const uint64_t count = seen & kCountMask;
      if (slot.compare_exchange_weak(seen, own << kCountBits | (count + 1))) {
        return true;
      }
    }
  }
  return false;
}

// Without the guard. False: the process does not read, or it reads too often.
inline bool RobustSharedMutex::CountInBesideOthers() noexcept {
  const ProcessIdentity own = OwnIdentity();
  for (size_t i = 0; i < kSlots; ++i) {
    std::atomic<uint64_t>& slot = SlotAt(own, i);
    uint64_t seen = slot.load();
    while (seen >> kCountBits == own && (seen & kCountMask) != 0 &&
           (seen & kCountMask) != kCountMask) {
      if (slot.compare_exchange_weak(seen, seen + 1)) return true;
    }
  }
  return false;
}

inline bool RobustSharedMutex::CountOut() noexcept {
  const ProcessIdentity own = OwnIdentity();
  for (size_t i = 0; i < kSlots; ++i) {
    std::atomic<uint64_t>& slot = SlotAt(own, i);
    uint64_t seen = slot.load();
    while (seen >> kCountBits == own && (seen & kCountMask) != 0) {
      if (!slot.compare_exchange_weak(seen, seen - 1)) continue;
      if ((seen & kCountMask) == 1) SomebodyLeft();
      return true;
    }
  }
  return false;
}

// ---- Those who wait for it to be read no more -------------------------------
inline void RobustSharedMutex::SomebodyLeft() noexcept {
  if ((left_.fetch_add(2) & 1) == 0) return;
  left_.fetch_and(~1u);
  const int error = errno;
  syscall(SYS_futex, &left_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  errno = error;
}

// False: nobody did in time.
inline bool RobustSharedMutex::SleepUntilSomebodyLeaves(
    uint32_t seen, const Deadline* deadline) noexcept {
  int64_t ns = kLookNs;
  if (deadline != nullptr) ns = std::min(ns, NsUntil(*deadline));
  if (ns <= 0) return false;
  const timespec time = {0, static_cast<long>(ns)};
  const int error = errno;
  const bool timed_out =
      syscall(SYS_futex, &left_, FUTEX_WAIT, seen, &time, nullptr, 0) != 0 &&
      errno == ETIMEDOUT;
  errno = error;
  return !timed_out;
}

// ---- Writing ----------------------------------------------------------------
inline int RobustSharedMutex::TryLock() noexcept {
  if (const int result = TryEnter()) return result;
  if (AnyReader(true)) {
    guard_.Unlock();
    return EBUSY;
  }
  use_.store(kWritten);
  return 0;
}

inline int RobustSharedMutex::Lock(const Deadline* deadline) noexcept {
  // For the dead it looks now and then, however often living readers leave.
  using Clock = std::chrono::steady_clock;
  Clock::time_point looked = Clock::now();
  while (true) {
    if (const int result = Enter(deadline)) return result;
    // Before the look at the slots: who leaves after it changes the word.
    const uint32_t seen = left_.fetch_or(1) | 1;
    const Clock::time_point now = Clock::now();
    const bool looks = now - looked >= std::chrono::nanoseconds(kLookNs);
    if (looks) looked = now;
    if (!AnyReader(looks)) {
      use_.store(kWritten);
      return 0;
    }
    guard_.Unlock();
    if (deadline != nullptr && NsUntil(*deadline) <= 0) {
      const int result = TryLock();
      return result == EBUSY ? ETIMEDOUT : result;
    }
    SleepUntilSomebodyLeaves(seen, deadline);
  }
}

inline int RobustSharedMutex::Unlock() noexcept {
  if (use_.load() != kWritten || !HasGuard()) return EPERM;
  const bool breaks = owner_died_.load();
  if (breaks) broken_.store(true);
  use_.store(kNone);
  guard_.Unlock();
  if (breaks) SomebodyLeft();
  return 0;
}

inline int RobustSharedMutex::MakeConsistent() noexcept {
  if (use_.load() != kWritten || !HasGuard()) return EPERM;
  return owner_died_.exchange(false) ? 0 : EINVAL;
}

// ---- Reading ----------------------------------------------------------------
inline void RobustSharedMutex::BeginReading() noexcept {
  // The dead may have left some room.
  bool counted = CountIn();
  if (!counted) {
    AnyReader(true);
    counted = CountIn();
  }
  if (counted) {
    guard_.Unlock();
  } else {
    use_.store(kReadByOne);
  }
}

inline bool RobustSharedMutex::ReadAgainByOne() noexcept {
  if (use_.load() != kReadByOne || !HasGuard()) return false;
  ++read_again_;
  return true;
}

inline int RobustSharedMutex::TryLockShared() noexcept {
  if (ReadAgainByOne()) return 0;
  int result = Entered(guard_.TryLock());
  if (result == EBUSY) {
    if (CountInBesideOthers()) return 0;
    result = TryEnter();
  }
  if (result == 0) BeginReading();
  return result;
}

inline int RobustSharedMutex::LockShared(const Deadline* deadline) noexcept {
  if (ReadAgainByOne()) return 0;
  int result = Entered(guard_.TryLock());
  if (result == EBUSY) {
    if (CountInBesideOthers()) return 0;
    result = Enter(deadline);
  }
  if (result == 0) BeginReading();
  return result;
}

inline int RobustSharedMutex::UnlockShared() noexcept {
  if (use_.load() != kReadByOne || !HasGuard()) return CountOut() ? 0 : EPERM;
  if (read_again_ != 0) {
    --read_again_;
    return 0;
  }
  use_.store(kNone);
  guard_.Unlock();
  return 0;
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_ROBUST_SHARED_H_

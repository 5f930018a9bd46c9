// The permits of a semaphore between processes, recorded or not, and who waits
// for one.
//
// Permits and the count of acts on them share one word, as in semaphore.h. What
// was granted to a waiter stays in the count until the waiter fetches it: so a
// grant is one store, and what a waiter did not live to fetch is free again. No
// other one takes what is granted.
//
// Threading: any thread of any process.
#ifndef LOCKCHECK_INTERNAL_PROCESS_PERMITS_H_
#define LOCKCHECK_INTERNAL_PROCESS_PERMITS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "lockcheck/internal/process_waiters.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// Low half: permits; high half: acts so far. In the shared memory.
using PermitWord = std::atomic<uint64_t>;
inline constexpr uint64_t kOnePermitOfWord = 1;
inline constexpr uint64_t kOneActOfWord = uint64_t{1} << 32;
inline constexpr uint32_t kMostProcessPermits = INT32_MAX;

[[noreturn]] inline void ThrowReleasedAboveBound() {
#if defined(__cpp_exceptions)
  throw std::logic_error(
      "lockcheck: process semaphore released above its bound");
#else
  std::terminate();
#endif
}

// What a call works with.
class ProcessPermits {
 public:
  ProcessPermits(ProcessWaiters& waiters, PermitWord& word) noexcept
      : waiters_(waiters), word_(word) {}

  // True: one is taken, and *after is the word after that. False: there is none
  // that is not granted to somebody.
  bool Take(uint64_t* after) noexcept {
    const ProcessGuard guard(waiters_, settle());
    return TakeFree(after);
  }
  // The same; false: and the wait is entered.
  bool TakeOrEnter(ProcessWait& wait, uint64_t* after) noexcept {
    const ProcessGuard guard(waiters_, settle());
    if (TakeFree(after)) return true;
    EnterWait(waiters_, wait);
    return false;
  }
  // What was granted. Returns the word after that.
  uint64_t Fetch(ProcessWait& wait) noexcept {
    const ProcessGuard guard(waiters_, settle());
    const uint64_t after = TakeOne();
    LeaveWait(waiters_, wait);
    return after;
  }
  // False: that would be more than `most`. `record` is called when it is sure,
  // with the guard, before they are there; it may count an act.
  template <typename Record>
  bool Release(ptrdiff_t count, uint32_t most, Record record) noexcept {
    ProcessGuard guard(waiters_, settle());
    if (count < 0 || count > static_cast<ptrdiff_t>(most) - Permits()) {
      return false;
    }
    record();
    word_.store(Load() + static_cast<uint64_t>(count),
                std::memory_order_release);
    guard.Wake(GrantTo(waiters_, 0, Free()).slots);
    return true;
  }
  // With the guard. Returns the word after it.
  uint64_t CountAct() noexcept {
    word_.store(Load() + kOneActOfWord, std::memory_order_relaxed);
    return Load();
  }

  ProcessSettle settle() noexcept {
    return {this, [](void* permits, bool) noexcept {
              return static_cast<ProcessPermits*>(permits)->Settle();
            }};
  }

 private:
  uint64_t Load() const noexcept {
    return word_.load(std::memory_order_relaxed);
  }
  uint32_t Permits() const noexcept { return static_cast<uint32_t>(Load()); }
  uint32_t Free() const noexcept {
    // A dead one may have taken what it was granted, and have its slot still.
    const uint32_t granted = CountGranted(waiters_, 0);
    return Permits() > granted ? Permits() - granted : 0;
  }
  bool TakeFree(uint64_t* after) noexcept {
    if (Permits() == 0 || Free() == 0) return false;
    *after = TakeOne();
    return true;
  }
  uint64_t TakeOne() noexcept {
    word_.store(Load() + kOneActOfWord - kOnePermitOfWord,
                std::memory_order_relaxed);
    return Load();
  }
  SlotMask Settle() noexcept {
    DropDeadGrants(waiters_, 0);
    return GrantTo(waiters_, 0, Free()).slots;
  }

  ProcessWaiters& waiters_;
  PermitWord& word_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_PERMITS_H_

// once_flag, call_once(): std's, recorded.
//
// Interface, blocking behaviour, memory order and exceptions are std's. Each
// constructor of a once_flag takes an optional name, which must outlive it.
//
// Whoever runs the function holds the flag, as a lock is held; a second caller
// waits for it. If the function throws, the next caller runs it. So a lock that
// is held around a call_once(), and taken by its function, closes a cycle; and
// a function that calls call_once() with its own flag waits for itself, is
// reported (self-lock), and with on_deadlock=throw gets an exception.
//
// A call that comes when the function has been run passes. It is recorded, as a
// shared hold: if nothing is held once by each thread, for it is in order with
// the function then; else once for each place and each set of held locks.
//
// Misuse: destruction while the function runs; see also mutex.h.
// Cost: a call that passes is inlined, and makes no call if nothing is held,
// but for the first of a thread. Size: 64 bytes. Any thread may use it.
#ifndef LOCKCHECK_ONCE_FLAG_H_
#define LOCKCHECK_ONCE_FLAG_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/shared_mutex.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/once_flag_disabled.h"
#else
#include "lockcheck/internal/seen.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

// Whether this pass need not be recorded: the thread has recorded one through
// here with the same holds. For a thread that holds something.
bool HasPassed(SharedState& once, SiteSlot* slot) noexcept;
// After it has been.
void NotePassed(SharedState& once, SiteSlot* slot) noexcept;

// Who runs the function has it, who passes reads it.
class OnceLock : public SharedLock<LockKind::kOnceFlag> {
 public:
  using SharedLock<LockKind::kOnceFlag>::SharedLock;
  LOCKCHECK_ALWAYS_INLINE void PassAt(SiteSlot* slot)
      LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    const uint32_t gate = LoadGate(HoldsOf(t_thread.state));
    const bool holds_nothing = gate == kGateNoHold;
    if (__builtin_expect(holds_nothing, true)
            ? __builtin_expect(HasSeen(Tag(), kPassed, How::kBlocking), true)
            : gate == kGateShut || HasPassed(state_, slot)) {
      return;
    }
    LockSharedAt(slot);
    if (holds_nothing) {
      NoteSeen(Tag(), kPassed, How::kBlocking);
    } else {
      NotePassed(state_, slot);
    }
    unlock_shared();
  }

 private:
  static constexpr uint32_t kPassed = 1;

  LOCKCHECK_ALWAYS_INLINE uint32_t Tag() const {
    return state_.tag.load(std::memory_order_relaxed);
  }
};

}  // namespace internal

class once_flag {
 public:
  constexpr once_flag(
      source_location where = source_location::current()) noexcept
      : lock_(nullptr, where) {}
  constexpr explicit once_flag(
      const char* name,
      source_location where = source_location::current()) noexcept
      : lock_(name, where) {}
  once_flag(const once_flag&) = delete;
  once_flag& operator=(const once_flag&) = delete;

 private:
  template <typename F, typename... Args>
  friend void call_once(once_flag& flag, F&& f, Args&&... args);

  // Also if the function throws; a catch would not compile with
  // -fno-exceptions.
  class Running {
   public:
    LOCKCHECK_ALWAYS_INLINE Running(once_flag& flag, internal::SiteSlot* slot)
        LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS : flag_(flag) {
      internal::LockAccess::LockAt(flag.lock_, slot);
    }
    ~Running() LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS { flag_.lock_.unlock(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    once_flag& flag_;
  };

  internal::OnceLock lock_;
  std::atomic<bool> done_{false};
};
static_assert(sizeof(once_flag) <= 64);

template <typename F, typename... Args>
LOCKCHECK_ALWAYS_INLINE void call_once(once_flag& flag, F&& f, Args&&... args) {
  internal::SiteSlot* slot;
  LOCKCHECK_SITE_SLOT(slot);
  if (__builtin_expect(flag.done_.load(std::memory_order_acquire), true)) {
    flag.lock_.PassAt(slot);
    return;
  }
  {
    const once_flag::Running running(flag, slot);
    if (!flag.done_.load(std::memory_order_relaxed)) {
      std::invoke(std::forward<F>(f), std::forward<Args>(args)...);
      flag.done_.store(true, std::memory_order_release);
      return;
    }
  }
  // It has waited. A hold of its own would not say that the flag was passed: a
  // function that throws leaves the same.
  flag.lock_.PassAt(slot);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_ONCE_FLAG_H_

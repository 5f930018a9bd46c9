// event: a flag that threads wait for; Python's threading.Event in std's
// spelling.
//
// It starts clear. wait() blocks until it is set and returns at once while it
// is; after clear(), later waits block again. A set() releases everyone who was
// waiting, even if clear() follows at once. wait_for() and wait_until() return
// whether it was set. What happened before a set() happened before the return
// of the waits that it ended, and of those that found it set.
//
// Nothing throws. The name, if any, must outlive the object. A wait with a
// deadline of another clock than steady_clock or system_clock asks that clock
// again when its time should have come. An event may be destroyed as soon as a
// wait has returned.
//
// In the log: each change has a number, one more than the one before; a set()
// that finds the event set, and a clear() that finds it clear, change nothing
// and have none. A thread records once of each set that it found it. is_set()
// is not recorded.
//
// Misuse: destruction while somebody waits.
//
// Cost: is_set() is one load; a wait() for what this thread has found before is
// inlined, about 2 ns more, no call. A set() is a call. Size: 64 bytes.
#ifndef LOCKCHECK_EVENT_H_
#define LOCKCHECK_EVENT_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/event_disabled.h"
#else
#include "lockcheck/internal/flag_changes.h"
#include "lockcheck/internal/waitable.h"

namespace lockcheck::inline LOCKCHECK_ABI {

class event : internal::Waitable<internal::WaitKind::kEvent> {
  using Base = internal::Waitable<internal::WaitKind::kEvent>;
  using SiteSlot = internal::SiteSlot;
  using Caller = internal::Caller;
  using How = internal::How;

 public:
  constexpr event(source_location where = source_location::current()) noexcept
      : Base(nullptr, where) {}
  constexpr explicit event(
      const char* name,
      source_location where = source_location::current()) noexcept
      : Base(name, where) {}

  LOCKCHECK_ALWAYS_INLINE void set() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    ChangeAt(1, slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void clear() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    ChangeAt(0, slot, LOCKCHECK_CALLER());
  }
  bool is_set() const noexcept {
    return internal::IsSet(changes_.load(std::memory_order_acquire));
  }

  LOCKCHECK_ALWAYS_INLINE void wait() const noexcept {
    if (__builtin_expect(IsSetAndTaken(How::kBlocking), true)) return;
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    WaitAt(slot, LOCKCHECK_CALLER());
  }
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool wait_for(
      const std::chrono::duration<Rep, Period>& duration) const {
    if (__builtin_expect(IsSetAndTaken(HowFor(duration)), true)) return true;
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return WaitForAt(slot, LOCKCHECK_CALLER(), duration);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool wait_until(
      const std::chrono::time_point<Clock, Duration>& time) const {
    if (__builtin_expect(IsSetAndTaken(How::kTimed), true)) return true;
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    return WaitUntilAt(slot, LOCKCHECK_CALLER(), time);
  }

 private:
  LOCKCHECK_ALWAYS_INLINE bool IsSetAndTaken(How how) const {
    const uint32_t changes = changes_.load(std::memory_order_acquire);
    return internal::IsSet(changes) && IsTaken(changes, how);
  }

  void ChangeAt(uint32_t set, SiteSlot* slot, Caller caller) noexcept {
    const Use use(*this);
    PostAt(internal::ChangeFlag(changes_, set), slot, caller);
  }

  // Waits by `wait`, a function of what is waited for, and records that it was
  // there: the set that there is, or the first one after the wait began. It
  // may have been cleared since.
  template <typename Wait>
  bool TakeAfter(How how, SiteSlot* slot, Caller caller, Wait wait) const {
    const Use use(*this);
    const uint32_t before = changes_.load(std::memory_order_acquire);
    const bool was_set =
        internal::IsSet(before) || wait([this, before] {
          return changes_.load(std::memory_order_acquire) != before;
        });
    if (was_set) TakeAt(before | 1, how, slot, caller);
    return was_set;
  }
  void WaitAt(SiteSlot* slot, Caller caller) const noexcept {
    TakeAfter(How::kBlocking, slot, caller, [&](auto is_set) {
      return AwaitAt(slot, caller, nullptr, is_set);
    });
  }
  template <typename Rep, typename Period>
  bool WaitForAt(SiteSlot* slot, Caller caller,
                 const std::chrono::duration<Rep, Period>& duration) const {
    return TakeAfter(HowFor(duration), slot, caller, [&](auto is_set) {
      return AwaitFor(slot, caller, duration, is_set);
    });
  }
  template <typename Clock, typename Duration>
  bool WaitUntilAt(SiteSlot* slot, Caller caller,
                   const std::chrono::time_point<Clock, Duration>& time) const {
    return TakeAfter(How::kTimed, slot, caller, [&](auto is_set) {
      return AwaitUntil(slot, caller, time, is_set);
    });
  }

  // How often it was set or cleared: odd while it is set.
  std::atomic<uint32_t> changes_{0};
};
static_assert(sizeof(event) <= 64);

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_EVENT_H_

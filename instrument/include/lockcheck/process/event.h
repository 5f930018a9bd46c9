// process::event: a flag that threads of several processes wait for; Python's
// multiprocessing.Event in std's spelling. It must lie in memory that they
// share: see process/shared.h.
//
// It starts clear. wait() blocks until it is set and returns at once while it
// is; after clear(), later waits block again. A set() releases everyone who was
// waiting, even if clear() follows at once. wait_for() and wait_until() return
// whether it was set. What happened before a set() happened before the return
// of the waits that it ended, and of those that found it set.
//
// Whoever is killed, and whenever, the others go on: a set() either happened or
// did not, and if it happened, it ends the waits, at the latest a quarter of a
// second later. A wait for somebody who is dead does not end by itself: that is
// found in the log.
//
// Nothing throws. The name is copied; 63 bytes are kept. A wait with a deadline
// of another clock than steady_clock or system_clock asks that clock again when
// its time should have come. It is destroyed when no process uses it any more.
// Not for signal handlers.
//
// In the log: as lockcheck::event, one object for all processes of a recording.
// Misuse: destruction while somebody waits.
//
// Cost: is_set() is one load, and so is nearly a wait() for what this thread
// has found before; set(), clear() and a wait that blocks take a robust pthread
// mutex. 32 threads that wait sleep until they are woken; more of them look
// every 5 ms. Size: about 2 KB.
#ifndef LOCKCHECK_PROCESS_EVENT_H_
#define LOCKCHECK_PROCESS_EVENT_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/process_event_disabled.h"
#else
#include "lockcheck/internal/process_flag.h"
#include "lockcheck/internal/process_signal.h"

namespace lockcheck::inline LOCKCHECK_ABI::process {

class event {
  using SiteSlot = internal::SiteSlot;
  using Caller = internal::Caller;
  using How = internal::How;

 public:
  event(source_location where = source_location::current()) noexcept
      : object_(nullptr, where) {}
  explicit event(const char* name,
                 source_location where = source_location::current()) noexcept
      : object_(name, where) {}
  ~event() { internal::DestroyProcessObject(object_); }
  event(const event&) = delete;
  event& operator=(const event&) = delete;

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
    WaitAt(How::kBlocking, slot, LOCKCHECK_CALLER(), nullptr);
  }
  // Blocks for at most `duration`; not at all if it is not positive.
  template <typename Rep, typename Period>
  LOCKCHECK_ALWAYS_INLINE bool wait_for(
      const std::chrono::duration<Rep, Period>& duration) const {
    const How how = duration > duration.zero() ? How::kTimed : How::kTry;
    if (__builtin_expect(IsSetAndTaken(how), true)) return true;
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const internal::Deadline deadline = internal::DeadlineAfter(duration);
    return WaitAt(how, slot, LOCKCHECK_CALLER(), &deadline);
  }
  template <typename Clock, typename Duration>
  LOCKCHECK_ALWAYS_INLINE bool wait_until(
      const std::chrono::time_point<Clock, Duration>& time) const {
    if (__builtin_expect(IsSetAndTaken(How::kTimed), true)) return true;
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    const Caller caller = LOCKCHECK_CALLER();
    return internal::Until(time, [&](const internal::Deadline& deadline) {
      return WaitAt(How::kTimed, slot, caller, &deadline);
    });
  }

 private:
  internal::ProcessSignal Signal() const {
    return {&object_, 0, internal::WaitKind::kProcessEvent, 0};
  }

  // And that this thread has found this set is in the log.
  LOCKCHECK_ALWAYS_INLINE bool IsSetAndTaken(How how) const {
    const uint32_t changes = changes_.load(std::memory_order_acquire);
    return internal::IsSet(changes) &&
           (internal::HasSeen(internal::TagHere(Signal()), changes, how) ||
            internal::IsOff());
  }

  void ChangeAt(uint32_t set, SiteSlot* slot, Caller caller) noexcept {
    internal::PostFacts facts;
    const internal::ProcessGrant grant =
        internal::ProcessFlag(object_, changes_).Change(set, &facts);
    internal::RecordPost(Signal(), facts, grant, slot, caller);
    internal::WakeSlots(object_, grant.slots);
  }

  // Records that it was there: the set that there is, or the first one after
  // the wait began. It may have been cleared since.
  bool WaitAt(How how, SiteSlot* slot, Caller caller,
              const internal::Deadline* deadline) const noexcept {
    internal::ProcessFlag flag(object_, changes_);
    internal::ProcessWait wait;
    uint32_t before = changes_.load(std::memory_order_acquire);
    if (!internal::IsSet(before)) {
      if (how == How::kTry) {
        internal::RecordTryFailed(Signal(), slot, caller);
        return false;
      }
      before = flag.Enter(wait);
    }
    if (!internal::IsSet(before)) {
      if (!internal::AwaitSignal(Signal(), wait, flag.settle(), slot, caller,
                                 deadline)) {
        return false;
      }
      internal::LeaveWait(object_, wait);
    }
    internal::RecordTakeOf(Signal(), before | 1, how, slot, caller);
    return true;
  }

  mutable internal::ProcessObject object_;
  // How often it was set or cleared: odd while it is set.
  mutable std::atomic<uint32_t> changes_{0};
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::process

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_PROCESS_EVENT_H_

// process::condition_variable: threads of several processes wait, with a
// process::mutex, until they are notified. Both must lie in memory that the
// processes share: see process/shared.h.
//
// Interface, blocking behaviour and exceptions are
// lockcheck::condition_variable's, with std::unique_lock<process::mutex> or
// lockcheck::unique_lock<process::mutex>: wait() with a lock that is not owned
// throws before it releases anything, notify_one() wakes the one that has
// waited longest. Differences:
//   * a wait may end without a notification, if somebody was killed in the
//     middle of one, or if more than 32 wait;
//   * if the lock's owner died meanwhile, the lock is had all the same, and its
//     owner_died() says so after the wait, as after lock(). A wait lets go of
//     the lock, so call consistent() before, or nobody gets it any more. If it
//     is not recoverable when the wait ends, wait() throws what lock() throws,
//     and the guard owns nothing.
//
// Whoever is killed, and whenever, the others go on. A notification that was
// for a waiter who died before it heard it is for the next one, at the latest a
// quarter of a second later. (glibc's between processes hangs for good.)
//
// The name is copied; 63 bytes are kept. It is destroyed when no process uses
// it any more. Not for signal handlers.
//
// In the log: as lockcheck::condition_variable, one object for all processes of
// a recording. Misuse: destruction while somebody waits.
//
// Cost: a robust pthread mutex for each operation, two for a wait; see also
// process/event.h for waiting. Size: about 2 KB. Any thread may use it.
#ifndef LOCKCHECK_PROCESS_CONDITION_VARIABLE_H_
#define LOCKCHECK_PROCESS_CONDITION_VARIABLE_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <type_traits>

#include "lockcheck/condition_variable.h"
#include "lockcheck/guards.h"
#include "lockcheck/internal/process_notices.h"
#include "lockcheck/process/mutex.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <typename Guard>
concept GuardOfProcessMutex =
    std::is_same_v<Guard, std::unique_lock<process::mutex>> ||
    std::is_same_v<Guard, unique_lock<process::mutex>>;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#if defined(LOCKCHECK_DISABLED)
#include "lockcheck/internal/process_condition_variable_disabled.h"
#else
#include "lockcheck/internal/process_signal.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

class ProcessConditionBase {
 public:
  ProcessConditionBase(const char* name, source_location where) noexcept
      : object_(name, where) {}
  ~ProcessConditionBase() { DestroyProcessObject(object_); }
  ProcessConditionBase(const ProcessConditionBase&) = delete;
  ProcessConditionBase& operator=(const ProcessConditionBase&) = delete;

  LOCKCHECK_ALWAYS_INLINE void notify_one() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    NotifyAt(PostKind::kNotifyOne, 1, slot, LOCKCHECK_CALLER());
  }
  LOCKCHECK_ALWAYS_INLINE void notify_all() noexcept {
    SiteSlot* slot;
    LOCKCHECK_SITE_SLOT(slot);
    NotifyAt(PostKind::kNotifyAll, kEverybody, slot, LOCKCHECK_CALLER());
  }

 protected:
  ProcessSignal Signal() {
    return {&object_, 0, WaitKind::kProcessConditionVariable, 0};
  }
  ProcessNotices Notices() { return ProcessNotices(object_); }
  // The predicate held at the first look.
  LOCKCHECK_ALWAYS_INLINE void FoundAt(How how, SiteSlot* slot, Caller caller) {
    if (!IsOff()) RecordTakeOnce(Signal(), how, slot, caller);
  }

  // Enters the wait, lets go of the lock, and waits. False: the deadline
  // passed.
  template <typename Release>
  bool WaitAt(SiteSlot* slot, Caller caller, const Deadline* deadline,
              Release release) {
    ProcessNotices notices = Notices();
    ProcessWait wait;
    notices.Enter(wait);
    // A release may throw: nobody waits then.
    struct WithdrawIfThrown {
      ProcessNotices& notices;
      ProcessWait& wait;
      bool active = true;
      ~WithdrawIfThrown() {
        if (active) notices.Withdraw(wait);
      }
    } withdraw{notices, wait};
    release();
    withdraw.active = false;
    if (!AwaitSignal(Signal(), wait, notices.settle(), slot, caller,
                     deadline)) {
      return false;
    }
    notices.Leave(wait);
    return true;
  }

 private:
  void NotifyAt(PostKind kind, uint32_t most, SiteSlot* slot,
                Caller caller) noexcept {
    const ProcessGrant grant = Notices().Notify(most);
    RecordPost(Signal(), {kind, grant.count, 0, 0}, grant, slot, caller);
    WakeSlots(object_, grant.slots);
  }

  ProcessObject object_;
};

}  // namespace internal

namespace process {

class condition_variable
    : public internal::ConditionWaits<condition_variable,
                                      internal::ProcessConditionBase> {
  using Base = internal::ConditionWaits<condition_variable,
                                        internal::ProcessConditionBase>;

 public:
  condition_variable(
      source_location where = source_location::current()) noexcept
      : Base(nullptr, where) {}
  explicit condition_variable(
      const char* name,
      source_location where = source_location::current()) noexcept
      : Base(name, where) {}

 private:
  friend Base;
  template <internal::GuardOfProcessMutex Guard>
  LOCKCHECK_ALWAYS_INLINE bool WaitOnce(
      Guard& guard, const internal::Deadline* deadline,
      internal::SiteSlot* slot,
      internal::Caller caller) LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS {
    if (!guard.owns_lock()) internal::ThrowNotOwned();
    mutex& m = *guard.mutex();
    const bool notified =
        WaitAt(slot, caller, deadline,
               [&]() LOCKCHECK_NO_THREAD_SAFETY_ANALYSIS { m.unlock(); });
    // Until it is had again the guard owns nothing, for it may not be had.
    guard.release();
    internal::LockAccess::LockAt(m, slot);
    guard = Guard(m, std::adopt_lock);
    return notified;
  }
};

}  // namespace process
}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_PROCESS_CONDITION_VARIABLE_H_

// Notifications between processes, recorded or not: nothing keeps them, so all
// there is are the waiters.
//
// Threading: any thread of any process.
#ifndef LOCKCHECK_INTERNAL_PROCESS_NOTICES_H_
#define LOCKCHECK_INTERNAL_PROCESS_NOTICES_H_

#include <cstdint>

#include "lockcheck/internal/process_waiters.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// What a call works with.
class ProcessNotices {
 public:
  explicit ProcessNotices(ProcessWaiters& waiters) noexcept
      : waiters_(waiters) {}

  // Whom it is for is to be woken.
  ProcessGrant Notify(uint32_t most) noexcept {
    const ProcessGuard guard(waiters_, settle());
    return most == 1 ? GrantOne() : GrantTo(waiters_, 0, most);
  }
  void Enter(ProcessWait& wait) noexcept {
    const ProcessGuard guard(waiters_, settle());
    EnterWait(waiters_, wait);
  }
  // Of a waiter that was notified.
  void Leave(ProcessWait& wait) noexcept {
    const ProcessGuard guard(waiters_, settle());
    LeaveWait(waiters_, wait);
  }
  // Of one that does not wait after all. If it was notified, that was for
  // another one.
  void Withdraw(ProcessWait& wait) noexcept {
    ProcessGuard guard(waiters_, settle());
    if (IsGranted(waiters_, wait)) {
      guard.Wake(GrantOne().slots);
    }
    LeaveWait(waiters_, wait);
  }
  // Who was notified and did not live to hear it: then another one is. If who
  // notified died on the way, everybody is; waits may end without a reason.
  ProcessSettle settle() noexcept {
    return {this, [](void* notices, bool owner_died) noexcept {
              return static_cast<ProcessNotices*>(notices)->Settle(owner_died);
            }};
  }

 private:
  // Of waiters without a slot it is not known who came first: all of them. They
  // may wait though there is a slot by now.
  ProcessGrant GrantOne() noexcept {
    const ProcessGrant grant = GrantTo(waiters_, 0, 1);
    if (grant.count == 0) GrantSlotless(waiters_, 0);
    return grant;
  }
  SlotMask Settle(bool owner_died) noexcept {
    SlotMask woken = 0;
    for (uint32_t slot; (slot = DeadGrant(waiters_, 0)) != kNoSlot;) {
      woken |= GrantOne().slots;
      FreeSlot(waiters_, slot);
    }
    if (owner_died) woken |= GrantTo(waiters_, 0, kEverybody).slots;
    return woken;
  }

  ProcessWaiters& waiters_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_NOTICES_H_

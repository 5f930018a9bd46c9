// The flag of a process::event, recorded or not: how often it was set or
// cleared, which is odd while it is set, and who waits for it.
//
// Threading: any thread of any process.
#ifndef LOCKCHECK_INTERNAL_PROCESS_FLAG_H_
#define LOCKCHECK_INTERNAL_PROCESS_FLAG_H_

#include <atomic>
#include <cstdint>

#include "lockcheck/internal/flag_changes.h"
#include "lockcheck/internal/process_waiters.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// What a call works with; both lie in the shared memory.
class ProcessFlag {
 public:
  ProcessFlag(ProcessWaiters& waiters, std::atomic<uint32_t>& changes) noexcept
      : waiters_(waiters), changes_(changes) {}

  // Sets (1) or clears (0) it. Whom that is for is to be woken.
  ProcessGrant Change(uint32_t set, PostFacts* facts) noexcept {
    const ProcessGuard guard(waiters_, settle());
    *facts = ChangeFlag(changes_, set);
    return GrantTo(waiters_, 0, facts->wakes);
  }
  // Enters the wait, unless it is set. Returns its changes until then.
  uint32_t Enter(ProcessWait& wait) noexcept {
    const ProcessGuard guard(waiters_, settle());
    const uint32_t before = changes_.load(std::memory_order_acquire);
    if (!IsSet(before)) EnterWait(waiters_, wait);
    return before;
  }
  // While it is set, nobody waits.
  ProcessSettle settle() noexcept {
    return {this, [](void* flag, bool) noexcept {
              return static_cast<ProcessFlag*>(flag)->Settle();
            }};
  }

 private:
  SlotMask Settle() noexcept {
    DropDeadGrants(waiters_, 0);
    if (!IsSet(changes_.load(std::memory_order_relaxed))) return 0;
    return GrantTo(waiters_, 0, kEverybody).slots;
  }

  ProcessWaiters& waiters_;
  std::atomic<uint32_t>& changes_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_FLAG_H_

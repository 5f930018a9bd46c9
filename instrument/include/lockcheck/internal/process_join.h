// What process::child and process::pool tell the runtime of processes that they
// fork and wait for; nothing, with LOCKCHECK_DISABLED.
#ifndef LOCKCHECK_INTERNAL_PROCESS_JOIN_H_
#define LOCKCHECK_INTERNAL_PROCESS_JOIN_H_

#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>

#include "lockcheck/internal/abi.h"

#if defined(LOCKCHECK_DISABLED)

namespace lockcheck::inline LOCKCHECK_ABI::internal {

struct JoinPlace {};
inline pid_t ForkChild(uint32_t* actor) noexcept {
  *actor = 0;
  return fork();
}
inline int EndChild(int status) noexcept { return status; }
inline void ForgetHolds() noexcept {}
inline void BeginJoin(uint32_t, bool, JoinPlace) noexcept {}
inline void EndJoin(uint32_t, int) noexcept {}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#define LOCKCHECK_JOIN_PLACE(place) const ::lockcheck::internal::JoinPlace place

#else
#include "lockcheck/internal/process_hooks.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

struct JoinPlace {
  SiteSlot* slot;
  Caller caller;
};
// In a forked child: what its thread held at the fork is none of its business.
inline void ForgetHolds() noexcept {
  ThreadHolds* const h = HoldsOf(t_thread.state);
  if (h->holds == nullptr) return;
  h->top = h->holds;
  SetGate(h, kGateNoHold);
}
// The wait for the actor's end begins; `error`: how it ended, 0 or errno.
inline void BeginJoin(uint32_t actor, bool timed, JoinPlace place) noexcept {
  JoinBlock(actor, timed ? How::kTimed : How::kBlocking, place.slot,
            place.caller);
}
inline void EndJoin(uint32_t actor, int error) noexcept {
  JoinEnd(actor, error == 0           ? Joined::kYes
                 : error == ETIMEDOUT ? Joined::kTimedOut
                                      : Joined::kFailed);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#define LOCKCHECK_JOIN_PLACE(place)                                    \
  ::lockcheck::internal::JoinPlace place{nullptr, LOCKCHECK_CALLER()}; \
  LOCKCHECK_SITE_SLOT(place.slot)

#endif  // !LOCKCHECK_DISABLED
#endif  // LOCKCHECK_INTERNAL_PROCESS_JOIN_H_

// What thread.h tells the runtime about threads it starts and joins. Ids are
// actor ids; 0 means "not recorded".
#ifndef LOCKCHECK_INTERNAL_THREAD_HOOKS_H_
#define LOCKCHECK_INTERNAL_THREAD_HOOKS_H_

#include <cstdint>

#include "lockcheck/internal/hot.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// Before a thread is started, by its creator: the id the new thread will have.
uint32_t ForkThread() noexcept;
// First thing in the new thread.
void BeginThread(uint32_t actor, uint32_t parent) noexcept;
// Before and after a join by this thread, which may have a time limit.
enum class Joined : uint8_t { kYes, kFailed, kTimedOut };
void JoinBlock(uint32_t actor, How how, SiteSlot* slot, Caller caller) noexcept;
void JoinEnd(uint32_t actor, Joined joined) noexcept;
// Names the calling thread in reports; at most 255 bytes are kept.
void NameThread(const char* name) noexcept;
// The calling thread's id.
uint32_t SelfActor() noexcept;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_THREAD_HOOKS_H_

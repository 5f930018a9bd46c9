// What process/child.h and process/shared.h tell the runtime. Ids are actor
// ids; 0 means "not recorded".
#ifndef LOCKCHECK_INTERNAL_PROCESS_HOOKS_H_
#define LOCKCHECK_INTERNAL_PROCESS_HOOKS_H_

#include <sys/types.h>
#include <unistd.h>

#include <cstdint>

#include "lockcheck/internal/abi.h"
#include "lockcheck/internal/thread_hooks.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// fork(). `actor`: the child's, in both processes.
pid_t ForkChild(uint32_t* actor) noexcept;
// In the child, when its function is over: the status that it is to end with.
int EndChild(int status) noexcept;
// This process uses locks that another one may have made.
void UseLocksOfOthers() noexcept;

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_PROCESS_HOOKS_H_

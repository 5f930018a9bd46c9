// How many threads a pool has if it is not told.
#ifndef LOCKCHECK_INTERNAL_POOL_SIZE_H_
#define LOCKCHECK_INTERNAL_POOL_SIZE_H_

#include <sched.h>

#include <algorithm>
#include <cstddef>
#include <thread>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// How many processors this process may use; at least one.
inline size_t UsableProcessors() noexcept {
  cpu_set_t set;
  // It fails on machines with more processors than the set has room for.
  const int count = sched_getaffinity(0, sizeof(set), &set) == 0
                        ? CPU_COUNT(&set)
                        : static_cast<int>(std::thread::hardware_concurrency());
  return static_cast<size_t>(std::max(count, 1));
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_POOL_SIZE_H_

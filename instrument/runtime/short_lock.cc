#include "lockcheck/internal/short_lock.h"

#include <linux/futex.h>

#include "instrument/runtime/plain.h"
#include "instrument/runtime/unseen.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

void ShortLock::LockSlow() noexcept {
  const runtime::Unseen unseen;
  while (word_.exchange(kWaitedFor, std::memory_order_acquire) != kFree) {
    runtime::FutexWait(word_, kWaitedFor, nullptr);
  }
}

void ShortLock::Wake() noexcept {
  const runtime::Unseen unseen;
  runtime::Futex(word_, FUTEX_WAKE, 1, nullptr, 0);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

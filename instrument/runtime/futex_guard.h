// A lock of the runtime's own over a few instructions, never held while
// anything of the program's is waited for: Drepper's mutex2 ("Futexes Are
// Tricky", 2011).
#ifndef LOCKCHECK_INSTRUMENT_RUNTIME_FUTEX_GUARD_H_
#define LOCKCHECK_INSTRUMENT_RUNTIME_FUTEX_GUARD_H_

#include <linux/futex.h>

#include <atomic>
#include <cstdint>

#include "instrument/runtime/plain.h"

namespace lockcheck::runtime {

inline void FutexWake(std::atomic<uint32_t>& word, int count) {
  Futex(word, FUTEX_WAKE, static_cast<uint32_t>(count), nullptr, 0);
}

// The word is 0 if free, 1 if held, 2 if held and waited for.
class FutexGuard {
 public:
  explicit FutexGuard(std::atomic<uint32_t>& word) : word_(word) {
    uint32_t seen = 0;
    if (word_.compare_exchange_strong(seen, 1, std::memory_order_acquire)) {
      return;
    }
    if (seen != 2) seen = word_.exchange(2, std::memory_order_acquire);
    while (seen != 0) {
      FutexWait(word_, 2, nullptr);
      seen = word_.exchange(2, std::memory_order_acquire);
    }
  }
  ~FutexGuard() {
    if (word_.exchange(0, std::memory_order_release) == 2) FutexWake(word_, 1);
  }
  FutexGuard(const FutexGuard&) = delete;
  FutexGuard& operator=(const FutexGuard&) = delete;

 private:
  std::atomic<uint32_t>& word_;
};

}  // namespace lockcheck::runtime

#endif  // LOCKCHECK_INSTRUMENT_RUNTIME_FUTEX_GUARD_H_

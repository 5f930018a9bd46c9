// What a barrier is at: its phase, and who is missing.
#ifndef LOCKCHECK_INTERNAL_BARRIER_PHASE_H_
#define LOCKCHECK_INTERNAL_BARRIER_PHASE_H_

#include <cstdint>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// All of a barrier's state in one word, so that it changes at once.
struct BarrierPhase {
  static constexpr unsigned kCountBits = 21;
  static constexpr uint64_t kMost = (uint64_t{1} << kCountBits) - 1;
  static constexpr uint64_t kOneExpected = uint64_t{1} << kCountBits;

  static constexpr uint64_t First(uint64_t expected) {
    return expected << kCountBits | expected;
  }
  static constexpr uint32_t Missing(uint64_t word) {
    return static_cast<uint32_t>(word & kMost);
  }
  static constexpr uint32_t Number(uint64_t word) {
    return static_cast<uint32_t>(word >> 2 * kCountBits);
  }
  static constexpr uint64_t Next(uint64_t word) {
    return uint64_t{Number(word) + 1} << 2 * kCountBits |
           First(word >> kCountBits & kMost);
  }
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_BARRIER_PHASE_H_

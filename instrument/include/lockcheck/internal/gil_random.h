// The arbiter that a gil has if it is given none.
#ifndef LOCKCHECK_INTERNAL_GIL_RANDOM_H_
#define LOCKCHECK_INTERNAL_GIL_RANDOM_H_

#include <cstddef>
#include <cstdint>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

// One of `count`, each as likely. splitmix64 (Steele, Lea, Flood: "Fast
// Splittable Pseudorandom Number Generators", 2014); the multiplication takes
// the place of a remainder (Lemire: "Fast Random Integer Generation in an
// Interval", 2019).
inline std::size_t PickOne(uint64_t& state, std::size_t count) {
  uint64_t x = state += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  x ^= x >> 31;
  return static_cast<std::size_t>(((x >> 32) * count) >> 32);
}

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_GIL_RANDOM_H_

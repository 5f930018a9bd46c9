// LOCKCHECK_DISABLED: std::latch, with the constructors that take a name.
#ifndef LOCKCHECK_INTERNAL_LATCH_DISABLED_H_
#define LOCKCHECK_INTERNAL_LATCH_DISABLED_H_

#include <latch>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {

class latch : public std::latch {
 public:
  constexpr explicit latch(ptrdiff_t expected, source_location = {}) noexcept
      : std::latch(expected) {}
  constexpr latch(ptrdiff_t expected, const char*,
                  source_location = {}) noexcept
      : std::latch(expected) {}
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_LATCH_DISABLED_H_

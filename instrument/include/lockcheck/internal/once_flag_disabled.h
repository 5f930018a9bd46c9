// LOCKCHECK_DISABLED: std::once_flag, with the constructors that take a name.
#ifndef LOCKCHECK_INTERNAL_ONCE_FLAG_DISABLED_H_
#define LOCKCHECK_INTERNAL_ONCE_FLAG_DISABLED_H_

#include <mutex>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {

class once_flag : public std::once_flag {
 public:
  constexpr once_flag() noexcept = default;
  constexpr once_flag(source_location) noexcept {}
  constexpr explicit once_flag(const char*, source_location = {}) noexcept {}
};
using std::call_once;

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_ONCE_FLAG_DISABLED_H_

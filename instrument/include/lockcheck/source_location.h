// The place where a lock was made. std::source_location's interface as far as
// it is used here: clang 14 does not offer the type with libstdc++, and a lock
// keeps within 40 bytes without a function's name.
#ifndef LOCKCHECK_SOURCE_LOCATION_H_
#define LOCKCHECK_SOURCE_LOCATION_H_

#include <cstdint>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI {

class source_location {
 public:
  constexpr source_location() noexcept = default;
  // As a default argument: the place of the call.
  static constexpr source_location current(
      const char* file = __builtin_FILE(),
      uint32_t line = __builtin_LINE()) noexcept {
    source_location here;
    here.file_ = file;
    here.line_ = line;
    return here;
  }
  constexpr const char* file_name() const noexcept { return file_; }
  constexpr uint32_t line() const noexcept { return line_; }

 private:
  const char* file_ = "";
  uint32_t line_ = 0;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_SOURCE_LOCATION_H_

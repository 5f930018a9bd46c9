// What barrier::arrive() gives: the phase that was arrived in.
#ifndef LOCKCHECK_INTERNAL_ARRIVAL_TOKEN_H_
#define LOCKCHECK_INTERNAL_ARRIVAL_TOKEN_H_

#include <cstdint>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <typename Barrier>
class ArrivalToken {
 public:
  ArrivalToken(ArrivalToken&&) noexcept = default;
  ArrivalToken& operator=(ArrivalToken&&) noexcept = default;

 private:
  friend Barrier;
  explicit ArrivalToken(uint32_t phase) : phase_(phase) {}
  uint32_t phase_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_ARRIVAL_TOKEN_H_

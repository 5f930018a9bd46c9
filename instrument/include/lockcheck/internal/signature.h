// R(Args...) of a call operator's type: what packaged_task is deduced from.
#ifndef LOCKCHECK_INTERNAL_SIGNATURE_H_
#define LOCKCHECK_INTERNAL_SIGNATURE_H_

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::internal {

template <typename Operator>
struct SignatureOf;

// clang-format off
// NOLINTBEGIN(bugprone-macro-parentheses): qualifiers are no expression.
#define LOCKCHECK_SIGNATURE_OF(qualifiers)            \
  template <typename R, typename F, typename... Args> \
  struct SignatureOf<R (F::*)(Args...) qualifiers> {  \
    using type = R(Args...);                          \
  };
// NOLINTEND(bugprone-macro-parentheses)
LOCKCHECK_SIGNATURE_OF()
LOCKCHECK_SIGNATURE_OF(const)
LOCKCHECK_SIGNATURE_OF(&)
LOCKCHECK_SIGNATURE_OF(const&)
LOCKCHECK_SIGNATURE_OF(noexcept)
LOCKCHECK_SIGNATURE_OF(const noexcept)
LOCKCHECK_SIGNATURE_OF(& noexcept)
LOCKCHECK_SIGNATURE_OF(const& noexcept)
// clang-format on
#undef LOCKCHECK_SIGNATURE_OF

}  // namespace lockcheck::inline LOCKCHECK_ABI::internal

#endif  // LOCKCHECK_INTERNAL_SIGNATURE_H_

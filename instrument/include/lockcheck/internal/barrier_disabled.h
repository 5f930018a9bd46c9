// LOCKCHECK_DISABLED: std::barrier, with the constructors that take a name.
#ifndef LOCKCHECK_INTERNAL_BARRIER_DISABLED_H_
#define LOCKCHECK_INTERNAL_BARRIER_DISABLED_H_

#include <barrier>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {
namespace internal {

struct NoCompletion {
  void operator()() noexcept {}
};

}  // namespace internal

template <typename CompletionFunction = internal::NoCompletion>
class barrier : public std::barrier<CompletionFunction> {
  using Base = std::barrier<CompletionFunction>;

 public:
  explicit barrier(ptrdiff_t expected,
                   CompletionFunction completion = CompletionFunction(),
                   source_location = {})
      : Base(expected, std::move(completion)) {}
  barrier(ptrdiff_t expected, CompletionFunction completion, const char*,
          source_location = {})
      : Base(expected, std::move(completion)) {}
  barrier(ptrdiff_t expected, const char*, source_location = {})
      : Base(expected) {}
};
barrier(ptrdiff_t, const char*)->barrier<>;
barrier(ptrdiff_t, const char*, source_location)->barrier<>;

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_BARRIER_DISABLED_H_

// LOCKCHECK_DISABLED: std's promise, with the constructors that take a name;
// its futures are std's.
#ifndef LOCKCHECK_INTERNAL_FUTURE_DISABLED_H_
#define LOCKCHECK_INTERNAL_FUTURE_DISABLED_H_

#include <future>
#include <memory>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {

using std::future;
using std::shared_future;

template <typename R>
class promise : public std::promise<R> {
 public:
  promise() = default;
  promise(source_location) {}
  explicit promise(const char*, source_location = {}) {}
  template <typename Allocator>
  promise(std::allocator_arg_t tag, const Allocator& allocator,
          source_location = {})
      : std::promise<R>(tag, allocator) {}
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

template <typename R, typename Allocator>
struct std::uses_allocator<lockcheck::promise<R>, Allocator> : std::true_type {
};

#endif  // LOCKCHECK_INTERNAL_FUTURE_DISABLED_H_

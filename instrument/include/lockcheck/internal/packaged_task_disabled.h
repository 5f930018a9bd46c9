// LOCKCHECK_DISABLED: std::packaged_task, with the constructor that takes a
// name.
#ifndef LOCKCHECK_INTERNAL_PACKAGED_TASK_DISABLED_H_
#define LOCKCHECK_INTERNAL_PACKAGED_TASK_DISABLED_H_

#include <future>
#include <type_traits>
#include <utility>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {

template <typename Signature>
class packaged_task : public std::packaged_task<Signature> {
  using Base = std::packaged_task<Signature>;
  template <typename F>
  static constexpr bool kIsFunction =
      !std::is_same_v<std::remove_cvref_t<F>, packaged_task>;

 public:
  packaged_task() = default;
  template <typename F>
  requires kIsFunction<F>
  explicit packaged_task(F&& f, source_location = {})
      : Base(std::forward<F>(f)) {}
  template <typename F>
  requires kIsFunction<F> packaged_task(F&& f, const char*,
                                        source_location = {})
      : Base(std::forward<F>(f)) {}
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_PACKAGED_TASK_DISABLED_H_

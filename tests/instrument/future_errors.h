// What a call that is refused throws.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_FUTURE_ERRORS_H_
#define LOCKCHECK_TESTS_INSTRUMENT_FUTURE_ERRORS_H_

#include <future>
#include <optional>

namespace lockcheck::testing {

// {} if it throws no future_error.
template <typename Act>
std::optional<std::future_errc> ErrorOfFuture(Act act) {
  try {
    act();
  } catch (const std::future_error& error) {
    return static_cast<std::future_errc>(error.code().value());
  }
  return {};
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_INSTRUMENT_FUTURE_ERRORS_H_

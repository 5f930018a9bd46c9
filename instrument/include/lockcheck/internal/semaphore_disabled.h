// LOCKCHECK_DISABLED: std's semaphores, with the constructors that take a name.
// std has no bounded one: that is a count under std::counting_semaphore.
#ifndef LOCKCHECK_INTERNAL_SEMAPHORE_DISABLED_H_
#define LOCKCHECK_INTERNAL_SEMAPHORE_DISABLED_H_

#include <atomic>
#include <cstdlib>
#include <semaphore>
#include <stdexcept>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {

template <ptrdiff_t kLeastMaxValue = INT32_MAX>
class counting_semaphore : public std::counting_semaphore<kLeastMaxValue> {
 public:
  constexpr explicit counting_semaphore(ptrdiff_t desired,
                                        source_location = {}) noexcept
      : std::counting_semaphore<kLeastMaxValue>(desired) {}
  constexpr counting_semaphore(ptrdiff_t desired, const char*,
                               source_location = {}) noexcept
      : std::counting_semaphore<kLeastMaxValue>(desired) {}
};

using binary_semaphore = counting_semaphore<1>;

class bounded_semaphore {
 public:
  static constexpr ptrdiff_t max() noexcept { return INT32_MAX; }
  // libstdc++ 12's std::counting_semaphore has no constexpr constructor.
  explicit bounded_semaphore(ptrdiff_t bound, source_location = {}) noexcept
      : out_(0), permits_(bound) {}
  bounded_semaphore(ptrdiff_t bound, const char*, source_location = {}) noexcept
      : bounded_semaphore(bound) {}
  bounded_semaphore(const bounded_semaphore&) = delete;
  bounded_semaphore& operator=(const bounded_semaphore&) = delete;

  void acquire() {
    permits_.acquire();
    ++out_;
  }
  bool try_acquire() noexcept { return Counted(permits_.try_acquire()); }
  template <typename Rep, typename Period>
  bool try_acquire_for(const std::chrono::duration<Rep, Period>& duration) {
    return Counted(permits_.try_acquire_for(duration));
  }
  template <typename Clock, typename Duration>
  bool try_acquire_until(const std::chrono::time_point<Clock, Duration>& time) {
    return Counted(permits_.try_acquire_until(time));
  }
  void release(ptrdiff_t update = 1) {
    if (update < 0 || update > out_) {
#if defined(__cpp_exceptions)
      throw std::logic_error("bounded_semaphore: released above its bound");
#else
      std::abort();
#endif
    }
    out_ -= update;
    permits_.release(update);
  }

 private:
  bool Counted(bool acquired) {
    out_ += acquired;
    return acquired;
  }
  std::atomic<ptrdiff_t> out_;
  std::counting_semaphore<INT32_MAX> permits_;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_SEMAPHORE_DISABLED_H_

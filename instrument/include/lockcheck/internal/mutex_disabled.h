// LOCKCHECK_DISABLED: every type is its plain std twin, with the constructors
// that take a name. No state, no cost.
#ifndef LOCKCHECK_INTERNAL_MUTEX_DISABLED_H_
#define LOCKCHECK_INTERNAL_MUTEX_DISABLED_H_

#include <chrono>
#include <mutex>

#include "lockcheck/internal/abi.h"
#include "lockcheck/source_location.h"

namespace lockcheck::inline LOCKCHECK_ABI {

// What the twins of lock types have in common; `more` are further members.
#define LOCKCHECK_PLAIN_TWIN(type, more)                         \
  class LOCKCHECK_CAPABILITY("mutex") type : public std::type {  \
   public:                                                       \
    type() = default;                                            \
    type(source_location) noexcept {}                            \
    explicit type(const char*, source_location = {}) noexcept {} \
    void lock() LOCKCHECK_ACQUIRE() { std::type::lock(); }       \
    bool try_lock() noexcept LOCKCHECK_TRY_ACQUIRE(true) {       \
      return std::type::try_lock();                              \
    }                                                            \
    void unlock() LOCKCHECK_RELEASE() { std::type::unlock(); }   \
    void native_handle() = delete;                               \
    more                                                         \
  }

#define LOCKCHECK_PLAIN_TIMED(type)                                      \
  template <typename Rep, typename Period>                               \
  bool try_lock_for(const std::chrono::duration<Rep, Period>& d)         \
      LOCKCHECK_TRY_ACQUIRE(true) {                                      \
    return std::type::try_lock_for(d);                                   \
  }                                                                      \
  template <typename Clock, typename Duration>                           \
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& t) \
      LOCKCHECK_TRY_ACQUIRE(true) {                                      \
    return std::type::try_lock_until(t);                                 \
  }

// std::mutex's constructor is constexpr; the others' are not.
class LOCKCHECK_CAPABILITY("mutex") mutex : public std::mutex {
 public:
  constexpr mutex() noexcept = default;
  constexpr mutex(source_location) noexcept {}
  constexpr explicit mutex(const char*, source_location = {}) noexcept {}
  void lock() LOCKCHECK_ACQUIRE() { std::mutex::lock(); }
  bool try_lock() noexcept LOCKCHECK_TRY_ACQUIRE(true) {
    return std::mutex::try_lock();
  }
  void unlock() LOCKCHECK_RELEASE() { std::mutex::unlock(); }
  void native_handle() = delete;
};
LOCKCHECK_PLAIN_TWIN(timed_mutex, LOCKCHECK_PLAIN_TIMED(timed_mutex));
LOCKCHECK_PLAIN_TWIN(recursive_mutex, );
LOCKCHECK_PLAIN_TWIN(recursive_timed_mutex,
                     LOCKCHECK_PLAIN_TIMED(recursive_timed_mutex));
#undef LOCKCHECK_PLAIN_TIMED
#undef LOCKCHECK_PLAIN_TWIN

}  // namespace lockcheck::inline LOCKCHECK_ABI

#endif  // LOCKCHECK_INTERNAL_MUTEX_DISABLED_H_

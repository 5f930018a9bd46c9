// What a lock looks like to a thread that does not hold it, and what a call
// that is refused throws.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_OTHER_THREAD_H_
#define LOCKCHECK_TESTS_INSTRUMENT_OTHER_THREAD_H_

#include <system_error>

#include "lockcheck/thread.h"

namespace lockcheck::testing {

// Whether another thread gets it now; it gives it back.
template <typename Lock>
bool OtherGets(Lock& lock) {
  bool got = false;
  thread([&] {
    got = lock.try_lock();
    if (got) lock.unlock();
  }).join();
  return got;
}

// Whether another thread can read now.
template <typename Lock>
bool OtherReads(Lock& lock) {
  bool got = false;
  thread([&] {
    got = lock.try_lock_shared();
    if (got) lock.unlock_shared();
  }).join();
  return got;
}

// {} if it throws nothing.
template <typename Act>
std::errc ErrorOf(Act act) {
  try {
    act();
  } catch (const std::system_error& error) {
    return static_cast<std::errc>(error.code().value());
  }
  return {};
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_INSTRUMENT_OTHER_THREAD_H_

// Two threads, one after the other, by what lockcheck does not see: so nothing
// but luck, for all it knows.
#ifndef LOCKCHECK_TESTS_PROGRAMS_IN_TURN_H_
#define LOCKCHECK_TESTS_PROGRAMS_IN_TURN_H_

#include <latch>

#include "lockcheck/thread.h"

namespace lockcheck::testing {

// Both threads live until both have done it.
template <typename First, typename Second>
void InTurn(First first, Second second) {
  std::latch first_is_done(1), second_is_done(1);
  thread x([&] {
    first();
    first_is_done.count_down();
    second_is_done.wait();
  });
  thread y([&] {
    first_is_done.wait();
    second();
    second_is_done.count_down();
  });
  x.join();
  y.join();
}

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_PROGRAMS_IN_TURN_H_

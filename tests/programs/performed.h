// What random_program writes about itself, for round_trip_test to read.
#ifndef LOCKCHECK_TESTS_PROGRAMS_PERFORMED_H_
#define LOCKCHECK_TESTS_PROGRAMS_PERFORMED_H_

#include <cstdint>

namespace lockcheck::testing {

// The file: for each thread a uint64_t count and so many of these. Thread i is
// named "T<i>", lock i "L<i>".
struct Performed {
  uint32_t lock;
  uint32_t sequence;  // how many exclusive acquisitions the lock had before
                      // this one
  uint8_t what;       // What, as in events.h
  uint8_t how;        // model::How
  uint16_t read;      // 1: shared
};
static_assert(sizeof(Performed) == 12);

}  // namespace lockcheck::testing

#endif  // LOCKCHECK_TESTS_PROGRAMS_PERFORMED_H_

// What tests of locks between processes need: one in memory that they share, in
// which they see how far the others are.
#ifndef LOCKCHECK_TESTS_INSTRUMENT_PROCESS_STEPS_H_
#define LOCKCHECK_TESTS_INSTRUMENT_PROCESS_STEPS_H_

#include <gtest/gtest.h>
#include <signal.h>

#include "lockcheck/process.h"
#include "tests/instrument/process_children.h"

namespace lockcheck {
namespace {

using testing::AwaitSleepOf;
using testing::ErrorOf;

// A lock that processes share, and how far they are.
template <typename Lock>
struct SharedLock : testing::Steps {
  Lock lock{"lock"};
  long count = 0;
};

// A child that takes the lock and is killed while it has it.
template <typename Lock>
void DieWith(SharedLock<Lock>& shared) {
  process::child owner([&] {
    shared.lock.lock();
    raise(SIGKILL);
  });
  owner.join();
  ASSERT_EQ(owner.exit_status(), -SIGKILL);
}

}  // namespace
}  // namespace lockcheck

#endif  // LOCKCHECK_TESTS_INSTRUMENT_PROCESS_STEPS_H_

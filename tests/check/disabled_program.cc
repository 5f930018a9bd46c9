// What lockcheck/gtest.h has, with LOCKCHECK_DISABLED.
#include <cstdlib>

#include "lockcheck/gtest.h"
#include "tests/check/pair.h"

TEST(Disabled, RunsItsBlocksButForThoseThatLockUp) {
  watched::Pair p;
  int ran = 0;
  lockcheck::testing::SetActualDeadlockLimit(std::chrono::seconds(1));
  LOCKCHECK_EXPECT_NO_DEADLOCK { ++ran; };
  LOCKCHECK_EXPECT_DEADLOCK(possible) { ++ran; };
  LOCKCHECK_EXPECT_DEADLOCK(actual) { std::abort(); };
  EXPECT_EQ(ran, 2);
  lockcheck::assert_held(p.a);
  lockcheck::assert_none_held();
}

// main() of a program of tests that lockcheck watches.
#include "lockcheck/gtest.h"

namespace lockcheck::testing {
bool FailedAtEnd();
void RemoveOwnLog();
}  // namespace lockcheck::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  lockcheck::testing::Install();
  const int result = RUN_ALL_TESTS();
  lockcheck::testing::RemoveOwnLog();
  return result == 0 && lockcheck::testing::FailedAtEnd() ? 1 : result;
}

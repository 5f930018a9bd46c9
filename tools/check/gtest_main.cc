// main() of a program of tests that lockcheck watches.
#include "lockcheck/gtest.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  lockcheck::testing::Install();
  return RUN_ALL_TESTS();
}

// A main() of somebody's own, who adds the listener.
#include "lockcheck/gtest.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  lockcheck::testing::Install();
  return RUN_ALL_TESTS();
}

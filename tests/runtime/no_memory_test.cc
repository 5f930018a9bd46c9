// A program that has no memory left gets exceptions, and is not ended.
#include <gtest/gtest.h>

#include <string>

#include "tests/runtime/child.h"

namespace lockcheck::testing {
namespace {

class NoMemoryTest : public ::testing::TestWithParam<const char*> {};

TEST_P(NoMemoryTest, APoolThatCannotBeMadeThrows) {
  const Folder folder;
  const Finished finished =
      Child("no_memory_program").In(folder.path()).Options(GetParam()).Run();
  EXPECT_TRUE(finished.Succeeded()) << finished;
  EXPECT_EQ(finished.out, "made at last\n");
  EXPECT_EQ(finished.err, "");
}

INSTANTIATE_TEST_SUITE_P(InEachMode, NoMemoryTest,
                         ::testing::Values("log=log", "mode=live", "mode=off"));

}  // namespace
}  // namespace lockcheck::testing

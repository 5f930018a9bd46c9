#include "lib/report/nearest.h"

#include <gtest/gtest.h>

namespace lockcheck::report {
namespace {

TEST(NearestTest, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("json", "jsno"), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(NearestTest, TakesTheFirstOfTheClosest) {
  EXPECT_EQ(Nearest("a", {"xyz", "b", "c"}), "b");
  EXPECT_EQ(Nearest("x", {}), "");
}

}  // namespace
}  // namespace lockcheck::report

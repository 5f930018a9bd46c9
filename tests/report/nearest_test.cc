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
  EXPECT_EQ(Nearest("aa", {"xyz", "ab", "ac"}), "ab");
  EXPECT_EQ(Nearest("x", {}), "");
}

TEST(NearestTest, TakesNothingThatIsNotNear) {
  EXPECT_EQ(Nearest("foo", {"none", "order"}), "");
  EXPECT_EQ(Nearest("a", {"b"}), "");
  EXPECT_EQ(Nearest("", {"b"}), "");
  EXPECT_EQ(Nearest("-z", {"-o", "--to"}), "");
  EXPECT_EQ(Nearest("--zz", {"-o", "--to"}), "");
}

TEST(NearestTest, WhatANameHasBeyondTheWordMakesItNoLessNear) {
  EXPECT_EQ(Nearest("frok", {"cash", "fork[0]"}), "fork[0]");
  EXPECT_EQ(Nearest("--err", {"--only", "--error-exitcode"}),
            "--error-exitcode");
}

TEST(NearestTest, AsksOnlyIfThereIsOne) {
  EXPECT_EQ(DidYouMean("json"), "; did you mean 'json'?");
  EXPECT_EQ(DidYouMean(""), "");
}

}  // namespace
}  // namespace lockcheck::report

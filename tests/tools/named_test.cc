// Locks that programs find by a name: executed apart from each other they know
// them as the same ones, if they are of one recording.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/tools/hung_stories.h"

namespace lockcheck::tools::testing {
namespace {

using ::testing::HasSubstr;

class NamedTest : public HungStoriesTest {
 protected:
  NamedTest() : HungStoriesTest("named_program") {}
};

TEST_F(NamedTest, ADeadlockThatDidNotHappenIsPossible) {
  ExpectPossible("abba-latent");
}

TEST_F(NamedTest, OneOrderIsSilent) { ExpectSilent("abba-safe"); }

TEST_F(NamedTest, ADeadlockIsActual) {
  LetHang("abba-hangs", "log=" + log_ + ":quiescence=off");
  Kill();
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("1 actual deadlock"));
  EXPECT_THAT(ran.out, HasSubstr("holds a and waits for b"));
  EXPECT_THAT(ran.out, HasSubstr("holds b and waits for a"));
}

}  // namespace
}  // namespace lockcheck::tools::testing

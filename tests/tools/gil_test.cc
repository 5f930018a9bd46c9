// The gil in a report. The gil and a mutex: see cases_test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Finished;
using ::testing::AllOf;
using ::testing::HasSubstr;

class GilTest : public StoriesTest {
 protected:
  GilTest() : StoriesTest("gil_program") {}
};

TEST_F(GilTest, LettingGoOfAnothersIsRefusedAndReported) {
  const Finished f = Recorded("released-by-other");
  EXPECT_EQ(f.out, "refused\ndone\n") << f;
  EXPECT_THAT(f.err, AllOf(HasSubstr("misuse (release-by-other)"),
                           HasSubstr("\"gil\"")));
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("release-by-other"));
}

}  // namespace
}  // namespace lockcheck::tools::testing

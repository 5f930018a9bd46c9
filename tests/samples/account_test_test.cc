// account_test fails as samples/README.md shows it, and its fixed twin passes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/runtime/child.h"
#include "tests/samples/readme.h"

namespace lockcheck::samples::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using ::testing::HasSubstr;

Finished RunTests(const std::string& filter) {
  const Folder folder;
  return Child("account_test", {"--gtest_filter=" + filter})
      .Environment("TMPDIR", folder.path())
      .Run();
}

TEST(AccountTest, FailsThoughItNeverHangs) {
  const Finished f = RunTests("Transfer.LocksOneByOne");
  EXPECT_EQ(f.exit_status(), 1) << f;
  EXPECT_THAT(f.out, HasSubstr("POSSIBLE DEADLOCK  lock-order"));
  EXPECT_THAT(f.out, HasSubstr("Transfer::PayRent"));
  EXPECT_THAT(f.out, HasSubstr("Transfer::RefundHeating"));
}

TEST(AccountTest, ItsFixedTwinPasses) {
  const Finished f = RunTests("Transfer.LocksBothAtOnce");
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(f.err, "");
}

TEST(AccountTest, IsShownInTheReadmeAsGoogleTestPrintsIt) {
  const Finished f = RunTests("*");
  EXPECT_EQ(f.exit_status(), 1) << f;
  const std::string begin = "[ RUN      ] Transfer.LocksOneByOne\n";
  EXPECT_EQ(Unchanging(From(f.out, begin)),
            Unchanging(From(Shown("account_test"), begin)));
}

}  // namespace
}  // namespace lockcheck::samples::testing

// What the command says of waits for the outside: a hazard with a lock held
// that others ask for, nothing without, and where they stand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <string>

#include "tests/runtime/child.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using lockcheck::testing::Finished;
using lockcheck::testing::Folder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class OutsideTest : public ::testing::Test {
 protected:
  Ran Analyzed(const std::string& story) {
    const Finished f =
        Child("outside_program", {story}).Options("log=" + log_).Run();
    EXPECT_TRUE(f.Succeeded()) << f;
    EXPECT_EQ(f.out + f.err, "") << f;
    return RunCommand({"analyze", "--fail-on", "deadlock,misuse,hazard", log_});
  }

  Folder folder_;
  const std::string log_ = folder_ / "log";
};

TEST_F(OutsideTest, ACallWithALockThatOthersAskForIsAHazard) {
  const Ran ran = Analyzed("io-under-mutex-latent");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(
      ran.out,
      AllOf(HasSubstr("HAZARD  blocking-call"),
            HasSubstr("waits for the outside (read a byte) with m held"),
            HasSubstr("holds    m, acquired in"),
            HasSubstr("waits    read a byte, in"), HasSubstr("ReadAByte"),
            HasSubstr("asks     m, in")));
}

TEST_F(OutsideTest, SoIsAWaitForAnOperation) {
  const Ran ran = Analyzed("operation-with-a-lock");
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("waits for the outside (reply) with m held"));
}

TEST_F(OutsideTest, ItsWaitsAreCountedWithTheirLength) {
  EXPECT_THAT(Analyzed("io-under-mutex-safe").out,
              AllOf(HasSubstr("SIGNALS"), HasSubstr("read a byte")));
}

TEST_F(OutsideTest, WhereItStandsIsShown) {
  for (const auto& [story, name] :
       {std::pair("hang-in-a-region", "read for ever"),
        std::pair("hang-in-an-operation", "reply")}) {
    Child child("outside_program", {story});
    child.Options("log=" + log_).Start();
    while (child.Said().empty() && !child.HasEnded()) sched_yield();
    Ran ran;
    do {
      ran = RunCommand({"status", log_});
    } while (ran.out.find(name) == std::string::npos && !child.HasEnded());
    EXPECT_THAT(ran.out, HasSubstr(name)) << story;
    child.Signal(SIGKILL);
    EXPECT_EQ(child.Wait().signal(), SIGKILL);
    ran = RunCommand({"analyze", log_});
    EXPECT_EQ(ran.status, 0) << ran.out;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("WAITS AT"), HasSubstr(name),
                               Not(HasSubstr("STUCK"))));
  }
}

}  // namespace
}  // namespace lockcheck::tools::testing

// `lockcheck status`, `export` and `dump` from outside.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "tests/runtime/child.h"
#define LOCKCHECK_TESTS_BANK_BODIES
#include "tests/tools/bank_log.h"
#include "tests/tools/command_runner.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Child;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class StatusTest : public ::testing::Test {
 protected:
  ~StatusTest() override { std::remove(path_.c_str()); }
  std::string Save(bank::Log log) {
    log.Write(path_);
    return path_;
  }
  const std::string path_ = ::testing::TempDir() + "/status_test." +
                            std::to_string(getpid()) + ".log";
};

TEST_F(StatusTest, ShowsWhoHoldsWhatAndWaitsForWhom) {
  const Ran ran = RunCommand({"status", Save(bank::Hanging())});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("3 standing waits, 3 stuck"),
                    HasSubstr("A2 clerk  tid 1002  blocked\n"
                              "    holds  cash  in bank::PayIn"),
                    HasSubstr("    waits  books  in bank::PayOut"),
                    HasSubstr("      held by A3 auditor  in bank::Audit"),
                    HasSubstr("recorded no end")));
}

TEST_F(StatusTest, AProcessIsItsMappedLog) {
  Save(bank::Hanging());
  const int fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  void* const map =
      mmap(nullptr, log::kBlockSize, PROT_READ, MAP_SHARED, fd, 0);
  ASSERT_NE(map, MAP_FAILED);
  const Ran ran = RunCommand({"status", std::to_string(getpid())});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("3 standing waits"));
  munmap(map, log::kBlockSize);
  close(fd);
}

TEST_F(StatusTest, AProcessWithoutALogIsSaidInOneLine) {
  const std::string pid = std::to_string(getpid());
  const Ran ran = RunCommand({"status", pid});
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.err, "lockcheck: process " + pid +
                         " (tools_status_te): there is no lockcheck in it; "
                         "link it with lockcheck::lockcheck and swap its "
                         "mutexes\n");
}

TEST_F(StatusTest, AProcessThatRunsWithModeOffIsSaidInOneLine) {
  Child child("live_program", {"quiet"});
  child.Options("mode=off").Start();
  // The child's own time limit ends this.
  while (child.Said().find("ready") == std::string::npos && !child.HasEnded()) {
    sched_yield();
  }
  const std::string pid = std::to_string(child.pid());
  const Ran ran = RunCommand({"status", pid});
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.err, "lockcheck: process " + pid +
                         " (live_program): it records nothing; start it "
                         "without mode=off, or with "
                         "LOCKCHECK_OPTIONS=log=FILE\n");
}

TEST_F(StatusTest, NeitherFileNorProcessIsSaidInOneLine) {
  const Ran ran = RunCommand({"status", "4194399"});  // above any pid_max
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.err,
            "lockcheck: 4194399: no file and no process is called so\n");
}

TEST_F(StatusTest, ExportWritesTheOrderGraph) {
  const Ran ran = RunCommand({"export", Save(bank::Abba()), "--to", "dot"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, StartsWith("digraph lock_order {"));
  EXPECT_THAT(ran.out, HasSubstr("\"cash\" -> \"books\""));
  const Ran safe = RunCommand({"export", Save(bank::OneOrder()), "--to=dot"});
  EXPECT_EQ(safe.out.find("->"), std::string::npos);
}

TEST_F(StatusTest, ExportWritesFoldedStacksOfBothSides) {
  const std::string log = Save(bank::Contended());
  EXPECT_EQ(RunCommand({"export", log, "--to", "folded"}).out,
            "[lock cash];bank::Audit 30000000\n");
  EXPECT_EQ(RunCommand({"export", log, "--to", "folded", "--by", "caused"}).out,
            "[lock cash];bank::PayIn 30000000\n");
}

TEST_F(StatusTest, DumpPrintsRecords) {
  const Ran ran = RunCommand({"dump", Save(bank::Abba())});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("cash"));
}

TEST_F(StatusTest, WrongUsageGoesToStandardErrorOnly) {
  const Ran ran = RunCommand({"statsu", "1"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_EQ(ran.err,
            "lockcheck: no command is called 'statsu'; did you mean 'status'? "
            "(lockcheck --help)\n");
}

}  // namespace
}  // namespace lockcheck::tools::testing

#include "tools/lockcheck/dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/log/log_builder.h"
#include "tools/lockcheck/exit_status.h"

namespace lockcheck::tools {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DumpTest : public ::testing::Test {
 protected:
  DumpTest() {
    b_.Process(1, {.pid = 77, .program = "/bin/x"});
    b_.Actor(1, BeginHow::kMain, {.tid = 77});
    b_.Object(1, model::ObjectKind::kMutex, "outer").Open(1, 1, 8);
    b_.Section(1, 2, 9).At(500).Block(1, 3, 10, 2, 11).At(700).Unblock(1);
    b_.Close(1).Fork(1, 2).Actor(2, BeginHow::kStarted, {.parent = 1});
    b_.Name(log::NameTarget::kActor, 2, "wor\nker").Section(2, 1, 8).Exit(1);
  }
  ~DumpTest() override { std::remove(path_.c_str()); }

  std::string Dump(const DumpOptions& options = {}) {
    b_.Write(path_);
    char* text = nullptr;
    size_t size = 0;
    std::FILE* const out = open_memstream(&text, &size);
    status_ = RunDump(path_, options, out);
    std::fclose(out);
    const std::string result(text, size);
    std::free(text);
    return result;
  }

  LogBuilder b_;
  std::string path_ =
      ::testing::TempDir() + absl::StrCat("/dump_test.", getpid());
  int status_ = -1;
};

TEST_F(DumpTest, ShowsEveryActorsRecordsIndentedByWhatItHolds) {
  const std::string text = Dump();
  EXPECT_EQ(status_, kExitOk);
  EXPECT_THAT(text, HasSubstr("actor 1 of process 77 \"/bin/x\", thread 77\n"));
  EXPECT_THAT(text, HasSubstr("                acquire mutex #1 \"outer\" at "
                              "site 8\n"
                              "                  section unknown #2 at site 9\n"
                              "           500    waits for unknown #3 at site "
                              "10, held by actor 2 at site 11\n"
                              "           700    wait ends: acquired\n"
                              "                release mutex #1 \"outer\"\n"));
  EXPECT_THAT(text, HasSubstr("section mutex #1 \"outer\" at site 8\n"));
}

TEST_F(DumpTest, AWaitForASignalHasATicketAndNoHolder) {
  b_.Object(5, model::ObjectKind::kConditionVariable);
  b_.At(900).Block(2, 5, 10, 0, 0, {.ticket = 7});
  EXPECT_THAT(Dump(),
              HasSubstr("waits for condition_variable #5 at site 10, ticket "
                        "7\n"));
}

TEST_F(DumpTest, WhatWasThereIsSaidWithItsActIfThatIsKnown) {
  b_.Object(5, model::ObjectKind::kConditionVariable);
  b_.Object(6, model::ObjectKind::kSemaphore);
  b_.Take(2, 5, 10, 0, 0, model::How::kTimed);
  b_.Release(2, 6, 11, 7, 4, 3).Take(2, 6, 12, 8, 3, model::How::kTry);
  EXPECT_THAT(Dump(), AllOf(HasSubstr("took condition_variable #5 at site 10, "
                                      "timed\n"),
                            HasSubstr("release semaphore #6 at site 11, nobody "
                                      "waits, 3 permits, act 7, then 4\n"),
                            HasSubstr("took semaphore #6 at site 12, try, act "
                                      "8, then 3\n")));
}

TEST_F(DumpTest, NamesCannotBreakALineOrSteerATerminal) {
  EXPECT_THAT(Dump(), HasSubstr("actor 2 \"wor\\x0aker\""));
}

// 0x9b begins a terminal's command as ESC [ does.
TEST_F(DumpTest, BytesThatAreNoTextAreWrittenAsNumbers) {
  b_.Object(6, model::ObjectKind::kMutex,
            "a\x9b"
            "31m\xc2\x9b\xc3\xa9");
  EXPECT_THAT(Dump(), HasSubstr("\"a\\x9b31m\\xc2\\x9b\xc3\xa9\""));
}

TEST_F(DumpTest, OneActorCanBeChosen) {
  const std::string text = Dump({.actor = 2});
  EXPECT_THAT(text, Not(HasSubstr("actor 1 of")));
  EXPECT_THAT(text, HasSubstr("actor 2 "));
}

TEST_F(DumpTest, AnActorThatIsNotThereIsWrongUsage) {
  EXPECT_EQ(Dump({.actor = 9}), "");
  EXPECT_EQ(status_, kExitUsage);
}

TEST_F(DumpTest, NobodyIsActorZero) {
  EXPECT_EQ(Dump({.actor = 0}), "");
  EXPECT_EQ(status_, kExitUsage);
}

TEST_F(DumpTest, TheLimitCountsRecords) {
  const std::string text = Dump({.limit = 3});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 3);
}

TEST_F(DumpTest, DefinitionsAlone) {
  const std::string text = Dump({.definitions_only = true});
  EXPECT_THAT(text, HasSubstr("define object 1: mutex \"outer\""));
  EXPECT_THAT(text, Not(HasSubstr("section")));
}

TEST_F(DumpTest, AnUnreadableLogIsAFileError) {
  EXPECT_EQ(RunDump("/no/such.log", {}, stdout), kExitFile);
}

}  // namespace
}  // namespace lockcheck::tools

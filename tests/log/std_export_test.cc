// Logs as traces in the STD format: in an order that the log allows, with names
// that other tools can read, and with a word on what cannot be said.
#include "lib/log/std_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/log/imported.h"
#include "tests/log/log_builder.h"
#include "tests/log/random_log.h"
#include "tests/log/read_back.h"

namespace lockcheck::log::testing {
namespace {

using model::How;
using model::Mode;
using model::ObjectKind;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

class StdExportTest : public ::testing::Test {
 protected:
  StdExportTest() {
    b_.Process(1).Actor(1, BeginHow::kMain);
    b_.Object(1, ObjectKind::kMutex, "a").Object(2, ObjectKind::kMutex, "b");
  }
  StdExport Export() { return ExportStd(*ReadBack(b_)); }

  LogBuilder b_;
};

TEST_F(StdExportTest, HandOversPutStreamsInOrder) {
  b_.Actor(2, BeginHow::kForeign);
  b_.Section(1, 1, 8, {.handover = 2}).Section(2, 1, 9, {.handover = 1});
  EXPECT_EQ(Export().text,
            "A2|acq(a)|9\nA2|rel(a)|0\nA1|acq(a)|8\nA1|rel(a)|0\n");
}

TEST_F(StdExportTest, AThreadComesBehindItsForkAndBeforeItsJoin) {
  b_.Fork(1, 2).Actor(2, BeginHow::kStarted, {.parent = 1});
  b_.Section(2, 1, 8).End(2).JoinBlock(1, 2, 9).Join(1, 2).Exit(1);
  EXPECT_EQ(Export().text,
            "A1|fork(A2)|0\nA2|acq(a)|8\nA2|rel(a)|0\nA1|join(A2)|9\n");
}

TEST_F(StdExportTest, WhatStandsAtTheEndIsARequest) {
  b_.Actor(2, BeginHow::kForeign, {.hot = true});
  b_.Open(1, 1, 8).Open(2, 2, 9).Block(1, 2, 10, 2, 9).Block(2, 1, 11, 1, 8);
  EXPECT_THAT(Export().text,
              AllOf(HasSubstr("A1|req(b)|10\n"), HasSubstr("A2|req(a)|11\n")));
}

TEST_F(StdExportTest, NotificationsComeBehindTheWaitsThatTheyEnd) {
  b_.Object(3, ObjectKind::kConditionVariable, "ready");
  b_.Actor(2, BeginHow::kForeign);
  b_.Post(1, 3, 8, 1, 1, 2);
  b_.Block(2, 3, 9, 0, 0, {.ticket = 1}).Unblock(2, model::Outcome::kSignalled);
  b_.Section(2, 1, 10);
  EXPECT_EQ(
      Export().text,
      "A2|wait(ready)|9\nA1|notify(ready)|8\nA2|acq(a)|10\nA2|rel(a)|0\n");
}

TEST_F(StdExportTest, NamesAreUniqueAndHaveNothingThatTheFormatUses) {
  b_.Object(3, ObjectKind::kMutex, "a").Object(4, ObjectKind::kMutex, "x (y)|");
  b_.Place(1, "src/bank.cc", 12).Object(5, ObjectKind::kMutex, "", 1);
  for (uint32_t object = 3; object <= 5; ++object) b_.Section(1, object, 8);
  EXPECT_THAT(Export().text,
              AllOf(HasSubstr("acq(a#3)"), HasSubstr("acq(x__y__)"),
                    HasSubstr("acq(mutex@bank.cc:12)")));
}

TEST_F(StdExportTest, WhatTheFormatCannotSayIsCounted) {
  b_.Object(3, ObjectKind::kSharedMutex, "s");
  b_.Object(4, ObjectKind::kSemaphore, "p");
  b_.Section(1, 3, 8, {.mode = Mode::kShared, .handover = 0});
  b_.Section(1, 4, 8).Section(1, 1, 8, {.how = How::kTry});
  const StdExport exported = Export();
  EXPECT_EQ(exported.text, "A1|acq(a)|8\nA1|rel(a)|0\n");
  EXPECT_THAT(exported.notes,
              ElementsAre(HasSubstr("1 shared hold is left out"),
                          HasSubstr("1 act on an object that is no lock is"),
                          HasSubstr("1 try or timed acquisition is written")));
}

TEST_F(StdExportTest, WhoPassesAOnceFlagIsNoReader) {
  b_.Object(3, ObjectKind::kOnceFlag, "once").Section(1, 3, 8);
  b_.Section(1, 3, 9, {.mode = Mode::kShared, .handover = 0});
  const StdExport exported = Export();
  EXPECT_EQ(exported.text, "A1|acq(once)|8\nA1|rel(once)|0\n");
  EXPECT_THAT(exported.notes,
              ElementsAre(HasSubstr("1 passage of a once_flag is left out")));
}

TEST_F(StdExportTest, WhoseStartTheLogDoesNotHaveIsCounted) {
  b_.Fork(1, 2).Actor(2, BeginHow::kStarted, {.parent = 1}).Section(2, 1, 8);
  b_.Section(1, 1, 9, {.handover = 1});
  b_.Actor(3, BeginHow::kForeign).Section(3, 1, 10, {.handover = 2});
  b_.Actor(4, BeginHow::kForeign).End(4);  // of which the text has nothing
  EXPECT_THAT(Export().notes,
              ElementsAre(HasSubstr("1 thread's start is not in the log, so in "
                                    "the text it can run at any time")));
}

TEST_F(StdExportTest, ALogThatContradictsItselfSaysSo) {
  b_.Actor(2, BeginHow::kForeign);
  b_.Section(1, 1, 8, {.handover = 2}).Section(1, 2, 8, {.handover = 1});
  b_.Section(2, 2, 9, {.handover = 2}).Section(2, 1, 9, {.handover = 1});
  const StdExport exported = Export();
  EXPECT_THAT(exported.contradiction,
              MatchesRegex("test.log: its records contradict each other, so 2 "
                           "of 2 actors are cut short, A1 among them.*"));
}

TEST_F(StdExportTest, AfterALossWhatIsNotHeldAnyMoreIsReleased) {
  b_.Open(1, 1, 8).NewBlock(1).Close(1).Open(1, 2, 9).NewBlock(1);
  const uint64_t lost = b_.NextBlock() - 1;
  b_.Close(1).Section(1, 1, 10).Exit(1);
  b_.ZeroBlock(lost);
  const StdExport exported = Export();
  EXPECT_EQ(exported.text,
            "A1|acq(a)|8\nA1|rel(a)|0\nA1|acq(a)|10\nA1|rel(a)|0\n");
  EXPECT_THAT(exported.notes, ElementsAre(HasSubstr("1 hold is left out")));
}

// Logs whose hand-overs mean nothing, and damaged ones, are written as far as
// they go; and what is written is a trace.
TEST(StdExportOfAnything, IsATrace) {
  size_t written = 0;
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    RandomLog random(seed, {.events = 300, .hot = seed % 2 == 0});
    if (seed % 3 == 0) random.builder.CorruptByte(70'000 + seed * 4001);
    const auto recording = ReadBack(random.builder);
    const StdExport exported = ExportStd(*recording);
    if (exported.text.empty()) continue;
    ++written;
    const Imported imported = Import(exported.text);
    EXPECT_TRUE(imported.status.ok()) << seed << " " << imported.status;
  }
  EXPECT_GT(written, 0u);
}

}  // namespace
}  // namespace lockcheck::log::testing

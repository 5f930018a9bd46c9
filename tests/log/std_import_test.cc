// Traces in the STD format as logs: what their lines become, and what is said
// of those that cannot be read.
#include "lib/log/std_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/log/imported.h"
#include "tests/log/transcript.h"

namespace lockcheck::log::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string ErrorOf(std::string_view trace) {
  const Imported imported = Import(trace);
  EXPECT_FALSE(imported.status.ok()) << trace;
  const std::string message(imported.status.message());
  EXPECT_THAT(message, Not(HasSubstr("\n")));
  return message;
}

// What the thread called `name` did, in the words of Transcript.
std::vector<std::string> ActsOf(const Recording& recording,
                                std::string_view name) {
  for (ActorIndex a = 0; a < recording.actors.size(); ++a) {
    if (recording.actors[a].name != name) continue;
    Transcript transcript;
    recording.Replay(a, transcript);
    return transcript.lines;
  }
  ADD_FAILURE() << "no thread " << name;
  return {};
}

TEST(StdImportTest, AByteOrderMarkIsNoPartOfAName) {
  const Imported imported = Import("\xef\xbb\xbfT0|w(x)|1\nT0|r(x)|2\n");
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  const auto recording = imported.Read();
  ASSERT_NE(recording, nullptr);
  EXPECT_EQ(recording->actors.size(), 1u);
  EXPECT_THAT(ActsOf(*recording, "T0"), Not(IsEmpty()));
}

TEST(StdImportTest, ALineBecomesARecordOfItsThread) {
  const Imported imported = Import("T0|acq(a)|1\nT0|acq(b)|2\nT0|rel(a)|3\n");
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  const auto recording = imported.Read();
  ASSERT_NE(recording, nullptr);
  ASSERT_EQ(recording->objects.size(), 2u);
  EXPECT_EQ(recording->objects[0].name, "a");
  EXPECT_EQ(recording->objects[1].name, "b");
  EXPECT_THAT(recording->warnings, IsEmpty());
  EXPECT_TRUE(recording->complete);
  const std::string acts = absl::StrJoin(ActsOf(*recording, "T0"), "\n");
  EXPECT_THAT(acts, AllOf(HasSubstr("acquire 1@8"), HasSubstr("acquire 2@9"),
                          HasSubstr("release 1")));
  EXPECT_THAT(imported.notes, IsEmpty());
}

TEST(StdImportTest, LocationsAreKept) {
  const auto recording = Import("1|acq(a)|bank.cc:12").Read();
  ASSERT_EQ(recording->sites.size(), 1u);
  ASSERT_EQ(recording->places.size(), 1u);
  EXPECT_EQ(recording->places[0].function, "bank.cc:12");
}

TEST(StdImportTest, HandOversAreCountedWhenAnotherThreadIsNext) {
  const auto recording =
      Import("1|acq(a)\n1|rel(a)\n1|acq(a)\n1|rel(a)\n2|acq(a)\n2|rel(a)\n")
          .Read();
  const std::string first = absl::StrJoin(ActsOf(*recording, "1"), "\n");
  EXPECT_THAT(first, Not(HasSubstr("handover")));
  EXPECT_THAT(absl::StrJoin(ActsOf(*recording, "2"), "\n"),
              HasSubstr("handover 1"));
}

TEST(StdImportTest, BlanksCommentsAndCarriageReturnsDoNotCount) {
  const Imported imported =
      Import("# made by hand\r\n\r\n  1 | acq( a ) | 7 \r\n// end\n1|rel(a)|8");
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.Read()->objects[0].name, "a");
}

TEST(StdImportTest, WhereTheBytesAreCutMakesNoDifference) {
  const std::string trace =
      "0|fork(1)|1\n1|acq(a)|2\n1|rel(a)|3\n0|join(1)|4\n0|acq(a)|5\n";
  const std::string whole = Export(Import(trace)).text;
  EXPECT_THAT(whole, Not(IsEmpty()));
  for (size_t piece = 1; piece < 20; ++piece) {
    EXPECT_EQ(Export(Import(trace, piece)).text, whole) << piece;
  }
}

TEST(StdImportTest, BranchesAreCounted) {
  EXPECT_THAT(Import("1|branch|3\n1|acq(a)|4\n2|branch|1\n").notes,
              ElementsAre("trace.std: 2 branches were left out: a log has "
                          "none, first in line 1"));
}

TEST(StdImportTest, AReadFindsTheLastWriteInTheFile) {
  const Imported imported =
      Import("1|r(x)|1\n1|w(x)|2\n2|r(x)|3\n2|w(y)|4\n1|w(x)|5\n2|r(x)|6\n");
  EXPECT_THAT(imported.notes, ElementsAre());
  const auto recording = imported.Read();
  const auto acts = [&](const char* thread) {
    return absl::StrJoin(ActsOf(*recording, thread), "\n");
  };
  EXPECT_THAT(acts("1"), AllOf(HasSubstr("read 1@8 version 0"),
                               HasSubstr("write 1@9 version 1"),
                               HasSubstr("write 1@12 version 2")));
  EXPECT_THAT(acts("2"), AllOf(HasSubstr("read 1@10 version 1"),
                               HasSubstr("write 2@11 version 1"),
                               HasSubstr("read 1@13 version 2")));
}

TEST(StdImportTest, ReadsStayBehindTheirWritesWhenExported) {
  const std::string trace =
      "1|w(x)|1\n2|r(x)|2\n3|r(x)|3\n1|w(x)|4\n3|r(x)|5\n2|w(x)|6\n";
  const std::string text = Export(Import(trace)).text;
  EXPECT_EQ(Export(Import(text)).text, text);
  EXPECT_LT(text.find("2|r(x)|2"), text.find("1|w(x)|4")) << text;
  EXPECT_LT(text.find("3|r(x)|3"), text.find("1|w(x)|4")) << text;
  EXPECT_LT(text.find("1|w(x)|4"), text.find("3|r(x)|5")) << text;
  EXPECT_LT(text.find("3|r(x)|5"), text.find("2|w(x)|6")) << text;
}

TEST(StdImportTest, WhatAWindowOfALongerTraceHasIsCounted) {
  EXPECT_THAT(Import("1|acq(b)|1\n1|rel(a)|2\n").notes,
              ElementsAre(AllOf(HasSubstr("1 release was left out"),
                                HasSubstr("line 2"))));
  EXPECT_THAT(Import("1|acq(a)\n1|acq(a)\n1|rel(a)\n1|rel(a)\n2|acq(a)").notes,
              ElementsAre(HasSubstr("1 acquisition was left out")));
}

TEST(StdImportTest, ARequestThatIsNotFollowedByItsLockWasGivenUp) {
  const Imported imported = Import("1|req(a)|1\n1|acq(b)|2\n");
  EXPECT_THAT(imported.notes, ElementsAre(HasSubstr("1 request is read as")));
  EXPECT_THAT(absl::StrJoin(ActsOf(*imported.Read(), "1"), "\n"),
              HasSubstr("try failed 1@8"));
}

TEST(StdImportTest, ARequestAtTheEndStands) {
  const auto recording = Import("1|acq(a)|1\n2|req(a)|2\n1|w(x)|3\n").Read();
  EXPECT_FALSE(recording->complete);
  EXPECT_THAT(absl::StrJoin(ActsOf(*recording, "2"), "\n"),
              HasSubstr("block 1@9 how 0 owner 1@8"));
}

TEST(StdImportTest, TheNotifiedGoOnInTheOrderOfTheirTickets) {
  const auto recording = Import(
                             "1|acq(m)\n1|rel(m)\n1|wait(m)\n"
                             "2|acq(m)\n2|notify(m)\n2|rel(m)\n"
                             "1|req(m)\n1|acq(m)\n1|rel(m)\n")
                             .Read();
  const std::string waiter = absl::StrJoin(ActsOf(*recording, "1"), "\n");
  EXPECT_THAT(waiter, AllOf(HasSubstr("ticket 1"), HasSubstr("unblock 2")));
}

TEST(StdImportTest, WhoeverGoesOnFirstWasTheOneNotified) {
  const Imported imported = Import(
      "1|wait(c)\n2|wait(c)\n3|notify(c)\n2|acq(a)\n2|rel(a)\n3|notify(c)\n"
      "1|acq(a)\n1|rel(a)\n");
  EXPECT_THAT(imported.notes, IsEmpty());
  const auto recording = imported.Read();
  EXPECT_THAT(absl::StrJoin(ActsOf(*recording, "2"), "\n"),
              HasSubstr("ticket 1"));
  EXPECT_THAT(absl::StrJoin(ActsOf(*recording, "1"), "\n"),
              HasSubstr("ticket 2"));
}

TEST(StdImportTest, WhoGoesOnWithoutANotificationHadATimeLimit) {
  const Imported imported = Import("1|wait(c)\n1|acq(a)\n2|notify(c)\n");
  EXPECT_THAT(imported.notes, ElementsAre(HasSubstr("1 wait is read as one")));
  EXPECT_THAT(absl::StrJoin(ActsOf(*imported.Read(), "1"), "\n"),
              HasSubstr("unblock 1"));
}

TEST(StdImportTest, AJoinEndsItsThreadAndAnEndBehindAllElseDoes) {
  const auto recording =
      Import(
          "0|fork(1)\n0|fork(2)\n1|acq(a)\n1|rel(a)\n0|join(1)\n"
          "2|begin\n2|end\n2|acq(a)\n2|rel(a)\n2|end(x)\n")
          .Read();
  EXPECT_TRUE(recording->actors[1].ended);
  EXPECT_TRUE(recording->actors[2].ended);
  EXPECT_EQ(recording->actors[1].how, BeginHow::kStarted);
  EXPECT_EQ(recording->actors[1].parent, 0u);
}

struct BadTrace {
  const char* trace;
  const char* says;
};

TEST(StdImportTest, WhatCannotBeReadIsAnErrorThatNamesTheLineAndTheMend) {
  const BadTrace rows[] = {
      {"", "trace.std: there is no event in it; give a trace"},
      {"# nothing\n\n", "there is no event"},
      {"acq(a)", "line 1: 'acq(a)' is not thread|op(object)|location; is this"},
      {"1|acq(a)|1|2", "line 1: '1|acq(a)|1|2' is not thread"},
      {"1|acq(a|1", "is not thread|op(object)|location"},
      {"1|acq(a)\n1|take(b)|2",
       "line 2: the operation 'take' is none of acq, "
       "rel, req, fork"},
      {"1|acq|3", "names no object; write acq(OBJECT)"},
      {"|acq(a)|3", "names no thread"},
      {"1|acq(a)\n2|acq(a)",
       "line 2: thread '2' acquires a lock that '1' has held since line 1"},
      {"0|fork(1)\n0|fork(1)", "line 2: thread '1' was forked in line 1"},
      {"1|acq(a)\n0|fork(1)", "line 2: thread '1' is in line 1 already"},
      {"0|fork(0)", "line 1: thread '0' is in line 1 already"},
      {"0|join(0)", "line 1: thread '0' joins itself"},
      {"0|join(1)\n1|acq(a)",
       "line 2: thread '1' acts behind its join in line "
       "1; delete the join"},
      {"1|acq(m)\n1|wait(m)",
       "line 2: thread '1' waits for 'm' with that lock "
       "held since line 1; write its release"},
  };
  for (const BadTrace& row : rows) {
    EXPECT_THAT(ErrorOf(row.trace), HasSubstr(row.says)) << row.trace;
  }
}

TEST(StdImportTest, ALineWithoutAnEndIsRefusedBeforeItIsRead) {
  EXPECT_THAT(ErrorOf("1|acq(a)\n" + std::string(100'000, 'x')),
              StartsWith("trace.std: line 2: it is longer than 8192 bytes"));
  EXPECT_THAT(ErrorOf(std::string(100'000, '\0')), HasSubstr("line 1"));
}

TEST(StdImportTest, OnlySoManyLocksAreHeldAtOnce) {
  std::string trace;
  for (int i = 0; i <= 4000; ++i) absl::StrAppend(&trace, "1|acq(l", i, ")\n");
  EXPECT_THAT(ErrorOf(trace), HasSubstr("line 4001: thread '1' holds more"));
}

// Segments are split where they must be, blocks are sealed and read again.
TEST(StdImportTest, ManyThreadsWithManyHoldsAreReadBack) {
  std::mt19937 random(1);
  std::string trace;
  std::vector<std::vector<int>> held(40);
  int next = 0;
  for (int i = 0; i < 40'000; ++i) {
    const auto thread = random() % held.size();
    if (held[thread].size() < 300 && random() % 2 == 0) {
      absl::StrAppend(&trace, thread, "|acq(l", next, ")|", i % 5000, "\n");
      held[thread].push_back(next++);
    } else if (!held[thread].empty()) {
      absl::StrAppend(&trace, thread, "|rel(l", held[thread].back(), ")|0\n");
      held[thread].pop_back();
    }
  }
  const Imported imported = Import(trace, 777);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  const auto recording = imported.Read();
  EXPECT_THAT(recording->warnings, IsEmpty());
  EXPECT_GT(recording->actors[0].segments.size(), 1u);
  const StdExport again = ExportStd(*recording);
  EXPECT_THAT(again.contradiction, IsEmpty());
  EXPECT_EQ(std::count(again.text.begin(), again.text.end(), '\n'),
            std::count(trace.begin(), trace.end(), '\n'));
}

// Of a log of nothing there is nothing to read.
TEST(StdImportTest, BranchesAloneAreRefused) {
  EXPECT_THAT(std::string(Import("1|branch|3\n").status.message()),
              HasSubstr("nothing in it but branches"));
  const Imported begun = Import("1|branch|3\n1|begin|4\n");
  EXPECT_TRUE(begun.status.ok());
  EXPECT_NE(begun.Read(), nullptr);
}

// Any bytes: an error in one line, or a log that can be read.
TEST(StdImportTest, RandomLinesAreReadOrRefused) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> words = {
      "0",          "1",       "2",  "|",  "acq(",  "rel(", "req(",  "fork(",
      "join(",      ")",       "\n", "\r", "wait(", "end",  "begin", "a",
      "notifyAll(", "notify(", "(",  "#",  "\xff",  " ",    "||",    "r(x)"};
  size_t read = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string trace;
    const int lines = 1 + static_cast<int>(random() % 12);
    for (int i = 0; i < lines; ++i) {
      if (random() % 100 == 0) trace += words[random() % words.size()];
      const std::string& op = words[4 + random() % 5];
      absl::StrAppend(&trace, random() % 3, "|", random() % 4 ? op : "acq(",
                      random() % 3, ")|", random() % 4, "\n");
    }
    const Imported imported = Import(trace);
    if (!imported.status.ok()) {
      EXPECT_THAT(std::string(imported.status.message()),
                  StartsWith("trace.std: "));
      continue;
    }
    ++read;
    const StdExport again = Export(imported);
    EXPECT_THAT(again.contradiction, IsEmpty()) << trace;
    EXPECT_TRUE(again.text.empty() || Import(again.text).status.ok())
        << trace << "\n->\n"
        << again.text;
  }
  EXPECT_GT(read, 100u);
}

}  // namespace
}  // namespace lockcheck::log::testing

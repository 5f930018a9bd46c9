// Deadlocks are seen while they happen: once each, whoever closes them, and
// never where there is none. What is done then is what on_deadlock asks for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <string>
#include <vector>

#include "tests/count.h"
#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// In both modes that see anything.
class DeadlockTest : public ::testing::TestWithParam<std::string> {
 protected:
  std::string AllOptions(const std::string& options) const {
    std::string all =
        GetParam() == "live" ? "mode=live" : "log=" + (folder_ / "log");
    if (options.find("command=") == options.npos) all += ":command=none";
    return all + (options.empty() ? "" : ":" + options);
  }
  Finished Run(std::vector<std::string> words, const std::string& options) {
    return Child("deadlock_program", std::move(words))
        .Options(AllOptions(options))
        .Run();
  }
  // Of a program that stays stuck: what it has said when it has said `last`.
  std::string ReportOf(std::vector<std::string> words, const std::string& last,
                       const std::string& options = "", int ends_by = SIGKILL) {
    return ReportWhen(
        std::move(words),
        [&last](const std::string& said) { return Count(said, last) != 0; },
        options, ends_by);
  }
  // The same when `is_all` of what it has said.
  template <typename IsAll>
  std::string ReportWhen(std::vector<std::string> words, IsAll is_all,
                         const std::string& options = "",
                         int ends_by = SIGKILL) {
    Child child("deadlock_program", std::move(words));
    child.Options(AllOptions(options)).Start();
    std::string said;
    // The child's own time limit ends this.
    while (!is_all(said = child.SaidToError()) && kill(child.pid(), 0) == 0 &&
           !child.HasEnded()) {
      sched_yield();
    }
    child.Signal(ends_by);
    EXPECT_EQ(child.Wait().signal(), ends_by) << said;
    return said;
  }
  // With on_deadlock=throw: how many requests were refused.
  int Refused(std::vector<std::string> words, Finished* finished = nullptr) {
    const Finished f = Run(std::move(words), "on_deadlock=throw");
    EXPECT_TRUE(f.Succeeded()) << f;
    EXPECT_THAT(f.out, HasSubstr("done\n")) << f;
    EXPECT_EQ(Count(f.err, "DEADLOCK"), Count(f.out, "caught")) << f;
    if (finished != nullptr) *finished = f;
    return Count(f.out, "caught");
  }

  Folder folder_;
};

std::string ModeName(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}
INSTANTIATE_TEST_SUITE_P(Modes, DeadlockTest,
                         ::testing::Values("record", "live"), ModeName);

// Of what the log says afterwards.
class RecordedDeadlockTest : public DeadlockTest {};

INSTANTIATE_TEST_SUITE_P(Modes, RecordedDeadlockTest,
                         ::testing::Values("record"), ModeName);

TEST_P(DeadlockTest, AThreadThatLocksTwiceWaitsForItself) {
  EXPECT_EQ(Refused({"self"}), 1);
}

TEST_P(DeadlockTest, AWriterWaitsForItsOwnRead) {
  EXPECT_EQ(Refused({"own-read"}), 1);
}

// When one is refused the other one waits for itself still.
TEST_P(DeadlockTest, ReadersOfOneLockThatBothWantToWriteAreBothRefused) {
  EXPECT_EQ(Refused({"readers-of-one-write"}), 2);
}

TEST_P(DeadlockTest, TheLastOfARingClosesIt) {
  for (const char* n : {"2", "3", "5", "40"}) {
    EXPECT_EQ(Refused({"ring", n}), 1) << n;
  }
}

TEST_P(DeadlockTest, WhenAllOfARingBlockAtOnceItIsReportedOnce) {
  for (const char* n : {"2", "3", "40"}) {
    EXPECT_EQ(Refused({"ring-at-once", n}), 1) << n;
  }
}

TEST_P(DeadlockTest, ReadersAndAWriterWhoAllBlockAtOnceAreReportedOnce) {
  // Who asks last may say what it closes when all are known to ask.
  const std::string said =
      ReportWhen({"readers-and-writer", "20"}, [](const std::string& so_far) {
        return Count(so_far, "all ask") != 0 &&
               Count(so_far, "DEADLOCK:") >= 20;
      });
  EXPECT_EQ(Count(said, "DEADLOCK:"), 20) << said;
}

TEST_P(DeadlockTest, HundredsOfRingsAreReportedOnceEach) {
  EXPECT_EQ(Refused({"many-rings", "300"}), 300);
}

TEST_P(DeadlockTest, EachReaderWaitsForTheOtherToEndReading) {
  EXPECT_EQ(Refused({"readers-write"}), 1);
}

TEST_P(DeadlockTest, AConditionTakesItsOwnLockAgainWhateverHappens) {
  EXPECT_THAT(ReportOf({"reacquire"}, "stays", "on_deadlock=throw"),
              HasSubstr("DEADLOCK: 2 threads wait for each other"));
}

TEST_P(DeadlockTest, ALockWhoseOwnerHasEndedIsWaitedForInVain) {
  EXPECT_EQ(Refused({"gone-owner", "1"}), 1);
  EXPECT_EQ(Refused({"gone-owner-later"}), 1);
  EXPECT_EQ(Refused({"gone-reader"}), 1);
}

TEST_P(DeadlockTest, OfSeveralThatWaitForItEachIsRefused) {
  const Finished f = Run({"gone-owner", "3"}, "on_deadlock=throw");
  EXPECT_TRUE(f.Succeeded()) << f;
  EXPECT_EQ(Count(f.out, "caught"), 3) << f;
  EXPECT_EQ(Count(f.err, "DEADLOCK: a thread waits for a lock whose owner has"),
            1)
      << f;
}

TEST_P(DeadlockTest, MainCanBeTheOneThatHasEnded) {
  EXPECT_EQ(Refused({"gone-main"}), 1);
}

// ThreadSanitizer ends a child of several threads that begins another one.
#if !defined(__SANITIZE_THREAD__)
TEST_P(DeadlockTest, AnOwnerInTheParentIsGone) {
  Finished f;
  EXPECT_EQ(Refused({"gone-at-fork"}, &f), 1);
  EXPECT_THAT(f.err, HasSubstr("whose owner exists in the parent only"));
}
#endif

TEST_P(DeadlockTest, WhoeverMayStillUnlockIsNotGone) {
  for (const char* scenario :
       {"unlocked-by-other", "unlocked-at-the-very-end", "held-at-fork"}) {
    EXPECT_EQ(Refused({scenario}), 0) << scenario;
  }
}

TEST_P(DeadlockTest, ARequestThatGivesUpClosesNothing) {
  Finished f;
  EXPECT_EQ(Refused({"timed"}, &f), 0);
  EXPECT_EQ(Count(f.err, "hazard timed-cycle: 2 threads wait for each other"),
            1)
      << f;
  EXPECT_EQ(Count(f.err, "(with a time limit)"), 1) << f;
}

TEST_P(DeadlockTest, ReadersDoNotBlockEachOther) {
  EXPECT_EQ(Refused({"readers-only"}), 0);
}

TEST_P(DeadlockTest, LocksInOneOrderAreSafeUnderFullLoad) {
  EXPECT_EQ(Refused({"ordered", "5000"}), 0);
}

TEST_P(RecordedDeadlockTest, WhatWasRefusedIsAWaitThatWasInterrupted) {
  Refused({"ring", "2"});
  const auto recording = OpenLog(folder_ / "log");
  ASSERT_NE(recording, nullptr);
  EXPECT_TRUE(recording->complete);
  int refused = 0;
  for (size_t i = 0; i < recording->actors.size(); ++i) {
    const EventReader reader =
        ReadEvents(*recording, static_cast<log::ActorIndex>(i));
    EXPECT_THAT(reader.complaints, IsEmpty());
    EXPECT_THAT(reader.held, IsEmpty());
    for (const Event& e : reader.events) {
      refused += e.what == What::kRefused;
    }
  }
  EXPECT_EQ(refused, 1);
}

TEST_P(DeadlockTest, TheReportSaysWhoHoldsWhatAndWaitsWhere) {
  const std::string said = ReportOf({"self"}, "and waits for");
  EXPECT_THAT(said, HasSubstr("DEADLOCK: a thread waits for itself"));
  EXPECT_THAT(said, ContainsRegex("A1 \\(thread [0-9]+\\) holds \"self\", in "
                                  ".*\\(deadlock_program\\+0x[0-9a-f]+\\)"));
  EXPECT_THAT(said, ContainsRegex("and waits for \"self\", in .*"
                                  "\\(deadlock_program\\+0x[0-9a-f]+\\)"));
}

TEST_P(DeadlockTest, AJoinIsReportedWithTheThreadThatIsToEnd) {
  const std::string said = ReportOf({"join"}, "waits for the end of");
  EXPECT_THAT(said, HasSubstr("DEADLOCK: 2 threads wait for each other"));
  EXPECT_THAT(said, ContainsRegex("A2 worker \\(thread [0-9]+\\)"));
}

TEST_P(DeadlockTest, AGoneOwnerIsReportedWithWhatItHolds) {
  const std::string said = ReportOf({"gone-owner", "1"}, "has ended and still");
  EXPECT_THAT(said, ContainsRegex("A3 \\(thread [0-9]+\\) waits for \"m\", "
                                  "in .*\\(deadlock_program\\+0x[0-9a-f]+\\)"));
  EXPECT_THAT(said, ContainsRegex("and A2 ended \\(thread [0-9]+\\) has ended "
                                  "and still holds it, in "
                                  ".*\\(deadlock_program\\+0x[0-9a-f]+\\)"));
}

TEST_P(DeadlockTest, AGoneOwnerIsReasonToAbort) {
  const Finished f = Run({"gone-owner", "1"}, "on_deadlock=abort");
  EXPECT_EQ(f.signal(), SIGABRT) << f;
}

TEST_P(DeadlockTest, WithoutTheCommandTheAddressesWillDo) {
  const std::string said =
      ReportOf({"self"}, "and waits for", "command=/no/such/command");
  EXPECT_THAT(said, HasSubstr("holds \"self\""));
}

TEST_P(DeadlockTest, ACommandThatShowsNothingIsNotEnough) {
  const std::string said =
      ReportOf({"self"}, "and waits for", "command=/bin/false");
  EXPECT_THAT(said, HasSubstr("holds \"self\""));
}

TEST_P(DeadlockTest, AbortEndsTheProgram) {
  const Finished f = Run({"ring", "2"}, "on_deadlock=abort");
  EXPECT_EQ(f.signal(), SIGABRT) << f;
  EXPECT_THAT(f.err, HasSubstr("DEADLOCK: 2 threads"));
}

// Under ThreadSanitizer no handler could, while all threads sleep in locks.
TEST_P(DeadlockTest, SigtermAndSigquitEndAProgramThatHangs) {
  for (const int signal : {SIGTERM, SIGQUIT}) {
    ReportOf({"self"}, "and waits for", "", signal);
  }
}

TEST_P(DeadlockTest, ExitcodeReplacesSuccess) {
  const Finished f = Run({"ring", "2"}, "on_deadlock=throw:exitcode=66");
  EXPECT_EQ(f.exit_status(), 66) << f;
  EXPECT_THAT(f.err, HasSubstr("in this program 1 deadlock happened"));
}

TEST_P(RecordedDeadlockTest, ExitcodeLeavesAWholeLog) {
  Run({"ring", "2"}, "on_deadlock=throw:exitcode=66");
  const auto recording = OpenLog(folder_ / "log");
  ASSERT_NE(recording, nullptr);
  EXPECT_TRUE(recording->complete);
}

TEST_P(DeadlockTest, ExitcodeLeavesEverythingElseAlone) {
  EXPECT_EQ(Run({"ordered", "10"}, "exitcode=66").exit_status(), 0);
  // The program's own failure stays.
  EXPECT_EQ(Run({"no-such-scenario"}, "exitcode=66").exit_status(), 2);
}

}  // namespace
}  // namespace lockcheck::testing

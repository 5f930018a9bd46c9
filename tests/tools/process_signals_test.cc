// Signals between processes: one log for all of them, in which what hangs is an
// actual deadlock, what might is possible, and what cannot is not said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/tools/hung_stories.h"

// As in tests/instrument/process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ProcessSignalsTest : public HungStoriesTest {
 protected:
  ProcessSignalsTest() : HungStoriesTest("process_signals_program") {}

  void ExpectActual(const std::string& story, const char* signal) {
    const Ran ran = AnalyzeHung(story, "1 actual deadlock");
    EXPECT_EQ(ran.status, 1) << story;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("1 actual deadlock"),
                               HasSubstr("(waiter) holds a and waits for "),
                               HasSubstr("A3 poster ")))
        << story;
    EXPECT_THAT(ran.out, HasSubstr(signal)) << story;
  }
  void ExpectSilentLog(const std::string& story) {
    const Ran ran = Analyzed(story);
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
  }
};

class SignalUnderLockTest : public ProcessSignalsTest,
                            public ::testing::WithParamInterface<const char*> {
 protected:
  std::string Story(const char* variant) const {
    return std::string(GetParam()) + "-" + variant;
  }
};

TEST_P(SignalUnderLockTest, IsActualWhenItHangs) {
  ExpectActual(Story("hangs"), GetParam());
}

TEST_P(SignalUnderLockTest, IsPossibleWhenItDidNot) {
  ExpectPossible(Story("latent"));
}

TEST_P(SignalUnderLockTest, UnderAnotherLockIsSilent) {
  ExpectSilentLog(Story("safe"));
}

INSTANTIATE_TEST_SUITE_P(Signals, SignalUnderLockTest,
                         ::testing::Values("event", "semaphore", "condition",
                                           "barrier"),
                         [](const auto& info) { return info.param; });

TEST_F(ProcessSignalsTest, WhoSignalsBeforeItNeedsTheLockIsSilent) {
  ExpectSilentLog("event-set-first");
}

TEST_F(ProcessSignalsTest, ASemaphoreIsALockAndTakesPartInTheirOrder) {
  ExpectPossible("inversion-latent");
  ExpectSilentLog("inversion-safe");
}

TEST_F(ProcessSignalsTest, AndWhenItHangsThatIsActual) {
  const Ran ran = AnalyzeHung("inversion-hangs", "1 actual deadlock");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 actual deadlock"), HasSubstr("slot"),
                             HasSubstr("mutex")));
}

TEST_F(ProcessSignalsTest, AWakeUpThatIsLostIsFound) {
  const Ran ran = AnalyzeHung("lost-wakeup-hangs", "lost-wakeup");
  EXPECT_THAT(ran.out, HasSubstr("(waiter)"));
  ExpectSilentLog("lost-wakeup-safe");
}

// ---- Death ------------------------------------------------------------------
TEST_F(ProcessSignalsTest, WhoseSetterDiedWaitsForEver) {
  const Ran ran = AnalyzeHung("setter-dies-hangs", "stall");
  EXPECT_THAT(ran.out, AllOf(HasSubstr("A1 (main)"), HasSubstr("event")));
}

TEST_F(ProcessSignalsTest, ASetterThatDiesAfterwardsHasSetIt) {
  const Ran ran = Analyzed("setter-dies-afterwards");
  EXPECT_THAT(ran.out, AllOf(HasSubstr("died while it held b"),
                             Not(HasSubstr("stall"))));
}

TEST_F(ProcessSignalsTest, APermitThatAProcessDiedWithIsAHazard) {
  const Ran ran = Analyzed("permit-dies");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("HAZARD  owner-died"),
                             HasSubstr("A2 (owner) died with a permit of "
                                       "permits, which nobody gives back")));
  ExpectSilentLog("permit-is-given-back");
  ExpectSilentLog("signalled-dies");
}

// ---- With threads -----------------------------------------------------------
TEST_F(ProcessSignalsTest, LocksOfThreadsMayBePartOfIt) {
  const Ran ran = AnalyzeHung("mixed-hangs", "1 actual deadlock");
  EXPECT_EQ(ran.status, 1);
  for (const char* const part :
       {"A3 thread ", "A1 main ", "A2 child ", "of_threads, acquired in",
        "a, acquired in", "event"}) {
    EXPECT_THAT(ran.out, HasSubstr(part));
  }
  ExpectPossible("mixed-latent");
}

// Who waits for another process looks from time to time whether that is still
// there, and is no less asleep for it.
TEST_F(ProcessSignalsTest, NorNeedTheThreadsOfOneProcessWaitForMoreThanLocks) {
  const Ran ran = AnalyzeHung("mixed-at-locks-hangs", "1 actual deadlock");
  EXPECT_EQ(ran.status, 1);
  for (const char* const part :
       {"A3 thread ", "A1 main ", "A2 child ", "event"}) {
    EXPECT_THAT(ran.out, HasSubstr(part));
  }
}

}  // namespace
}  // namespace lockcheck::tools::testing
#endif  // !__SANITIZE_THREAD__

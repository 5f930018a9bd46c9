// What coroutines wait for that anybody may end, in a report: permits,
// notifications, items; and locks that are read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/count.h"
#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using lockcheck::testing::Count;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CoroutineStories : public StoriesTest {
 protected:
  using StoriesTest::StoriesTest;

  // Nobody is left who would resume those that wait: it is said when the
  // context is destroyed, recorded and with mode=live.
  void ExpectLeft(const std::string& story, const std::string& rule,
                  const std::vector<std::string>& said) {
    for (const char* mode : {"record", "live"}) {
      const bool live = mode == std::string("live");
      const Finished f =
          Told(story, (live ? "mode=live" : "log=" + log_) + ":command=none");
      EXPECT_THAT(f.out, HasSubstr(" left\n")) << story;
      EXPECT_EQ(Count(f.err, " DEADLOCK: "), 1) << story << mode << f;
      EXPECT_THAT(f.err, HasSubstr("nobody is left who would resume one"))
          << story;
      for (const std::string& word : said) {
        EXPECT_THAT(f.err, HasSubstr(word)) << story << mode;
      }
    }
    ExpectActual(story, rule);
  }
  // Of the log that there is.
  void ExpectActual(const std::string& story, const std::string& rule) {
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 1) << story << ran.out;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("1 actual deadlock"),
                               HasSubstr("ACTUAL DEADLOCK  " + rule)))
        << story;
  }
  void ExpectMisuse(const std::string& story, const std::string& rule) {
    const Finished f = Recorded(story);
    EXPECT_THAT(f.err, HasSubstr("misuse (" + rule + ")")) << story;
    EXPECT_THAT(Analyze().out, AllOf(HasSubstr(rule), HasSubstr("careless")))
        << story;
  }
};

class CoroutineSignalsTest : public CoroutineStories {
 protected:
  CoroutineSignalsTest() : CoroutineStories("coroutine_signals_program") {}
};

TEST_F(CoroutineSignalsTest, WhatIsSafeIsSilent) {
  for (const char* story :
       {"semaphores-in-one-order", "counting", "and-mutex-in-one-order",
        "second-poster", "waits-without-mutex", "released-from-outside",
        "handed-over", "notified", "wait-holding-safe", "notified-from-outside",
        "destroyed"}) {
    ExpectSilent(story);
  }
}

TEST_F(CoroutineSignalsTest, PermitsInBothOrdersArePossibleDeadlocks) {
  for (const char* story : {"semaphores-latent", "and-mutex-latent"}) {
    ExpectConfirmed(story);
    EXPECT_THAT(Analyze().out, HasSubstr("lock-order")) << story;
  }
}

TEST_F(CoroutineSignalsTest, WhoWaitsForPermitsForGoodIsTold) {
  ExpectLeft("semaphores-hang", "communication",
             {"one then other", "other then one", "a signal (semaphore)"});
  ExpectLeft("and-mutex-hang", "communication",
             {"permit first", "mutex first", "awaits \"mutex\"",
              "a signal (semaphore)"});
  ExpectLeft("nobody-releases", "communication", {"waiter"});
}

TEST_F(CoroutineSignalsTest, APostThatNeedsWhatTheWaiterHoldsIsFound) {
  ExpectConfirmed("post-latent");
  EXPECT_THAT(Analyze().out, AllOf(HasSubstr("communication"),
                                   HasSubstr("posted"), HasSubstr("mutex")));
  ExpectLeft("post-hang", "communication", {"waiter", "poster"});
}

TEST_F(CoroutineSignalsTest, AnOverReleaseIsRefusedAndReported) {
  ExpectMisuse("over-release", "over-release");
}

TEST_F(CoroutineSignalsTest, WhoIsNeverNotifiedIsTold) {
  ExpectLeft("never-notified", "communication",
             {"waiter", "a signal (condition_variable)"});
  EXPECT_THAT(Analyze().out, AllOf(HasSubstr("news"), Not(HasSubstr("lost-"))));
}

TEST_F(CoroutineSignalsTest, ANotificationThatCameTooEarlyIsLost) {
  ExpectLeft("lost-wakeup", "communication", {"waiter"});
  EXPECT_THAT(Analyze().out, AllOf(HasSubstr("HAZARD  lost-wakeup"),
                                   HasSubstr("notifier"), HasSubstr("news")));
}

TEST_F(CoroutineSignalsTest, AWaitWithAnotherLockThatTheNotifierNeedsIsFound) {
  ExpectPossible("wait-holding-latent");
  EXPECT_THAT(Analyze().out,
              AllOf(HasSubstr("communication"), HasSubstr("other mutex")));
  ExpectLeft("wait-holding-hang", "communication", {"waiter", "notifier"});
}

class CoroutineQueueTest : public CoroutineStories {
 protected:
  CoroutineQueueTest() : CoroutineStories("coroutine_queue_program") {}
};

TEST_F(CoroutineQueueTest, WhatIsSafeIsSilent) {
  for (const char* story :
       {"full-without-mutex", "full-and-mutex-afterwards", "idle",
        "put-from-outside", "closed", "join-safe"}) {
    ExpectSilent(story);
  }
}

TEST_F(CoroutineQueueTest, AFullQueueUnderTheGettersMutexIsADeadlock) {
  ExpectLeft("full-under-mutex", "communication",
             {"putter", "getter", "a signal (queue_slots)"});
  ExpectConfirmed("full-latent");
  EXPECT_THAT(Analyze().out,
              AllOf(HasSubstr("communication"), HasSubstr("jobs (room)")));
}

TEST_F(CoroutineQueueTest, WhoWaitsForItemsOrForTheirEndForGoodIsTold) {
  ExpectLeft("nobody-puts", "communication", {"getter", "a signal (queue)"});
  ExpectLeft("join-hang", "communication",
             {"joiner", "worker", "a signal (queue_done)"});
}

TEST_F(CoroutineQueueTest, MisuseIsReported) {
  ExpectMisuse("put-after-close", "use-after-close");
  ExpectMisuse("done-too-often", "task-done-too-often");
}

class CoroutineSharedTest : public CoroutineStories {
 protected:
  CoroutineSharedTest() : CoroutineStories("coroutine_shared_program") {}
};

TEST_F(CoroutineSharedTest, WhatIsSafeIsSilent) {
  for (const char* story : {"writers-in-one-order", "readers-only",
                            "recursive-read-alone", "work"}) {
    ExpectSilent(story);
  }
}

TEST_F(CoroutineSharedTest, CyclesWithAWriterInThemArePossible) {
  for (const char* story :
       {"writers-latent", "readers-latent", "with-mutex-latent"}) {
    ExpectConfirmed(story);
  }
}

TEST_F(CoroutineSharedTest, WritersThatWaitForEachOtherSayItAtOnce) {
  const Finished f = Told("writers-hang", "log=" + log_ + ":command=none");
  EXPECT_THAT(f.err, HasSubstr("DEADLOCK: 2 coroutines wait for each other"));
  EXPECT_EQ(Count(f.err, " DEADLOCK: "), 1) << f;
  ExpectActual("writers-hang", "wait-for");
}

// mode=live does not know who reads.
TEST_F(CoroutineSharedTest, ThoseThatWaitForReadersSayItWhenNobodyIsLeft) {
  for (const char* story :
       {"readers-hang", "with-mutex-hang", "recursive-read-hang"}) {
    const Finished f = Told(story, "log=" + log_ + ":command=none");
    EXPECT_EQ(Count(f.err, " DEADLOCK: "), 1) << story << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr("DEADLOCK: 2 coroutines are suspended"),
                             HasSubstr("awaits \"a\"")))
        << story;
    ExpectActual(story, "wait-for");
  }
}

TEST_F(CoroutineSharedTest, AReaderThatReadsAgainBesideAWriterIsAHazard) {
  const Ran ran = Analyzed("recursive-read-latent");
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("recursive-read"), HasSubstr("reader"),
                             HasSubstr("writer")));
}

TEST_F(CoroutineSharedTest, MisuseIsReported) {
  ExpectMisuse("upgrade", "self-lock");
  ExpectMisuse("unlocks-what-it-does-not-read", "unlock-unheld");
}

}  // namespace
}  // namespace lockcheck::tools::testing

// Pools in a log: tasks are actors, and each begins with the slot that another
// one's end gave back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/log/recording.h"
#include "tests/tools/stories.h"

namespace lockcheck::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Of one actor, as far as it is a task.
struct Task : log::RecordVisitor {
  std::vector<uint32_t> slots_taken, slots_given;  // acts
  const log::Recording* recording = nullptr;

  bool IsPool(uint32_t id) const {
    for (const log::Object& object : recording->objects) {
      if (object.id == id) return object.kind == model::ObjectKind::kThreadPool;
    }
    return false;
  }
  void OnTake(const log::TakeRecord& t) {
    if (IsPool(t.object)) slots_taken.push_back(t.sequence);
  }
  void OnPost(const log::PostRecord& p) {
    if (IsPool(p.object)) slots_given.push_back(p.sequence);
  }
};

class PoolTest : public StoriesTest {
 protected:
  PoolTest() : StoriesTest("pool_program") {}
};

// Of size 4, with five tasks: four begin with slots that nobody had before, the
// fifth with the one that the first to end gave back, and after that.
TEST_F(PoolTest, TheFifthTaskBeginsWithTheEndOfTheFirst) {
  Recorded("gate");
  auto opened = log::Recording::Open(log_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const log::Recording& recording = **opened;
  std::vector<const log::Actor*> tasks;
  std::vector<Task> seen;
  for (size_t a = 0; a < recording.actors.size(); ++a) {
    if (recording.actors[a].how != log::BeginHow::kTask) continue;
    tasks.push_back(&recording.actors[a]);
    seen.emplace_back().recording = &recording;
    recording.Replay(static_cast<log::ActorIndex>(a), seen.back());
  }
  ASSERT_EQ(tasks.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(tasks[i]->begun && tasks[i]->ended);
    EXPECT_EQ(recording.actors[tasks[i]->parent].how, log::BeginHow::kMain);
    EXPECT_EQ(seen[i].slots_given.size(), 1u);
  }
  // Actors are in the order of their ids, which is that of submission.
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_THAT(seen[i].slots_taken, ElementsAre(0));
  }
  EXPECT_THAT(seen[0].slots_given, ElementsAre(1));
  EXPECT_THAT(seen[4].slots_taken, ElementsAre(1));
  EXPECT_GE(tasks[4]->begin_ticks, tasks[0]->end_ticks);
  EXPECT_EQ(tasks[4]->tid, tasks[0]->tid);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_LE(tasks[i]->begin_ticks, tasks[0]->end_ticks);
    EXPECT_GE(tasks[i]->end_ticks, tasks[4]->begin_ticks);
  }
}

// As if each had a thread of its own, whichever worker it ran on.
TEST_F(PoolTest, LocksInBothOrdersByTwoTasksArePossible) {
  Recorded("order");
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("1 confirmed deadlock"), HasSubstr("crew task")));
}

// All ways to choose who has the workers while the others wait.
TEST_F(PoolTest, TenTasksThatPutIntoAQueueAreLookedAtWhole) {
  Recorded("puts");
  const Ran ran =
      RunCommand({"analyze", "--fail-on", "deadlock,incomplete", log_});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, Not(HasSubstr("was cut")));
}

TEST_F(PoolTest, WhatIsSafeIsSilent) {
  for (const char* story :
       {"gate", "one-worker", "one-after-the-other", "work"}) {
    EXPECT_EQ(Recorded(story).err, "") << story;
    const Ran ran = Analyze();
    EXPECT_EQ(ran.status, 0) << story << ran.out << ran.err;
  }
  // There a task is what its worker does, and what a future orders is not seen.
  for (const char* story : {"gate", "one-worker", "work"}) {
    EXPECT_EQ(SaidLive(story), "") << story;
  }
}

TEST_F(PoolTest, AnotherThreadsTaskMayComeBeforeThoseThatWereRunBefore) {
  Recorded("one-worker-for-two");
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("CONFIRMED DEADLOCK  lock-order"));
}

// What is known of it without a look at the whole process; see
// quiescence_test.cc for the rest.
TEST_F(PoolTest, ATaskThatWaitsForOneBehindItStandsAndIsShown) {
  RunUntilItStands("task-behind-one-hangs", "log=" + log_);
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("WAITS AT"), HasSubstr("crew")));
  const Ran status = RunCommand({"status", log_});
  EXPECT_THAT(status.out, HasSubstr("waits  crew")) << status.out;
}

// Nor is it in the library that began the thread.
TEST_F(PoolTest, AWorkerThatWaitsForItsTaskIsNowhereInTheUsersCode) {
  RunUntilItStands("task-behind-one-hangs", "log=" + log_);
  for (const char* command : {"analyze", "status"}) {
    const Ran ran = RunCommand({command, log_});
    EXPECT_THAT(ran.out, HasSubstr("crew worker 1"));
    EXPECT_THAT(ran.out, ContainsRegex("the end of A[0-9]+ .crew task."));
    EXPECT_THAT(ran.out, Not(HasSubstr("libstdc++")));
    EXPECT_THAT(ran.out, Not(HasSubstr("Pool::")));
  }
}

TEST_F(PoolTest, AJoinThatHoldsWhatATaskNeedsIsADeadlock) {
  for (const std::string& options :
       {"log=" + log_, std::string("mode=live:command=none")}) {
    Child child("pool_program", {"join-holding"});
    child.Options(options + ":on_deadlock=abort").Start();
    const Finished f = child.Wait();
    EXPECT_EQ(f.signal(), SIGABRT) << f;
    EXPECT_THAT(f.err, AllOf(HasSubstr("DEADLOCK"), HasSubstr("\"a\""))) << f;
  }
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("1 actual deadlock"), HasSubstr("crew")));
  // The worker waits for its task, and not at any place of the program.
  EXPECT_THAT(ran.out, ContainsRegex("waits    the end of A3 .crew task.\n"));
}

TEST_F(PoolTest, ATimedJoinThatHoldsWhatATaskNeedsIsAHazard) {
  EXPECT_THAT(SaidLive("timed-join-holding"), HasSubstr("hazard timed-cycle"));
  Recorded("timed-join-holding");
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("[1] HAZARD  timed-cycle"),
                             ContainsRegex("waits    the end of A2 .crew "
                                           "worker 1. .with a time limit., in"),
                             Not(HasSubstr("[2]"))));
}

TEST_F(PoolTest, ATimedJoinThatNoTaskHoldsUpIsSilent) {
  ExpectSilent("timed-join-holding-other");
  ExpectSilent("timed-join-later");
}

TEST_F(PoolTest, ATaskInTheQueueAsksForAWorker) {
  Recorded("task-behind-one-latent");
  const Ran ran = Analyze();
  EXPECT_THAT(
      ran.out,
      ContainsRegex("asks for a worker of crew before[[:space:]]+it ends"));
  EXPECT_THAT(ran.out, HasSubstr("      asks     a worker of crew\n"));
}

TEST_F(PoolTest, ALockThatATaskLeavesLockedIsReported) {
  const Finished f = Recorded("leaves-locked");
  EXPECT_THAT(f.err, HasSubstr("misuse (exit-holding)"));
}

TEST_F(PoolTest, MisuseIsRefusedAndReported) {
  const Finished f = Recorded("misuses");
  EXPECT_EQ(f.out, "refused join\nrefused own join\nrefused submit\n");
  EXPECT_THAT(f.err, AllOf(HasSubstr("misuse (join-before-close)"),
                           HasSubstr("misuse (join-by-own-task)"),
                           HasSubstr("misuse (use-after-close)"),
                           HasSubstr("\"crew\"")));
  const Ran ran = Analyze();
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("join-before-close"),
                             HasSubstr("join-by-own-task"),
                             HasSubstr("use-after-close")));
}

}  // namespace
}  // namespace lockcheck::tools::testing

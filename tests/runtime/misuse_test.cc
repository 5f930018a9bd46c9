// Misuse of a lock: the program goes on as documented, the log and one line on
// stderr say what happened and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using model::Misuse;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class MisuseTest : public ::testing::Test {
 protected:
  void Commit(const std::string& misuse) {
    finished_ = Child("misuse_program", {misuse})
                    .Options("log=" + (folder_ / "log"))
                    .Run();
    EXPECT_TRUE(finished_.Succeeded()) << finished_;
    EXPECT_EQ(finished_.out, "ok\n");
    recording_ = OpenLog(folder_ / "log");
    ASSERT_NE(recording_, nullptr);
    EXPECT_TRUE(recording_->complete);
  }
  // Of the lock named "m", of all actors; each has a stack but those at a
  // destructor.
  std::vector<Misuse> Logged() const {
    std::vector<Misuse> all;
    for (size_t i = 0; i < recording_->actors.size(); ++i) {
      const EventReader reader =
          ReadEvents(*recording_, static_cast<log::ActorIndex>(i));
      EXPECT_THAT(reader.complaints, IsEmpty());
      for (size_t k = 0; k < reader.misuses.size(); ++k) {
        const log::ObjectIndex object = recording_->FindObject(
            recording_->actors[i].process, reader.misused_objects[k]);
        EXPECT_NE(object, log::kNone);
        EXPECT_EQ(recording_->objects[object].name, "m");
        all.push_back(reader.misuses[k]);
      }
    }
    return all;
  }
  void ExpectNothingHeldAtTheEnd() const {
    for (size_t i = 0; i < recording_->actors.size(); ++i) {
      EXPECT_THAT(ReadEvents(*recording_, static_cast<log::ActorIndex>(i)).held,
                  IsEmpty());
    }
  }
  void ExpectSaid(const std::string& rule) const {
    EXPECT_THAT(finished_.err, HasSubstr("lockcheck: misuse (" + rule + ")"));
    EXPECT_THAT(finished_.err, HasSubstr("misuse_program.cc:"));
  }

  Folder folder_;
  Finished finished_;
  std::unique_ptr<log::Recording> recording_;
};

TEST_F(MisuseTest, UnlockOfAFreeLockDoesNothing) {
  for (const char* kind : {"unlock_free", "unlock_free_recursive"}) {
    ASSERT_NO_FATAL_FAILURE(Commit(kind));
    EXPECT_THAT(Logged(), ElementsAre(Misuse::kUnlockFree));
    ExpectSaid("unlock-unheld");
    ExpectNothingHeldAtTheEnd();
  }
}

TEST_F(MisuseTest, UnlockByAnotherThreadUnlocksAPlainMutex) {
  ASSERT_NO_FATAL_FAILURE(Commit("unlock_by_other"));
  EXPECT_THAT(Logged(), ElementsAre(Misuse::kUnlockByOther));
  ExpectSaid("unlock-by-other");
  ExpectNothingHeldAtTheEnd();
}

TEST_F(MisuseTest, UnlockByAnotherThreadIsRefusedByARecursiveOne) {
  ASSERT_NO_FATAL_FAILURE(Commit("unlock_by_other_recursive"));
  EXPECT_THAT(Logged(), ElementsAre(Misuse::kUnlockByOther));
  ExpectSaid("unlock-by-other");
  ExpectNothingHeldAtTheEnd();
}

TEST_F(MisuseTest, DestroyingAHeldLockIsReported) {
  ASSERT_NO_FATAL_FAILURE(Commit("destroy_held"));
  EXPECT_THAT(Logged(), ElementsAre(Misuse::kDestroyHeld));
  ExpectSaid("destroy-held");
  ExpectNothingHeldAtTheEnd();
}

TEST_F(MisuseTest, DestroyingALockThatIsReadIsReportedAndItsReaderHasItNoMore) {
  ASSERT_NO_FATAL_FAILURE(Commit("destroy_read"));
  EXPECT_THAT(Logged(), ElementsAre(Misuse::kDestroyHeld));
  ExpectSaid("destroy-held");
  ExpectNothingHeldAtTheEnd();
}

TEST_F(MisuseTest, AWritersLockThatAnotherUnlocksLetsAllReadersIn) {
  ASSERT_NO_FATAL_FAILURE(Commit("unlock_by_other_shared"));
  EXPECT_THAT(Logged(), ElementsAre(Misuse::kUnlockByOther));
}

TEST_F(MisuseTest, DestroyingALockThatSomebodyWaitsForIsReported) {
  ASSERT_NO_FATAL_FAILURE(Commit("destroy_waited"));
  EXPECT_THAT(Logged(), UnorderedElementsAre(Misuse::kDestroyWaited,
                                             Misuse::kDestroyHeld));
  ExpectSaid("destroy-waited");
  EXPECT_THAT(finished_.err, HasSubstr("destroys a lock while somebody waits"));
}

TEST_F(MisuseTest, DestroyingWhatSomebodyWaitsForIsReported) {
  for (const char* kind : {"destroy_waited_event", "destroy_waited_latch",
                           "destroy_waited_barrier"}) {
    ASSERT_NO_FATAL_FAILURE(Commit(kind));
    EXPECT_THAT(Logged(), ElementsAre(Misuse::kDestroyWaited)) << kind;
    EXPECT_THAT(finished_.err, HasSubstr("misuse (destroy-waited)")) << kind;
    EXPECT_THAT(finished_.err,
                HasSubstr("destroys an object while somebody waits for it"))
        << kind;
  }
}

TEST_F(MisuseTest, ArrivingTooOftenIsRefusedAndReported) {
  for (const char* kind :
       {"arrive_too_often_latch", "arrive_too_often_barrier"}) {
    ASSERT_NO_FATAL_FAILURE(Commit(kind));
    EXPECT_THAT(Logged(), ElementsAre(Misuse::kArriveTooOften)) << kind;
    ExpectSaid("arrive-too-often");
  }
}

TEST_F(MisuseTest, TryingALockThatOneHoldsIsNoMisuse) {
  ASSERT_NO_FATAL_FAILURE(Commit("self_try_and_timed"));
  EXPECT_THAT(Logged(), IsEmpty());
  EXPECT_EQ(finished_.err, "");
  ExpectNothingHeldAtTheEnd();
}

// The log shows the standing wait while the program hangs, and after its death.
TEST_F(MisuseTest, ALockThatItsOwnerAsksForAgainWaitsForEver) {
  Child child("misuse_program", {"self_lock"});
  child.Options("log=" + (folder_ / "log"));
  child.Start();
  const auto waits = [&] {
    auto recording = log::Recording::Open(folder_ / "log");
    if (!recording.ok() || (*recording)->actors.empty()) return false;
    return ReadEvents(**recording, 0).waiting;
  };
  while (!waits()) sched_yield();
  child.Signal(SIGKILL);
  finished_ = child.Wait();
  EXPECT_EQ(finished_.signal(), SIGKILL);
  EXPECT_EQ(finished_.out, "");
  ExpectSaid("self-lock");
  recording_ = OpenLog(folder_ / "log");
  ASSERT_NE(recording_, nullptr);
  EXPECT_FALSE(recording_->complete);
  EXPECT_THAT(Logged(), ElementsAre(Misuse::kSelfLock));
  const EventReader reader = ReadEvents(*recording_, 0);
  ASSERT_TRUE(reader.waiting);
  EXPECT_EQ(reader.wait.owner, recording_->actors[0].id);
  ASSERT_EQ(reader.held.size(), 1u);
  EXPECT_EQ(reader.held[0].object, reader.wait.object);
  EXPECT_NE(reader.held[0].site, reader.wait.site);
  EXPECT_EQ(reader.wait.owner_site, reader.held[0].site);
}

// ---- With mode=live there is no log that would say it -----------------------

std::string LiveLine(const std::string& program, const std::string& scenario) {
  const Finished f = Child(program, {scenario}).Options("mode=live").Run();
  EXPECT_THAT(f.err, HasSubstr("lockcheck: misuse ("));
  EXPECT_THAT(f.err, Not(HasSubstr("log")));
  return f.err;
}

TEST(LiveMisuseTest, TheLineNamesTheLockAndTheFunction) {
  for (const char* scenario : {"unlock_free", "unlock_by_other"}) {
    const std::string line = LiveLine("misuse_program", scenario);
    EXPECT_THAT(line, HasSubstr(": \"m\", made at "));
    EXPECT_THAT(line, ContainsRegex("misuse_program.cc:[0-9]+, in .*"
                                    "\\(misuse_program\\+0x[0-9a-f]+\\)\n"));
  }
}

TEST(LiveMisuseTest, OrWhereWhatIsStillHeldWasTaken) {
  const std::string destroyed = LiveLine("misuse_program", "destroy_held");
  EXPECT_THAT(destroyed, ContainsRegex("\"m\", made at .*:[0-9]+, taken in "));
  const std::string ended = LiveLine("process_program", "exit_holding");
  EXPECT_THAT(ended, ContainsRegex("\"a\", made at .*:[0-9]+, taken in "));
}

}  // namespace
}  // namespace lockcheck::testing

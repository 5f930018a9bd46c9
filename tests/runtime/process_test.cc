// Processes and threads that come and go in every way, locks used at odd times:
// the log says who did what, and nothing is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using log::BeginHow;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class ProcessTest : public ::testing::Test {
 protected:
  void Record(const std::string& scenario,
              const std::string& more_options = "") {
    Child child("process_program", {scenario});
    child.Options("log=" + (folder_ / "log") + more_options);
    if (scenario == "before_and_after_main") {
      child.Environment("LOCKCHECK_TEST_EARLY", "1");
    }
    finished_ = child.Run();
    ASSERT_TRUE(finished_.Succeeded()) << finished_;
    Open();
  }
  void Open() {
    recording_ = OpenLog(folder_ / "log");
    ASSERT_NE(recording_, nullptr);
    EXPECT_EQ(recording_->dropped, 0u);
  }
  // Nothing is missing, everything is over.
  void ExpectWhole() const {
    EXPECT_TRUE(recording_->complete);
    EXPECT_THAT(recording_->warnings, IsEmpty());
  }

  const log::Recording& rec() const { return *recording_; }

  std::string NameOf(const log::Actor& actor, uint32_t object) const {
    const log::ObjectIndex i = rec().FindObject(actor.process, object);
    return i == log::kNone ? "?" : rec().objects[i].name;
  }
  // "+a": acquired a, "-a": released it.
  std::vector<std::string> Did(log::ActorIndex index,
                               bool quiet_waits = true) const {
    const EventReader reader = ReadEvents(rec(), index, quiet_waits);
    EXPECT_THAT(reader.complaints, IsEmpty()) << "actor " << index;
    std::vector<std::string> did;
    for (const Event& e : reader.events) {
      const char* const sign = e.what == What::kAcquired   ? "+"
                               : e.what == What::kReleased ? "-"
                                                           : "!";
      did.push_back(sign + NameOf(rec().actors[index], e.object));
    }
    return did;
  }
  std::vector<std::string> HeldAtFirst(log::ActorIndex index) const {
    std::vector<std::string> names;
    for (const log::RawHold& hold : ReadEvents(rec(), index).initially) {
      names.push_back(NameOf(rec().actors[index], hold.object));
    }
    return names;
  }
  std::vector<log::ActorIndex> ActorsOf(log::ProcessIndex process) const {
    std::vector<log::ActorIndex> actors;
    for (size_t i = 0; i < rec().actors.size(); ++i) {
      if (rec().actors[i].process == process) {
        actors.push_back(static_cast<log::ActorIndex>(i));
      }
    }
    return actors;
  }
  std::vector<log::ActorIndex> ActorsThat(BeginHow how) const {
    std::vector<log::ActorIndex> actors;
    for (size_t i = 0; i < rec().actors.size(); ++i) {
      if (rec().actors[i].how == how) {
        actors.push_back(static_cast<log::ActorIndex>(i));
      }
    }
    return actors;
  }
  std::vector<model::Misuse> Misuses() const {
    std::vector<model::Misuse> all;
    for (size_t i = 0; i < rec().actors.size(); ++i) {
      const auto reader = ReadEvents(rec(), static_cast<log::ActorIndex>(i));
      all.insert(all.end(), reader.misuses.begin(), reader.misuses.end());
    }
    return all;
  }

  Folder folder_;
  Finished finished_;
  std::unique_ptr<log::Recording> recording_;
};

// ---- fork -------------------------------------------------------------------
class ForkTest : public ProcessTest,
                 public ::testing::WithParamInterface<const char*> {};

TEST_P(ForkTest, TheChildMayUnlockWhatTheForkingThreadHeld) {
  ASSERT_NO_FATAL_FAILURE(Record(GetParam()));
  ExpectWhole();
  EXPECT_EQ(finished_.err, "");
  EXPECT_THAT(Misuses(), IsEmpty());
  ASSERT_THAT(rec().processes, SizeIs(2));
  ASSERT_THAT(rec().actors, SizeIs(2));
  const auto parent = ActorsThat(BeginHow::kMain);
  const auto child = ActorsThat(BeginHow::kForkChild);
  ASSERT_THAT(parent, SizeIs(1));
  ASSERT_THAT(child, SizeIs(1));
  EXPECT_THAT(Did(parent[0]), ElementsAre("+a", "+b", "-b", "-a", "+d", "-d"));
  EXPECT_THAT(HeldAtFirst(child[0]), ElementsAre("a", "b"));
  EXPECT_THAT(Did(child[0]), ElementsAre("+c", "-c", "-b", "-a", "+a", "-a"));
  const log::Actor& forked = rec().actors[child[0]];
  EXPECT_EQ(forked.parent, parent[0]);
  EXPECT_EQ(rec().processes[forked.process].parent,
            rec().actors[parent[0]].process);
  EXPECT_NE(rec().processes[0].pid, rec().processes[1].pid);
}

INSTANTIATE_TEST_SUITE_P(Ways, ForkTest,
                         ::testing::Values("fork", "_Fork", "raw_fork",
                                           "raw_clone"),
                         [](const auto& info) { return info.param; });

TEST_F(ProcessTest, ChildrenOfChildrenAreProcessesOfTheirOwn) {
  Child child("process_program", {"fork_deep"});
  finished_ = child.Options("log=" + (folder_ / "log")).Run();
  EXPECT_EQ(finished_.exit_status(), 7) << finished_;
  ASSERT_NO_FATAL_FAILURE(Open());
  ExpectWhole();
  ASSERT_THAT(rec().processes, SizeIs(4));
  std::map<log::ProcessIndex, log::ProcessIndex> children;
  log::ProcessIndex first = log::kNone;
  for (size_t i = 0; i < 4; ++i) {
    const auto process = static_cast<log::ProcessIndex>(i);
    if (rec().processes[i].parent == log::kNone) {
      first = process;
    } else {
      children[rec().processes[i].parent] = process;
    }
  }
  ASSERT_NE(first, log::kNone);
  for (int depth = 0; depth < 4; ++depth) {
    const auto actors = ActorsOf(first);
    ASSERT_THAT(actors, SizeIs(1));
    if (depth < 3) {
      EXPECT_THAT(Did(actors[0]), ElementsAre("+a", "-a", "+b", "-b"));
      ASSERT_TRUE(children.contains(first));
      first = children[first];
    } else {
      EXPECT_THAT(Did(actors[0]), ElementsAre("+c", "-c"));
    }
  }
}

TEST_F(ProcessTest, ForkWhileOtherThreadsLockLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(Record("fork_storm"));
  const auto children = ActorsThat(BeginHow::kForkChild);
  ASSERT_THAT(children, SizeIs(40));
  for (const log::ActorIndex child : children) {
    const auto did = Did(child);
    ASSERT_THAT(did, SizeIs(400));
    for (size_t i = 0; i < did.size(); ++i) {
      static constexpr const char* kEach[] = {"+b", "+c", "-c", "-b"};
      ASSERT_EQ(did[i], kEach[i % 4]);
    }
    EXPECT_THAT(HeldAtFirst(child), IsEmpty());
  }
  for (const log::ActorIndex thread : ActorsThat(BeginHow::kStarted)) {
    EXPECT_THAT(ReadEvents(rec(), thread).complaints, IsEmpty());
  }
}

// ---- exec -------------------------------------------------------------------
class ExecTest : public ProcessTest,
                 public ::testing::WithParamInterface<const char*> {};

TEST_P(ExecTest, TheNewProgramJoinsTheLog) {
  ASSERT_NO_FATAL_FAILURE(Record(GetParam()));
  ExpectWhole();
  EXPECT_EQ(finished_.err, "");
  ASSERT_THAT(rec().processes, SizeIs(2));
  EXPECT_NE(rec().processes[0].pid, rec().processes[1].pid);
  ASSERT_THAT(rec().actors, SizeIs(2));
  EXPECT_THAT((std::vector{Did(0), Did(1)}),
              UnorderedElementsAre(ElementsAre("+a", "-a", "+b", "-b"),
                                   ElementsAre("+d", "-d")));
}

INSTANTIATE_TEST_SUITE_P(Ways, ExecTest,
                         ::testing::Values("vfork_exec", "spawn"),
                         [](const auto& info) { return info.param; });

TEST_F(ProcessTest, AProgramThatReplacesItselfGoesOnInTheSameLog) {
  ASSERT_NO_FATAL_FAILURE(Record("exec"));
  ExpectWhole();
  ASSERT_THAT(rec().processes, SizeIs(2));
  EXPECT_EQ(rec().processes[0].pid, rec().processes[1].pid);
  EXPECT_TRUE(rec().processes[0].replaced_by_exec);
  EXPECT_FALSE(rec().processes[1].replaced_by_exec);
  EXPECT_THAT(rec().processes[1].arguments, ElementsAre(::testing::_, "use_d"));
  EXPECT_THAT((std::vector{Did(0), Did(1)}),
              UnorderedElementsAre(ElementsAre("+a"), ElementsAre("+d", "-d")));
}

// ---- Threads ----------------------------------------------------------------
TEST_F(ProcessTest, AThreadThatEndsHoldingALockIsReported) {
  ASSERT_NO_FATAL_FAILURE(Record("exit_holding"));
  ExpectWhole();
  // It is destroyed at the end, held for ever.
  EXPECT_THAT(Misuses(), UnorderedElementsAre(model::Misuse::kExitHolding,
                                              model::Misuse::kDestroyHeld));
  const auto thread = ActorsThat(BeginHow::kStarted);
  ASSERT_THAT(thread, SizeIs(1));
  EXPECT_THAT(Did(thread[0]), ElementsAre("+a", "+b", "-b"));
  EXPECT_TRUE(rec().actors[thread[0]].ended);
  EXPECT_THAT(finished_.err, ::testing::HasSubstr("misuse (exit-holding)"));
}

TEST_F(ProcessTest, ThreadsStartedElsewhereAreRecordedFromTheirFirstLockOn) {
  ASSERT_NO_FATAL_FAILURE(Record("foreign"));
  ExpectWhole();
  const auto threads = ActorsThat(BeginHow::kForeign);
  ASSERT_THAT(threads, SizeIs(2));
  EXPECT_THAT(Did(threads[0]), ElementsAre("+a", "-a"));
  EXPECT_THAT(Did(threads[1]), ElementsAre("+b", "-b"));
  EXPECT_TRUE(rec().actors[threads[0]].ended);
}

TEST_F(ProcessTest, AThousandThreadsAtOnceAreRecorded) {
  ASSERT_NO_FATAL_FAILURE(Record("thousand_threads"));
  ExpectWhole();
  const auto threads = ActorsThat(BeginHow::kStarted);
  ASSERT_THAT(threads, SizeIs(1000));
  for (const log::ActorIndex thread : threads) {
    ASSERT_THAT(Did(thread), ElementsAre("+a", "+b", "-b", "-a", "+c", "-c"));
    ASSERT_TRUE(rec().actors[thread].ended);
  }
}

TEST_F(ProcessTest, ThreadsThatComeAndGoShareBlocks) {
  ASSERT_NO_FATAL_FAILURE(Record("threads_come_and_go"));
  ExpectWhole();
  const auto threads = ActorsThat(BeginHow::kStarted);
  ASSERT_THAT(threads, SizeIs(2000));
  for (const log::ActorIndex thread : threads) {
    ASSERT_THAT(Did(thread), ElementsAre("+a", "-a"));
  }
  EXPECT_LT(recording_->file_size, 100 * log::kBlockSize);
}

TEST_F(ProcessTest, ANameThatAThreadHasIsNotRecordedAgain) {
  ASSERT_NO_FATAL_FAILURE(Record("named_again"));
  ExpectWhole();
  const auto main = ActorsThat(BeginHow::kMain);
  ASSERT_THAT(main, SizeIs(1));
  EXPECT_EQ(rec().actors[main[0]].name, "at last");
  EXPECT_LT(recording_->file_size, 20 * log::kBlockSize);
}

TEST_F(ProcessTest, WhoeverIsRecordedAfterAStopHasAFork) {
  finished_ = Child("process_program", {"one_after_the_other"})
                  .Options("log=" + (folder_ / "log") + ":max_log=300k")
                  .Run();
  ASSERT_TRUE(finished_.Succeeded()) << finished_;
  recording_ = OpenLog(folder_ / "log");
  ASSERT_NE(recording_, nullptr);
  EXPECT_EQ(rec().stop_reason, log::StopReason::kMaxLog);
  struct Forks : log::RecordVisitor {
    void OnFork(uint32_t child, uint64_t) { children.insert(child); }
    std::set<uint32_t> children;
  } forks;
  for (size_t i = 0; i < rec().actors.size(); ++i) {
    rec().Replay(static_cast<log::ActorIndex>(i), forks);
  }
  size_t started = 0;
  for (const log::Actor& actor : rec().actors) {
    if (actor.how != BeginHow::kStarted || actor.segments.empty()) continue;
    ++started;
    EXPECT_TRUE(forks.children.contains(actor.id)) << actor.id;
  }
  EXPECT_GT(started, 2u);
  EXPECT_LT(started, 300u);
}

TEST_F(ProcessTest, AChildMayEndWithWhatOnlyItsParentsThreadsHold) {
  ASSERT_NO_FATAL_FAILURE(Record("fork_under_anothers_lock"));
  ExpectWhole();
  // LeakSanitizer speaks of the thread that the child does not have.
  EXPECT_THAT(finished_.err, ::testing::Not(HasSubstr("lockcheck:")));
  EXPECT_THAT(Misuses(), IsEmpty());
}

TEST_F(ProcessTest, TwoHundredLocksMayBeHeldAtOnce) {
  for (const char* timing : {"off", "sampled", "full"}) {
    ASSERT_NO_FATAL_FAILURE(
        Record("two_hundred_held", std::string(":timing=") + timing));
    ExpectWhole();
    const EventReader reader = ReadEvents(rec(), 0);
    EXPECT_THAT(reader.complaints, IsEmpty());
    EXPECT_THAT(reader.held, IsEmpty());
    ASSERT_THAT(reader.events, SizeIs(100 * 400));
    // Every round takes them in the same order; even rounds give them back in
    // that order, odd ones in reverse.
    for (size_t i = 0; i < reader.events.size(); ++i) {
      const size_t round = i / 400, step = i % 400;
      const size_t lock = step < 200       ? step
                          : round % 2 == 0 ? step - 200
                                           : 399 - step;
      ASSERT_EQ(reader.events[i].object, reader.events[lock].object);
    }
  }
}

TEST_F(ProcessTest, AHundredThousandLocksMayBeAlive) {
  ASSERT_NO_FATAL_FAILURE(Record("many_live_locks"));
  ExpectWhole();
  EXPECT_THAT(rec().objects, SizeIs(100'000));
  const EventReader reader = ReadEvents(rec(), 0);
  EXPECT_THAT(reader.complaints, IsEmpty());
  EXPECT_THAT(reader.events, SizeIs(400'000));
  EXPECT_THAT(reader.destroyed, SizeIs(100'000));
}

TEST_F(ProcessTest, LocksWorkBeforeAndAfterMain) {
  ASSERT_NO_FATAL_FAILURE(Record("before_and_after_main"));
  ExpectWhole();
  // A constructor of the highest rank, a static object's constructor, main(),
  // the static object's destructor and a destructor of the lowest rank. The
  // locks' own destructors have run by then: d is a new object at the end.
  EXPECT_THAT(Did(0), ElementsAre("+a", "-a", "+a", "+b", "-b", "-a", "+a",
                                  "+b", "-b", "-a", "+c", "-c", "+d", "-d"));
}

TEST_F(ProcessTest, LocksWorkWhileAThreadEnds) {
  ASSERT_NO_FATAL_FAILURE(Record("thread_local"));
  ExpectWhole();
  const auto threads = ActorsThat(BeginHow::kStarted);
  ASSERT_THAT(threads, SizeIs(2));
  EXPECT_THAT(Did(threads[0]), ElementsAre("+a", "-a", "+b", "-b"));
  EXPECT_THAT(Did(threads[1]), ElementsAre("+c", "-c", "+d", "-d"));
}

// ---- Signals ----------------------------------------------------------------
TEST_F(ProcessTest, SignalHandlersMayLockWhateverTheyInterrupt) {
  for (const char* timing : {"off", "sampled", "full"}) {
    SCOPED_TRACE(timing);
    ASSERT_NO_FATAL_FAILURE(
        Record("signal_storm", std::string(":timing=") + timing));
    ExpectWhole();
    EXPECT_EQ(finished_.err, "");
    size_t rounds = 0, handled = 0;
    ASSERT_EQ(sscanf(finished_.out.c_str(), "%zu %zu", &rounds, &handled), 2);
    std::map<std::string, size_t> count;
    std::vector<std::string> in_main;
    for (size_t i = 0; i < rec().actors.size(); ++i) {
      const auto actor = static_cast<log::ActorIndex>(i);
      for (const std::string& did : Did(actor, false)) {
        ++count[did];
        if (did.size() == 2) in_main.push_back(did);
      }
      EXPECT_THAT(ReadEvents(rec(), actor, false).held, IsEmpty());
    }
    EXPECT_EQ(count["+in_handler"], handled);
    EXPECT_EQ(count["-in_handler"], handled);
    EXPECT_EQ(count["+nested"], (handled + 1) / 2);
    ASSERT_EQ(in_main.size(), rounds * 8);
    for (size_t round = 0; round < rounds; ++round) {
      const auto at = in_main.begin() + static_cast<ptrdiff_t>(round * 8);
      const std::vector<std::string> did(at, at + 8);
      const bool crossed = round % 3 == 0;
      ASSERT_THAT(did,
                  ElementsAre("+a", "-a", "+b", "+c", crossed ? "-b" : "-c",
                              crossed ? "-c" : "-b", "+d", "-d"));
    }
  }
}

// ThreadSanitizer delivers a signal when the thread next enters a function that
// it intercepts; a thread that sleeps in futex(2) never does.
#if !defined(__SANITIZE_THREAD__)
TEST_F(ProcessTest, SignalHandlersMayLockWhileTheirThreadWaits) {
  ASSERT_NO_FATAL_FAILURE(Record("signal_in_wait"));
  ExpectWhole();
  const auto threads = ActorsThat(BeginHow::kStarted);
  ASSERT_THAT(threads, SizeIs(1));
  const auto did = Did(threads[0], false);
  EXPECT_EQ(did.front(), "+b");
  EXPECT_EQ(did.back(), "-b");
  size_t handled = 0;
  for (size_t i = 0; i < rec().actors.size(); ++i) {
    const auto all = Did(static_cast<log::ActorIndex>(i), false);
    handled +=
        static_cast<size_t>(std::count(all.begin(), all.end(), "+in_handler"));
  }
  EXPECT_EQ(handled, 100u);
}

TEST_F(ProcessTest, AHandlerMayForkWhileItsThreadWaits) {
  ASSERT_NO_FATAL_FAILURE(Record("fork_in_wait"));
  const auto children = ActorsThat(BeginHow::kForkChild);
  ASSERT_THAT(children, SizeIs(1));
  const EventReader child = ReadEvents(rec(), children[0]);
  EXPECT_THAT(child.complaints, IsEmpty());
  ASSERT_THAT(child.events, SizeIs(3));
  EXPECT_EQ(child.events[0].what, What::kTimedOut);
  EXPECT_THAT(Did(children[0]), ::testing::Contains("+a"));
}
#endif

}  // namespace
}  // namespace lockcheck::testing

// Children are killed at random moments while they wait for and signal each
// other: the others go on, and the log is whole up to the kill.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "lib/model/primitives.h"
#include "tests/rounds.h"
#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

// As in tests/instrument/process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::Le;

// The numbers of the acts on each object, each time that one is named.
struct Acts : log::RecordVisitor {
  void OnPost(const log::PostRecord& p) { posts[p.object].push_back(p); }
  void OnTake(const log::TakeRecord& t) { takes[t.object].push_back(t); }
  std::map<uint32_t, std::vector<log::PostRecord>> posts;
  std::map<uint32_t, std::vector<log::TakeRecord>> takes;
};

class SignalKillTest : public ::testing::TestWithParam<const char*> {
 protected:
  void Run(int kills) {
    const uint32_t seed = std::random_device()();
    const ::testing::ScopedTrace trace(__FILE__, __LINE__,
                                       "seed " + std::to_string(seed));
    Child child("signal_kill_program",
                {GetParam(), std::to_string(seed), std::to_string(kills)});
    child.Options("log=" + (folder_ / "log"));
    const Finished finished = child.Run();
    ASSERT_TRUE(finished.Succeeded()) << finished;
    EXPECT_EQ(finished.out, std::to_string(kills) + " killed\n");
    recording_ = OpenLog(folder_ / "log");
    ASSERT_NE(recording_, nullptr);
    EXPECT_EQ(recording_->dropped, 0u);
    for (size_t i = 0; i < recording_->actors.size(); ++i) {
      const auto actor = static_cast<log::ActorIndex>(i);
      EXPECT_THAT(ReadEvents(*recording_, actor).complaints, IsEmpty())
          << "actor " << i;
      recording_->Replay(actor, acts_);
    }
  }

  // A number is one act's and no other's; of those that were killed between
  // their act and its record, one is missing.
  void ExpectCounted(int kills) const {
    std::map<uint32_t, std::map<uint32_t, int>> seen;
    for (const auto& [object, posts] : acts_.posts) {
      for (const log::PostRecord& p : posts) ++seen[object][p.sequence];
    }
    for (const auto& [object, takes] : acts_.takes) {
      for (const log::TakeRecord& t : takes) ++seen[object][t.sequence];
    }
    for (const auto& [object, numbers] : seen) {
      for (const auto& [number, times] : numbers) {
        EXPECT_EQ(times, 1) << "object " << object << " act " << number;
      }
      const size_t last = numbers.rbegin()->first;
      EXPECT_THAT(last - numbers.size(), Le(static_cast<size_t>(kills) + 4));
    }
  }

  // What was waited for is the same object in every process.
  void ExpectOneObject(model::ObjectKind kind) const {
    size_t count = 0;
    for (const log::Object& object : recording_->objects) {
      count += object.kind == kind && object.name == GetParam();
    }
    EXPECT_EQ(count, 1u);
  }

  Folder folder_;
  std::unique_ptr<log::Recording> recording_;
  Acts acts_;
};

TEST_P(SignalKillTest, TheOthersGoOnAndTheLogIsWhole) {
  const std::string what = GetParam();
  // A permit that is lost takes the program 300 ms, and it has two minutes.
  const int kills =
      std::min(tests::Rounds(40), what == "bounded" ? 200 : 4'000);
  Run(kills);
  if (HasFatalFailure()) return;
  using model::ObjectKind;
  ExpectOneObject(what == "event"       ? ObjectKind::kProcessEvent
                  : what == "barrier"   ? ObjectKind::kProcessBarrier
                  : what == "condition" ? ObjectKind::kProcessConditionVariable
                                        : ObjectKind::kProcessSemaphore);
  if (what == "semaphore") ExpectCounted(kills);
}

INSTANTIATE_TEST_SUITE_P(Objects, SignalKillTest,
                         ::testing::Values("event", "semaphore", "bounded",
                                           "condition", "barrier"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lockcheck::testing
#endif  // !__SANITIZE_THREAD__

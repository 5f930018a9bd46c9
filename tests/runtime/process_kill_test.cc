// Children are killed at random moments while they take and release locks
// between processes: the parent goes on, whoever comes next is told, and the
// log is whole up to the kill.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/rounds.h"
#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

// As in tests/instrument/process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck::testing {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;

// By object, the actors that took it, by the count of hand-overs that each take
// shows.
using Takes = std::map<uint32_t, std::map<uint32_t, std::vector<uint32_t>>>;

class ProcessKillTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ProcessKillTest, TheParentGoesOnAndTheLogIsWhole) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const int kills = tests::Rounds(40);
  Folder folder;
  Child child("process_kill_program",
              {std::to_string(seed), std::to_string(kills)});
  child.Options("log=" + (folder / "log") + ":timing=" + GetParam());
  const Finished finished = child.Run();
  ASSERT_TRUE(finished.Succeeded()) << finished;
  int killed = 0, told = 0;
  ASSERT_EQ(sscanf(finished.out.c_str(), "%d killed, %d told", &killed, &told),
            2);
  EXPECT_EQ(killed, kills);
  const auto recording = OpenLog(folder / "log");
  ASSERT_NE(recording, nullptr);
  EXPECT_EQ(recording->dropped, 0u);
  Takes takes;
  int noted = 0;
  for (size_t i = 0; i < recording->actors.size(); ++i) {
    const EventReader reader =
        ReadEvents(*recording, static_cast<log::ActorIndex>(i));
    EXPECT_THAT(reader.complaints, IsEmpty()) << "actor " << i;
    // At most one hold of each lock may be open, by who was killed.
    EXPECT_THAT(reader.held.size(), Le(2u));
    for (const Event& e : reader.events) {
      if (e.what != What::kAcquired || !e.handed_over) continue;
      takes[e.object][e.handover].push_back(recording->actors[i].id);
    }
    struct Notes : log::RecordVisitor {
      void OnNote(log::NoteKind kind, uint64_t) {
        count += kind == log::NoteKind::kOwnerDied;
      }
      int count = 0;
    } notes;
    recording->Replay(static_cast<log::ActorIndex>(i), notes);
    noted += notes.count;
  }
  // A count is given to one hand-over.
  for (const auto& [object, of] : takes) {
    for (const auto& [count, actors] : of) {
      EXPECT_EQ(actors.size(), 1u) << "object " << object << " at " << count;
    }
  }
  EXPECT_THAT(noted, AllOf(Ge(told), Le(told + kills)));
}

INSTANTIATE_TEST_SUITE_P(Timing, ProcessKillTest,
                         ::testing::Values("off", "sampled", "full"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lockcheck::testing
#endif  // !__SANITIZE_THREAD__

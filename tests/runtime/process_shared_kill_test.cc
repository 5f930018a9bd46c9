// Readers and writers between processes are killed at random moments: the
// others go on, no section is seen half done that nobody was told of, and the
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

using ::testing::IsEmpty;
using ::testing::Le;

class ProcessSharedKillTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ProcessSharedKillTest, WhoeverDiesTheOthersGoOnAndTheLogIsWhole) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const int kills = tests::Rounds(30);
  Folder folder;
  Child child("process_shared_kill_program",
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
  int noted = 0;
  for (size_t i = 0; i < recording->actors.size(); ++i) {
    const EventReader reader =
        ReadEvents(*recording, static_cast<log::ActorIndex>(i));
    EXPECT_THAT(reader.complaints, IsEmpty()) << "actor " << i;
    EXPECT_THAT(reader.misuses, IsEmpty());
    // At most one hold may be open, by who was killed.
    EXPECT_THAT(reader.held.size(), Le(1u));
    struct Notes : log::RecordVisitor {
      void OnNote(log::NoteKind kind, uint64_t) {
        count += kind == log::NoteKind::kOwnerDied;
      }
      int count = 0;
    } notes;
    recording->Replay(static_cast<log::ActorIndex>(i), notes);
    noted += notes.count;
  }
  // Of each death one is told, or killed before it is written.
  EXPECT_THAT(noted, Le(kills));
}

INSTANTIATE_TEST_SUITE_P(Timing, ProcessSharedKillTest,
                         ::testing::Values("off", "sampled", "full"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace lockcheck::testing
#endif  // !__SANITIZE_THREAD__

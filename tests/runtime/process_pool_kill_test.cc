// The workers of a process::pool are killed at random moments: each task has
// its answer or says that its worker died, the pool goes on, and the log is
// whole up to each kill.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/rounds.h"
#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

// As in tests/instrument/process_test_body.h.
#if !defined(__SANITIZE_THREAD__)
namespace lockcheck::testing {
namespace {

using log::BeginHow;
using ::testing::IsEmpty;
using ::testing::Le;

TEST(ProcessPoolKillTest, EachTaskEndsAndTheLogIsWhole) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const int kills = tests::Rounds(30);
  Folder folder;
  Child child("process_pool_kill_program",
              {std::to_string(seed), std::to_string(kills)});
  const Finished finished = child.Options("log=" + (folder / "log")).Run();
  ASSERT_TRUE(finished.Succeeded()) << finished;
  int killed = 0, failed = 0, submitted = 0;
  ASSERT_EQ(sscanf(finished.out.c_str(), "%d killed, %d failed of %d", &killed,
                   &failed, &submitted),
            3);
  const auto recording = OpenLog(folder / "log");
  ASSERT_NE(recording, nullptr);
  EXPECT_EQ(recording->dropped, 0u);
  int tasks = 0, unfinished = 0;
  for (size_t i = 0; i < recording->actors.size(); ++i) {
    const EventReader reader =
        ReadEvents(*recording, static_cast<log::ActorIndex>(i));
    EXPECT_THAT(reader.complaints, IsEmpty()) << "actor " << i;
    EXPECT_THAT(reader.misuses, IsEmpty()) << "actor " << i;
    if (recording->actors[i].how != BeginHow::kTask) continue;
    ++tasks;
    unfinished += !recording->actors[i].ended;
  }
  // One that was killed before it began is no actor's beginning.
  EXPECT_THAT(tasks, Le(submitted + 1));
  EXPECT_GE(tasks, submitted + 1 - failed);
  EXPECT_THAT(unfinished, Le(failed));
}

}  // namespace
}  // namespace lockcheck::testing
#endif  // !__SANITIZE_THREAD__

// Those who put into a queue between processes, and get from it, are killed at
// random moments: the others go on, no item is torn or there twice, and the log
// is whole up to the kills.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <string>

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

class ProcessQueueKillTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ProcessQueueKillTest, TheOthersGoOnAndTheLogIsWhole) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const int kills = tests::Rounds(40);
  Folder folder;
  Child child("process_queue_kill_program",
              {std::to_string(seed), std::to_string(kills)});
  child.Options(std::string(GetParam()) + ":log=" + (folder / "log") +
                ":command=none");
  const Finished finished = child.Run();
  ASSERT_TRUE(finished.Succeeded()) << finished;
  long put = 0, got = 0;
  int wrong = -1, producers = 0;
  ASSERT_EQ(
      sscanf(finished.out.c_str(), "%ld put, %ld got, %d wrong, %d producers",
             &put, &got, &wrong, &producers),
      4)
      << finished;
  EXPECT_EQ(wrong, 0);
  // Who is killed just behind its put has not said that it has put it; one who
  // is killed just behind its get has not said that it got it.
  EXPECT_THAT(got, AllOf(Ge(put - kills - 2), Le(put + kills + 2)));
  if (std::string(GetParam()) == "mode=off") return;
  const auto recording = OpenLog(folder / "log");
  ASSERT_NE(recording, nullptr);
  EXPECT_EQ(recording->dropped, 0u);
  for (size_t i = 0; i < recording->actors.size(); ++i) {
    const EventReader reader =
        ReadEvents(*recording, static_cast<log::ActorIndex>(i));
    EXPECT_THAT(reader.complaints, IsEmpty()) << "actor " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, ProcessQueueKillTest,
                         ::testing::Values("mode=record", "mode=off"),
                         [](const auto& info) {
                           return std::string(info.param).substr(5);
                         });

}  // namespace
}  // namespace lockcheck::testing
#endif  // !__SANITIZE_THREAD__

// What is measured only sometimes is measured of everything: no way to take a
// lock is always or never among it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

struct Count {
  int acquired = 0, timed = 0;
};

std::map<std::string, Count> Counts(const log::Recording& recording) {
  std::map<std::string, Count> counts;
  for (size_t i = 0; i < recording.actors.size(); ++i) {
    const EventReader reader =
        ReadEvents(recording, static_cast<log::ActorIndex>(i));
    for (const Event& e : reader.events) {
      if (e.what != What::kAcquired) continue;
      Count& count = counts[recording
                                .objects[recording.FindObject(
                                    recording.actors[i].process, e.object)]
                                .name];
      ++count.acquired;
      count.timed += e.timed;
    }
  }
  return counts;
}

// Of a thread's acquisitions: one in 32, and behind 1,024 samples one in 64.
int SamplesOf(int acquisitions) {
  constexpr int kEarly = 1024 * 32;
  return std::min(acquisitions, kEarly) / 32 +
         std::max(acquisitions - kEarly, 0) / 64;
}

TEST(Sampling, EveryWayToTakeALockIsMeasuredEquallyOften) {
  Folder folder;
  constexpr int kRounds = 20'000, kWays = 11;
  const Finished finished = Child("sampling_program", {std::to_string(kRounds)})
                                .Options("log=" + (folder / "log"))
                                .Run();
  ASSERT_TRUE(finished.Succeeded()) << finished;
  const auto recording = OpenLog(folder / "log");
  ASSERT_NE(recording, nullptr);
  const auto counts = Counts(*recording);
  EXPECT_EQ(counts.size(), kWays + 1u);
  for (const auto& [name, count] : counts) {
    const bool in_threads = name == "first of a thread";
    EXPECT_EQ(count.acquired, in_threads ? kRounds / 10 : kRounds) << name;
    // Eight standard deviations of a binomial would be 0.5 of this mean at most
    // for the many, and 1 for the few.
    const int mean =
        in_threads ? count.acquired / 32 : SamplesOf(kRounds * kWays) / kWays;
    EXPECT_GT(count.timed, in_threads ? 0 : mean / 2) << name;
    EXPECT_LT(count.timed, mean * 2) << name;
  }
}

}  // namespace
}  // namespace lockcheck::testing

// The walk of an interpreter's lock: what it prints is what its log says, step
// by step; and the counter that needs a mutex all the same.
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/samples/readme.h"
#include "tests/samples/recorded_sample.h"

namespace lockcheck::samples::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;

// What that actor did with locks, in its order.
std::vector<std::string> ActsOf(const RecordedSample& sample, int actor) {
  const std::string dump =
      tools::testing::RunCommand(
          {"dump", sample.Log(), "--actor", std::to_string(actor)})
          .out;
  const std::regex act(
      " *((?:not )?(?:acquire|acquired|release) (?:gil|mutex)) #[0-9]+ "
      "\"[a-z]+\"(?: at site [0-9]+)?(.*)");
  std::vector<std::string> acts;
  std::istringstream lines(dump);
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, match, act)) {
      acts.push_back(match[1].str() + match[2].str());
    }
  }
  return acts;
}

class GilWalk : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Both, GilWalk, ::testing::Values("io", "ticks"),
                         [](const ::testing::TestParamInfo<std::string>& info) {
                           return info.param;
                         });

TEST_P(GilWalk, TheLogHasTheStepsInTheOrderInWhichTheyArePrinted) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("gil_walk", {GetParam()}), 0);
  const std::string shown =
      Shown("LOCKCHECK_OPTIONS=log=walk.log gil_walk " + GetParam());
  EXPECT_EQ(sample.Output(), shown.substr(0, shown.find("$ ")));
  // Who has a lock after whom: its count of hand-overs says so.
  EXPECT_THAT(ActsOf(sample, 1),
              ElementsAre("acquire gil",               // step 1
                          "acquire mutex, try",        //
                          "release gil",               // 2
                          "acquire gil, hand-over 2",  // 5
                          "release mutex", "release gil"));
  EXPECT_THAT(
      ActsOf(sample, 2),
      ElementsAre("acquire gil, hand-over 1",  // 3
                  "not acquired mutex, try",   // 4
                  "release gil",               //
                  "acquire mutex, hand-over 1", "acquire gil, hand-over 3",
                  "release mutex", "release gil"));
}

// A try gives up, so all cycles are refuted.
void ExpectSafe(RecordedSample& sample) {
  const Json report = sample.Analyze({"--fail-on", "deadlock,misuse,hazard"});
  EXPECT_EQ(sample.status, 0);
  for (const Json& finding : report["findings"]) {
    EXPECT_EQ(finding["verdict"], "refuted");
    EXPECT_EQ(finding["reason"], "try");
  }
}

TEST_P(GilWalk, IsSafe) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("gil_walk", {GetParam()}), 0);
  ExpectSafe(sample);
}

TEST(GilInversion, IsSafeIfTheGilIsLetGoWhereTheMutexHasToBeWaitedFor) {
  RecordedSample sample;
  ASSERT_EQ(sample.Run("gil_inversion", {"--fixed"}), 0);
  EXPECT_EQ(sample.Output(), Shown("gil_inversion --fixed"));
  ExpectSafe(sample);
}

TEST(GilCounter, TheGilAloneLosesUpdates) {
  RecordedSample sample;
  EXPECT_EQ(sample.Run("gil_counter"), 1);
  // By how much, luck decides: who writes an old value undoes all since.
  EXPECT_THAT(sample.Output(), MatchesRegex("counted to [0-9]+ of 20000\n"));
}

TEST(GilCounter, WithAMutexNothingIsLost) {
  RecordedSample sample;
  EXPECT_EQ(sample.Run("gil_counter", {"--mutex"}), 0);
  EXPECT_EQ(sample.Output(), "counted to 20000 of 20000\n");
  ExpectSafe(sample);
}

}  // namespace
}  // namespace lockcheck::samples::testing

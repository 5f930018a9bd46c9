// A reading that repeats the one before is written as a plain section is, and
// says all that a longer record would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/runtime/child.h"
#include "tests/runtime/events.h"

namespace lockcheck::testing {
namespace {

using ::testing::_;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::Pair;

class ReadingTest : public ::testing::TestWithParam<const char*> {
 protected:
  // What the main thread's records say.
  std::vector<std::string> Said(const std::string& story) {
    const Finished finished = Child("reading_program", {story})
                                  .Options("log=" + log_ + GetParam())
                                  .Run();
    EXPECT_TRUE(finished.Succeeded()) << finished;
    recording_ = OpenLog(log_);
    if (recording_ == nullptr) return {};
    reader_ = ReadEvents(*recording_, 0);
    EXPECT_THAT(reader_.complaints, ElementsAre());
    std::vector<std::string> lines;
    for (const Event& e : reader_.events) lines.push_back(Line(e));
    return lines;
  }

  std::string Line(const Event& e) const {
    const std::string& name = recording_
                                  ->objects[recording_->FindObject(
                                      recording_->actors[0].process, e.object)]
                                  .name;
    if (e.what == What::kReleased) return "- " + name;
    if (e.what == What::kTakenAway) return "no more " + name;
    if (e.mode == model::Mode::kShared) {
      return absl::StrCat("read ", name, " ", e.handover);
    }
    return e.handed_over ? absl::StrCat("write ", name, " ", e.handover)
                         : "write " + name;
  }

  Folder folder_;
  const std::string log_ = folder_ / "log";
  decltype(OpenLog("")) recording_;
  EventReader reader_;
};

std::vector<std::string> Times(int times, std::vector<std::string> lines) {
  std::vector<std::string> all;
  for (int i = 0; i < times; ++i) {
    all.insert(all.end(), lines.begin(), lines.end());
  }
  return all;
}

std::vector<std::string> operator+(std::vector<std::string> a,
                                   const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST_P(ReadingTest, IsWhatItWasTheLastTime) {
  EXPECT_THAT(Said("again"), ElementsAreArray(Times(5, {"read m 0", "- m"})));
}

TEST_P(ReadingTest, OwnWritingMakesItANewOne) {
  EXPECT_THAT(Said("after-a-writer"),
              ElementsAreArray(Times(3, {"read m 0", "- m"}) +
                               Times(1, {"write m 1", "- m"}) +
                               Times(1, {"write m", "- m"}) +
                               Times(3, {"read m 1", "- m"})));
}

TEST_P(ReadingTest, AnothersWritingMakesItANewOne) {
  std::vector<std::string> expected;
  for (int i = 0; i <= 3; ++i) {
    expected = expected + Times(2, {absl::StrCat("read m ", i), "- m"});
  }
  EXPECT_THAT(Said("after-anothers-writing"), ElementsAreArray(expected));
}

TEST_P(ReadingTest, OfTwoInTurn) {
  EXPECT_THAT(
      Said("of-two-in-turn"),
      ElementsAreArray(Times(3, {"read m 0", "- m", "read n 0", "- n"})));
}

TEST_P(ReadingTest, InsideOfAnother) {
  EXPECT_THAT(Said("inside-of-another"),
              ElementsAreArray(
                  Times(1, {"read m 0", "- m"}) +
                  Times(3, {"write outer", "read m 0", "- m", "- outer"})));
}

TEST_P(ReadingTest, AroundAnother) {
  EXPECT_THAT(Said("around-another"),
              ElementsAreArray(
                  Times(3, {"read m 0", "write outer", "- outer", "- m"})));
}

TEST_P(ReadingTest, OfOneTwice) {
  EXPECT_THAT(
      Said("of-one-twice"),
      ElementsAreArray(Times(3, {"read m 0", "read m 0", "- m", "- m"})));
}

TEST_P(ReadingTest, EachSegmentBeginsAnew) {
  const auto said = Said("across-segments");
  EXPECT_THAT(said, ElementsAreArray(
                        Times(2, {"read m 0", "- m"}) + Times(1, {"read m 0"}) +
                        Times(40'000, {"write outer", "- outer"}) +
                        Times(1, {"- m"}) + Times(2, {"read m 0", "- m"})));
  EXPECT_GT(reader_.segment_starts.size(), 1u);
}

// What is recorded of both kinds of semaphore.
class PermitTest : public ReadingTest {
 protected:
  std::vector<std::string> SaidOf(const std::string& story) {
    std::vector<std::string> said = Said(story);
    EXPECT_THAT(Said("bounded-" + story), ElementsAreArray(said));
    return said;
  }
};

TEST_P(PermitTest, OfOneOfSeveralPermitsIsTheSame) {
  EXPECT_THAT(SaidOf("permits-again"),
              ElementsAreArray(Times(5, {"read some 0", "- some"})));
}

TEST_P(PermitTest, IsNotTakenForAPermit) {
  EXPECT_THAT(
      SaidOf("permits-and-readings"),
      ElementsAreArray(
          Times(3, {"read some 0", "- some", "read m 0", "- m", "read m 0",
                    "- m", "read some 0", "- some", "read some 0", "- some"})));
}

TEST_P(PermitTest, PermitsInsideOfAnotherAndAroundIt) {
  EXPECT_THAT(SaidOf("permits-inside-and-around"),
              ElementsAreArray(Times(
                  3, {"read some 0", "write outer", "read some 0", "- some",
                      "read some 0", "- some", "- outer", "- some"})));
}

TEST_P(PermitTest, PermitsThatAreReleasedOutOfOrder) {
  EXPECT_THAT(SaidOf("permits-out-of-order"),
              ElementsAreArray(
                  Times(3, {"read some 0", "write only", "- some", "- only"})));
}

TEST_P(PermitTest, TheOnlyPermitIsALock) {
  EXPECT_THAT(SaidOf("only-permit"),
              ElementsAreArray(Times(3, {"write only", "- only"}) +
                               Times(1, {"write only 2", "- only"}) +
                               Times(2, {"write only", "- only"})));
}

// The one that another released is no hold any more.
TEST_P(PermitTest, PermitsThatSomebodyElseReleasesAreNoHolds) {
  EXPECT_THAT(SaidOf("permits-that-are-none"),
              ElementsAreArray(Times(3, {"read some 0", "- some"}) +
                               Times(1, {"read some 0", "no more some"})));
}

constexpr const char* kTimings[] = {":timing=off", ":timing=sampled",
                                    ":timing=full"};
std::string NameOf(const ::testing::TestParamInfo<const char*>& info) {
  return std::string(info.param).substr(8);
}
INSTANTIATE_TEST_SUITE_P(Timing, ReadingTest, ::testing::ValuesIn(kTimings),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Timing, PermitTest, ::testing::ValuesIn(kTimings),
                         NameOf);

// Each of the two may have given it an id.
TEST(Readings, ByTwoAtOnceAreOfOneObject) {
  Folder folder;
  const std::string log = folder / "log";
  const Finished finished =
      Child("reading_program", {"by-two-at-once"}).Options("log=" + log).Run();
  ASSERT_TRUE(finished.Succeeded()) << finished;
  const auto recording = OpenLog(log);
  ASSERT_NE(recording, nullptr);
  std::map<std::string, int> objects;
  for (const log::Object& object : recording->objects) {
    if (object.kind == model::ObjectKind::kSharedMutex) ++objects[object.name];
  }
  EXPECT_EQ(objects.size(), 2000u);
  EXPECT_THAT(objects, Each(Pair(_, 1)));
}

class ManyReadings : public ::testing::TestWithParam<const char*> {};

TEST_P(ManyReadings, TakeAWordEach) {
  Folder folder;
  const std::string log = folder / "log";
  ASSERT_TRUE(Child("reading_program", {GetParam()})
                  .Options("log=" + log + ":timing=off")
                  .Run()
                  .Succeeded());
  const auto recording = OpenLog(log);
  ASSERT_NE(recording, nullptr);
  size_t words = 0;
  for (const log::Segment& segment : recording->actors[0].segments) {
    log::RecordVisitor nobody;
    words += log::DecodeSegment(segment.words, nobody).words;
  }
  EXPECT_GE(words, 100'000u);
  EXPECT_LT(words, 101'000u);
}
INSTANTIATE_TEST_SUITE_P(Of, ManyReadings,
                         ::testing::Values("many", "many-permits"));

}  // namespace
}  // namespace lockcheck::testing

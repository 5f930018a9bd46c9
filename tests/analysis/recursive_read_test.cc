// Reading again what one reads already, and each way in which no writer can
// come between.
#include "lib/analysis/recursive_read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "lib/analysis/findings.h"

namespace lockcheck::analysis {
namespace {

using model::How;
using model::Mode;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr ActorIndex kMain = 0, kReader = 1, kWriter = 2;
constexpr ObjectIndex kTable = 0, kGate = 1;
constexpr SiteIndex kOuter = 0, kInner = 1, kWrite = 2;

class RecursiveRead : public ::testing::Test {
 protected:
  RecursiveRead() {
    o_.object_count = 2;
    o_.actor_count = 3;
    o_.phase_count = {1, 1, 1};
    o_.end.resize(3);
  }
  Dependency& ReadTwice(Mode outer = Mode::kShared, How how = How::kBlocking) {
    Dependency d;
    d.actor = kReader;
    d.lock = kTable;
    d.mode = Mode::kShared;
    d.how = how;
    d.site = kInner;
    d.held = {{kTable, outer, kOuter}};
    d.count = 1;
    d.phases = {0};
    return o_.dependencies.emplace_back(d);
  }
  void Write(ActorIndex actor = kWriter, How how = How::kBlocking) {
    Request r;
    r.actor = actor;
    r.lock = kTable;
    r.how = how;
    r.site = kWrite;
    r.count = 1;
    r.phases = {0};
    o_.requests.push_back(r);
  }
  std::vector<Finding> Found() const { return Find(o_, {}).findings; }

  Observations o_;
};

TEST_F(RecursiveRead, IsAHazardIfAnotherActorWrites) {
  ReadTwice();
  Write();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, Kind::kHazard);
  EXPECT_EQ(found[0].rule, Rule::kRecursiveRead);
  EXPECT_THAT(found[0].assumes, SizeIs(1));
  ASSERT_THAT(found[0].parts, SizeIs(2));
  EXPECT_EQ(found[0].parts[0].actor, kReader);
  EXPECT_EQ(found[0].parts[0].holds[0].site, kOuter);
  EXPECT_EQ(found[0].parts[0].site, kInner);
  EXPECT_EQ(found[0].parts[1].actor, kWriter);
  EXPECT_EQ(found[0].parts[1].site, kWrite);
}

TEST_F(RecursiveRead, IsNothingIfNobodyWrites) {
  ReadTwice();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(RecursiveRead, IsNothingIfTheReaderAloneWrites) {
  ReadTwice();
  Write(kReader);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(RecursiveRead, IsNothingIfTheWriterOrTheReaderGivesUp) {
  ReadTwice();
  Write(kWriter, How::kTry);
  EXPECT_THAT(Found(), IsEmpty());
  o_.dependencies.clear();
  ReadTwice(Mode::kShared, How::kTimed);
  Write();
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(RecursiveRead, IsNothingIfAGateKeepsTheWriterOut) {
  ReadTwice().held = {{kGate, Mode::kExclusive, kOuter},
                      {kTable, Mode::kShared, kOuter}};
  Dependency write;
  write.actor = kWriter;
  write.lock = kTable;
  write.site = kWrite;
  write.held = {{kGate, Mode::kExclusive, kWrite}};
  write.phases = {0};
  o_.dependencies.push_back(write);
  EXPECT_THAT(Found(), IsEmpty());
  o_.dependencies[1].held[0].mode = Mode::kShared;
  o_.dependencies[0].held[0].mode = Mode::kShared;
  EXPECT_THAT(Found(), SizeIs(1)) << "readers of the gate keep nobody out";
}

TEST_F(RecursiveRead, IsNothingIfTheWriterIsJoinedBeforeTheReaderStarts) {
  ReadTwice();
  Write();
  o_.phase_count = {3, 1, 1};
  o_.phase_edges = {{kWriter, 0, kMain, 1}, {kMain, 1, kReader, 0}};
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(RecursiveRead, ByTwoReadersAtTheSameSitesIsOneFinding) {
  ReadTwice();
  ReadTwice().actor = kMain;
  Write();
  const std::vector<Finding> found = Found();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].count, 2u);
}

}  // namespace
}  // namespace lockcheck::analysis

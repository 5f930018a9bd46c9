// Usage, findings and edges of single locks, merged to those of their classes.
#include "tests/report/build_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <tuple>

#include "lib/report/naming.h"

namespace lockcheck::report {
namespace {

using analysis::Finding;
using analysis::Hold;
using analysis::Part;
using log::BeginHow;
using log::PackFrame;
using model::ObjectKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(BuildTest, InstancesAreNumberedAndTheirUsageAddedUp) {
  log_.Object(1, ObjectKind::kMutex, "fork")
      .Object(2, ObjectKind::kMutex, "fork");
  log_.Site(8, {PackFrame(1, 0x10)});
  Open();
  statistics_.objects[Object(1)].acquisitions = 3;
  statistics_.objects[Object(1)].max_waiters = 4;
  statistics_.objects[Object(2)].acquisitions = 5;
  statistics_.objects[Object(2)].wait.Add(1000);
  AddInversion(1, 2, 8, 8);
  const Report report = Built();
  ASSERT_EQ(report.classes.size(), 1u);
  EXPECT_EQ(report.classes[0].instances, 2u);
  EXPECT_EQ(report.classes[0].usage.acquisitions, 8u);
  EXPECT_EQ(report.classes[0].usage.max_waiters, 4u);
  EXPECT_EQ(report.classes[0].usage.wait.total, 1000);
  EXPECT_THAT(report.findings[0].message,
              HasSubstr("holds fork #1 and asks for fork #2"));
}

// After a fork each process has a copy of a lock, which its users call one.
TEST_F(BuildTest, CopiesOfALockThatAForkMadeAreOneLock) {
  log_.Object(1, ObjectKind::kMutex, "cash").Site(8, {PackFrame(1, 0x10)});
  log_.Section(1, 1, 8).Fork(1, 2).Process(2, {.parent = 1});
  log_.Actor(2, BeginHow::kForkChild, {.parent = 1}).Section(2, 1, 8).Exit(2);
  Open();
  ASSERT_EQ(recording_->objects.size(), 2u);
  for (auto& object : statistics_.objects) {
    object.acquisitions = 3;
    object.actors = 2;
  }
  const Report report = Built();
  ASSERT_EQ(report.classes.size(), 1u);
  EXPECT_EQ(report.classes[0].instances, 1u);
  EXPECT_EQ(report.classes[0].processes, 2u);
  EXPECT_EQ(report.classes[0].usage.actors, 4u);
  EXPECT_EQ(ClassLabel(report.classes[0]), "cash (in 2 processes)");
}

TEST_F(BuildTest, TheRunLastsAsLongAsItsMomentsCount) {
  Open();
  statistics_.end_ns = 1.5e9;  // the first stamp came 0.5 s after the start
  EXPECT_EQ(Built().duration_ns, 1.5e9);
}

TEST_F(BuildTest, LocksWithoutAMeasuredHoldCountInTheTotalOfTheirClass) {
  log_.Object(1, ObjectKind::kMutex, "fork")
      .Object(2, ObjectKind::kMutex, "fork");
  Open();
  statistics_.objects[Object(1)].acquisitions = 10;
  statistics_.objects[Object(1)].hold.Add(100);
  statistics_.objects[Object(2)].acquisitions = 30;
  const Times hold = Built().classes[0].usage.hold;
  EXPECT_EQ(hold.n, 1u);
  EXPECT_EQ(hold.total, 40 * 100);
  EXPECT_GT(hold.error, 0);
}

TEST_F(BuildTest, TheHoldTotalOfAClassIsTheSumOverItsSites) {
  log_.Object(1, ObjectKind::kMutex, "cash");
  log_.Site(8, {PackFrame(1, 0x10)}).Site(9, {PackFrame(1, 0x20)});
  Open();
  analysis::ObjectUsage& lock = statistics_.objects[Object(1)];
  lock.acquisitions = 1000;
  for (const auto& [site, acquisitions, ns] :
       {std::tuple{8u, 990ull, 50ull}, std::tuple{9u, 10ull, 5000ull}}) {
    statistics_.sites[Site(site)].acquisitions = acquisitions;
    statistics_.sites[Site(site)].hold.Add(ns);
    lock.hold.Add(ns);
    statistics_.shares.push_back({Object(1), Site(site), acquisitions});
  }
  const Times hold = Built().classes[0].usage.hold;
  EXPECT_EQ(hold.total, 990 * 50 + 10 * 5000);
  EXPECT_EQ(hold.mean, hold.total / 1000);
}

TEST_F(BuildTest, FindingsThatDifferInInstancesOnlyAreOne) {
  for (uint32_t id = 1; id <= 4; ++id) {
    log_.Object(id, ObjectKind::kMutex, "account");
  }
  log_.Site(8, {PackFrame(1, 0x10)});
  code_[0x10] = {{"Bank::Transfer", "bank.cc", 4, false}};
  Open();
  AddInversion(1, 2, 8, 8);
  AddInversion(3, 4, 8, 8);
  const Report report = Built();
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].count, 2u);
  EXPECT_THAT(report.findings[0].advice, HasSubstr("several account"));
}

TEST_F(BuildTest, EdgesBetweenInstancesOfOneClassAreNoCycleByThemselves) {
  log_.Object(1, ObjectKind::kMutex, "node")
      .Object(2, ObjectKind::kMutex, "node");
  Open();
  analysis::Dependency parent_then_child;
  parent_then_child.actor = 0;
  parent_then_child.lock = Object(2);
  parent_then_child.held = {Hold{Object(1)}};
  parent_then_child.count = 9;
  observations_.dependencies = {parent_then_child};
  Report report = Built();
  ASSERT_EQ(report.edges.size(), 1u);
  EXPECT_EQ(report.edges[0].count, 9u);
  EXPECT_FALSE(report.edges[0].in_cycle);
  analysis::Dependency back = parent_then_child;
  back.lock = Object(1);
  back.held = {Hold{Object(2)}};
  observations_.dependencies.push_back(back);
  EXPECT_TRUE(Built().edges[0].in_cycle);
}

TEST_F(BuildTest, IndicesOutOfRangeAreNotKnown) {
  Open();
  Finding finding;
  finding.verdict = analysis::Verdict::kPossible;
  finding.objects = {4711, analysis::kNone};
  Part part;
  part.actor = 99;
  part.wants = 4711;
  part.site = 12345;
  part.stack = 999;
  part.holds = {Hold{}};
  finding.parts = {part};
  findings_.findings = {finding};
  const Report report = Built();
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_THAT(report.findings[0].message,
              HasSubstr("a lock that is not known"));
  EXPECT_THAT(report.findings[0].parts[0].wants->stack, IsEmpty());
}

}  // namespace
}  // namespace lockcheck::report

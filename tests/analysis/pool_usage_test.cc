// What the log says of pools. The numbers are computed by hand beside each log.
#include "lib/analysis/pool_usage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/analysis/scanned_log.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;
using model::ObjectKind;
using model::Post;
using ::testing::IsEmpty;

constexpr uint32_t kSite = 10, kPool = 1, kOtherPool = 2;

class PoolUsageTest : public ::testing::Test {
 protected:
  PoolUsageTest() {
    b_.Process(1).Actor(1, BeginHow::kMain);
    b_.Object(kPool, ObjectKind::kThreadPool, "pool (slots)", 0, 0, 0, 2);
    b_.Object(kOtherPool, ObjectKind::kThreadPool, "other", 0, 0, 0, 1);
    b_.Site(kSite, {0x40});
  }
  void Submit(uint32_t task, uint64_t at) { b_.At(at).Fork(1, task); }
  void Begin(uint32_t task, uint64_t at, uint32_t pool = kPool) {
    b_.At(at).Actor(task, BeginHow::kTask, {.parent = 1});
    b_.ShortTake(task, pool, kSite, 0);
  }
  void End(uint32_t task, uint64_t at, uint32_t pool = kPool) {
    b_.ShortPost(task, Post::kTaskDone, pool, kSite, task);
    b_.At(at).End(task);
  }
  LogBuilder b_;
};

TEST_F(PoolUsageTest, WithoutTasksThereIsNone) {
  b_.Exit(1);
  EXPECT_THAT(ScannedLog(b_).statistics().pools, IsEmpty());
}

TEST_F(PoolUsageTest, TasksAreQueuedFromSubmissionToBegin) {
  // Two workers; the third waits for the end of the first. Queued 10, 20 and
  // 170; ran 180, 100 and 60 of 2 x 260.
  Submit(11, 100);
  Submit(12, 100);
  Submit(13, 130);
  Begin(11, 110);
  Begin(12, 120);
  End(12, 220);
  End(11, 290);
  Begin(13, 300);
  End(13, 360);
  b_.At(1000).Exit(1);
  const ScannedLog log(b_);
  ASSERT_EQ(log.statistics().pools.size(), 1u);
  const PoolUsage& pool = log.statistics().pools[0];
  EXPECT_EQ(log.ObjectId(pool.object), kPool);
  EXPECT_EQ(pool.workers, 2u);
  EXPECT_EQ(pool.tasks, 3u);
  EXPECT_EQ(pool.queued.count(), 3u);
  EXPECT_DOUBLE_EQ(pool.queued.total(), 200);
  EXPECT_EQ(pool.queued.max(), 170u);
  EXPECT_DOUBLE_EQ(pool.ran.total(), 340);
  EXPECT_EQ(pool.ran.max(), 180u);
  EXPECT_EQ(pool.most_running, 2u);
  EXPECT_EQ(pool.most_queued, 2u);
  EXPECT_DOUBLE_EQ(pool.open_ns, 260);
  EXPECT_DOUBLE_EQ(pool.utilisation(), 340.0 / 520);
}

TEST_F(PoolUsageTest, ATaskThatRunsAtTheEndRunsUpToIt) {
  Submit(11, 100);
  Begin(11, 150);
  b_.At(400).Section(1, 7, kSite).NewSegment(1);
  const PoolUsage pool = ScannedLog(b_).statistics().pools.at(0);
  EXPECT_DOUBLE_EQ(pool.ran.total(), 250);
  EXPECT_DOUBLE_EQ(pool.open_ns, 300);
}

TEST_F(PoolUsageTest, ALoneWorkersForksAreNoSubmissions) {
  // The worker, actor 2, forks the task when it begins.
  b_.Fork(1, 2).Actor(2, BeginHow::kStarted, {.parent = 1});
  Submit(11, 100);
  b_.At(150).Fork(2, 11);
  Begin(11, 150, kOtherPool);
  End(11, 160, kOtherPool);
  const PoolUsage pool = ScannedLog(b_).statistics().pools.at(0);
  EXPECT_DOUBLE_EQ(pool.queued.total(), 50);
}

TEST_F(PoolUsageTest, EachPoolHasItsOwnTasks) {
  Submit(11, 100);
  Submit(12, 100);
  Begin(11, 100);
  Begin(12, 100, kOtherPool);
  End(11, 110);
  End(12, 130, kOtherPool);
  const auto pools = ScannedLog(b_).statistics().pools;
  ASSERT_EQ(pools.size(), 2u);
  EXPECT_DOUBLE_EQ(pools[0].ran.total(), 10);
  EXPECT_DOUBLE_EQ(pools[1].ran.total(), 30);
  EXPECT_DOUBLE_EQ(pools[1].utilisation(), 1);
}

TEST_F(PoolUsageTest, WhoseSubmissionIsLostIsNotCountedAsQueued) {
  Begin(11, 150);
  End(11, 160);
  const PoolUsage pool = ScannedLog(b_).statistics().pools.at(0);
  EXPECT_EQ(pool.queued.count(), 0u);
  EXPECT_DOUBLE_EQ(pool.open_ns, 10);
}

// A worker's join of its task lasts as long as the task, and nobody waited.
TEST_F(PoolUsageTest, JoinsOfTasksAreNoJoins) {
  b_.Fork(1, 2).Actor(2, BeginHow::kStarted, {.parent = 1});
  Submit(11, 100);
  b_.JoinBlock(2, 11, kSite);
  Begin(11, 100);
  End(11, 200);
  b_.Unblock(2).Join(2, 11);
  b_.At(300).End(2);
  b_.JoinBlock(1, 2, kSite).At(340).Join(1, 2);
  const ScannedLog log(b_);
  EXPECT_EQ(log.statistics().joins.count(), 1u);
  EXPECT_DOUBLE_EQ(log.statistics().joins.total(), 40);
  EXPECT_EQ(log.statistics().standing_joins, 0u);
}

TEST_F(PoolUsageTest, AJoinThatStandsLastsUpToTheEnd) {
  b_.At(10).Fork(1, 2).Actor(2, BeginHow::kStarted, {.parent = 1});
  b_.At(100).JoinBlock(1, 2, kSite);
  b_.At(150).NewSegment(2);
  const ScannedLog log(b_);
  EXPECT_EQ(log.statistics().standing_joins, 1u);
  EXPECT_DOUBLE_EQ(log.statistics().joins.total(), 50);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

// What the log says of posts and takes: of queues, signals, events and the
// like. The numbers are computed by hand beside each log.
#include "lib/analysis/post_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "tests/analysis/scanned_log.h"
#include "tests/rounds.h"

namespace lockcheck::analysis::testing {
namespace {

using log::BeginHow;
using log::testing::LogBuilder;
using model::ObjectKind;
using model::Outcome;
using model::Post;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint32_t kSite = 10, kThing = 1, kOther = 2, kLock = 3;

class PostStatisticsTest : public ::testing::Test {
 protected:
  // Two actors, and an object of the kind.
  LogBuilder& Log(ObjectKind kind, uint32_t begins_with = 0) {
    b_.Process(1).Actor(1, BeginHow::kMain);
    b_.Object(kThing, kind, "thing", 0, 0, 0, begins_with);
    b_.Object(kOther, kind, "other").Object(kLock, ObjectKind::kMutex, "lock");
    b_.Site(kSite, {0x40}).Site(kSite + 1, {0x41}).Fork(1, 2);
    return b_.Actor(2, BeginHow::kStarted, {.parent = 1});
  }
  PostUsage Of(const ScannedLog& log, uint32_t object = kThing) {
    const auto found = log.statistics().posts.find(log.object(object));
    return found == log.statistics().posts.end() ? PostUsage() : found->second;
  }

  LogBuilder b_;
};

TEST_F(PostStatisticsTest, AnObjectThatNobodyActedOnHasNone) {
  Log(ObjectKind::kQueue);
  EXPECT_THAT(ScannedLog(b_).statistics().posts, IsEmpty());
}

TEST_F(PostStatisticsTest, ShortRecordsOfAQueueSayHowManyItemsItHad) {
  // put put get put: 1 2 1 2 items, mean 1.5.
  Log(ObjectKind::kQueue)
      .ShortPost(1, Post::kPut, kThing, kSite, 1)
      .ShortPost(2, Post::kPut, kThing, kSite, 2)
      .ShortTake(1, kThing, kSite, 3)
      .ShortPost(1, Post::kPut, kThing, kSite, 4);
  const ScannedLog log(b_);
  const PostUsage usage = Of(log);
  EXPECT_EQ(usage.posts, 3u);
  EXPECT_EQ(usage.WokeNobody(), 3u);
  EXPECT_EQ(usage.takes, 1u);
  const std::optional<Level> level = usage.LevelOf(0, true);
  ASSERT_TRUE(level);
  EXPECT_EQ(level->acts, 4u);
  EXPECT_EQ(level->every, 1u);
  EXPECT_DOUBLE_EQ(level->mean, 1.5);
  EXPECT_EQ(level->min, 1u);
  EXPECT_EQ(level->p50, 1u);
  EXPECT_EQ(level->p99, 2u);
  EXPECT_EQ(level->max, 2u);
  EXPECT_THAT(level->parts, ElementsAre(1, 2, 1, 2));
}

TEST_F(PostStatisticsTest, WhereAStreamIsCutChangesNothingOverTime) {
  Log(ObjectKind::kQueue).SplitEvery(24);
  for (uint32_t i = 1; i <= 40; ++i) {
    b_.At(10 * i).ShortPost(1, Post::kPut, kThing, kSite, 2 * i - 1);
    b_.ShortTake(1, kThing, kSite, 2 * i);
  }
  b_.At(1000).Exit(1);
  const ScannedLog whole(b_), cut(b_, 1, 1);
  const auto in_time = [&](const ScannedLog& log) {
    return Of(log).LevelOf(0, true).value().in_time.value();
  };
  EXPECT_EQ(in_time(cut).ticks, in_time(whole).ticks);
  EXPECT_DOUBLE_EQ(in_time(cut).mean, in_time(whole).mean);
  EXPECT_DOUBLE_EQ(in_time(cut).error, in_time(whole).error);
}

TEST_F(PostStatisticsTest, NorWhatIsMeasuredOfHoldsUnderContention) {
  Log(ObjectKind::kQueue).SplitEvery(16);
  for (uint32_t i = 1; i <= 20; ++i) {
    b_.At(100 * i).Block(2, kLock, kSite, 1, kSite);
    b_.At(100 * i + 10).Unblock(2).Section(2, kLock, kSite, {.handover = i});
    b_.At(100 * i + 50).SawWaiters(2, kLock);
  }
  const ScannedLog whole(b_), cut(b_, 1, 1);
  EXPECT_EQ(whole.of_object(kLock).stamped.all.count, 20u);
  EXPECT_EQ(cut.of_object(kLock).stamped.all.count, 20u);
}

TEST_F(PostStatisticsTest, RoomBeginsWithWhatThereIs) {
  // put (take of room) put get: 3 2 3 left of 4.
  Log(ObjectKind::kQueueSlots, 4)
      .ShortTake(1, kThing, kSite, 1)
      .ShortTake(1, kThing, kSite, 2)
      .ShortPost(2, Post::kGet, kThing, kSite, 3);
  const auto level = Of(ScannedLog(b_)).LevelOf(4, true);
  ASSERT_TRUE(level);
  EXPECT_EQ(level->min, 2u);
  EXPECT_EQ(level->max, 3u);
  EXPECT_DOUBLE_EQ(level->mean, 8.0 / 3);
}

TEST_F(PostStatisticsTest, ClosingChangesNoLevel) {
  Log(ObjectKind::kQueue)
      .ShortPost(1, Post::kPut, kThing, kSite, 1)
      .Act(1, Post::kClose, kThing, kSite, {.sequence = 1, .value = 1});
  const PostUsage usage = Of(ScannedLog(b_));
  EXPECT_EQ(usage.posts, 2u);
  const auto level = usage.LevelOf(0, true);
  ASSERT_TRUE(level);
  EXPECT_EQ(level->every, 1u);
  EXPECT_EQ(level->acts, 1u);
  EXPECT_EQ(level->max, 1u);
}

TEST_F(PostStatisticsTest, IfAnActIsMissingOnlyWhatIsSaidCounts) {
  // Act 2 is not there; acts 1 and 3 say 5 and 6.
  Log(ObjectKind::kQueue)
      .Act(1, Post::kPut, kThing, kSite, {.sequence = 1, .value = 5})
      .Act(1, Post::kPut, kThing, kSite, {.sequence = 3, .value = 6})
      .ShortPost(1, Post::kPut, kThing, kSite, 4);
  const auto level = Of(ScannedLog(b_)).LevelOf(0, true);
  ASSERT_TRUE(level);
  EXPECT_EQ(level->every, 0u);
  EXPECT_EQ(level->acts, 2u);
  EXPECT_DOUBLE_EQ(level->mean, 5.5);
  EXPECT_EQ(level->min, 5u);
  EXPECT_EQ(level->max, 6u);
  EXPECT_THAT(level->parts, IsEmpty());
}

TEST_F(PostStatisticsTest, ALevelBelowZeroIsNotBelieved) {
  Log(ObjectKind::kQueue).ShortTake(1, kThing, kSite, 1);
  EXPECT_FALSE(Of(ScannedLog(b_)).LevelOf(0, true));
}

TEST_F(PostStatisticsTest, ASignalsReleasesDoNotSayWhomTheyWokeNorHowMany) {
  // Its takes do: 2 and 1 permits are left.
  Log(ObjectKind::kSemaphore)
      .Act(1, Post::kRelease, kThing, kSite, {.next_ticket = 0})
      .Take(2, kThing, kSite, 2, 2)
      .Take(2, kThing, kSite, 3, 1)
      .Take(2, kThing, kSite, 0, 0);  // handed over by another
  const PostUsage usage = Of(ScannedLog(b_));
  EXPECT_EQ(usage.posts, 1u);
  EXPECT_EQ(usage.unsaid, 1u);
  EXPECT_EQ(usage.WokeNobody(), 0u);
  EXPECT_EQ(usage.takes, 3u);
  const auto level = usage.LevelOf(0, true);
  ASSERT_TRUE(level);
  EXPECT_EQ(level->every, 0u);
  EXPECT_EQ(level->acts, 2u);
  EXPECT_EQ(level->min, 1u);
  EXPECT_EQ(level->max, 2u);
}

TEST_F(PostStatisticsTest, NotificationsThatEndNoWaitAreCounted) {
  Log(ObjectKind::kConditionVariable)
      .Post(1, kThing, kSite)
      .Post(1, kThing, kSite, 1, 1, 2)
      .Post(1, kThing, kSite);
  const PostUsage usage = Of(ScannedLog(b_));
  EXPECT_EQ(usage.posts, 3u);
  EXPECT_EQ(usage.WokeNobody(), 2u);
}

TEST_F(PostStatisticsTest, APhasesLastArrivalWakesWhomItsCompletionWakes) {
  // The second phase has nobody who waits.
  Log(ObjectKind::kBarrier, 2)
      .Act(2, Post::kArrive, kThing, kSite, {.sequence = 1, .value = 1})
      .Act(1, Post::kArrive, kThing, kSite, {.sequence = 1})
      .Act(1, Post::kComplete, kThing, kSite,
           {.first = 1, .count = 1, .next_ticket = 2, .sequence = 1})
      .Act(2, Post::kArrive, kThing, kSite, {.sequence = 2, .value = 1})
      .Act(1, Post::kArrive, kThing, kSite, {.sequence = 2})
      .Act(1, Post::kComplete, kThing, kSite, {.sequence = 2});
  const PostUsage usage = Of(ScannedLog(b_));
  EXPECT_EQ(usage.posts, 4u);
  EXPECT_EQ(usage.WokeNobody(), 3u);
}

TEST_F(PostStatisticsTest, ClearsEndNoWaitAndAreNoPosts) {
  Log(ObjectKind::kOperation)
      .Act(1, Post::kClear, kThing, kSite, {.value = 1})
      .Act(1, Post::kClear, kThing, kSite, {.value = 2})
      .Act(2, Post::kComplete, kThing, kSite, {.value = 1});
  const PostUsage usage = Of(ScannedLog(b_));
  EXPECT_EQ(usage.clears, 2u);
  EXPECT_EQ(usage.posts, 1u);
  const auto level = usage.LevelOf(0, false);
  ASSERT_TRUE(level);
  EXPECT_EQ(level->max, 2u);
  EXPECT_DOUBLE_EQ(level->mean, 4.0 / 3);
}

// ---- Wake-ups ----

class WakeUps : public PostStatisticsTest {
 protected:
  WakeUps() { Log(ObjectKind::kConditionVariable).Open(2, kLock, kSite); }
  // As a condition variable's wait does.
  void Wait(uint32_t site = kSite, Outcome outcome = Outcome::kSignalled,
            uint32_t object = kThing) {
    b_.Close(2).Block(2, object, site, 0, 0).Advance(10);
    b_.Unblock(2, outcome).Open(2, kLock, site);
  }
  uint64_t InVain(size_t piece_segments = 0) {
    const ScannedLog log(b_, 1, piece_segments);
    return log.of_object(kThing).woken_in_vain;
  }
};

TEST_F(WakeUps, ThatAreFollowedByTheSameWaitAtOnceMayHaveFoundNothing) {
  Wait();
  Wait();
  Wait();
  EXPECT_EQ(InVain(), 2u);
}

TEST_F(WakeUps, AreNotInVainIfAnythingIsDoneInBetween) {
  Wait();
  b_.Section(2, kOther, kSite);
  Wait();
  b_.Post(2, kOther, kSite);
  Wait();
  b_.ShortTake(2, kOther, kSite, 1);
  Wait();
  EXPECT_EQ(InVain(), 0u);
}

TEST_F(WakeUps, AreNotInVainIfTheNextWaitIsAnotherOne) {
  Wait();
  Wait(kSite + 1);
  Wait(kSite, Outcome::kSignalled, kOther);
  Wait();
  EXPECT_EQ(InVain(), 0u);
}

TEST_F(WakeUps, ByTheClockAreNoWakeUps) {
  Wait(kSite, Outcome::kTimedOut);
  Wait(kSite, Outcome::kTimedOut);
  EXPECT_EQ(InVain(), 0u);
}

TEST_F(WakeUps, ThatHaveToWaitForTheirLockAreTheSame) {
  Wait();
  b_.Close(2).Block(2, kThing, kSite, 0, 0).Unblock(2, Outcome::kSignalled);
  b_.Block(2, kLock, kSite, 1, kSite).Wake(2, 1, kSite).Unblock(2);
  b_.Open(2, kLock, kSite);
  Wait();
  EXPECT_EQ(InVain(), 2u);
}

TEST_F(WakeUps, AreCountedWhereTheStreamIsCut) {
  Wait();
  for (int i = 0; i < 5; ++i) {
    b_.Close(2).NewSegment(2);
    b_.Block(2, kThing, kSite, 0, 0).Unblock(2, Outcome::kSignalled);
    b_.NewSegment(2).Open(2, kLock, kSite);
  }
  EXPECT_EQ(InVain(), 5u);
  EXPECT_EQ(InVain(1), 5u);
  EXPECT_EQ(InVain(2), 5u);
}

TEST_F(WakeUps, OfALockAreThoseThatFoundItTakenAgain) {
  b_.Block(2, kLock, kSite, 1, kSite).Wake(2, 1, kSite).Wake(2, 1, kSite);
  b_.Unblock(2).SawWaiters(1, kLock);
  const ScannedLog log(b_);
  EXPECT_EQ(log.of_object(kLock).woken_in_vain, 2u);
  EXPECT_EQ(log.of_object(kLock).found_waiters, 1u);
}

TEST_F(PostStatisticsTest, WhoeverIsWokenByAnEventFoundIt) {
  Log(ObjectKind::kEvent);
  for (int i = 0; i < 3; ++i) {
    b_.Block(2, kThing, kSite, 0, 0).Unblock(2, Outcome::kSignalled);
    b_.Section(2, kLock, kSite);
  }
  EXPECT_EQ(ScannedLog(b_).of_object(kThing).woken_in_vain, 0u);
}

// ---- Random programs ----

// A queue and a condition variable; what comes of each act is kept beside.
class Acts {
 public:
  Acts(uint64_t seed, size_t words_per_segment) : random_(seed) {
    b_.SplitEvery(words_per_segment).Process(1).Actor(1, BeginHow::kMain);
    b_.Object(kThing, ObjectKind::kQueue, "queue");
    b_.Object(kOther, ObjectKind::kConditionVariable, "news");
    b_.Object(kLock, ObjectKind::kMutex, "lock").Site(kSite, {0x40});
    for (uint32_t actor = 2; actor <= kActors; ++actor) {
      b_.Fork(1, actor).Actor(actor, BeginHow::kStarted, {.parent = 1});
    }
  }
  void Run(int acts) {
    for (int i = 0; i < acts; ++i) {
      const auto actor = static_cast<uint32_t>(1 + random_() % kActors);
      switch (random_() % 4) {
        case 0:
          Wait(actor);
          break;
        case 1:
          if (items > 0) Take(actor);
          break;
        default:
          Put(actor);
      }
    }
  }
  LogBuilder& builder() { return b_; }

  uint64_t items = 0, sum = 0, most = 0, acts = 0, takes = 0, woken = 0;
  uint64_t again = 0;

 private:
  static constexpr uint32_t kActors = 3;
  void Acted(uint32_t actor) {
    ++acts;
    sum += items;
    most = std::max(most, items);
    woken_[actor] = false;
  }
  void Put(uint32_t actor) {
    ++items;
    const auto sequence = static_cast<uint32_t>(acts + 1);
    if (random_() % 3 != 0) {
      b_.ShortPost(actor, Post::kPut, kThing, kSite, sequence);
    } else {
      b_.Act(actor, Post::kPut, kThing, kSite,
             {.first = 1,
              .count = 1,
              .next_ticket = 2,
              .sequence = sequence,
              .value = static_cast<uint32_t>(items)});
      ++woken;
    }
    Acted(actor);
  }
  void Take(uint32_t actor) {
    --items;
    ++takes;
    b_.ShortTake(actor, kThing, kSite, static_cast<uint32_t>(acts + 1));
    Acted(actor);
  }
  void Wait(uint32_t actor) {
    const bool signalled = random_() % 4 != 0;
    if (woken_[actor]) ++again;
    b_.Block(actor, kOther, kSite, 0, 0)
        .Unblock(actor, signalled ? Outcome::kSignalled : Outcome::kTimedOut);
    b_.Section(actor, kLock, kSite);
    woken_[actor] = signalled;
  }

  LogBuilder b_;
  std::mt19937_64 random_;
  std::map<uint32_t, bool> woken_;
};

TEST(PostStatisticsPropertyTest, AgreeWithTheProgramHoweverTheLogIsCut) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  for (int round = 0; round < tests::Rounds(40); ++round) {
    Acts acts(seed + static_cast<uint64_t>(round), 40 + 30 * (round % 5));
    acts.Run(round % 3 == 0 ? 4000 : 200);
    for (const auto& [threads, segments] :
         {std::pair(1u, 0), std::pair(1u, 1), std::pair(3u, 3)}) {
      const ScannedLog log(acts.builder(), threads,
                           static_cast<size_t>(segments));
      ASSERT_THAT(log.warnings(), IsEmpty());
      const PostUsage& usage = log.statistics().posts.at(log.object(kThing));
      EXPECT_EQ(usage.posts + usage.takes, acts.acts);
      EXPECT_EQ(usage.takes, acts.takes);
      EXPECT_EQ(usage.posts - usage.WokeNobody(), acts.woken);
      const auto level = usage.LevelOf(0, true);
      ASSERT_TRUE(level);
      EXPECT_EQ(level->acts, acts.acts);
      EXPECT_DOUBLE_EQ(level->mean, static_cast<double>(acts.sum) /
                                        static_cast<double>(acts.acts));
      EXPECT_LE(level->max, acts.most);
      EXPECT_GE(level->max + level->every, acts.most);
      if (level->every == 1) {
        EXPECT_EQ(level->max, acts.most);
      }
      EXPECT_EQ(log.of_object(kOther).woken_in_vain, acts.again);
    }
  }
}

}  // namespace
}  // namespace lockcheck::analysis::testing

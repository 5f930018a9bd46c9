#include "instrument/runtime/live_ends.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace lockcheck::runtime {
namespace {

class LiveEndsTest : public testing::Test {
 protected:
  bool Ask(uint32_t actor, uint32_t wanted, uint32_t phase = 0) {
    LiveEnds::Wanted w = {};
    w.wanted = wanted;
    w.phase = phase;
    return ends_.Add(*ends_.Make(actor, {1, 2, 3, 4}), w);
  }
  uint32_t CountOf(uint32_t actor) {
    const LiveEnds::Actor* const known = ends_.Find(actor);
    return known == nullptr ? 0 : known->count;
  }
  LiveEnds ends_;
};

TEST_F(LiveEndsTest, ARequestCountsOnceInEachPhase) {
  for (int i = 0; i < 3; ++i) {
    Ask(7, 1);
    Ask(7, 2);
    Ask(7, 2, 1);
  }
  EXPECT_EQ(CountOf(7), 3u);
  EXPECT_EQ(CountOf(8), 0u);
}

TEST_F(LiveEndsTest, NoMoreThanSoManyAreKept) {
  for (uint32_t i = 1; i <= LiveEnds::kMostOfActor; ++i) {
    ASSERT_TRUE(Ask(7, i)) << i;
  }
  EXPECT_FALSE(Ask(7, LiveEnds::kMostOfActor + 1));
  EXPECT_EQ(CountOf(7), LiveEnds::kMostOfActor);
}

TEST_F(LiveEndsTest, OfLocksThatAreGoneNothingIsKept) {
  for (uint32_t i = 1; i <= 100; ++i) Ask(7, i);
  ends_.ForgetGone([](const LiveEnds::Wanted& w) { return w.wanted > 10; });
  EXPECT_EQ(CountOf(7), 10u);
  EXPECT_TRUE(Ask(7, 200));
  EXPECT_EQ(CountOf(7), 11u);
}

TEST_F(LiveEndsTest, OfThoseThatEndedTheLatestAreKept) {
  for (uint32_t actor = 1; actor <= LiveEnds::kMostEnded; ++actor) {
    EXPECT_EQ(ends_.Ended(actor), 0u);
  }
  EXPECT_EQ(ends_.Ended(5000), 1u);
  EXPECT_EQ(ends_.Ended(5001), 2u);
}

TEST_F(LiveEndsTest, OfOneThatWasJoinedUnderALockOnlyThatIsKept) {
  Ask(7, 1);
  LiveEnds::Actor& actor = *ends_.Find(7);
  EXPECT_EQ(ends_.JoinedUnderLock(actor), 0u);
  EXPECT_EQ(CountOf(7), 0u);
  size_t joined = 0;
  ends_.ForEachJoined([&](const LiveEnds::Actor& a) {
    EXPECT_EQ(a.id, 7u);
    EXPECT_EQ(a.begin.tid, 3u);
    ++joined;
  });
  EXPECT_EQ(joined, 1u);
  ends_.Forget(7);
  EXPECT_EQ(ends_.Find(7), nullptr);
}

TEST_F(LiveEndsTest, HowItBeganIsKnownFromItsFirstRequest) {
  ends_.Make(7, {});
  EXPECT_EQ(ends_.Find(7)->begin.process, 0u);
  Ask(7, 1);
  EXPECT_EQ(ends_.Find(7)->begin.process, 1u);
}

}  // namespace
}  // namespace lockcheck::runtime

// A try inside std::lock becomes a request under what was held before the call.
#include "lib/analysis/std_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace lockcheck::analysis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr ActorIndex kActor = 0;
constexpr ObjectIndex kA = 0, kB = 1, kC = 2, kD = 3, kG = 4;
constexpr SiteIndex kElsewhere = 0, kCall = 1, kOtherCall = 2;

// Every try at kCall and kOtherCall is one of std::lock, if that is known.
class Places : public StdLockPlaces {
 public:
  explicit Places(bool are_known) : are_known_(are_known) {}
  Answer IsInStdLock(StackIndex, SiteIndex site) override {
    if (!are_known_) return Answer::kNotKnown;
    return site == kElsewhere ? Answer::kNo : Answer::kYes;
  }
  uint32_t CallerAt(SiteIndex site) override {
    return are_known_ ? site : SiteIndex{kNone};
  }

 private:
  const bool are_known_;
};

Hold Held(ObjectIndex object, SiteIndex site) {
  return {object, model::Mode::kExclusive, site};
}

Dependency Asks(model::How how, ObjectIndex lock, SiteIndex site,
                HeldSet held) {
  Dependency d;
  d.actor = kActor;
  d.lock = lock;
  d.how = how;
  d.site = site;
  d.stack = 0;
  d.held = std::move(held);
  d.count = 3;
  return d;
}
Dependency Waits(ObjectIndex lock, HeldSet held) {
  return Asks(model::How::kBlocking, lock, kCall, std::move(held));
}
Dependency TryB(SiteIndex site, HeldSet held) {
  return Asks(model::How::kTry, kB, site, std::move(held));
}

class StdLock : public ::testing::Test {
 protected:
  // What becomes of the last of them.
  const Dependency* Read(std::vector<Dependency> dependencies,
                         bool places_are_known = true) {
    const size_t before = dependencies.size();
    o_.dependencies = std::move(dependencies);
    Places places(places_are_known);
    ReadStdLockAsOneRequest(places, o_);
    return o_.dependencies.size() == before ? &o_.dependencies.back() : nullptr;
  }
  Observations o_;
};

TEST_F(StdLock, LosesTheMembersThatTheCallHadAlready) {
  const Dependency* d = Read(
      {Waits(kA, {Held(kG, kElsewhere)}),
       TryB(kCall, {Held(kG, kElsewhere), Held(kA, kCall), Held(kC, kCall)})});
  ASSERT_NE(d, nullptr);
  EXPECT_EQ(d->how, model::How::kRetried);
  EXPECT_THAT(d->held, ElementsAre(Held(kG, kElsewhere)));
  EXPECT_EQ(d->count, 3u);
}

TEST_F(StdLock, WithNothingBeforeTheCallIsARequestWithEmptyHands) {
  EXPECT_EQ(Read({TryB(kCall, {Held(kA, kCall)})}), nullptr);
  EXPECT_THAT(o_.dependencies, IsEmpty());
  ASSERT_THAT(o_.requests, SizeIs(1));
  EXPECT_EQ(o_.requests[0].lock, kB);
  EXPECT_EQ(o_.requests[0].how, model::How::kRetried);
  EXPECT_EQ(o_.requests[0].count, 3u);
}

TEST_F(StdLock, KeepsTheMembersOfAnotherCall) {
  const Dependency* d =
      Read({TryB(kCall, {Held(kD, kOtherCall), Held(kA, kCall)})});
  ASSERT_NE(d, nullptr);
  EXPECT_THAT(d->held, ElementsAre(Held(kD, kOtherCall)));
}

TEST_F(StdLock, KeepsTheMembersOfTheSameCallFurtherOut) {
  const Dependency* d =
      Read({Waits(kA, {Held(kC, kCall), Held(kD, kCall)}),
            TryB(kCall, {Held(kC, kCall), Held(kD, kCall), Held(kA, kCall)})});
  ASSERT_NE(d, nullptr);
  EXPECT_THAT(d->held, ElementsAre(Held(kC, kCall), Held(kD, kCall)));
}

TEST_F(StdLock, ATryElsewhereStaysATry) {
  for (const SiteIndex held_at : {kElsewhere, kCall}) {
    const Dependency* d = Read({TryB(kElsewhere, {Held(kG, held_at)})});
    ASSERT_NE(d, nullptr);
    EXPECT_EQ(d->how, model::How::kTry);
    EXPECT_THAT(d->held, SizeIs(1));
    EXPECT_EQ(d->perhaps_retried_under, 0);
  }
}

TEST_F(StdLock, ATryAtAPlaceThatIsNotKnownIsPerhapsOne) {
  const Dependency* d = Read(
      {Waits(kG, {}), Waits(kA, {Held(kG, kElsewhere)}),
       TryB(kCall, {Held(kG, kElsewhere), Held(kA, kCall), Held(kC, kCall)})},
      false);
  ASSERT_NE(d, nullptr);
  EXPECT_EQ(d->how, model::How::kTry);
  EXPECT_THAT(d->held, SizeIs(3));
  EXPECT_EQ(d->perhaps_retried_under, 1);
}

TEST_F(StdLock, IfItWereOneThatHasNothingBeforeItIsInNoOrder) {
  const Dependency* d =
      Read({Waits(kA, {}), TryB(kCall, {Held(kA, kCall)})}, false);
  ASSERT_NE(d, nullptr);
  EXPECT_EQ(d->perhaps_retried_under, 0);
}

TEST_F(StdLock, ItIsNoneIfNothingThatItHasWasWaitedFor) {
  const Dependency* d =
      Read({TryB(kCall, {Held(kG, kElsewhere), Held(kA, kCall)})}, false);
  ASSERT_NE(d, nullptr);
  EXPECT_EQ(d->perhaps_retried_under, 0);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

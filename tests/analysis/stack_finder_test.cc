// Which of the recorded stacks stands for a request or a hold.
#include "lib/analysis/stack_finder.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/log/log_builder.h"

namespace lockcheck::analysis {
namespace {

using log::BeginHow;
using log::StackReason;
using model::ObjectKind;

// Locks a and b; sites 8 and 9; the main actor 1 and a thread 2.
class StackFinderTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kA = 1, kB = 2, kGuard = 8, kOther = 9;

  StackFinderTest() {
    log_.At(0).Process(1).Actor(1, BeginHow::kMain).Fork(1, 2);
    log_.Object(kA, ObjectKind::kMutex, "a")
        .Object(kB, ObjectKind::kMutex, "b");
    log_.Site(kGuard, {1}).Site(kOther, {2});
    log_.Actor(2, BeginHow::kStarted, {.parent = 1});
  }
  // The actor came to `site` for `object`, holding `held` from kOther.
  void Came(uint32_t actor, uint32_t stack, uint32_t object, uint32_t site,
            uint32_t held = 0, StackReason reason = StackReason::kRequest) {
    log_.In(actor).Stack(
        stack, {reason, object, site, held, held != 0 ? kOther : 0}, {stack});
  }
  void Open() {
    auto opened = log::Recording::OpenBytes("test", log_.bytes());
    ASSERT_TRUE(opened.ok()) << opened.status();
    recording_ = *std::move(opened);
  }
  // The stack's id; 0: the site's own.
  uint32_t Found(uint32_t actor, uint32_t object, uint32_t site,
                 uint32_t held = 0) {
    const auto hold_of = [&](uint32_t id, uint32_t at) {
      return Hold{recording_->FindObject(0, id), model::Mode::kExclusive,
                  recording_->FindSite(at)};
    };
    const Hold below = hold_of(held, kOther);
    const StackIndex found =
        StackFinder(*recording_)
            .OfHold(recording_->FindActor(actor), hold_of(object, site),
                    held != 0 ? &below : nullptr);
    return found == kNone ? 0 : recording_->stacks[found].id;
  }

  log::testing::LogBuilder log_;
  std::unique_ptr<log::Recording> recording_;
};

TEST_F(StackFinderTest, TheActorsOwnWayComesFirst) {
  Came(1, 1, kA, kGuard);
  Came(2, 2, kA, kGuard);
  Open();
  EXPECT_EQ(Found(1, kA, kGuard), 1u);
  EXPECT_EQ(Found(2, kA, kGuard), 2u);
}

TEST_F(StackFinderTest, AnotherClassAtTheSiteIsNoWayToThisOne) {
  Came(1, 1, kA, kGuard);
  Open();
  EXPECT_EQ(Found(1, kB, kGuard), 0u);
}

TEST_F(StackFinderTest, TheSameHoldBelowComesBeforeTheSameActor) {
  Came(1, 1, kA, kGuard, kB);
  Came(2, 2, kA, kGuard);
  Open();
  EXPECT_EQ(Found(2, kA, kGuard, kB), 1u);
  EXPECT_EQ(Found(1, kA, kGuard), 2u);
}

// The runtime records no second stack for the first way to a site.
TEST_F(StackFinderTest, TheFirstWayWithoutAHoldIsTheSitesOwn) {
  Came(2, 2, kA, kGuard, kB);
  Open();
  EXPECT_EQ(Found(1, kA, kGuard), 0u);
  EXPECT_EQ(Found(1, kA, kGuard, kB), 2u);
}

TEST_F(StackFinderTest, AWaitDoesNotSayThatNothingWasHeld) {
  Came(2, 2, kA, kGuard, 0, StackReason::kWait);
  Open();
  EXPECT_EQ(Found(1, kA, kGuard), 0u);
}

TEST_F(StackFinderTest, ARecordingSaysWhoCameToASiteFirst) {
  log_.In(2).Site(10, {3});
  Open();
  EXPECT_EQ(recording_->sites[recording_->FindSite(kGuard)].actor, 1u);
  EXPECT_EQ(recording_->sites[recording_->FindSite(10)].actor, 2u);
}

}  // namespace
}  // namespace lockcheck::analysis

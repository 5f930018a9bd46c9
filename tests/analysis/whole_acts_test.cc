// A trace that was cut somewhere is cut to where nothing is missing.
#include "lib/analysis/whole_acts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WholeActs : public Communication {
 protected:
  void LoseAfter(ActorIndex actor, size_t events) {
    t_.trace().actors[actor].events.resize(events);
    t_.trace().actors[actor].ended = false;
    t_.trace().cut = {actor};
  }
  size_t Left(ActorIndex actor) {
    return t_.trace().actors[actor].events.size();
  }
  const ObjectIndex s_ = t_.Object(ObjectKind::kSemaphore);
};

TEST_F(WholeActs, WhatIsNotCutStays) {
  t_.Post(a_, s_, Post::kRelease);
  t_.Take(b_, s_);
  CutToWholeActs(t_.trace());
  EXPECT_EQ(Left(a_), 1u);
  EXPECT_EQ(Left(b_), 1u);
  EXPECT_THAT(t_.trace().cut, IsEmpty());
}

TEST_F(WholeActs, ATakeWhosePostIsLostIsCutOffWithWhatFollows) {
  for (int i = 0; i < 3; ++i) {
    t_.Post(a_, s_, Post::kRelease);
    t_.Take(b_, s_);
  }
  t_.Section(b_, m_);
  LoseAfter(a_, 2);
  CutToWholeActs(t_.trace());
  EXPECT_EQ(Left(a_), 2u);
  EXPECT_EQ(Left(b_), 2u);
  EXPECT_FALSE(t_.trace().actors[b_].ended);
  EXPECT_THAT(t_.trace().cut, ElementsAre(a_, b_));
}

// What b would have posted to c after it is missing then, too.
TEST_F(WholeActs, OneCutLeadsToTheNext) {
  const ActorIndex c = t_.Actor();
  const ObjectIndex on = t_.Object(ObjectKind::kSemaphore);
  for (int i = 0; i < 2; ++i) {
    t_.Post(a_, s_, Post::kRelease);
    t_.Take(b_, s_);
    t_.Post(b_, on, Post::kRelease);
    t_.Take(c, on);
  }
  LoseAfter(a_, 1);
  CutToWholeActs(t_.trace());
  EXPECT_EQ(Left(b_), 2u);
  EXPECT_EQ(Left(c), 1u);
}

TEST_F(WholeActs, AHoldWhoseEndIsCutOffHasNone) {
  t_.Acquire(b_, m_);
  t_.Post(a_, s_, Post::kRelease);
  t_.Take(b_, s_);
  t_.Release(b_, m_);
  LoseAfter(a_, 0);
  CutToWholeActs(t_.trace());
  ASSERT_EQ(Left(b_), 1u);
  EXPECT_EQ(t_.trace().actors[b_].events[0].match, kNone);
}

}  // namespace
}  // namespace lockcheck::analysis::testing

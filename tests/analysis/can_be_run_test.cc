// Which parts of a trace can be run by the objects' rules alone.
#include "lib/analysis/can_be_run.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/analysis/told_trace.h"

namespace lockcheck::analysis::testing {
namespace {

class Part : public Communication {
 protected:
  // Of all that was told.
  bool CanBeRunWhole() {
    std::vector<uint32_t> length;
    for (const TraceActor& actor : t_.trace().actors) {
      length.push_back(static_cast<uint32_t>(actor.events.size()));
    }
    return CanBeRun(t_.trace(), TraceOrder(t_.trace()), length);
  }

  const ObjectIndex e_ = t_.Object(ObjectKind::kEvent),
                    s_ = t_.Object(ObjectKind::kSemaphore);
};

TEST_F(Part, AFlagIsFoundBeforeItIsCleared) {
  t_.Post(a_, e_, Post::kSet);
  t_.Find(b_, e_, 1);
  t_.Post(a_, e_, Post::kClear);
  EXPECT_TRUE(CanBeRunWhole());
}

TEST_F(Part, AFlagIsNotFoundAfterItWasCleared) {
  t_.Post(a_, e_, Post::kSet);
  t_.Post(a_, e_, Post::kClear);
  t_.Post(a_, s_, Post::kRelease);
  t_.Take(b_, s_);
  t_.Find(b_, e_, 1);
  EXPECT_FALSE(CanBeRunWhole());
}

TEST_F(Part, AFlagMayBeSetAgain) {
  t_.Post(a_, e_, Post::kSet);
  t_.Post(a_, e_, Post::kClear);
  t_.Post(a_, s_, Post::kRelease);
  t_.Take(b_, s_);
  t_.Post(a_, e_, Post::kSet);
  t_.Find(b_, e_, 3);
  EXPECT_TRUE(CanBeRunWhole());
}

// Whoever gives its permit back comes before those who do not.
TEST_F(Part, PermitsAreKeptAtLast) {
  const ObjectIndex slots = t_.Slots(2);
  const ActorIndex c = t_.Actor();
  t_.Take(c, slots);
  t_.GiveBack(c, slots);
  t_.Take(a_, slots);
  t_.Take(b_, slots);
  EXPECT_TRUE(CanBeRunWhole());
}

TEST_F(Part, PermitsAreNotKeptAndGivenToAnother) {
  const ObjectIndex slots = t_.Slots(1);
  t_.Take(a_, slots);
  t_.Post(a_, s_, Post::kRelease);
  t_.Take(b_, s_);
  t_.Take(b_, slots);
  t_.GiveBack(b_, slots);
  EXPECT_FALSE(CanBeRunWhole());
}

}  // namespace
}  // namespace lockcheck::analysis::testing

// The acts on a semaphore that is a signal: those that the log has, in the
// order of their numbers, are a way in which they can have been.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "tests/rounds.h"
#include "tests/runtime/child.h"

namespace lockcheck::testing {
namespace {

struct Acts : log::RecordVisitor {
  struct Act {
    bool takes;
    uint32_t amount;
  };
  std::map<uint32_t, Act> in_order;  // by sequence
  size_t posted = 0, taken = 0;      // permits of acts with a number
  size_t held = 0, given_back = 0;   // holds
  size_t handed = 0, several = 0;    // how often
  uint32_t last = 0;                 // the actor's latest
  bool joins = false, waited = false;

  void OnSegment(const log::SegmentHeader& h) {
    if (h.number == 0) last = 0;
  }
  void OnAcquire(const log::AcquireRecord&) { ++held; }
  void OnSection(uint32_t, uint32_t) { ++held, ++given_back; }
  void OnSection(const log::AcquireRecord&, const log::ReleaseRecord&) {
    ++held, ++given_back;
  }
  void OnRelease(const log::ReleaseRecord&) { ++given_back; }
  void OnPost(const log::PostRecord& p) {
    EXPECT_EQ(p.post, model::Post::kRelease);
    EXPECT_GE(p.value, p.amount);
    if (p.amount > 1) ++several;
    posted += p.amount;
    Add(p.sequence, {false, p.amount});
  }
  void OnTake(const log::TakeRecord& t) {
    if (waited) ++handed;
    waited = false;
    ++taken;
    Add(t.sequence, {true, 1});
  }
  void OnBlock(const log::BlockRecord& b) { joins = b.join; }
  void OnUnblock(model::Outcome outcome, uint64_t) {
    waited = outcome == model::Outcome::kAcquired && !joins;
  }

 private:
  void Add(uint32_t sequence, Act act) {
    EXPECT_GT(sequence, last);
    last = sequence;
    EXPECT_TRUE(in_order.emplace(sequence, act).second)
        << "two acts are number " << sequence;
  }
};

class Permits : public ::testing::TestWithParam<uint32_t> {
 protected:
  Acts Perform(uint32_t seed) {
    Acts acts;
    const Finished finished =
        Child("permits_program",
              {std::to_string(seed), "4", "1000", std::to_string(GetParam())})
            .Options("log=" + (folder_ / "log"))
            .Run();
    EXPECT_TRUE(finished.Succeeded()) << finished;
    EXPECT_EQ(finished.err, "");
    const auto recording = OpenLog(folder_ / "log");
    if (recording == nullptr) return acts;
    EXPECT_TRUE(recording->complete);
    EXPECT_EQ(recording->objects.size(), 1u);
    EXPECT_EQ(recording->objects[0].value, GetParam());
    for (size_t a = 0; a < recording->actors.size(); ++a) {
      recording->Replay(static_cast<log::ActorIndex>(a), acts);
    }
    return acts;
  }

  const Folder folder_;
};

TEST_P(Permits, NoneIsTakenBeforeItIsThereAndInTheEndAllAre) {
  for (int round = 0; round < tests::Rounds(2); ++round) {
    const uint32_t seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Acts acts = Perform(seed);
    size_t there = GetParam(), taken = 0;
    for (const auto& [sequence, act] : acts.in_order) {
      if (act.takes) {
        ASSERT_LE(++taken, there) << "act " << sequence;
      } else {
        there += act.amount;
      }
    }
    EXPECT_EQ(GetParam() + acts.posted,
              acts.taken + acts.held - acts.given_back);
    EXPECT_EQ(acts.held != 0, GetParam() != 0);
    EXPECT_GT(acts.handed, 0u);
    EXPECT_GT(acts.several, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(BeginWith, Permits, ::testing::Values(0u, 3u),
                         [](const auto& info) {
                           return std::to_string(info.param);
                         });

}  // namespace
}  // namespace lockcheck::testing

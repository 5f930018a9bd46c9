// A thread takes a way that it has not come for one that it has only if two
// keys are the same: small numbers must not make them so.
#include <cstdint>
#include <set>

#include "gtest/gtest.h"
#include "instrument/runtime/live.h"
#include "instrument/runtime/pages.h"

namespace lockcheck::runtime {
namespace {

class LiveWayTest : public testing::Test {
 protected:
  LiveWayTest() : thread_(static_cast<Thread*>(MapPages(kThreadBytes))) {
    thread_->kept().hot.holds = &hold_;
    thread_->kept().hot.top = &hold_ + 1;
  }
  ~LiveWayTest() override { UnmapPages(thread_, kThreadBytes); }

  uint64_t Way(uint32_t epoch, uint32_t phase, uint32_t held, uint32_t wanted) {
    thread_->ways_epoch = epoch;
    thread_->phase = phase;
    hold_.object = held;
    return LiveWay(thread_, &hold_ + 1, wanted);
  }

 private:
  Thread* const thread_;
  Hold hold_ = {};
};

TEST_F(LiveWayTest, NoTwoOfManyHaveOneKey) {
  constexpr uint32_t kEach = 24;
  std::set<uint64_t> keys;
  for (uint32_t epoch = 0; epoch < kEach; ++epoch) {
    for (uint32_t phase = 0; phase < kEach; ++phase) {
      for (uint32_t held = 1; held <= kEach; ++held) {
        for (uint32_t wanted = 1; wanted <= kEach; ++wanted) {
          keys.insert(Way(epoch, phase, held, wanted));
        }
      }
    }
  }
  EXPECT_EQ(keys.size(), size_t{kEach} * kEach * kEach * kEach);
}

}  // namespace
}  // namespace lockcheck::runtime

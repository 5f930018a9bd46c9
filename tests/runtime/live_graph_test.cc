// The numbers that a LiveGraph gives to its cycles.
#include <gtest/gtest.h>

#include <cstdint>
#include <list>

#include "instrument/runtime/live_order.h"

namespace lockcheck::runtime {
namespace {

class LiveGraphTest : public ::testing::Test {
 protected:
  LiveGraphTest() {
    for (LiveNode* node : {&a_, &b_, &c_}) graph_.Add(*node);
  }
  LiveEdge& Connect(LiveNode& from, LiveNode& to) {
    graph_.Connect(edges_.emplace_back(), from, to);
    return edges_.back();
  }
  LiveGraph graph_;
  LiveNode a_, b_, c_;
  std::list<LiveEdge> edges_;
};

TEST_F(LiveGraphTest, AnEdgeWithinACycleNeedsNoSearch) {
  Connect(a_, b_), Connect(b_, c_), Connect(c_, a_);
  const uint64_t searches = graph_.searches();
  Connect(b_, a_);
  EXPECT_EQ(graph_.searches(), searches);
}

TEST_F(LiveGraphTest, ANumberOfACycleThatIsGoneIsNotTrusted) {
  LiveEdge& ab = Connect(a_, b_);
  LiveEdge& ba = Connect(b_, a_);
  graph_.Remove(ab), graph_.Remove(ba);
  Connect(b_, c_), Connect(c_, a_);
  Connect(a_, b_);
  EXPECT_NE(c_.cycle, 0u);
  EXPECT_EQ(c_.cycle, a_.cycle);
  EXPECT_EQ(c_.cycle, b_.cycle);
}

}  // namespace
}  // namespace lockcheck::runtime

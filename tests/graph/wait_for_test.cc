#include "lib/graph/wait_for.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/rounds.h"

namespace lockcheck::graph {
namespace {

using model::WaitRule;
using testing::ElementsAre;
using testing::IsEmpty;
using State = WaitNode::State;

WaitNode Live() { return {}; }
WaitNode Dead() { return {State::kDead, WaitRule::kAll, {}}; }
WaitNode All(std::vector<Vertex> of) {
  return {State::kWaiting, WaitRule::kAll, std::move(of)};
}
WaitNode Any(std::vector<Vertex> of) {
  return {State::kWaiting, WaitRule::kAny, std::move(of)};
}

std::vector<bool> Stuck(std::vector<WaitNode> nodes) {
  return FindStuck(nodes);
}

TEST(WaitForTest, WhoWaitsForALiveActorIsNotStuck) {
  EXPECT_THAT(Stuck({All({1}), All({2}), Live()}),
              ElementsAre(false, false, false));
}

TEST(WaitForTest, ACycleIsStuckAndSoIsWhoWaitsForIt) {
  EXPECT_THAT(Stuck({All({1}), All({0}), All({0})}),
              ElementsAre(true, true, true));
}

TEST(WaitForTest, AllMeansThatOneStuckProviderIsEnough) {
  EXPECT_THAT(Stuck({All({1, 2}), All({0}), Live()}),
              ElementsAre(true, true, false));
}

TEST(WaitForTest, AnyMeansThatOneLiveProviderIsEnough) {
  EXPECT_THAT(Stuck({Any({1, 2}), All({0}), Live()}),
              ElementsAre(false, false, false));
}

TEST(WaitForTest, AnyIsStuckInAKnot) {
  EXPECT_THAT(Stuck({Any({1, 2}), All({0}), Any({0, 1})}),
              ElementsAre(true, true, true));
}

TEST(WaitForTest, TheDeadHelpNobodyAndAreNotStuckThemselves) {
  EXPECT_THAT(Stuck({All({1}), Dead()}), ElementsAre(true, false));
}

TEST(WaitForTest, AWaitThatNeedsNobodyCanEnd) {
  EXPECT_THAT(Stuck({All({}), Any({})}), ElementsAre(false, false));
}

TEST(WaitForTest, EachComponentGivesOneCycleFromItsSmallestNode) {
  const std::vector<WaitNode> nodes = {All({2}), All({3}), All({4}),
                                       All({1}), All({2}), All({5})};
  EXPECT_THAT(
      WaitCycles(nodes, FindStuck(nodes)),
      ElementsAre(ElementsAre(1, 3), ElementsAre(2, 4), ElementsAre(5)));
}

// As readers that all want to write: each waits for itself, too.
TEST(WaitForTest, WhoWaitsForOthersTooIsInTheirCycle) {
  const std::vector<WaitNode> nodes = {All({0, 1, 2}), All({0, 1, 2}),
                                       All({0, 1, 2}), All({3, 0})};
  EXPECT_THAT(WaitCycles(nodes, FindStuck(nodes)),
              ElementsAre(ElementsAre(0, 1), ElementsAre(3)));
}

TEST(WaitForTest, CyclesStayAmongTheNodesAskedFor) {
  const std::vector<WaitNode> nodes = {All({1}), All({0})};
  EXPECT_THAT(WaitCycles(nodes, {true, false}), IsEmpty());
}

// Against the definition, evaluated until nothing changes.
TEST(WaitForTest, RandomGraphsAgreeWithTheFixpointOfTheDefinition) {
  const uint32_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < tests::Rounds(1'000); ++round) {
    const uint32_t n = 1 + random() % 7;
    std::vector<WaitNode> nodes(n);
    std::vector<bool> live(n, false);
    for (WaitNode& node : nodes) {
      node.state = static_cast<State>(random() % 3);
      node.rule = static_cast<WaitRule>(random() % 2);
      for (uint32_t k = random() % 4; k > 0; --k) {
        node.providers.push_back(random() % n);
      }
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (uint32_t v = 0; v < n; ++v) {
        if (live[v] || nodes[v].state == State::kDead) continue;
        const auto& p = nodes[v].providers;
        const auto is_live = [&](Vertex u) { return live[u]; };
        if (nodes[v].state == State::kLive || p.empty() ||
            (nodes[v].rule == WaitRule::kAll
                 ? std::all_of(p.begin(), p.end(), is_live)
                 : std::any_of(p.begin(), p.end(), is_live))) {
          live[v] = changed = true;
        }
      }
    }
    const std::vector<bool> stuck = FindStuck(nodes);
    for (uint32_t v = 0; v < n; ++v) {
      EXPECT_EQ(stuck[v], !live[v] && nodes[v].state == State::kWaiting);
    }
  }
}

}  // namespace
}  // namespace lockcheck::graph

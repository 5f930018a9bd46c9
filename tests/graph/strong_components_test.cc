#include "lib/graph/strong_components.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/rounds.h"

namespace lockcheck::graph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(StrongComponentsTest, AnEmptyGraphHasNone) {
  EXPECT_THAT(StrongComponents(0, {}).size, IsEmpty());
}

TEST(StrongComponentsTest, VerticesOfACycleShareOneComponent) {
  const std::vector<Edge> edges = {{0, 1}, {1, 2}, {2, 0}, {2, 3}};
  const Components found = StrongComponents(4, edges);
  EXPECT_EQ(found.of[0], found.of[1]);
  EXPECT_EQ(found.of[1], found.of[2]);
  EXPECT_NE(found.of[2], found.of[3]);
  EXPECT_EQ(found.size[found.of[0]], 3u);
  EXPECT_EQ(found.size[found.of[3]], 1u);
}

TEST(StrongComponentsTest, AnEdgeBetweenComponentsGoesToTheSmallerNumber) {
  const std::vector<Edge> edges = {{0, 1}, {1, 2}};
  EXPECT_THAT(StrongComponents(3, edges).of, ElementsAre(2, 1, 0));
}

TEST(StrongComponentsTest, ParallelEdgesAndSelfLoopsChangeNothing) {
  const std::vector<Edge> edges = {{0, 0}, {0, 1}, {0, 1}};
  EXPECT_THAT(StrongComponents(2, edges).size, ElementsAre(1, 1));
}

TEST(StrongComponentsTest, AChainOfAMillionDoesNotUseUpTheStack) {
  constexpr uint32_t kLength = 1'000'000;
  std::vector<Edge> edges;
  for (uint32_t v = 0; v + 1 < kLength; ++v) edges.push_back({v, v + 1});
  EXPECT_EQ(StrongComponents(kLength, edges).size.size(), kLength);
}

// Against the definition: u and v belong together iff each reaches the other.
TEST(StrongComponentsTest, RandomGraphsAgreeWithReachability) {
  const uint32_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < tests::Rounds(500); ++round) {
    const uint32_t n = 1 + random() % 9;
    std::vector<Edge> edges(random() % (2 * n));
    std::vector<std::vector<bool>> reach(n, std::vector<bool>(n, false));
    for (Edge& e : edges) {
      e = {random() % n, random() % n};
      reach[e.first][e.second] = true;
    }
    for (uint32_t k = 0; k < n; ++k) {
      for (uint32_t i = 0; i < n; ++i) {
        for (uint32_t j = 0; j < n; ++j) {
          if (reach[i][k] && reach[k][j]) reach[i][j] = true;
        }
      }
    }
    const Components found = StrongComponents(n, edges);
    for (uint32_t i = 0; i < n; ++i) {
      for (uint32_t j = 0; j < n; ++j) {
        EXPECT_EQ(found.of[i] == found.of[j],
                  i == j || (reach[i][j] && reach[j][i]));
      }
    }
  }
}

}  // namespace
}  // namespace lockcheck::graph

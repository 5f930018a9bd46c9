#include "lib/graph/simple_cycles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/rounds.h"

namespace lockcheck::graph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Cycle = std::vector<EdgeIndex>;

class Collector : public CycleVisitor {
 public:
  bool OnExtend(std::span<const EdgeIndex> path, EdgeIndex edge) override {
    ++extensions;
    EXPECT_EQ(path.size(), depth);
    if (std::find(refused.begin(), refused.end(), edge) != refused.end()) {
      return false;
    }
    ++depth;
    return true;
  }
  void OnRetract() override { --depth; }
  bool OnCycle(std::span<const EdgeIndex> cycle) override {
    EXPECT_EQ(cycle.size(), depth);
    cycles.emplace_back(cycle.begin(), cycle.end());
    return cycles.size() < wanted;
  }

  std::vector<Cycle> cycles;
  std::vector<EdgeIndex> refused;
  size_t wanted = ~size_t{0}, extensions = 0, depth = 0;
};

struct Found {
  std::vector<Cycle> cycles;
  CycleSearch search;
};

Found Enumerate(uint32_t vertices, const std::vector<Edge>& edges,
                CycleBounds bounds = {}) {
  Collector collector;
  const CycleSearch search = SimpleCycles(vertices, edges, bounds, collector);
  EXPECT_EQ(collector.depth, 0u) << "every accepted edge is retracted";
  return {collector.cycles, search};
}

std::vector<Edge> Ring(uint32_t length) {
  std::vector<Edge> edges;
  for (uint32_t v = 0; v < length; ++v) edges.push_back({v, (v + 1) % length});
  return edges;
}

// Every ordered pair of vertices.
std::vector<Edge> Complete(uint32_t vertices) {
  std::vector<Edge> edges;
  for (uint32_t u = 0; u < vertices; ++u) {
    for (uint32_t v = 0; v < vertices; ++v) {
      if (u != v) edges.push_back({u, v});
    }
  }
  return edges;
}

TEST(SimpleCyclesTest, ARingIsOneCycleFromItsSmallestVertex) {
  EXPECT_THAT(Enumerate(5, Ring(5)).cycles,
              ElementsAre(ElementsAre(0, 1, 2, 3, 4)));
}

TEST(SimpleCyclesTest, ParallelEdgesAreDifferentCycles) {
  const Found found = Enumerate(2, {{0, 1}, {0, 1}, {1, 0}});
  EXPECT_THAT(found.cycles, ElementsAre(ElementsAre(0, 2), ElementsAre(1, 2)));
}

TEST(SimpleCyclesTest, SelfLoopsAreIgnored) {
  EXPECT_THAT(Enumerate(1, {{0, 0}}).cycles, IsEmpty());
}

TEST(SimpleCyclesTest, ARingLongerThanTheBoundIsNamedAsCut) {
  const Found found = Enumerate(10, Ring(10), {.max_length = 9});
  EXPECT_THAT(found.cycles, IsEmpty());
  EXPECT_TRUE(found.search.length_cut);
  EXPECT_FALSE(Enumerate(10, Ring(10), {.max_length = 10}).search.length_cut);
}

TEST(SimpleCyclesTest, ASearchThatRunsOutOfStepsSaysSo) {
  const Found found = Enumerate(12, Complete(12), {.max_steps = 10'000});
  EXPECT_TRUE(found.search.steps_cut);
}

TEST(SimpleCyclesTest, WhenStepsRunOutTheShortCyclesHaveBeenFound) {
  const Found found = Enumerate(12, Complete(12), {.max_steps = 10'000});
  const auto pairs =
      std::count_if(found.cycles.begin(), found.cycles.end(),
                    [](const Cycle& c) { return c.size() == 2; });
  EXPECT_EQ(pairs, 12 * 11 / 2);
}

TEST(SimpleCyclesTest, ARefusedEdgeIsNotExtended) {
  Collector collector;
  collector.refused = {0};
  SimpleCycles(5, Ring(5), {}, collector);
  EXPECT_THAT(collector.cycles, IsEmpty());
  // Asked once for each group of lengths in which the ring could close.
  EXPECT_EQ(collector.extensions, 1u);
}

TEST(SimpleCyclesTest, TheVisitorEndsTheSearch) {
  Collector collector;
  collector.wanted = 3;
  SimpleCycles(8, Complete(8), {}, collector);
  EXPECT_EQ(collector.cycles.size(), 3u);
}

TEST(SimpleCyclesTest, LengthsComeInGroups) {
  const Found found = Enumerate(6, Complete(6));
  const auto group = [](const Cycle& c) {
    return c.size() <= 2 ? 0 : c.size() <= 4 ? 1 : 2;
  };
  EXPECT_TRUE(std::is_sorted(
      found.cycles.begin(), found.cycles.end(),
      [&](const Cycle& a, const Cycle& b) { return group(a) < group(b); }));
}

TEST(SimpleCyclesTest, AHugeRingOfPairsCostsStepsInProportion) {
  constexpr uint32_t kVertices = 20'000;
  std::vector<Edge> edges = Ring(kVertices);
  for (uint32_t v = 0; v < kVertices; ++v) {
    edges.push_back({(v + 1) % kVertices, v});
  }
  const Found found = Enumerate(kVertices, edges, {.max_length = 2});
  EXPECT_EQ(found.cycles.size(), kVertices);
  EXPECT_FALSE(found.search.steps_cut);
}

// All cycles by the definition, with no pruning at all.
void Naive(const std::vector<Edge>& edges, Cycle& path,
           std::vector<uint32_t>& vertices, std::set<Cycle>& found) {
  for (EdgeIndex e = 0; e < edges.size(); ++e) {
    const auto [from, to] = edges[e];
    if (from != vertices.back() || to < vertices.front() || from == to)
      continue;
    path.push_back(e);
    if (to == vertices.front()) {
      found.insert(path);
    } else if (std::find(vertices.begin(), vertices.end(), to) ==
               vertices.end()) {
      vertices.push_back(to);
      Naive(edges, path, vertices, found);
      vertices.pop_back();
    }
    path.pop_back();
  }
}

TEST(SimpleCyclesTest, RandomGraphsAgreeWithASearchWithoutPruning) {
  const uint32_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < tests::Rounds(1'000); ++round) {
    const uint32_t n = 2 + random() % 6;
    const size_t max_length = 2 + random() % 7;
    std::vector<Edge> edges(random() % (3 * n));
    for (Edge& e : edges) e = {random() % n, random() % n};
    std::set<Cycle> expected;
    for (uint32_t start = 0; start < n; ++start) {
      Cycle path;
      std::vector<uint32_t> vertices = {start};
      Naive(edges, path, vertices, expected);
    }
    const size_t all = expected.size();
    std::erase_if(expected,
                  [&](const Cycle& c) { return c.size() > max_length; });
    const Found found = Enumerate(n, edges, {.max_length = max_length});
    EXPECT_EQ(std::set<Cycle>(found.cycles.begin(), found.cycles.end()),
              expected);
    EXPECT_EQ(found.cycles.size(), expected.size()) << "one came twice";
    EXPECT_TRUE(found.search.length_cut || all == expected.size());
  }
}

}  // namespace
}  // namespace lockcheck::graph

#include "lib/analysis/phase_order.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "lib/analysis/observations.h"
#include "tests/rounds.h"

namespace lockcheck::analysis {
namespace {

class PhaseOrderTest : public testing::Test {
 protected:
  void Actors(size_t count) {
    observations_.actor_count = count;
    observations_.phase_count.assign(count, 1);
  }
  // The child's first phase comes after what the parent did so far.
  void Fork(ActorIndex parent, ActorIndex child) {
    auto& phases = observations_.phase_count[parent];
    observations_.phase_edges.push_back({parent, phases - 1, child, 0});
    ++phases;
  }
  void Join(ActorIndex parent, ActorIndex child) {
    auto& phases = observations_.phase_count[parent];
    const uint32_t last = observations_.phase_count[child] - 1;
    observations_.phase_edges.push_back({child, last, parent, phases});
    ++phases;
  }
  bool Unordered(ActorIndex a, uint32_t phase, ActorIndex b,
                 uint32_t other_phase) {
    PhaseOrder order(observations_);
    const bool one = order.ConeOf(a, phase).Concurrent(b).Contains(other_phase);
    const bool two = order.ConeOf(b, other_phase).Concurrent(a).Contains(phase);
    EXPECT_EQ(one, two) << "the relation is symmetric";
    return one;
  }

  Observations observations_;
};

TEST_F(PhaseOrderTest, AChildOverlapsWithWhatFollowsItsForkUntilItsJoin) {
  Actors(2);
  Fork(0, 1);
  Join(0, 1);
  EXPECT_FALSE(Unordered(0, 0, 1, 0));
  EXPECT_TRUE(Unordered(0, 1, 1, 0));
  EXPECT_FALSE(Unordered(0, 2, 1, 0));
}

// Each submitted by an actor of its own, and run by actor 4.
TEST_F(PhaseOrderTest, TasksOfOneWorkerAreNeverAtOnceAndInNoOrder) {
  Actors(5);
  observations_.alone_on = {kNone, kNone, 4, 4, kNone};
  Fork(0, 2);
  Fork(1, 3);
  Join(4, 2);
  Join(4, 3);
  EXPECT_FALSE(Unordered(2, 0, 3, 0));
  EXPECT_TRUE(Unordered(0, 0, 3, 0));
  EXPECT_TRUE(Unordered(1, 0, 2, 0));
  EXPECT_FALSE(Unordered(0, 0, 2, 0));
}

TEST_F(PhaseOrderTest, SiblingsOverlapUnlessOneIsJoinedBeforeTheOtherIsForked) {
  Actors(4);
  Fork(0, 1);
  Fork(0, 2);
  Join(0, 1);
  Fork(0, 3);
  EXPECT_TRUE(Unordered(1, 0, 2, 0));
  EXPECT_FALSE(Unordered(1, 0, 3, 0));
  EXPECT_TRUE(Unordered(2, 0, 3, 0));
}

TEST_F(PhaseOrderTest, OrderIsTransitiveOverManyActors) {
  constexpr ActorIndex kActors = 100;
  Actors(kActors);
  for (ActorIndex a = 0; a + 1 < kActors; ++a) Fork(a, a + 1);
  EXPECT_FALSE(Unordered(0, 0, kActors - 1, 0));
  EXPECT_TRUE(Unordered(0, 1, kActors - 1, 0));
}

TEST_F(PhaseOrderTest, AnActorWithoutEdgesIsUnorderedWithAll) {
  Actors(3);
  Fork(0, 1);
  Join(0, 1);
  for (uint32_t phase = 0; phase < 3; ++phase) {
    EXPECT_TRUE(Unordered(0, phase, 2, 0));
  }
}

TEST_F(PhaseOrderTest, ManyMorePhasesThanAreRememberedGiveTheSameAnswers) {
  constexpr ActorIndex kWorkers = 300;
  Actors(kWorkers + 1);
  for (ActorIndex a = 1; a <= kWorkers; ++a) {
    Fork(0, a);
    Join(0, a);
  }
  PhaseOrder order(observations_);
  for (int twice = 0; twice < 2; ++twice) {
    for (ActorIndex a = 1; a <= kWorkers; ++a) {
      const ActorIndex other = a % kWorkers + 1;
      EXPECT_FALSE(order.ConeOf(a, 0).Concurrent(other).Contains(0));
    }
  }
}

// Against reachability in the whole phase graph.
TEST_F(PhaseOrderTest, RandomForksAndJoinsAgreeWithReachability) {
  const uint32_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < tests::Rounds(200); ++round) {
    observations_ = {};
    const ActorIndex actors = 2 + random() % 5;
    Actors(actors);
    std::vector<bool> started(actors, false), joined(actors, false);
    started[0] = true;
    for (int step = 0; step < 20; ++step) {
      const ActorIndex a = random() % actors, b = random() % actors;
      if (a == b || !started[a] || joined[a] || joined[b] || b == 0) continue;
      started[b] ? Join(a, b) : Fork(a, b);
      joined[b] = started[b];
      started[b] = true;
    }
    std::vector<uint32_t> first(actors + 1, 0);
    for (ActorIndex a = 0; a < actors; ++a) {
      first[a + 1] = first[a] + observations_.phase_count[a];
    }
    const uint32_t n = first[actors];
    std::vector<std::vector<bool>> reach(n, std::vector<bool>(n, false));
    for (ActorIndex a = 0; a < actors; ++a) {
      for (uint32_t i = first[a]; i + 1 < first[a + 1]; ++i) {
        reach[i][i + 1] = true;
      }
    }
    for (const PhaseEdge& e : observations_.phase_edges) {
      reach[first[e.from_actor] + e.from_phase]
           [first[e.to_actor] + e.to_phase] = true;
    }
    for (uint32_t k = 0; k < n; ++k) {
      for (uint32_t i = 0; i < n; ++i) {
        for (uint32_t j = 0; j < n; ++j) {
          if (reach[i][k] && reach[k][j]) reach[i][j] = true;
        }
      }
    }
    PhaseOrder order(observations_);
    for (ActorIndex a = 0; a < actors; ++a) {
      for (ActorIndex b = 0; b < actors; ++b) {
        if (a == b) continue;
        for (uint32_t p = 0; p < observations_.phase_count[a]; ++p) {
          for (uint32_t q = 0; q < observations_.phase_count[b]; ++q) {
            const uint32_t x = first[a] + p, y = first[b] + q;
            EXPECT_EQ(order.ConeOf(a, p).Concurrent(b).Contains(q),
                      !reach[x][y] && !reach[y][x]);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace lockcheck::analysis

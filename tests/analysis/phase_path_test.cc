// The ways between phases, beside PhaseOrder, which knows whether there is one.
#include "lib/analysis/phase_path.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "lib/analysis/phase_order.h"
#include "tests/rounds.h"

namespace lockcheck::analysis {
namespace {

// A random program: actors start others and join some of those.
Observations RandomProgram(std::mt19937& random) {
  Observations o;
  std::vector<uint32_t> phases = {0};
  std::vector<bool> has_ended = {false};
  for (int act = 0; act < 25; ++act) {
    const auto actor = static_cast<ActorIndex>(random() % phases.size());
    if (has_ended[actor]) continue;
    if (random() % 2 == 0) {
      const auto child = static_cast<ActorIndex>(phases.size());
      o.phase_edges.push_back({actor, phases[actor]++, child, 0});
      phases.push_back(0);
      has_ended.push_back(false);
      continue;
    }
    const auto other = static_cast<ActorIndex>(random() % phases.size());
    if (other == actor || other == 0) continue;
    has_ended[other] = true;
    o.phase_edges.push_back({other, phases[other], actor, ++phases[actor]});
  }
  o.actor_count = phases.size();
  o.phase_count.assign(phases.begin(), phases.end());
  for (uint32_t& count : o.phase_count) ++count;
  return o;
}

ActorIndex From(const OrderingStep& step) {
  return step.act == EventKind::kFork ? step.actor : step.other;
}
ActorIndex To(const OrderingStep& step) {
  return step.act == EventKind::kFork ? step.other : step.actor;
}

TEST(PhasePath, ThereIsOneIfAndOnlyIfTheyAreInOrder) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  size_t ways = 0;
  for (int round = 0; round < tests::Rounds(200); ++round) {
    const Observations o = RandomProgram(random);
    PhaseOrder order(o);
    PhasePaths paths(o);
    const auto any = [&]() -> PhasePaths::Phase {
      const auto actor = static_cast<ActorIndex>(random() % o.actor_count);
      return {actor, static_cast<uint32_t>(random() % o.phase_count[actor])};
    };
    for (int i = 0; i < 100; ++i) {
      const auto from = any(), to = any();
      if (from.actor == to.actor) continue;
      const bool is_before =
          order.ConeOf(from.actor, from.phase).Concurrent(to.actor).before <=
          to.phase;
      const std::vector<OrderingStep> path = paths.Path(from, to);
      ASSERT_EQ(!path.empty(), is_before);
      if (!is_before) continue;
      ++ways;
      ASSERT_EQ(From(path.front()), from.actor);
      ASSERT_EQ(To(path.back()), to.actor);
      for (size_t step = 1; step < path.size(); ++step) {
        ASSERT_EQ(To(path[step - 1]), From(path[step]));
      }
    }
  }
  EXPECT_GT(ways, 100u);
}

}  // namespace
}  // namespace lockcheck::analysis

#include "lib/analysis/phase_path.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace lockcheck::analysis {
namespace {

std::pair<ActorIndex, uint32_t> OutOf(const PhaseEdge& edge) {
  return {edge.from_actor, edge.from_phase};
}

OrderingStep StepOf(const PhaseEdge& edge) {
  if (edge.to_phase == 0) {
    return {edge.from_actor, edge.to_actor, EventKind::kFork};
  }
  return {edge.to_actor, edge.from_actor, EventKind::kJoin, kNone, edge.site};
}

}  // namespace

struct PhasePaths::Reached {
  Phase at;
  size_t before;                    // index of the one it was reached from
  const PhaseEdge* edge = nullptr;  // null: it is where the way begins
};

void PhasePaths::SortEdges() {
  edges_ = observations_.phase_edges;
  std::stable_sort(edges_.begin(), edges_.end(),
                   [](const PhaseEdge& a, const PhaseEdge& b) {
                     return OutOf(a) < OutOf(b);
                   });
}

// Breadth first. An actor is looked at again when an earlier phase of it is
// reached, and then only at the edges that this adds.
std::vector<OrderingStep> PhasePaths::Path(Phase from, Phase to) {
  if (edges_.size() != observations_.phase_edges.size()) SortEdges();
  const auto first_from = [&](Phase phase) {
    const auto at = std::lower_bound(
        edges_.begin(), edges_.end(), std::pair(phase.actor, phase.phase),
        [](const PhaseEdge& edge, const auto& key) {
          return OutOf(edge) < key;
        });
    return static_cast<size_t>(at - edges_.begin());
  };
  struct Known {
    uint32_t phase;   // the earliest one that was reached
    size_t followed;  // its actor's edges from that one on
  };
  absl::flat_hash_map<ActorIndex, Known> known;
  std::vector<Reached> reached;
  const auto reach = [&](const Reached& next) {
    const auto [at, is_new] = known.try_emplace(
        next.at.actor,
        Known{next.at.phase, first_from({next.at.actor + 1, 0})});
    if (!is_new && at->second.phase <= next.at.phase) return;
    at->second.phase = next.at.phase;
    reached.push_back(next);
  };
  reach({from, 0});
  for (size_t i = 0; i < reached.size(); ++i) {
    const Phase at = reached[i].at;
    if (i != 0 && at.actor == to.actor && at.phase <= to.phase) {
      reached.resize(i + 1);
      return StepsTo(reached);
    }
    const size_t begin = first_from(at);
    const size_t end = std::exchange(known.at(at.actor).followed, begin);
    for (size_t e = begin; e < end; ++e) {
      if (++looks_ > kMostLooks) return {};
      const PhaseEdge& edge = edges_[e];
      reach({{edge.to_actor, edge.to_phase}, i, &edge});
    }
  }
  return {};
}

std::vector<OrderingStep> PhasePaths::StepsTo(
    const std::vector<Reached>& reached) const {
  std::vector<OrderingStep> steps;
  for (const Reached* at = &reached.back(); at->edge != nullptr;
       at = &reached[at->before]) {
    steps.push_back(StepOf(*at->edge));
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

}  // namespace lockcheck::analysis

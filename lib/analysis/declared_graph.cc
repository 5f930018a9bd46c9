#include "lib/analysis/declared_graph.h"

#include <algorithm>
#include <deque>

namespace lockcheck::analysis {

using log::kNone;

DeclaredGraph::DeclaredGraph(const log::Recording& recording,
                             std::span<const uint32_t> declarations)
    : recording_(recording) {
  std::vector<graph::Edge> edges;
  for (const uint32_t declaration : declarations) {
    const log::DeclaredOrder& order = recording.declared_orders[declaration];
    const Vertex from = Add(order.first);
    const Vertex to = Add(order.second);
    next_[from].push_back({to, declaration});
    edges.emplace_back(from, to);
  }
  components_ =
      graph::StrongComponents(static_cast<uint32_t>(next_.size()), edges);
}

DeclaredGraph::Vertex DeclaredGraph::Add(log::ObjectIndex object) {
  const auto [at, is_new] = vertex_of_.try_emplace(
      recording_.objects[object].id, static_cast<Vertex>(next_.size()));
  if (is_new) next_.emplace_back();
  return at->second;
}

DeclaredGraph::Vertex DeclaredGraph::Find(log::ObjectIndex object) const {
  if (object >= recording_.objects.size()) return kNone;
  const auto at = vertex_of_.find(recording_.objects[object].id);
  return at == vertex_of_.end() ? kNone : at->second;
}

const DeclaredPath& DeclaredGraph::Path(log::ObjectIndex from_object,
                                        log::ObjectIndex to_object) {
  const Vertex from = Find(from_object);
  const Vertex to = Find(to_object);
  if (from == kNone || to == kNone) return none_;
  // An edge between two components goes to the smaller number.
  if (components_.of[from] <= components_.of[to]) return none_;
  const auto [at, is_new] = known_.try_emplace(std::pair(from, to));
  if (is_new) at->second = Search(from, to);
  return at->second;
}

// Breadth first, through what can lead there.
DeclaredPath DeclaredGraph::Search(Vertex from, Vertex to) {
  struct Step {
    Vertex before;
    uint32_t declaration;
  };
  absl::flat_hash_map<Vertex, Step> reached;
  std::deque<Vertex> open = {from};
  while (!open.empty() && !reached.contains(to)) {
    const Vertex at = open.front();
    open.pop_front();
    for (const Arrow& arrow : next_[at]) {
      if (++looks_ > kMostLooks) {
        is_cut_ = true;
        return {};
      }
      if (components_.of[arrow.to] < components_.of[to]) continue;
      if (reached.try_emplace(arrow.to, Step{at, arrow.declaration}).second) {
        open.push_back(arrow.to);
      }
    }
  }
  DeclaredPath path;
  if (!reached.contains(to)) return path;
  Vertex at = to;
  do {
    const Step& step = reached.at(at);
    path.push_back(step.declaration);
    at = step.before;
  } while (at != from);
  std::reverse(path.begin(), path.end());
  return path;
}

std::vector<DeclaredPath> DeclaredGraph::Contradictions() {
  std::vector<DeclaredPath> cycles;
  std::vector<bool> is_known(components_.size.size());
  for (Vertex from = 0; from < next_.size(); ++from) {
    const uint32_t component = components_.of[from];
    const bool before_itself =
        std::any_of(next_[from].begin(), next_[from].end(),
                    [&](const Arrow& arrow) { return arrow.to == from; });
    if (is_known[component]) continue;
    if (components_.size[component] == 1 && !before_itself) continue;
    is_known[component] = true;
    if (DeclaredPath cycle = Search(from, from); !cycle.empty()) {
      cycles.push_back(std::move(cycle));
    }
  }
  return cycles;
}

}  // namespace lockcheck::analysis

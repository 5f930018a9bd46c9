#include "lib/graph/wait_for.h"

#include <algorithm>

namespace lockcheck::graph {
namespace {

// From `start` along first providers of which inside(node, provider), until one
// comes again; the cycle alone, rotated to its smallest node.
template <typename Inside>
std::vector<Vertex> WalkCycle(std::span<const WaitNode> nodes, Vertex start,
                              Inside inside) {
  std::vector<Vertex> path;
  Vertex v = start;
  for (;;) {
    const auto again = std::find(path.begin(), path.end(), v);
    if (again != path.end()) {
      path.erase(path.begin(), again);
      break;
    }
    path.push_back(v);
    const auto& providers = nodes[v].providers;
    v = *std::find_if(providers.begin(), providers.end(),
                      [&](Vertex p) { return inside(v, p); });
  }
  std::rotate(path.begin(), std::min_element(path.begin(), path.end()),
              path.end());
  return path;
}

}  // namespace

std::vector<bool> FindStuck(std::span<const WaitNode> nodes) {
  std::vector<std::vector<Vertex>> waiters(nodes.size());
  std::vector<size_t> missing(nodes.size(), 0);
  std::vector<bool> live(nodes.size(), false);
  std::vector<Vertex> queue;
  for (Vertex v = 0; v < nodes.size(); ++v) {
    const WaitNode& node = nodes[v];
    if (node.state == WaitNode::State::kDead) continue;
    if (node.state == WaitNode::State::kWaiting && !node.providers.empty()) {
      const bool all = node.rule == model::WaitRule::kAll;
      missing[v] = all ? node.providers.size() : 1;
      for (const Vertex p : node.providers) waiters[p].push_back(v);
      continue;
    }
    live[v] = true;
    queue.push_back(v);
  }
  while (!queue.empty()) {
    const Vertex v = queue.back();
    queue.pop_back();
    for (const Vertex waiter : waiters[v]) {
      if (missing[waiter] == 0 || --missing[waiter] > 0) continue;
      live[waiter] = true;
      queue.push_back(waiter);
    }
  }
  std::vector<bool> stuck(nodes.size(), false);
  for (Vertex v = 0; v < nodes.size(); ++v) {
    stuck[v] = nodes[v].state == WaitNode::State::kWaiting && !live[v];
  }
  return stuck;
}

std::vector<std::vector<Vertex>> WaitCycles(std::span<const WaitNode> nodes,
                                            const std::vector<bool>& among) {
  std::vector<Edge> edges;
  std::vector<bool> self_loop(nodes.size(), false);
  for (Vertex v = 0; v < nodes.size(); ++v) {
    if (!among[v]) continue;
    for (const Vertex p : nodes[v].providers) {
      if (among[p]) edges.push_back({v, p});
      if (p == v) self_loop[v] = true;
    }
  }
  const auto vertices = static_cast<uint32_t>(nodes.size());
  const Components components = StrongComponents(vertices, edges);
  std::vector<bool> done(components.size.size(), false);
  std::vector<std::vector<Vertex>> cycles;
  for (Vertex v = 0; v < vertices; ++v) {
    const uint32_t component = components.of[v];
    if (done[component]) continue;
    if (components.size[component] < 2 && !self_loop[v]) continue;
    done[component] = true;
    // Who waits for others too is in their cycle.
    const bool alone = components.size[component] < 2;
    cycles.push_back(WalkCycle(nodes, v, [&](Vertex from, Vertex p) {
      return among[p] && components.of[p] == component && (alone || p != from);
    }));
  }
  return cycles;
}

}  // namespace lockcheck::graph

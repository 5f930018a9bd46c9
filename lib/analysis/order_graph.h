// The lock-order graph, reduced to what can lie on a cycle.
//
// Vertices are locks and END(actor) pseudo-locks; a dependency gives an arc
// from every lock held to the lock requested. END(u) is held by actor u during
// all it does: a request by u, with or without locks held, gives an arc from
// END(u) to what it asks for. Arcs are told apart by where the one lock was
// acquired and where the other was requested; all dependencies with the same
// arc are its steps, so 800 threads that do the same make one arc.
//
// A lock without an arc in or without one out cannot lie on a cycle
// (MagicFuzzer's reduction, Cai & Chan 2012); the strong components of the
// graph leave out those and all else that lies between cycles. Only the
// components of two vertices or more get arcs and steps, so that a healthy log
// costs one linear pass.
//
// Cost: linear in dependencies and held locks. Steps point into the
// observations, which must outlive the graph.
#ifndef LOCKCHECK_LIB_ANALYSIS_ORDER_GRAPH_H_
#define LOCKCHECK_LIB_ANALYSIS_ORDER_GRAPH_H_

#include <cstdint>
#include <span>
#include <vector>

#include "lib/analysis/observations.h"
#include "lib/graph/strong_components.h"

namespace lockcheck::analysis {

// One dependency (or request) seen as a way to take one arc.
struct Step {
  ActorIndex actor = kNone;
  model::Mode mode = model::Mode::kExclusive;       // of the request
  model::Mode hold_mode = model::Mode::kExclusive;  // of the arc's `from`
  model::How how = model::How::kBlocking;
  StackIndex stack = kNone;
  uint64_t count = 0;
  std::span<const Hold> held;  // without END(actor)
  std::span<const uint32_t> phases;
  bool is_perhaps = false;  // see Dependency::perhaps_retried_under
};

struct Arc {
  graph::Vertex from = 0, to = 0;  // in its component
  SiteIndex hold_site = kNone;     // where `from` was acquired; END: kNone
  SiteIndex request_site = kNone;  // where `to` was asked for
  std::vector<Step> steps;
};

// One strong component. `objects` ascend, `arcs` ascend by their ends and
// sites; `edges` are the ends of `arcs`, index by index.
struct OrderComponent {
  std::vector<ObjectIndex> objects;
  std::vector<Arc> arcs;
  std::vector<graph::Edge> edges;
  size_t actors = 0;  // distinct ones among the steps
};

// Components in the order of their smallest object.
std::vector<OrderComponent> BuildOrderGraph(const Observations& observations);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_ORDER_GRAPH_H_

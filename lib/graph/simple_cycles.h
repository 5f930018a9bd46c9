// Simple cycles of one strong component, shortest first, pruned while they are
// being extended.
//
// Problem: a component can have more cycles than atoms in the universe while
// the caller wants the few that pass its test, and most that fail do so after
// two edges. So the caller sees each edge before the path grows and may refuse
// it, and the search is bounded in length and in steps; it says which bound
// cut it.
//
// Guarantees: each cycle (as a cyclic sequence of edges, parallel edges told
// apart) is found once, beginning at its smallest vertex; lengths come in the
// groups 2, 3–4, 5–8, 9–16, ..., each complete before the next begins, so that
// a bound cuts the longest. Self-loops are ignored. The order depends on the
// order of vertices and edges only.
// Cost: a path is extended to a vertex only if the way back to its start fits
// into the length; each edge looked at counts as one step. Memory: linear.
// Thread-compatible.
#ifndef LOCKCHECK_LIB_GRAPH_SIMPLE_CYCLES_H_
#define LOCKCHECK_LIB_GRAPH_SIMPLE_CYCLES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/graph/strong_components.h"

namespace lockcheck::graph {

using EdgeIndex = uint32_t;  // into the edges given to SimpleCycles

class CycleVisitor {
 public:
  virtual ~CycleVisitor() = default;
  // May `edge` follow `path` (edge indices, connected)? A refusal must hold for
  // every longer path too. An accepted edge is on the path until OnRetract().
  virtual bool OnExtend(std::span<const EdgeIndex> path, EdgeIndex edge) = 0;
  virtual void OnRetract() = 0;
  // A cycle, its last edge accepted by OnExtend. False ends the search.
  virtual bool OnCycle(std::span<const EdgeIndex> cycle) = 0;
};

struct CycleBounds {
  size_t max_length = 32;
  size_t max_steps = 5'000'000;
};

struct CycleSearch {  // which bounds left something out
  bool length_cut = false;
  bool steps_cut = false;
};

// Vertices are 0..vertices-1, all in one strong component.
CycleSearch SimpleCycles(uint32_t vertices, std::span<const Edge> edges,
                         const CycleBounds& bounds, CycleVisitor& visitor);

}  // namespace lockcheck::graph

#endif  // LOCKCHECK_LIB_GRAPH_SIMPLE_CYCLES_H_

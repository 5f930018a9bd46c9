// Strong components of a directed graph.
//
// Problem: a cycle of locks, or of actors that wait for each other, lies inside
// one strong component; in a healthy program there is none of more than one
// vertex, and finding that out must cost milliseconds at 100,000 vertices.
//
// Guarantees: components are numbered 0.. in reverse topological order (an edge
// between two components goes to the smaller number). Parallel edges and
// self-loops are allowed. No recursion, so long chains do not use up the stack.
// Cost: linear in vertices and edges. Thread-compatible; no state.
#ifndef LOCKCHECK_LIB_GRAPH_STRONG_COMPONENTS_H_
#define LOCKCHECK_LIB_GRAPH_STRONG_COMPONENTS_H_

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lockcheck::graph {

using Vertex = uint32_t;
using Edge = std::pair<Vertex, Vertex>;  // from, to

struct Components {
  std::vector<uint32_t> of;    // per vertex: its component
  std::vector<uint32_t> size;  // per component: how many vertices
};

// Every end of an edge must be below `vertices`.
Components StrongComponents(uint32_t vertices, std::span<const Edge> edges);

}  // namespace lockcheck::graph

#endif  // LOCKCHECK_LIB_GRAPH_STRONG_COMPONENTS_H_

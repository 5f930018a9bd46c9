// The declared orders of locks as a graph, from what is taken first to what is
// taken after it.
//
// Vertices are the ids of locks, so that a lock and its forked copies are one.
// Cost: linear to build; a path costs the edges that were looked at, bounded in
// all for one graph. Not thread-safe.
#ifndef LOCKCHECK_LIB_ANALYSIS_DECLARED_GRAPH_H_
#define LOCKCHECK_LIB_ANALYSIS_DECLARED_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/graph/strong_components.h"
#include "lib/log/recording.h"

namespace lockcheck::analysis {

// Indices into Recording::declared_orders, each of which begins where the one
// before it ends.
using DeclaredPath = std::vector<uint32_t>;

class DeclaredGraph {
 public:
  // Of these declarations. `recording` must outlive this.
  DeclaredGraph(const log::Recording& recording,
                std::span<const uint32_t> declarations);

  // A shortest path from the lock to the other one; empty: there is none, or
  // each is before the other, or a bound was reached. Valid until the next
  // call.
  const DeclaredPath& Path(log::ObjectIndex from, log::ObjectIndex to);

  // A cycle for each group of locks that are all before each other.
  std::vector<DeclaredPath> Contradictions();

  bool is_cut() const { return is_cut_; }

 private:
  using Vertex = graph::Vertex;
  struct Arrow {
    Vertex to;
    uint32_t declaration;
  };
  static constexpr size_t kMostLooks = 5'000'000;

  Vertex Add(log::ObjectIndex object);
  Vertex Find(log::ObjectIndex object) const;
  DeclaredPath Search(Vertex from, Vertex to);

  const log::Recording& recording_;
  absl::flat_hash_map<uint32_t, Vertex> vertex_of_;  // by raw id
  std::vector<std::vector<Arrow>> next_;
  graph::Components components_;
  absl::flat_hash_map<std::pair<Vertex, Vertex>, DeclaredPath> known_;
  const DeclaredPath none_;
  size_t looks_ = 0;
  bool is_cut_ = false;
};

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_DECLARED_GRAPH_H_

#include "lib/graph/simple_cycles.h"

#include <algorithm>
#include <numeric>

namespace lockcheck::graph {
namespace {

// Rows of edge indices by one end of the edge; those by source are sorted by
// target, so that the few edges back to a start are found by bisection.
class Rows {
 public:
  Rows(uint32_t vertices, std::span<const Edge> edges, bool by_target)
      : begin_(vertices + 1, 0), edges_(edges.size()) {
    const auto end_of = [&](const Edge& e) {
      return by_target ? e.second : e.first;
    };
    for (const Edge& e : edges) ++begin_[end_of(e) + 1];
    std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
    std::vector<uint32_t> next(begin_.begin(), begin_.end() - 1);
    for (EdgeIndex i = 0; i < edges.size(); ++i) {
      edges_[next[end_of(edges[i])]++] = i;
    }
    if (by_target) return;
    for (uint32_t v = 0; v < vertices; ++v) {
      std::stable_sort(edges_.begin() + begin_[v],
                       edges_.begin() + begin_[v + 1],
                       [&](EdgeIndex a, EdgeIndex b) {
                         return edges[a].second < edges[b].second;
                       });
    }
  }
  std::span<const EdgeIndex> of(Vertex v) const {
    return std::span(edges_).subspan(begin_[v], begin_[v + 1] - begin_[v]);
  }

 private:
  std::vector<uint32_t> begin_;
  std::vector<EdgeIndex> edges_;
};

class Enumerator {
 public:
  Enumerator(uint32_t vertices, std::span<const Edge> edges,
             const CycleBounds& bounds, CycleVisitor& visitor)
      : vertices_(vertices),
        edges_(edges),
        out_(vertices, edges, false),
        in_(vertices, edges, true),
        steps_left_(bounds.max_steps),
        visitor_(visitor),
        way_back_(vertices, kFar),
        on_path_(vertices, false) {}

  CycleSearch Run(size_t max_length) {
    const size_t limit = std::min<size_t>(max_length, vertices_);
    shortest_ = 2;
    for (size_t group = 2; shortest_ <= limit; group *= 2) {
      longest_ = std::min(group, limit);
      cut_by_length_ = false;
      for (Vertex start = 0; start < vertices_ && !stop_; ++start) {
        From(start);
      }
      if (stop_ || !cut_by_length_) break;
      shortest_ = longest_ + 1;
    }
    result_.length_cut = !stop_ && cut_by_length_ && limit < vertices_;
    return result_;
  }

 private:
  static constexpr uint32_t kFar = ~uint32_t{0};
  struct Frame {
    Vertex vertex;
    size_t next, end;  // positions in out_.of(vertex) still to follow
  };

  bool Spend() {
    if (steps_left_ > 0) {
      --steps_left_;
      return true;
    }
    result_.steps_cut = stop_ = true;
    return false;
  }

  // way_back_[v]: edges on the shortest way from v to `start` over vertices not
  // smaller than it, as far as it is below longest_.
  void MeasureWayBack(Vertex start) {
    reached_.assign(1, start);
    way_back_[start] = 0;
    for (size_t i = 0; i < reached_.size(); ++i) {
      const Vertex v = reached_[i];
      for (const EdgeIndex e : in_.of(v)) {
        const Vertex from = edges_[e].first;
        if (from < start || way_back_[from] != kFar) continue;
        if (way_back_[v] + 1 >= longest_) {
          cut_by_length_ = true;
          break;
        }
        if (!Spend()) return;
        way_back_[from] = way_back_[v] + 1;
        reached_.push_back(from);
      }
    }
  }

  void From(Vertex start) {
    MeasureWayBack(start);
    if (!stop_ && reached_.size() > 1) Walk(start);
    for (const Vertex v : reached_) way_back_[v] = kFar;
  }

  void Walk(Vertex start) {
    Enter(start, start);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      if (stop_ || frame.next == frame.end) {
        Retreat();
      } else {
        Follow(start, out_.of(frame.vertex)[frame.next++]);
      }
    }
  }

  // Vertices below `start` are never followed; with one edge to go, only those
  // back to it.
  void Enter(Vertex vertex, Vertex start) {
    const auto row = out_.of(vertex);
    const auto below = [&](EdgeIndex e, Vertex v) {
      return edges_[e].second < v;
    };
    const auto first = std::lower_bound(row.begin(), row.end(), start, below);
    const auto last = path_.size() + 1 == longest_
                          ? std::lower_bound(first, row.end(), start + 1, below)
                          : row.end();
    frames_.push_back({vertex, static_cast<size_t>(first - row.begin()),
                       static_cast<size_t>(last - row.begin())});
    on_path_[vertex] = true;
    cut_by_length_ |= last != row.end();
  }

  void Retreat() {
    on_path_[frames_.back().vertex] = false;
    frames_.pop_back();
    if (path_.empty()) return;
    path_.pop_back();
    visitor_.OnRetract();
  }

  void Follow(Vertex start, EdgeIndex edge) {
    const Vertex to = edges_[edge].second;
    if (to == frames_.back().vertex || (on_path_[to] && to != start)) return;
    if (!Spend()) return;
    const size_t length = path_.size() + 1;
    if (to == start ? length < shortest_ : !WayBackFits(to, length)) return;
    if (!visitor_.OnExtend(path_, edge)) return;
    path_.push_back(edge);
    if (to != start) return Enter(to, start);
    stop_ |= !visitor_.OnCycle(path_);
    path_.pop_back();
    visitor_.OnRetract();
  }

  bool WayBackFits(Vertex to, size_t length) {
    if (way_back_[to] != kFar && length + way_back_[to] <= longest_)
      return true;
    cut_by_length_ = true;
    return false;
  }

  const uint32_t vertices_;
  const std::span<const Edge> edges_;
  const Rows out_, in_;
  size_t steps_left_;
  CycleVisitor& visitor_;
  std::vector<uint32_t> way_back_;
  std::vector<bool> on_path_;
  std::vector<Vertex> reached_;
  std::vector<Frame> frames_;
  std::vector<EdgeIndex> path_;
  size_t shortest_ = 2, longest_ = 2;
  bool cut_by_length_ = false, stop_ = false;
  CycleSearch result_;
};

}  // namespace

CycleSearch SimpleCycles(uint32_t vertices, std::span<const Edge> edges,
                         const CycleBounds& bounds, CycleVisitor& visitor) {
  return Enumerator(vertices, edges, bounds, visitor).Run(bounds.max_length);
}

}  // namespace lockcheck::graph

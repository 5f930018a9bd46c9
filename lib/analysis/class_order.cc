#include "lib/analysis/class_order.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/graph/strong_components.h"

namespace lockcheck::analysis {
namespace {

// Of an edge between two classes, so many requests are tried; thousands of them
// mostly come from a few places.
constexpr size_t kMostSteps = 12;
// Combinations of steps tried for one cycle, and edges looked at in all.
constexpr size_t kMostTries = 20'000;
constexpr size_t kMostLooks = 5'000'000;

const Hold& HoldOf(const ClassStep& step) {
  return step.dependency->held[step.hold];
}

bool Holds(const Dependency& d, ObjectIndex object) {
  return std::any_of(d.held.begin(), d.held.end(),
                     [&](const Hold& hold) { return hold.object == object; });
}

// Both hold one lock in a way that keeps them apart.
bool AreKeptApart(const ClassStep& a, const ClassStep& b) {
  for (const Hold& one : a.dependency->held) {
    for (const Hold& other : b.dependency->held) {
      if (one.object == other.object && Exclude(one.mode, other.mode)) {
        return true;
      }
    }
  }
  return false;
}

class Finder {
 public:
  Finder(const Observations& o, std::span<const uint32_t> class_of,
         std::span<const uint32_t> key_of)
      : class_of_(class_of), key_of_(key_of) {
    for (const Dependency& d : o.dependencies) {
      if (!GivesUp(d.how) && ClassOf(d.lock) != kNone && !Holds(d, d.lock)) {
        Add(d);
      }
    }
  }

  ClassOrder Run() {
    FindNested();
    FindCycles();
    return std::move(result_);
  }

 private:
  using ClassEdge = std::pair<uint32_t, uint32_t>;

  uint32_t ClassOf(ObjectIndex object) const {
    return object < class_of_.size() ? class_of_[object] : kNone;
  }

  // In the order that the program has declared.
  bool Ascends(ObjectIndex first, ObjectIndex second) const {
    return KeyOf(first) != kNone && KeyOf(second) != kNone &&
           KeyOf(first) < KeyOf(second);
  }
  uint32_t KeyOf(ObjectIndex object) const {
    return object < key_of_.size() ? key_of_[object] : kNone;
  }

  void Add(const Dependency& d) {
    for (size_t i = 0; i < d.held.size(); ++i) {
      const uint32_t from = ClassOf(d.held[i].object);
      const uint32_t to = ClassOf(d.lock);
      if (from == kNone) continue;
      if (from == to && Ascends(d.held[i].object, d.lock)) continue;
      auto& steps = edges_[{from, to}];
      if (steps.size() < kMostSteps) steps.push_back({&d, i});
    }
  }

  void FindNested() {
    for (const auto& [edge, steps] : edges_) {
      if (edge.first != edge.second) continue;
      const auto found =
          std::find_if(steps.begin(), steps.end(), [](const ClassStep& step) {
            return Exclude(step.dependency->mode, HoldOf(step).mode);
          });
      if (found != steps.end()) result_.cycles.push_back({*found});
    }
  }

  void FindCycles() {
    std::vector<graph::Edge> edges;
    uint32_t classes = 0;
    for (const auto& [edge, steps] : edges_) {
      classes = std::max({classes, edge.first + 1, edge.second + 1});
      if (edge.first != edge.second) edges.push_back(edge);
    }
    const graph::Components components =
        graph::StrongComponents(classes, edges);
    for (const auto& [from, to] : edges) {
      if (components.of[from] == components.of[to]) next_[from].push_back(to);
    }
    std::set<std::vector<uint32_t>> known;
    for (const auto& [from, to] : edges) {
      if (components.of[from] != components.of[to]) continue;
      std::vector<uint32_t> cycle = ShortestBack(from, to);
      if (cycle.empty()) continue;
      std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()),
                  cycle.end());
      if (known.insert(cycle).second) TakeSteps(cycle);
    }
  }

  // from, to, and the classes on the shortest way back. Empty: a bound cut it.
  std::vector<uint32_t> ShortestBack(uint32_t from, uint32_t to) {
    absl::flat_hash_map<uint32_t, uint32_t> before = {{to, to}};
    std::deque<uint32_t> open = {to};
    while (!open.empty()) {
      const uint32_t at = open.front();
      open.pop_front();
      for (const uint32_t next : next_[at]) {
        if (++looks_ > kMostLooks) {
          result_.exhaustive = false;
          return {};
        }
        if (!before.try_emplace(next, at).second) continue;
        if (next == from) return Path(before, from, to);
        open.push_back(next);
      }
    }
    return {};
  }

  static std::vector<uint32_t> Path(
      const absl::flat_hash_map<uint32_t, uint32_t>& before, uint32_t from,
      uint32_t to) {
    std::vector<uint32_t> path = {from};
    while (path.back() != to) path.push_back(before.at(path.back()));
    std::reverse(path.begin() + 1, path.end());
    return path;
  }

  void TakeSteps(const std::vector<uint32_t>& cycle) {
    ClassCycle steps;
    size_t tries = 0;
    if (Extend(cycle, steps, tries)) result_.cycles.push_back(steps);
    if (tries > kMostTries) result_.exhaustive = false;
  }

  bool Extend(const std::vector<uint32_t>& cycle, ClassCycle& steps,
              size_t& tries) const {
    if (steps.size() == cycle.size()) return IsOfSeveral(steps);
    const uint32_t from = cycle[steps.size()];
    const uint32_t to = cycle[(steps.size() + 1) % cycle.size()];
    for (const ClassStep& step : edges_.at({from, to})) {
      if (++tries > kMostTries) return false;
      if (!Fits(steps, step, cycle.size())) continue;
      steps.push_back(step);
      if (Extend(cycle, steps, tries)) return true;
      steps.pop_back();
    }
    return false;
  }

  // Each asks for what keeps the one before it, and nothing keeps them apart.
  static bool Fits(const ClassCycle& steps, const ClassStep& step,
                   size_t length) {
    if (!steps.empty() &&
        !Exclude(steps.back().dependency->mode, HoldOf(step).mode)) {
      return false;
    }
    if (steps.size() + 1 == length &&
        !Exclude(step.dependency->mode, HoldOf(steps.front()).mode)) {
      return false;
    }
    return std::none_of(
        steps.begin(), steps.end(),
        [&](const ClassStep& other) { return AreKeptApart(step, other); });
  }

  // Else it is a cycle of locks.
  static bool IsOfSeveral(const ClassCycle& steps) {
    for (size_t i = 0; i < steps.size(); ++i) {
      const ClassStep& next = steps[(i + 1) % steps.size()];
      if (steps[i].dependency->lock != HoldOf(next).object) return true;
    }
    return false;
  }

  const std::span<const uint32_t> class_of_, key_of_;
  std::map<ClassEdge, std::vector<ClassStep>> edges_;
  absl::flat_hash_map<uint32_t, std::vector<uint32_t>> next_;
  size_t looks_ = 0;
  ClassOrder result_;
};

}  // namespace

ClassOrder FindClassOrder(const Observations& observations,
                          std::span<const uint32_t> class_of,
                          std::span<const uint32_t> key_of) {
  return Finder(observations, class_of, key_of).Run();
}

}  // namespace lockcheck::analysis

#include "lib/analysis/order_graph.h"

#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace lockcheck::analysis {
namespace {

constexpr uint32_t kNoComponent = kNone;

// Actors whose END can lie on a cycle: joined by somebody who holds a lock, or
// by an actor who is itself joined like that.
std::vector<bool> JoinedUnderLock(const Observations& o) {
  std::vector<std::vector<ActorIndex>> joins(o.actor_count);
  std::vector<bool> joined(o.actor_count, false);
  std::vector<ActorIndex> queue;
  const auto add = [&](ActorIndex u) {
    if (u >= joined.size() || joined[u]) return;
    joined[u] = true;
    queue.push_back(u);
  };
  for (const Dependency& d : o.dependencies) {
    if (o.is_end_object(d.lock)) add(o.actor_of_end(d.lock));
  }
  if (queue.empty()) return joined;
  for (const Request& r : o.requests) {
    if (o.is_end_object(r.lock)) {
      joins[r.actor].push_back(o.actor_of_end(r.lock));
    }
  }
  while (!queue.empty()) {
    const ActorIndex u = queue.back();
    queue.pop_back();
    for (const ActorIndex v : joins[u]) add(v);
  }
  return joined;
}

class Builder {
 public:
  explicit Builder(const Observations& o)
      : o_(o), joined_(JoinedUnderLock(o)) {}

  std::vector<OrderComponent> Build() {
    if (!FindComponents()) return {};
    VisitArcs(
        [this](const auto& row, ObjectIndex from, const Hold* hold,
               bool is_perhaps) { AddStep(row, from, hold, is_perhaps); });
    for (OrderComponent& component : components_) Finish(component);
    return std::move(components_);
  }

 private:
  // Calls visit(row, from, hold, is_perhaps) for every lock (or END, then hold
  // is null) from which a dependency or request makes an arc.
  template <typename Visit>
  void VisitArcs(Visit visit) const {
    for (const Dependency& d : o_.dependencies) {
      for (const Hold& h : d.held) visit(d, h.object, &h, false);
      if (joined_[d.actor]) visit(d, o_.end_object(d.actor), nullptr, false);
    }
    for (const Request& r : o_.requests) {
      if (joined_[r.actor]) visit(r, o_.end_object(r.actor), nullptr, false);
    }
    // The last: of the steps of an arc, the first that will do is taken.
    for (const Dependency& d : o_.dependencies) {
      for (const Hold& h : PerhapsUnder(d)) visit(d, h.object, &h, true);
    }
  }

  static std::span<const Hold> PerhapsUnder(const Dependency& d) {
    return std::span(d.held).first(d.perhaps_retried_under);
  }

  // Numbers the components of two vertices or more; false if there is none.
  bool FindComponents() {
    size_t bound = o_.dependencies.size() + o_.requests.size();
    for (const Dependency& d : o_.dependencies) bound += d.held.size();
    std::vector<graph::Edge> edges;
    edges.reserve(bound);
    std::vector<graph::Vertex> vertex(o_.object_count + o_.actor_count, kNone);
    std::vector<ObjectIndex> objects;
    const auto number = [&](ObjectIndex object) {
      if (vertex[object] == kNone) {
        vertex[object] = static_cast<graph::Vertex>(objects.size());
        objects.push_back(object);
      }
      return vertex[object];
    };
    VisitArcs([&](const auto& row, ObjectIndex from, const Hold*, bool) {
      if (from != row.lock) edges.push_back({number(from), number(row.lock)});
    });
    const auto found =
        graph::StrongComponents(static_cast<uint32_t>(objects.size()), edges);
    component_of_.assign(vertex.size(), kNoComponent);
    std::vector<uint32_t> renumbered(found.size.size(), kNoComponent);
    // Ascending objects, so that nothing depends on the order of observations.
    for (ObjectIndex object = 0; object < vertex.size(); ++object) {
      if (vertex[object] == kNone) continue;
      const uint32_t c = found.of[vertex[object]];
      if (found.size[c] < 2) continue;
      if (renumbered[c] == kNoComponent) {
        renumbered[c] = static_cast<uint32_t>(components_.size());
        components_.emplace_back();
      }
      component_of_[object] = renumbered[c];
      components_[renumbered[c]].objects.push_back(object);
    }
    return !components_.empty();
  }

  template <typename Row>
  void AddStep(const Row& row, ObjectIndex from, const Hold* hold,
               bool is_perhaps) {
    const uint32_t c = component_of_[from];
    if (c == kNoComponent || c != component_of_[row.lock] || from == row.lock) {
      return;
    }
    OrderComponent& component = components_[c];
    const SiteIndex hold_site = hold ? hold->site : SiteIndex{kNone};
    const auto [found, added] =
        arc_of_.try_emplace(std::tuple(from, row.lock, hold_site, row.site),
                            static_cast<uint32_t>(component.arcs.size()));
    if (added) {
      component.arcs.push_back({LocalVertex(component, from),
                                LocalVertex(component, row.lock),
                                hold_site,
                                row.site,
                                {}});
    }
    Step step;
    step.actor = row.actor;
    step.mode = row.mode;
    step.hold_mode = hold ? hold->mode : model::Mode::kExclusive;
    step.how = is_perhaps ? model::How::kRetried : row.how;
    step.stack = row.stack;
    step.count = row.count;
    if constexpr (std::is_same_v<Row, Dependency>) {
      step.held = is_perhaps ? PerhapsUnder(row) : row.held;
    }
    step.phases = row.phases;
    step.is_perhaps = is_perhaps;
    component.arcs[found->second].steps.push_back(step);
  }

  static graph::Vertex LocalVertex(const OrderComponent& component,
                                   ObjectIndex object) {
    const auto found = std::lower_bound(component.objects.begin(),
                                        component.objects.end(), object);
    return static_cast<graph::Vertex>(found - component.objects.begin());
  }

  static void Finish(OrderComponent& component) {
    std::sort(component.arcs.begin(), component.arcs.end(),
              [](const Arc& a, const Arc& b) {
                return std::tie(a.from, a.to, a.hold_site, a.request_site) <
                       std::tie(b.from, b.to, b.hold_site, b.request_site);
              });
    absl::flat_hash_set<ActorIndex> actors;
    for (const Arc& arc : component.arcs) {
      component.edges.push_back({arc.from, arc.to});
      for (const Step& step : arc.steps) actors.insert(step.actor);
    }
    component.actors = actors.size();
  }

  const Observations& o_;
  const std::vector<bool> joined_;
  std::vector<uint32_t> component_of_;  // per object
  std::vector<OrderComponent> components_;
  absl::flat_hash_map<
      std::tuple<ObjectIndex, ObjectIndex, SiteIndex, SiteIndex>, uint32_t>
      arc_of_;  // index in its component
};

}  // namespace

std::vector<OrderComponent> BuildOrderGraph(const Observations& observations) {
  return Builder(observations).Build();
}

}  // namespace lockcheck::analysis

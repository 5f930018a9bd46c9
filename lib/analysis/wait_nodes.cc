#include "lib/analysis/wait_nodes.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/held_now.h"

namespace lockcheck::analysis {
namespace {

// Waits without end that are understood.
bool MayStand(const Event& e, const TraceOrder& order) {
  if (GivesUp(e.how)) return false;
  switch (e.kind) {
    case EventKind::kAcquire:
    case EventKind::kJoin:
      return true;
    case EventKind::kTake:
      return order.Of(e.object).role != Role::kUnknown;
    case EventKind::kFound:
      return order.Of(e.object).found_when_notified;
    default:
      return false;
  }
}

class NodesOfActor {
 public:
  // `left` is made smaller by what is added.
  NodesOfActor(const Trace& trace, const TraceOrder& order, ActorIndex actor,
               NodesOfTrace& result, size_t& left)
      : actor_(actor), result_(result), left_(left), held_(order) {
    const auto& events = trace.actors[actor].events;
    for (uint32_t i = 0; i < events.size() && !result.cut; ++i) {
      if (MayStand(events[i], order)) Add(events[i], i);
      held_.Follow(events[i]);
    }
  }

 private:
  using Key = std::tuple<EventKind, ObjectIndex, model::Mode, SiteIndex,
                         std::vector<std::pair<ObjectIndex, SiteIndex>>>;

  void Add(const Event& e, uint32_t index) {
    const size_t cost = 1 + held_.holds().size();
    if (cost > left_) {
      result_.cut = true;
      return;
    }
    auto& nodes = result_.nodes;
    std::vector<std::pair<ObjectIndex, SiteIndex>> held;
    for (const Hold& h : held_.holds()) held.emplace_back(h.object, h.site);
    const auto [row, is_new] = rows_.try_emplace(
        Key(e.kind, e.object, e.mode, e.site, std::move(held)), nodes.size());
    if (is_new) {
      left_ -= cost;
      nodes.push_back({.actor = actor_,
                       .kind = e.kind,
                       .object = e.object,
                       .mode = e.mode,
                       .site = e.site,
                       .held = held_.holds(),
                       .at = {}});
    }
    nodes[row->second].at.push_back(index);
  }

  const ActorIndex actor_;
  NodesOfTrace& result_;
  size_t& left_;
  HeldNow held_;
  absl::flat_hash_map<Key, size_t> rows_;
};

// How many actors, told one after the other.
class ActorCount {
 public:
  void Add(ActorIndex actor) {
    if (count_ == 0 || actor != last_) ++count_;
    last_ = actor;
  }
  size_t count() const { return count_; }

 private:
  size_t count_ = 0;
  ActorIndex last_ = kNone;
};

class Pruner {
 public:
  Pruner(const Trace& trace, const TraceOrder& order,
         std::vector<TraceNode>& nodes)
      : trace_(trace),
        order_(order),
        nodes_(nodes),
        first_wait_(trace.actors.size()) {}

  void Prune() {
    for (size_t before = nodes_.size() + 1; before != nodes_.size();) {
      before = nodes_.size();
      Count();
      std::erase_if(nodes_, [&](const TraceNode& n) { return !CanStand(n); });
    }
  }

 private:
  void Count() {
    std::fill(first_wait_.begin(), first_wait_.end(), kNone);
    holders_.clear();
    for (const TraceNode& node : nodes_) {  // by actor
      uint32_t& first = first_wait_[node.actor];
      first = std::min(first, node.at.front());
      for (const Hold& hold : node.held) {
        for (const model::Mode asked :
             {model::Mode::kExclusive, model::Mode::kShared}) {
          if (Exclude(hold.mode, asked)) {
            holders_[{hold.object, asked}].Add(node.actor);
          }
        }
      }
    }
  }

  // Whether enough others may hold it where they wait. The actor itself counts
  // as one if it does, which is too many at worst.
  bool IsHeldByOthers(const TraceNode& node, size_t enough) const {
    const auto row = holders_.find({node.object, node.mode});
    return row != holders_.end() && row->second.count() >= enough;
  }

  // It has a node, or who starts it has one before.
  bool MayBeHeldUp(ActorIndex actor) const {
    bool may = first_wait_[actor] != kNone;
    ForEachStart(trace_, actor, [&](EventRef fork) {
      may |= first_wait_[fork.actor] < fork.index;
    });
    return may;
  }

  bool CanStand(const TraceNode& node) const {
    if (node.kind == EventKind::kAcquire) return IsHeldByOthers(node, 1);
    if (node.kind == EventKind::kJoin) return MayBeHeldUp(node.object);
    const ObjectActs& acts = order_.Of(node.object);
    if (acts.role == Role::kPermits) {
      return IsHeldByOthers(node, acts.initial);
    }
    if (acts.posters.empty()) return false;
    const auto waits = [&](const Poster& poster) {
      return poster.actor == node.actor || MayBeHeldUp(poster.actor);
    };
    if (acts.role == Role::kAllArrive || !acts.gets_of.empty()) {
      return std::any_of(acts.posters.begin(), acts.posters.end(),
                         [&](const Poster& p) {
                           return p.actor != node.actor && MayBeHeldUp(p.actor);
                         });
    }
    // A flag that was cleared has lost what its setters did.
    if (acts.role == Role::kFlag && acts.changes.size() > 1) return true;
    return std::all_of(acts.posters.begin(), acts.posters.end(), waits);
  }

  const Trace& trace_;
  const TraceOrder& order_;
  std::vector<TraceNode>& nodes_;
  std::vector<uint32_t> first_wait_;  // by actor; kNone: it has no node
  absl::flat_hash_map<std::pair<ObjectIndex, model::Mode>, ActorCount> holders_;
};

}  // namespace

bool TraceNode::Holds(ObjectIndex o, model::Mode asked) const {
  return std::any_of(held.begin(), held.end(), [&](const Hold& h) {
    return h.object == o && Exclude(h.mode, asked);
  });
}

NodesOfTrace AllWaitNodes(const Trace& trace, const TraceOrder& order,
                          size_t most) {
  NodesOfTrace result;
  for (ActorIndex a = 0; a < trace.actors.size() && !result.cut; ++a) {
    NodesOfActor(trace, order, a, result, most);
  }
  return result;
}

NodesOfTrace WaitNodes(const Trace& trace, const TraceOrder& order,
                       size_t most) {
  NodesOfTrace result = AllWaitNodes(trace, order, most);
  auto& nodes = result.nodes;
  Pruner(trace, order, nodes).Prune();
  const bool has_signal =
      std::any_of(nodes.begin(), nodes.end(),
                  [](const TraceNode& n) { return n.is_signal(); });
  if (!has_signal) nodes.clear();
  return result;
}

}  // namespace lockcheck::analysis

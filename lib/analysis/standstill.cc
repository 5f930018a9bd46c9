#include "lib/analysis/standstill.h"

#include <algorithm>
#include <utility>

#include "lib/analysis/approach.h"
#include "lib/analysis/can_be_run.h"
#include "lib/analysis/reordering.h"
#include "lib/graph/wait_for.h"

namespace lockcheck::analysis {
namespace {

using graph::WaitNode;

bool IsLater(const Reordering& part, const Poster& poster) {
  return poster.last >= part.Length(poster.actor);
}

// What each actor does next, and who can let it.
class Judge {
 public:
  Judge(const Trace& trace, const TraceOrder& order,
        const StandstillQuestion& question, const Reordering& part)
      : trace_(trace),
        order_(order),
        part_(part),
        found_stands_(trace.actors.size()) {
    for (const TraceNode* node : question.waits) {
      found_stands_[node->actor] = node->kind == EventKind::kFound;
    }
  }

  Standstill Look() {
    const size_t count = trace_.actors.size();
    std::vector<WaitNode> nodes(count + 1);
    nodes[count].state = WaitNode::State::kDead;  // nobody
    Standstill result;
    result.length.resize(count);
    result.providers.resize(count);
    for (ActorIndex a = 0; a < count; ++a) {
      result.length[a] = part_.Length(a);
      WaitNode& node = nodes[a];
      SetNode(a, node);
      if (node.state != WaitNode::State::kWaiting) continue;
      result.providers[a] = node.providers;
      if (node.providers.empty()) {
        node.providers.push_back(static_cast<graph::Vertex>(count));
      }
    }
    result.stuck = graph::FindStuck(nodes);
    result.stuck.resize(count);
    return result;
  }

 private:
  static void Wait(WaitNode& node, model::WaitRule rule,
                   std::vector<ActorIndex> providers) {
    node.state = WaitNode::State::kWaiting;
    node.rule = rule;
    node.providers = std::move(providers);
  }

  void SetNode(ActorIndex a, WaitNode& node) const {
    const TraceActor& actor = trace_.actors[a];
    if (part_.Length(a) == 0 && actor.forked_by.known() &&
        !part_.Has(actor.forked_by)) {
      return Wait(node, model::WaitRule::kAll, {actor.forked_by.actor});
    }
    const Event* const next = part_.Next(a);
    if (next == nullptr) {
      if (actor.ended) node.state = WaitNode::State::kDead;
    } else if (!GivesUp(next->how)) {
      SetWait(a, *next, node);
    }
  }

  void SetWait(ActorIndex a, const Event& next, WaitNode& node) const {
    if (next.kind == EventKind::kAcquire) {
      auto holders = part_.Holders(next.object, next.mode);
      std::erase(holders, a);
      if (!holders.empty()) {
        Wait(node, model::WaitRule::kAll, std::move(holders));
      }
    } else if (next.kind == EventKind::kJoin) {
      const TraceActor& child = trace_.actors[next.object];
      if (!child.ended || part_.Next(next.object) != nullptr ||
          (child.forked_by.known() && !part_.Has(child.forked_by))) {
        Wait(node, model::WaitRule::kAll, {next.object});
      }
    } else if (next.kind == EventKind::kTake ||
               (next.kind == EventKind::kFound && found_stands_[a])) {
      SetSignalWait(a, next, node);
    }
  }

  void SetSignalWait(ActorIndex a, const Event& next, WaitNode& node) const {
    const ObjectActs& acts = order_.Of(next.object);
    if (IsThere(a, next, acts)) return;
    if (acts.role == Role::kPermits) {
      auto holders = part_.PermitHolders(next.object);
      std::erase(holders, a);
      return Wait(node, model::WaitRule::kAny, std::move(holders));
    }
    std::vector<ActorIndex> providers;
    if (acts.role == Role::kAllArrive) {
      return SetBarrierWait(next, acts, node);
    }
    if (!acts.gets_of.empty()) {
      providers = WhoHasSome(acts);
      if (!providers.empty()) {
        return Wait(node, model::WaitRule::kAll, std::move(providers));
      }
    }
    for (const Poster& poster : acts.posters) {
      if (poster.actor != a && IsLater(part_, poster)) {
        providers.push_back(poster.actor);
      }
    }
    Wait(node, model::WaitRule::kAny, std::move(providers));
  }

  // Of what is outstanding: who got it, and is not done.
  std::vector<ActorIndex> WhoHasSome(const ObjectActs& acts) const {
    // Of one actor's, in its order.
    const auto count = [&](const std::vector<EventRef>& events) {
      return std::partition_point(
                 events.begin(), events.end(),
                 [&](EventRef ref) { return part_.Has(ref); }) -
             events.begin();
    };
    std::vector<ActorIndex> who;
    for (size_t p = 0; p < acts.posters.size(); ++p) {
      if (count(acts.gets_of[p]) > count(acts.posts_of[p])) {
        who.push_back(acts.posters[p].actor);
      }
    }
    return who;
  }

  // All that were seen to arrive, and who runs the completion function then;
  // but who arrives at a later phase of it may do so in the place of one of
  // them.
  void SetBarrierWait(const Event& next, const ObjectActs& acts,
                      WaitNode& node) const {
    std::vector<ActorIndex> missing, of_phase;
    for (const EventRef ref : order_.Arrivals(next.object, next.order)) {
      of_phase.push_back(ref.actor);
      if (!part_.Has(ref)) missing.push_back(ref.actor);
    }
    if (missing.empty()) {
      const EventRef completion = order_.Completion(next.object, next.order);
      return Wait(node, model::WaitRule::kAll, {completion.actor});
    }
    std::sort(of_phase.begin(), of_phase.end());
    auto rule = model::WaitRule::kAll;
    for (const Poster& poster : acts.posters) {
      if (IsLater(part_, poster) &&
          !std::binary_search(of_phase.begin(), of_phase.end(), poster.actor)) {
        rule = model::WaitRule::kAny;
        missing.push_back(poster.actor);
      }
    }
    Wait(node, rule, std::move(missing));
  }

  bool IsThere(ActorIndex a, const Event& next, const ObjectActs& acts) const {
    const ObjectIndex object = next.object;
    switch (acts.role) {
      case Role::kPermits:
        return part_.Stock(object) != 0;
      case Role::kUnits:
        return part_.Stock(object) != 0 || part_.IsClosed(object);
      case Role::kFlag: {
        const EventRef last = part_.LastChange(object);
        return (last.known() && trace_.At(last).post != model::Post::kClear) ||
               part_.IsSetSomeTime(object);
      }
      case Role::kAllArrive:
        return part_.IsOver(object, next.order);
      case Role::kOutstanding:
        return part_.Stock(object) == 0;
      case Role::kCondition: {
        if (next.kind == EventKind::kFound) {
          return part_.NotifiedAt(object) != 0;
        }
        std::vector<EventRef> needs;
        order_.Needs({a, part_.Length(a)}, needs);
        return needs.empty() || AnyIsIn(needs);
      }
      default:
        return true;
    }
  }

  bool AnyIsIn(std::span<const EventRef> refs) const {
    return std::any_of(refs.begin(), refs.end(),
                       [&](EventRef ref) { return part_.Has(ref); });
  }

  const Trace& trace_;
  const TraceOrder& order_;
  const Reordering& part_;
  std::vector<bool> found_stands_;  // by actor
};

std::optional<Standstill> FindWith(Room room, const Trace& trace,
                                   const TraceOrder& order,
                                   const StandstillQuestion& question,
                                   StandstillWork& work) {
  Reordering& part = work.part;
  const bool arrives = Approach(trace, order, question, room, part).Arrive();
  work.events += part.taken_in() + trace.actors.size() / 16 + 1;
  if (!arrives) return std::nullopt;
  Standstill result = Judge(trace, order, question, part).Look();
  const bool all_stuck = std::all_of(
      question.waits.begin(), question.waits.end(),
      [&](const TraceNode* node) { return result.stuck[node->actor]; });
  if (!all_stuck) return std::nullopt;
  const bool is_run_as_seen = room == Room::kAsSeen && !part.MayOwePermits() &&
                              !order.pools().has_tasks();
  if (!is_run_as_seen && !CanBeRun(trace, order, result.length, work.events)) {
    return std::nullopt;
  }
  return result;
}

bool WaitsForRoom(const TraceNode& node, const TraceOrder& order) {
  return node.kind == EventKind::kTake && order.IsRoom(node.object);
}

}  // namespace

std::optional<Standstill> FindStandstill(const Trace& trace,
                                         const TraceOrder& order,
                                         const StandstillQuestion& question,
                                         StandstillWork& work) {
  auto result = FindWith(Room::kAsSeen, trace, order, question, work);
  const bool has_room = std::any_of(
      question.waits.begin(), question.waits.end(),
      [&](const TraceNode* node) { return WaitsForRoom(*node, order); });
  if (!result && has_room) {
    result = FindWith(Room::kAny, trace, order, question, work);
  }
  return result;
}

}  // namespace lockcheck::analysis

#include "lib/analysis/standstill.h"

#include <algorithm>
#include <utility>

#include "lib/analysis/can_be_run.h"
#include "lib/analysis/reordering.h"
#include "lib/analysis/task_order.h"
#include "lib/graph/wait_for.h"

namespace lockcheck::analysis {
namespace {

using graph::WaitNode;

bool IsLater(const Reordering& part, const Poster& poster) {
  return poster.last >= part.Length(poster.actor);
}

// A set lets go who waits for it, be it cleared at once.
bool WasReleased(const Trace& trace, const TraceOrder& order,
                 const Reordering& part, EventRef take) {
  if (take.index == 0) return false;
  const Event& begin = trace.At({take.actor, take.index - 1});
  if (begin.kind != EventKind::kWaitBegin ||
      begin.object != trace.At(take).object) {
    return false;
  }
  std::vector<EventRef> sets;
  order.Needs(take, sets);
  return std::any_of(sets.begin(), sets.end(),
                     [&](EventRef set) { return part.Has(set); });
}

// All have arrived in that phase, and what was to be done then is.
bool IsOver(const TraceOrder& order, const Reordering& part,
            ObjectIndex barrier, uint32_t phase) {
  const auto arrivals = order.Arrivals(barrier, phase);
  const EventRef completion = order.Completion(barrier, phase);
  return std::all_of(arrivals.begin(), arrivals.end(),
                     [&](EventRef ref) { return part.Has(ref); }) &&
         (!completion.known() || part.Has(completion));
}

// Brings the actors to their waits.
class Approach {
 public:
  Approach(const Trace& trace, const TraceOrder& order,
           const StandstillQuestion& question, Room room, Reordering& part)
      : trace_(trace),
        order_(order),
        question_(question),
        room_(room),
        part_(part),
        instance_(question.waits.size()),
        next_put_(question.waits.size()),
        next_start_(question.waits.size()) {}

  bool Arrive() {
    for (const Poster& spent : question_.spent) {
      if (!part_.Grow(spent.actor, spent.last + 1)) return false;
    }
    for (size_t i = 0; i < question_.waits.size(); ++i) {
      if (!ComeTo(At(i))) return false;
    }
    for (uint64_t before = UINT64_MAX; before != part_.taken_in();) {
      before = part_.taken_in();
      for (size_t i = 0; i < question_.waits.size(); ++i) {
        if (!GoOnToAnInstance(i) || !TakeWhatIsThere(i)) return false;
      }
    }
    return true;
  }

 private:
  EventRef At(size_t i) const {
    const TraceNode& node = *question_.waits[i];
    return {node.actor, node.at[instance_[i]]};
  }

  bool GoOnToAnInstance(size_t i) {
    const TraceNode& node = *question_.waits[i];
    while (part_.Has(At(i))) {
      if (++instance_[i] == node.at.size()) return false;
    }
    return ComeTo(At(i));
  }

  // So that it is the actor's next event.
  bool ComeTo(EventRef ref) {
    const EventRef forked_by = trace_.actors[ref.actor].forked_by;
    if (forked_by.known() && !part_.Grow(forked_by)) return false;
    return part_.Grow(ref.actor, ref.index);
  }

  // What would end the wait, others took or undid. If that was the wait itself,
  // the part goes past it.
  bool TakeWhatIsThere(size_t i) {
    const TraceNode& node = *question_.waits[i];
    if (!node.is_signal()) return true;
    const ObjectActs& acts = order_.Of(node.object);
    switch (acts.role) {
      case Role::kPermits:
        return part_.Stock(node.object) == 0;
      case Role::kUnits:
        if (part_.IsClosed(node.object)) return false;
        if (room_ == Room::kAny && order_.IsRoom(node.object)) {
          return TakeRoom(acts, i);
        }
        return TakeUnits(node.object);
      case Role::kFlag:
        return Clear(acts, i);
      case Role::kAllArrive:
        return PassIf(i, AllArrived(i));
      case Role::kOutstanding:
        return BeginMore(acts, i);
      case Role::kCondition:
        return node.kind == EventKind::kFound
                   ? part_.NotifiedAt(node.object) == 0
                   : PassIf(i, IsNotified(i));
      default:
        return true;
    }
  }

  bool PassIf(size_t i, bool passes) { return !passes || part_.Grow(At(i)); }

  // Each unit went to somebody; one that nobody took would still be there.
  bool TakeUnits(ObjectIndex object) {
    while (part_.Stock(object) > 0) {
      const EventRef take = part_.TakeOfUnit(object);
      if (!take.known() || !part_.Grow(take)) return false;
    }
    return true;
  }

  // Others put first: those that are not among the question's actors.
  bool TakeRoom(const ObjectActs& acts, size_t i) {
    const ObjectIndex object = question_.waits[i]->object;
    size_t& next = next_put_[i];
    for (; next < acts.takes.size() && part_.Stock(object) > 0; ++next) {
      const EventRef take = acts.takes[next];
      const bool asked = std::any_of(
          question_.waits.begin(), question_.waits.end(),
          [&](const TraceNode* node) { return node->actor == take.actor; });
      if (!asked && !part_.Grow(take)) return false;
    }
    return part_.Stock(object) == 0;
  }

  // With nothing outstanding it would go on.
  bool BeginMore(const ObjectActs& acts, size_t i) {
    size_t& next = next_start_[i];
    while (part_.Stock(question_.waits[i]->object) == 0) {
      while (next < acts.starts.size() && part_.Has(acts.starts[next])) ++next;
      if (next == acts.starts.size() || !part_.Grow(acts.starts[next])) {
        return false;
      }
    }
    return true;
  }

  bool Clear(const ObjectActs& acts, size_t i) {
    const ObjectIndex object = question_.waits[i]->object;
    if (part_.IsSetSomeTime(object)) return false;
    if (WasReleased(trace_, order_, part_, At(i))) return part_.Grow(At(i));
    const EventRef last = part_.LastChange(object);
    if (!last.known() || trace_.At(last).post == model::Post::kClear) {
      return true;
    }
    const auto next = std::upper_bound(acts.changes.begin(), acts.changes.end(),
                                       trace_.At(last).order,
                                       [&](uint32_t order, EventRef change) {
                                         return order < trace_.At(change).order;
                                       });
    return next != acts.changes.end() && part_.Grow(*next);
  }

  bool AllArrived(size_t i) const {
    return IsOver(order_, part_, question_.waits[i]->object,
                  trace_.At(At(i)).order);
  }

  // Or would have found what it waits for changed: a notification came after
  // the wait had begun, be it for another one.
  bool IsNotified(size_t i) const {
    return part_.NotifiedAt(question_.waits[i]->object) >
           trace_.At(At(i)).order;
  }

  const Trace& trace_;
  const TraceOrder& order_;
  const StandstillQuestion& question_;
  const Room room_;
  Reordering& part_;
  std::vector<size_t> instance_;  // by wait: which one of its events
  std::vector<size_t> next_put_;  // by wait for room: the next take to look at
  std::vector<size_t> next_start_;  // by wait for what is outstanding
};

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
    const auto count = [&](const std::vector<EventRef>& events) {
      return std::count_if(events.begin(), events.end(),
                           [&](EventRef ref) { return part_.Has(ref); });
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
        return IsOver(order_, part_, object, next.order);
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
  part.Clear(room);
  Approach approach(trace, order, question, room, part);
  const bool arrives = approach.Arrive();
  work.events += part.taken_in() + trace.actors.size() / 16 + 1;
  if (!arrives || part.OwesPermits()) return std::nullopt;
  work.before.Clear();
  const bool in_order =
      KeepsOrderOfTasks(trace, order, question.waits, part, work.before);
  work.events += work.before.taken_in();
  if (!in_order) return std::nullopt;
  Standstill result = Judge(trace, order, question, part).Look();
  const bool all_stuck = std::all_of(
      question.waits.begin(), question.waits.end(),
      [&](const TraceNode* node) { return result.stuck[node->actor]; });
  if (!all_stuck || ((room == Room::kAny || part.MayOwePermits()) &&
                     !CanBeRun(trace, order, result.length))) {
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

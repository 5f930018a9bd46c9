#include "lib/analysis/end_graph.h"

#include <algorithm>

#include "lib/analysis/permits.h"
#include "lib/model/turns.h"

namespace lockcheck::analysis {

using graph::WaitNode;

EndGraph::EndGraph(const Observations& observations,
                   const std::vector<EndState>& end)
    : o_(observations),
      end_(end),
      carriers_(observations, end),
      nodes_(observations.actor_count + 1) {
  for (ActorIndex a = 0; a < o_.actor_count; ++a) {
    for (const Hold& hold : end_[a].held) {
      holders_[hold.object].push_back({a, hold.mode});
    }
  }
  for (ActorIndex a = 0; a < o_.actor_count; ++a) {
    nodes_[a] = NodeOf(a);
  }
  carriers_.LetCarry(nodes_);
  nodes_[Nobody()].state = WaitNode::State::kDead;
  stuck_ = graph::FindStuck(nodes_);
}

model::ObjectKind EndGraph::KindOf(ObjectIndex object) const {
  return o_.recording != nullptr && object < o_.recording->objects.size()
             ? o_.recording->objects[object].kind
             : model::ObjectKind::kUnknown;
}

log::ProcessIndex EndGraph::ProcessOf(ActorIndex actor) const {
  return o_.recording != nullptr && actor < o_.recording->actors.size()
             ? o_.recording->actors[actor].process
             : kNone;
}

bool EndGraph::IsAncestor(ActorIndex ancestor, ActorIndex actor) const {
  const auto& actors = o_.recording->actors;
  // Parents, here and below, come from a log, so they may form a circle.
  for (size_t steps = 0; steps < actors.size() && actor < actors.size();
       ++steps) {
    actor = actors[actor].parent;
    if (actor == ancestor) return true;
  }
  return false;
}

bool EndGraph::IsForkedFrom(log::ProcessIndex process,
                            log::ProcessIndex ancestor) const {
  const auto& processes = o_.recording->processes;
  for (size_t steps = 0; steps < processes.size() && process < processes.size();
       ++steps) {
    process = processes[process].parent;
    if (process == ancestor) return true;
  }
  return false;
}

bool EndGraph::WasUnlockedByOther(const Wait& wait) const {
  return std::any_of(o_.misuses.begin(), o_.misuses.end(),
                     [&](const MisuseEvent& e) {
                       return e.misuse == model::Misuse::kUnlockByOther &&
                              e.object == wait.object && e.owner == wait.owner;
                     });
}

// The lock was held at a fork by a thread that the child does not have. Its
// word is copied, so the owner that the waiter saw is the parent's thread; the
// one that forked goes on in the child, under another id.
bool EndGraph::OwnerStayedInParent(ActorIndex actor, const Wait& wait) const {
  const log::ProcessIndex here = ProcessOf(actor);
  const log::ProcessIndex there = ProcessOf(wait.owner);
  return here != kNone && there != kNone && IsForkedFrom(here, there) &&
         !IsAncestor(wait.owner, actor) && !WasUnlockedByOther(wait);
}

WaitNode EndGraph::NodeOf(ActorIndex actor) const {
  const EndState& end = end_[actor];
  WaitNode node;
  if (end.state == ActorState::kEnded) {
    node.state = WaitNode::State::kDead;
  } else if (end.wait && !end.exiting && !GivesUp(end.wait->how)) {
    node.state = WaitNode::State::kWaiting;
    node.providers = ProvidersOf(actor, *end.wait);
  }
  return node;
}

std::vector<graph::Vertex> EndGraph::ProvidersOf(ActorIndex actor,
                                                 const Wait& wait) const {
  if (wait.object == kNone) return {};
  if (o_.is_end_object(wait.object)) {
    const ActorIndex joined = o_.actor_of_end(wait.object);
    if (joined >= o_.actor_count || end_[joined].state == ActorState::kEnded) {
      return {};
    }
    return {joined};
  }
  std::vector<graph::Vertex> providers;
  if (AnybodyReleases(o_, wait.object)) return providers;
  const auto holders = holders_.find(wait.object);
  if (holders == holders_.end()) {
    if (OwnerStayedInParent(actor, wait)) providers.push_back(Nobody());
    return providers;
  }
  const bool recursive = PrimitiveOf(KindOf(wait.object)).recursive;
  for (const Holder& h : holders->second) {
    if (!Exclude(h.mode, wait.mode)) continue;
    if (h.actor == actor && recursive) continue;
    providers.push_back(h.actor);
  }
  if (providers.empty()) AddWritersBefore(wait, providers);
  return providers;
}

// Those that a reader does not overtake, though others read.
void EndGraph::AddWritersBefore(const Wait& wait,
                                std::vector<graph::Vertex>& providers) const {
  if (wait.mode != model::Mode::kShared ||
      !model::IsInTurn(KindOf(wait.object))) {
    return;
  }
  for (ActorIndex a = 0; a < o_.actor_count; ++a) {
    const EndState& end = end_[a];
    if (end.wait && end.state == ActorState::kBlocked &&
        end.wait->object == wait.object &&
        end.wait->mode == model::Mode::kExclusive && !GivesUp(end.wait->how) &&
        end.wait->since_ticks < wait.since_ticks) {
      providers.push_back(a);
    }
  }
}

}  // namespace lockcheck::analysis

#include "lib/analysis/carriers.h"

#include <algorithm>
#include <utility>

#include "lib/analysis/end_part.h"

namespace lockcheck::analysis {

using graph::Vertex;
using graph::WaitNode;

Carriers::Carriers(const Observations& o, const std::vector<EndState>& end)
    : o_(o), end_(end) {
  for (const NoCarrier& note : o.no_carrier) {
    if (Stands(note)) of_[note.coroutine].push_back(note.carrier);
  }
}

bool Carriers::Waits(ActorIndex actor) const {
  const EndState& end = end_[actor];
  return end.state != ActorState::kEnded && end.wait && !GivesUp(end.wait->how);
}

// The runtime's own thread waits for nobody.
bool Carriers::Stands(const NoCarrier& note) const {
  if (note.coroutine >= o_.actor_count || note.carrier >= o_.actor_count ||
      note.said_by >= o_.actor_count ||
      end_[note.coroutine].state == ActorState::kEnded) {
    return false;
  }
  const bool stands =
      Waits(note.said_by) && end_[note.said_by].wait->since_ticks <= note.ticks;
  return Waits(note.carrier) && (stands || o_.is_the_runtimes(note.said_by));
}

void Carriers::LetCarry(std::vector<WaitNode>& nodes) const {
  for (const auto& [coroutine, carriers] : of_) {
    nodes[coroutine].state = WaitNode::State::kWaiting;
    nodes[coroutine].rule = model::WaitRule::kAny;
    nodes[coroutine].providers.assign(carriers.begin(), carriers.end());
  }
}

bool Carriers::IsIn(const std::vector<Vertex>& cycle) const {
  return std::any_of(cycle.begin(), cycle.end(),
                     [&](Vertex v) { return of_.contains(v); });
}

Finding Carriers::ToFinding(std::vector<Vertex> cycle) const {
  std::rotate(cycle.begin(),
              std::find_if(cycle.begin(), cycle.end(),
                           [&](Vertex v) { return of_.contains(v); }),
              cycle.end());
  Finding finding;
  finding.rule = Rule::kCarrier;
  finding.verdict = Verdict::kActual;
  for (size_t i = 0; i < cycle.size(); ++i) {
    const ActorIndex before = cycle[(i + cycle.size() - 1) % cycle.size()];
    // Who is to carry it wants nothing of who waits in its thread.
    const ObjectIndex wanted =
        of_.contains(before) ? kNone : end_[before].wait->object;
    Part& part =
        finding.parts.emplace_back(EndPart(o_, end_, cycle[i], wanted));
    if (of_.contains(cycle[i])) part.awaits = end_[cycle[i]].awaits;
    if (wanted != kNone) finding.objects.push_back(wanted);
    if (const auto& wait = end_[cycle[i]].wait) {
      finding.ticks = std::max(finding.ticks, wait->since_ticks);
    }
  }
  return finding;
}

std::vector<ActorIndex> AddSuspended(const Observations& o,
                                     const RefusedMoment& moment,
                                     std::vector<EndState>& then) {
  std::vector<ActorIndex> added;
  for (const NoCarrier& note : o.no_carrier) {
    if (note.said_by != moment.actor || note.ticks > moment.ticks ||
        note.coroutine >= then.size() || then[note.coroutine].wait) {
      continue;
    }
    EndState& state = then[note.coroutine];
    for (const HeldAcrossAwait& row : o.held_across) {
      if (row.actor != note.coroutine) continue;
      const bool is_waited_for = std::any_of(
          moment.waiting.begin(), moment.waiting.end(),
          [&](const auto& w) { return w.wait.object == row.hold.object; });
      if (!is_waited_for) continue;
      state.held = {row.hold};
      state.awaits = row.site;
      added.push_back(note.coroutine);
    }
  }
  return added;
}

}  // namespace lockcheck::analysis

#include "lib/analysis/order_path.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lockcheck::analysis {
namespace {

using Needed = MustPrecede::Needed;

OrderingStep StepOf(const Trace& trace, const Needed& needed) {
  const ActorIndex of = needed.event.actor, by = needed.by.actor;
  if (trace.actors[by].forked_by == needed.event) {
    return {of, by, EventKind::kFork};
  }
  const Event& wait = trace.At(needed.by);
  if (wait.kind == EventKind::kJoin) {
    return {by, of, EventKind::kJoin, kNone, wait.site};
  }
  // Who passes a once_flag needs the end of its function.
  if (wait.kind == EventKind::kAcquire) {
    return {of, by, EventKind::kRelease, wait.object};
  }
  const Event& act = trace.At(needed.event);
  return {of, by, IsAccess(act.kind) ? act.kind : EventKind::kPost, wait.object,
          act.site};
}

// Of a longer way nobody reads more.
constexpr size_t kMostSteps = 64;

// From `event` to what was asked for, of `actor`. The first that was noted for
// each leads to what was noted before, so it comes to an end.
std::vector<OrderingStep> Way(const Trace& trace,
                              const std::vector<Needed>& noted, EventRef event,
                              ActorIndex actor) {
  std::vector<OrderingStep> steps;
  while (event.actor != actor) {
    const auto found =
        std::find_if(noted.begin(), noted.end(), [&](const Needed& needed) {
          return needed.event.actor == event.actor &&
                 needed.event.index >= event.index;
        });
    if (found == noted.end() || steps.size() == kMostSteps) return {};
    steps.push_back(StepOf(trace, *found));
    event = found->by;
  }
  return steps;
}

// A way of these rests on less.
std::vector<Needed> WithoutReads(const Trace& trace,
                                 std::vector<Needed> noted) {
  std::erase_if(noted, [&](const Needed& needed) {
    const auto& events = trace.actors[needed.by.actor].events;
    return needed.by.index < events.size() &&
           SeesVersion(events[needed.by.index].kind);
  });
  return noted;
}

// Whatever an actor holds besides.
struct Requested {
  ActorIndex actor = kNone;
  uint32_t first = UINT32_MAX;
  uint32_t last = 0;
};

Requested RequestedBy(ActorIndex actor, const std::vector<TraceNode>& nodes) {
  Requested requested;
  for (const TraceNode& node : nodes) {
    if (node.actor != actor) continue;
    requested.actor = actor;
    requested.first = std::min(requested.first, node.at.front());
    requested.last = std::max(requested.last, node.at.back());
  }
  return requested;
}

}  // namespace

void NameWhatOrders(const Trace& trace, const CycleRequests& requests,
                    MustPrecede& must, Finding& finding) {
  std::vector<Requested> parts;
  for (size_t i = 0; i < requests.of_part.size(); ++i) {
    parts.push_back(RequestedBy(finding.parts[i].actor, requests.of_part[i]));
    if (parts.back().actor == kNone) return;
  }
  std::vector<Needed> noted;
  for (uint32_t later = 0; later < parts.size(); ++later) {
    noted.clear();
    must.Clear();
    must.NoteNeeds(&noted);
    must.Grow(parts[later].actor, parts[later].first);
    must.NoteNeeds(nullptr);
    for (uint32_t earlier = 0; earlier < parts.size(); ++earlier) {
      const EventRef last = {parts[earlier].actor, parts[earlier].last};
      if (earlier == later || !must.Has(last)) continue;
      std::vector<OrderingStep> steps =
          Way(trace, WithoutReads(trace, noted), last, parts[later].actor);
      if (steps.empty()) steps = Way(trace, noted, last, parts[later].actor);
      if (steps.empty()) continue;
      finding.ordered_by = std::move(steps);
      finding.earlier_part = earlier;
      finding.later_part = later;
      return;
    }
  }
}

}  // namespace lockcheck::analysis

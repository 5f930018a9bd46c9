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

// Whether it was waited for, or tried, in a way that could have ended without
// it, and the program had gone on.
bool CouldGiveUp(const Trace& trace, const Needed& needed) {
  const TraceActor& by = trace.actors[needed.by.actor];
  if (by.forked_by == needed.event || needed.by.index >= by.events.size()) {
    return false;
  }
  const model::How how = by.events[needed.by.index].how;
  return how == model::How::kTry || how == model::How::kTimed;
}

bool IsRead(const Trace& trace, const Needed& needed) {
  const auto& events = trace.actors[needed.by.actor].events;
  return needed.by.index < events.size() &&
         SeesVersion(events[needed.by.index].kind);
}

struct Way {
  std::vector<OrderingStep> steps;
  bool gives_up = false;  // one of its waits could
};

// From `event` to what was asked for, of `actor`; empty: there is none. The
// first that was noted for each leads to what was noted before, so it comes to
// an end.
Way WayFrom(const Trace& trace, const std::vector<Needed>& noted,
            EventRef event, ActorIndex actor) {
  Way way;
  while (event.actor != actor) {
    const auto found =
        std::find_if(noted.begin(), noted.end(), [&](const Needed& needed) {
          return needed.event.actor == event.actor &&
                 needed.event.index >= event.index;
        });
    if (found == noted.end() || way.steps.size() == kMostSteps) return {};
    way.steps.push_back(StepOf(trace, *found));
    way.gives_up |= CouldGiveUp(trace, *found);
    event = found->by;
  }
  return way;
}

// What a way rests on is best nothing that the program might take otherwise: a
// read of another write, a wait that gives up.
Way BestWay(const Trace& trace, const std::vector<Needed>& noted,
            EventRef event, ActorIndex actor) {
  std::vector<Needed> without = noted;
  std::erase_if(without, [&](const Needed& needed) {
    return IsRead(trace, needed) || CouldGiveUp(trace, needed);
  });
  Way way = WayFrom(trace, without, event, actor);
  if (!way.steps.empty()) return way;
  without = noted;
  std::erase_if(without,
                [&](const Needed& needed) { return IsRead(trace, needed); });
  way = WayFrom(trace, without, event, actor);
  return way.steps.empty() ? WayFrom(trace, noted, event, actor) : way;
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
      Way way = BestWay(trace, noted, last, parts[later].actor);
      if (way.steps.empty()) continue;
      if (way.gives_up) {
        finding.assumes.emplace_back(
            "a timed wait, or a try, of what is named here succeeds, as it did "
            "in this run: a program that goes on when it does not can come to "
            "the deadlock");
      }
      finding.ordered_by = std::move(way.steps);
      finding.earlier_part = earlier;
      finding.later_part = later;
      return;
    }
  }
}

}  // namespace lockcheck::analysis

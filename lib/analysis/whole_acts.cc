#include "lib/analysis/whole_acts.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace lockcheck::analysis {
namespace {

bool IsNumbered(const Trace& trace, const Event& e) {
  if (e.kind != EventKind::kTake && e.kind != EventKind::kPost) return false;
  const TraceObject& object = trace.objects[e.object];
  const model::Primitive& row = model::PrimitiveOf(object.kind);
  return e.order != 0 && !object.held && row.stock == model::Stock::kCount &&
         e.post != model::Post::kClose;
}

// Of a semaphore with permits the acts are holds, until somebody releases what
// he did not acquire.
bool BeginsWithHolds(const TraceObject& object) {
  return model::CanBeHeld(object.kind) && object.initial > 0;
}

// By object: the first number that no act has.
std::vector<uint32_t> FirstMissing(const Trace& trace) {
  std::vector<std::vector<uint32_t>> numbers(trace.objects.size());
  for (const TraceActor& actor : trace.actors) {
    for (const Event& e : actor.events) {
      if (IsNumbered(trace, e)) numbers[e.object].push_back(e.order);
    }
  }
  std::vector<uint32_t> missing(trace.objects.size(), UINT32_MAX);
  for (ObjectIndex o = 0; o < numbers.size(); ++o) {
    auto& list = numbers[o];
    if (list.empty()) continue;
    std::sort(list.begin(), list.end());
    uint32_t next = BeginsWithHolds(trace.objects[o]) ? list.front() : 1;
    for (const uint32_t number : list) {
      if (number > next) break;
      next = number + 1;
    }
    missing[o] = next;
  }
  return missing;
}

// What began a hold that is cut off has no end any more.
void CutAt(TraceActor& actor, uint32_t length) {
  actor.events.resize(length);
  actor.stands.reset();
  actor.ended = false;
  for (Event& e : actor.events) {
    if (e.match != kNone && e.match >= length) e.match = kNone;
  }
}

}  // namespace

void CutToWholeActs(Trace& trace) {
  if (trace.cut.empty()) return;
  for (bool changed = true; changed;) {
    changed = false;
    const std::vector<uint32_t> missing = FirstMissing(trace);
    for (ActorIndex a = 0; a < trace.actors.size(); ++a) {
      TraceActor& actor = trace.actors[a];
      const auto at = std::find_if(
          actor.events.begin(), actor.events.end(), [&](const Event& e) {
            return IsNumbered(trace, e) && e.order >= missing[e.object];
          });
      if (at == actor.events.end()) continue;
      CutAt(actor, static_cast<uint32_t>(at - actor.events.begin()));
      changed = true;
      if (std::find(trace.cut.begin(), trace.cut.end(), a) == trace.cut.end()) {
        trace.cut.push_back(a);
      }
    }
  }
}

}  // namespace lockcheck::analysis

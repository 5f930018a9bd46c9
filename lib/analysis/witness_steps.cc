#include "lib/analysis/witness_steps.h"

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "lib/analysis/shown_steps.h"

namespace lockcheck::analysis {
namespace {

// The last signal that an actor took or gave, and who gave it.
class Marker {
 public:
  Marker(const Trace& trace, const TraceOrder& order, ShownSteps& shown)
      : trace_(trace), order_(order), shown_(shown) {}

  void MarkPart(ActorIndex actor) {
    shown_.ShowStart(actor);
    const auto& events = trace_.actors[actor].events;
    bool has_signal = false;
    for (uint32_t i = shown_.Length(actor); i-- > 0;) {
      const Event& e = events[i];
      if (e.kind == EventKind::kAcquire || IsPermit(e)) {
        if (!shown_.Has({actor, e.match})) shown_.Show({actor, i});
      } else if (!has_signal &&
                 (e.kind == EventKind::kTake || e.kind == EventKind::kJoin ||
                  SeesVersion(e.kind))) {
        has_signal = true;
        MarkSignal({actor, i});
      }
    }
  }

  // What was done last to what they wait for: others may have taken it.
  void MarkLastActs(std::span<const ActorIndex> schedule,
                    absl::flat_hash_set<ObjectIndex> signals) {
    absl::flat_hash_map<ActorIndex, uint32_t> done;
    for (size_t i = schedule.size(); i-- > 0 && !signals.empty();) {
      const ActorIndex a = schedule[i];
      const EventRef ref = {a, shown_.Length(a) - ++done[a]};
      const Event& e = trace_.At(ref);
      if ((e.kind != EventKind::kTake && e.kind != EventKind::kPost) ||
          signals.erase(e.object) == 0) {
        continue;
      }
      shown_.Show(ref);
      shown_.ShowStart(ref.actor);
    }
  }

 private:
  bool IsPermit(const Event& e) const {
    return e.kind == EventKind::kTake &&
           order_.Of(e.object).role == Role::kPermits;
  }

  void MarkSignal(EventRef take) {
    shown_.Show(take);
    needs_.clear();
    if (trace_.At(take).kind != EventKind::kJoin) order_.Needs(take, needs_);
    // Of a barrier there are as many as take part in it.
    if (needs_.size() > kMostNeeds) return;
    for (const EventRef need : needs_) {
      if (!shown_.Has(need)) continue;
      shown_.Show(need);
      shown_.ShowStart(need.actor);
    }
  }

  static constexpr size_t kMostNeeds = 4;

  const Trace& trace_;
  const TraceOrder& order_;
  ShownSteps& shown_;
  std::vector<EventRef> needs_;
};

// That parts wait for.
absl::flat_hash_set<ObjectIndex> SignalsOf(const Trace& trace,
                                           const TraceOrder& order,
                                           std::span<const Part> parts) {
  absl::flat_hash_set<ObjectIndex> signals;
  for (const Part& part : parts) {
    if (part.wants < trace.objects.size() &&
        order.Of(part.wants).role != Role::kLock) {
      signals.insert(part.wants);
    }
  }
  return signals;
}

}  // namespace

Witness WitnessOf(const Trace& trace, const TraceOrder& order,
                  std::span<const ActorIndex> schedule,
                  std::span<const Part> parts, size_t most) {
  ShownSteps shown(trace, order, schedule);
  Marker marker(trace, order, shown);
  std::vector<ActorIndex> actors;
  for (const Part& part : parts) actors.push_back(part.actor);
  for (const ActorIndex actor : actors) marker.MarkPart(actor);
  marker.MarkLastActs(schedule, SignalsOf(trace, order, parts));
  shown.ShowWhatIsInTheWay(actors);
  Witness witness;
  witness.length = schedule.size();
  const bool all = schedule.size() <= most;
  std::vector<uint32_t> at(trace.actors.size());
  for (const ActorIndex a : schedule) {
    const uint32_t index = at[a]++;
    const bool matters = shown.IsShown({a, index});
    if (!all && !matters) continue;
    const Event& e = trace.At({a, index});
    witness.steps.push_back({.actor = a,
                             .kind = e.kind,
                             .mode = e.mode,
                             .post = e.post,
                             .object = e.object,
                             .site = e.site,
                             .matters = matters});
  }
  return witness;
}

}  // namespace lockcheck::analysis

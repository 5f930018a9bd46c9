#include "lib/analysis/witness_steps.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "lib/analysis/wait_nodes.h"

namespace lockcheck::analysis {
namespace {

using Key = std::pair<ActorIndex, uint32_t>;

// The last signal that an actor took or gave, and who gave it.
class Marker {
 public:
  Marker(const Trace& trace, const TraceOrder& order,
         std::span<const ActorIndex> schedule)
      : trace_(trace), order_(order), length_(trace.actors.size()) {
    for (const ActorIndex a : schedule) ++length_[a];
  }

  void MarkPart(ActorIndex actor) {
    MarkStart(actor);
    const auto& events = trace_.actors[actor].events;
    bool has_signal = false;
    for (uint32_t i = length_[actor]; i-- > 0;) {
      const Event& e = events[i];
      if (e.kind == EventKind::kAcquire || IsPermit(e)) {
        if (e.match == kNone || e.match >= length_[actor]) Mark({actor, i});
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
    std::vector<uint32_t> at = length_;
    for (size_t i = schedule.size(); i-- > 0 && !signals.empty();) {
      const EventRef ref = {schedule[i], --at[schedule[i]]};
      const Event& e = trace_.At(ref);
      if ((e.kind != EventKind::kTake && e.kind != EventKind::kPost) ||
          signals.erase(e.object) == 0) {
        continue;
      }
      Mark(ref);
      MarkStart(ref.actor);
    }
  }

  bool IsMarked(ActorIndex actor, uint32_t index) const {
    return marked_.contains(Key(actor, index));
  }

 private:
  bool IsPermit(const Event& e) const {
    return e.kind == EventKind::kTake &&
           order_.Of(e.object).role == Role::kPermits;
  }

  void Mark(EventRef ref) { marked_.insert({ref.actor, ref.index}); }

  // Who starts it, and him.
  void MarkStart(ActorIndex actor) {
    ForEachStart(trace_, actor, [&](EventRef fork) { Mark(fork); });
  }

  void MarkSignal(EventRef take) {
    Mark(take);
    needs_.clear();
    if (trace_.At(take).kind != EventKind::kJoin) order_.Needs(take, needs_);
    // Of a barrier there are as many as take part in it.
    if (needs_.size() > kMostNeeds) return;
    for (const EventRef need : needs_) {
      if (need.index >= length_[need.actor]) continue;
      Mark(need);
      MarkStart(need.actor);
    }
  }

  static constexpr size_t kMostNeeds = 4;

  const Trace& trace_;
  const TraceOrder& order_;
  std::vector<uint32_t> length_;
  std::vector<EventRef> needs_;
  absl::flat_hash_set<Key> marked_;
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
  Marker marker(trace, order, schedule);
  for (const Part& part : parts) marker.MarkPart(part.actor);
  marker.MarkLastActs(schedule, SignalsOf(trace, order, parts));
  Witness witness;
  witness.length = schedule.size();
  const bool all = schedule.size() <= most;
  std::vector<uint32_t> at(trace.actors.size());
  for (const ActorIndex a : schedule) {
    const uint32_t index = at[a]++;
    const bool matters = marker.IsMarked(a, index);
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

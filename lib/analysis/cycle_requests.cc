#include "lib/analysis/cycle_requests.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/held_now.h"

namespace lockcheck::analysis {
namespace {

// From wherever: that does not matter to who can be where.
bool HoldsTheSame(const std::vector<Hold>& a, const std::vector<Hold>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Hold& x, const Hold& y) {
                      return x.object == y.object && x.mode == y.mode;
                    });
}

class Collector {
 public:
  Collector(const Trace& trace, const TraceOrder& order,
            const std::vector<const Finding*>& findings, size_t most)
      : trace_(trace),
        order_(order),
        findings_(findings),
        left_(most),
        result_(findings.size()) {
    for (uint32_t f = 0; f < findings.size(); ++f) {
      const auto& parts = findings[f]->parts;
      result_[f].of_part.resize(parts.size());
      for (uint32_t p = 0; p < parts.size(); ++p) {
        asked_[KeyOf(parts[p].wants)].push_back({f, p});
      }
    }
  }

  std::vector<CycleRequests> Collect() {
    for (ActorIndex a = 0; a < trace_.actors.size(); ++a) {
      const TraceActor& actor = trace_.actors[a];
      HeldNow held(order_);
      uint32_t index = 0;
      for (const Event& e : actor.events) {
        Look(a, e, index++, held.holds());
        held.Follow(e);
      }
      if (actor.stands) Look(a, *actor.stands, index, held.holds());
    }
    return std::move(result_);
  }

 private:
  // Sets of holds; each request is compared with all.
  static constexpr size_t kMostOfActor = 64;

  struct Place {
    uint32_t finding, part;
  };
  using Key = std::pair<EventKind, ObjectIndex>;

  Key KeyOf(ObjectIndex wants) const {
    if (wants < trace_.objects.size()) return {EventKind::kAcquire, wants};
    return {EventKind::kJoin,
            static_cast<ObjectIndex>(wants - trace_.objects.size())};
  }

  void Look(ActorIndex actor, const Event& e, uint32_t index,
            const std::vector<Hold>& held) {
    if (e.kind != EventKind::kAcquire && e.kind != EventKind::kJoin) return;
    const auto row = asked_.find(Key(e.kind, e.object));
    if (row == asked_.end()) return;
    for (const Place place : row->second) {
      const Part& part = findings_[place.finding]->parts[place.part];
      if (part.how != model::How::kBlocking) {
        LookAtMember(place, actor, e, index, held);
      } else if (!GivesUp(e.how) && IsOf(part, actor, e, held)) {
        Add(place, actor, e, index, held);
      }
    }
  }

  // Of a request for several: back to the first of them.
  void LookAtMember(Place place, ActorIndex actor, const Event& e,
                    uint32_t index, const std::vector<Hold>& held) {
    const auto& events = trace_.actors[actor].events;
    if (index >= events.size()) return;
    uint32_t first = index;
    while (first > 0 && events[first].how == model::How::kTry &&
           events[first - 1].kind == EventKind::kAcquire) {
      --first;
    }
    const size_t members = index - first;
    if (GivesUp(events[first].how) || members > held.size()) return;
    const std::vector<Hold> before(
        held.begin(), held.end() - static_cast<ptrdiff_t>(members));
    const Part& part = findings_[place.finding]->parts[place.part];
    if (IsOf(part, actor, e, before)) Add(place, actor, e, first, before);
  }

  bool IsOf(const Part& part, ActorIndex actor, const Event& e,
            const std::vector<Hold>& held) const {
    if (part.site != kNone && part.site != e.site) return false;
    const Hold& has = part.holds.front();
    if (has.object >= trace_.objects.size()) {
      return has.object - trace_.objects.size() == actor;
    }
    return std::any_of(held.begin(), held.end(), [&](const Hold& h) {
      return h.object == has.object &&
             (has.site == kNone || has.site == h.site);
    });
  }

  void Add(Place place, ActorIndex actor, const Event& e, uint32_t index,
           const std::vector<Hold>& held) {
    CycleRequests& requests = result_[place.finding];
    auto& nodes = requests.of_part[place.part];
    size_t of_actor = 0;
    for (auto node = nodes.rbegin();
         node != nodes.rend() && node->actor == actor; ++node, ++of_actor) {
      if (node->mode == e.mode && HoldsTheSame(node->held, held)) {
        node->at.push_back(index);
        return;
      }
    }
    const size_t cost = 1 + held.size();
    if (cost > left_ || of_actor == kMostOfActor) {
      requests.cut = true;
      return;
    }
    left_ -= cost;
    nodes.push_back({.actor = actor,
                     .kind = e.kind,
                     .object = e.object,
                     .mode = e.mode,
                     .site = e.site,
                     .held = held,
                     .at = {index},
                     .of_many = IsOfMany(place)});
  }

  bool IsOfMany(Place place) const {
    const Part& part = findings_[place.finding]->parts[place.part];
    return part.how != model::How::kBlocking;
  }

  const Trace& trace_;
  const TraceOrder& order_;
  const std::vector<const Finding*>& findings_;
  size_t left_;
  absl::flat_hash_map<Key, std::vector<Place>> asked_;
  std::vector<CycleRequests> result_;
};

}  // namespace

bool CanBeAsked(const Trace& trace, const Finding& finding) {
  const size_t objects = trace.objects.size() + trace.actors.size();
  return std::all_of(
      finding.parts.begin(), finding.parts.end(), [&](const Part& part) {
        return !GivesUp(part.how) && part.wants < objects &&
               !part.holds.empty() && part.holds.front().object < objects;
      });
}

std::vector<CycleRequests> RequestsOf(
    const Trace& trace, const TraceOrder& order,
    const std::vector<const Finding*>& findings, size_t most) {
  return Collector(trace, order, findings, most).Collect();
}

bool CanBeApart(const TraceNode& a, const TraceNode& b) {
  return a.actor != b.actor &&
         std::none_of(a.held.begin(), a.held.end(),
                      [&](const Hold& h) { return b.Holds(h.object, h.mode); });
}

}  // namespace lockcheck::analysis

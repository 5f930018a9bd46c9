#include "lib/analysis/witness_check.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/graph/wait_for.h"

namespace lockcheck::analysis {
namespace {

using model::Mode;
using model::Post;

class Replay {
 public:
  explicit Replay(const Trace& trace)
      : trace_(trace),
        at_(trace.actors.size()),
        forked_(trace.actors.size()),
        waits_since_(trace.actors.size()) {}

  // False: its next event cannot happen now.
  bool Do(ActorIndex a) {
    if (a >= trace_.actors.size() || !HasBegun(a)) return false;
    const auto& events = trace_.actors[a].events;
    if (at_[a] == events.size()) return false;
    const Event& e = events[at_[a]];
    const bool can = Can(a, e);
    ++at_[a];
    return can;
  }

  bool AreStuck(std::span<const WitnessWait> waits) {
    std::vector<graph::WaitNode> nodes(trace_.actors.size());
    for (const WitnessWait& wait : waits) {
      if (!HasBegun(wait.actor) || !Asks(wait)) return false;
      graph::WaitNode& node = nodes[wait.actor];
      if (node.state == graph::WaitNode::State::kWaiting) return false;
      node.state = graph::WaitNode::State::kWaiting;
      node.providers = WaitsFor(wait);
    }
    const std::vector<bool> stuck = graph::FindStuck(nodes);
    return std::all_of(waits.begin(), waits.end(), [&](const WitnessWait& w) {
      return stuck[w.actor] && !nodes[w.actor].providers.empty();
    });
  }

 private:
  struct Hold {
    ActorIndex actor = kNone;
    Mode mode = Mode::kExclusive;
  };
  // All that an object is, of whatever kind.
  struct State {
    std::vector<Hold> holds;       // of a lock
    uint64_t ran = 0, passed = 0;  // of a once_flag
    int64_t gained = 0;            // permits, items, what is outstanding
    bool set = false;
    uint64_t sets = 0, to_wake = 0, notified = 0;
    uint64_t sections = 0;                 // of a lock, begun so far
    std::map<uint32_t, uint64_t> arrived;  // by phase
    std::deque<ActorIndex> submitted;      // tasks that have not begun
    std::optional<uint32_t> version;       // of a variable, if it was written
  };

  bool HasBegun(ActorIndex a) const {
    return !trace_.actors[a].forked_by.known() || forked_[a];
  }

  bool Can(ActorIndex a, const Event& e) {
    switch (e.kind) {
      case EventKind::kFork:
        if (HasBegun(e.object) || at_[e.object] != 0) return false;
        forked_[e.object] = true;
        Submit(e.object);
        return true;
      case EventKind::kJoin:
        return trace_.actors[e.object].ended && HasBegun(e.object) &&
               at_[e.object] == trace_.actors[e.object].events.size();
      case EventKind::kAcquire:
        return CanAcquire(a, e);
      case EventKind::kRelease:
        return Release(a, e);
      case EventKind::kWaitBegin:
        waits_since_[a] = {e.object, Of(e).sets, Of(e).notified};
        return true;
      case EventKind::kTake:
        return IsUnderstood(e) && CanTake(a, e);
      case EventKind::kPost:
        return IsUnderstood(e) && Post(e);
      case EventKind::kFound:
        return IsFound(a);
      case EventKind::kRead:
      case EventKind::kWrite:
      case EventKind::kUpdate:
        return Access(e);
    }
    return false;
  }

  State& Of(const Event& e) { return states_[e.object]; }
  const TraceObject& ObjectOf(const Event& e) const {
    return trace_.objects[e.object];
  }
  // An act of the outside can come at any time.
  bool IsUnderstood(const Event& e) const {
    const TraceObject& object = ObjectOf(e);
    return object.role() == Role::kUnknown
               ? model::PrimitiveOf(object.kind).outside
               : object.whole;
  }

  // ---- Locks ----
  bool CanAcquire(ActorIndex a, const Event& e) {
    State& state = Of(e);
    for (const Hold& hold : state.holds) {
      if (hold.actor == a || Exclude(hold.mode, e.mode)) return false;
    }
    if (ObjectOf(e).kind == model::ObjectKind::kOnceFlag) {
      const bool passes = e.mode == Mode::kShared;
      if (passes ? state.ran == 0 : state.passed != 0) return false;
      state.passed += passes;
    }
    state.holds.push_back({a, e.mode});
    ++state.sections;
    return true;
  }

  bool Release(ActorIndex a, const Event& e) {
    State& state = Of(e);
    const auto hold = std::find_if(state.holds.begin(), state.holds.end(),
                                   [&](const Hold& h) { return h.actor == a; });
    if (hold == state.holds.end()) return false;
    state.ran += hold->mode == Mode::kExclusive;
    state.holds.erase(hold);
    return true;
  }

  // ---- Variables ----
  bool Access(const Event& e) {
    State& state = Of(e);
    const uint32_t found = state.version.value_or(ObjectOf(e).first_version);
    if (SeesVersion(e.kind) && VersionSeen(e) != found) return false;
    if (MakesVersion(e.kind)) state.version = e.order;
    return true;
  }

  // ---- Signals ----
  bool CanTake(ActorIndex a, const Event& e) {
    State& state = Of(e);
    const WaitSince& since = waits_since_[a];
    switch (ObjectOf(e).role()) {
      case Role::kPermits:
      case Role::kUnits:
        if (state.gained + ObjectOf(e).initial <= 0) return false;
        --state.gained;
        return BeginsInTurn(a, state);
      case Role::kFlag:
        return state.set ||
               (since.object == e.object && state.sets > since.sets);
      case Role::kAllArrive:
        return state.arrived[PhaseOf(e)] == ArrivalsIn(e.object, PhaseOf(e));
      case Role::kOutstanding:
        return state.gained == 0;
      case Role::kCondition:
        if (since.object != e.object || state.notified == since.notified ||
            state.to_wake == 0) {
          return false;
        }
        --state.to_wake;
        return true;
      default:
        return true;
    }
  }

  bool Post(const Event& e) {
    State& state = Of(e);
    switch (ObjectOf(e).role()) {
      case Role::kPermits:
      case Role::kUnits:
        if (e.post == Post::kClose) return true;
        state.gained += e.amount;
        CountItems(e);
        return true;
      case Role::kFlag:
        state.set = e.post != Post::kClear;
        state.sets += state.set;
        return true;
      case Role::kAllArrive: {
        const uint32_t phase = PhaseOf(e);
        ++state.arrived[phase];
        return phase <= 1 ||
               state.arrived[phase - 1] == ArrivalsIn(e.object, phase - 1);
      }
      case Role::kOutstanding:
        state.gained += e.post == Post::kClear ? 1 : -1;
        return state.gained >= 0;
      case Role::kCondition:
        state.to_wake += e.tickets;
        state.notified += e.tickets > 0;
        return true;
      default:
        return true;
    }
  }

  // What is put is outstanding until it is done.
  void CountItems(const Event& e) {
    if (e.post != Post::kPut) return;
    for (const ObjectIndex o : EndsOf(e.object)) ++states_[o].gained;
  }

  // A latch has one phase.
  uint32_t PhaseOf(const Event& e) const {
    return model::PrimitiveOf(ObjectOf(e).kind).stock == model::Stock::kFlag
               ? 0
               : e.order;
  }

  void Submit(ActorIndex task) {
    const auto& events = trace_.actors[task].events;
    if (events.empty() || !IsSlot(events[0])) return;
    states_[events[0].object].submitted.push_back(task);
  }
  bool IsSlot(const Event& e) const {
    return e.kind == EventKind::kTake && model::IsSlots(ObjectOf(e).kind);
  }
  bool BeginsInTurn(ActorIndex a, State& state) const {
    if (at_[a] != 0 || state.submitted.empty()) return true;
    if (state.submitted.front() != a) return false;
    state.submitted.pop_front();
    return true;
  }

  // The next event takes the lock again under which the predicate was asked.
  bool IsFound(ActorIndex a) {
    const auto& events = trace_.actors[a].events;
    if (at_[a] + 1 == events.size()) return false;
    const Event& again = events[at_[a] + 1];
    return again.kind == EventKind::kAcquire &&
           Of(again).sections == SectionsBefore({a, at_[a] + 1});
  }

  // ---- Of the whole trace, counted once ----
  void CountTrace() {
    if (counted_) return;
    counted_ = true;
    for (const TraceActor& actor : trace_.actors) {
      for (const Event& e : actor.events) {
        if (e.kind == EventKind::kAcquire) {
          orders_[e.object].push_back(e.order);
        } else if (e.kind == EventKind::kPost &&
                   ObjectOf(e).role() == Role::kAllArrive) {
          ++arrivals_[{e.object, PhaseOf(e)}];
        }
      }
    }
    for (auto& [lock, orders] : orders_)
      std::sort(orders.begin(), orders.end());
    for (ObjectIndex o = 0; o < trace_.objects.size(); ++o) {
      if (trace_.objects[o].items != kNone) {
        ends_of_[trace_.objects[o].items].push_back(o);
      }
    }
  }
  uint64_t ArrivalsIn(ObjectIndex object, uint32_t phase) {
    CountTrace();
    // Who is missing is not known.
    if (!trace_.cut.empty()) return UINT64_MAX;
    return arrivals_[{object, phase}];
  }
  const std::vector<ObjectIndex>& EndsOf(ObjectIndex items) {
    CountTrace();
    return ends_of_[items];
  }
  // By others and by itself, with smaller counts; its own with the same one
  // have been before it or have not.
  uint64_t SectionsBefore(EventRef ref) {
    CountTrace();
    const Event& e = trace_.At(ref);
    const auto& orders = orders_[e.object];
    auto before = static_cast<uint64_t>(
        std::lower_bound(orders.begin(), orders.end(), e.order) -
        orders.begin());
    const auto& events = trace_.actors[ref.actor].events;
    for (uint32_t i = ref.index; i-- > 0;) {
      if (events[i].kind != EventKind::kAcquire ||
          events[i].object != e.object) {
        continue;
      }
      if (events[i].order != e.order) break;
      ++before;
    }
    return before;
  }

  // ---- The end ----
  bool Asks(const WitnessWait& wait) const {
    const TraceActor& actor = trace_.actors[wait.actor];
    const Event* next = nullptr;
    if (at_[wait.actor] < actor.events.size()) {
      next = &actor.events[at_[wait.actor]];
    } else if (actor.stands) {
      next = &*actor.stands;
    }
    return next != nullptr && next->kind == wait.kind &&
           next->object == wait.object && !GivesUp(next->how) &&
           (wait.kind == EventKind::kJoin || next->mode == wait.mode);
  }

  std::vector<graph::Vertex> WaitsFor(const WitnessWait& wait) {
    std::vector<graph::Vertex> who;
    if (wait.kind == EventKind::kJoin) {
      const TraceActor& child = trace_.actors[wait.object];
      if (at_[wait.object] < child.events.size() || child.stands) {
        who.push_back(wait.object);
      }
      return who;
    }
    for (const Hold& hold : states_[wait.object].holds) {
      if (hold.actor != wait.actor && Exclude(hold.mode, wait.mode)) {
        who.push_back(hold.actor);
      }
    }
    return who;
  }

  struct WaitSince {
    ObjectIndex object = kNone;
    uint64_t sets = 0, notified = 0;
  };

  const Trace& trace_;
  std::vector<uint32_t> at_;            // by actor: how many events it has done
  std::vector<bool> forked_;            // by actor
  std::vector<WaitSince> waits_since_;  // by actor: its latest wait
  absl::flat_hash_map<ObjectIndex, State> states_;
  bool counted_ = false;
  absl::flat_hash_map<ObjectIndex, std::vector<uint32_t>> orders_;
  absl::flat_hash_map<std::pair<ObjectIndex, uint32_t>, uint64_t> arrivals_;
  absl::flat_hash_map<ObjectIndex, std::vector<ObjectIndex>> ends_of_;
};

}  // namespace

bool LeadsToDeadlock(const Trace& trace, std::span<const ActorIndex> schedule,
                     std::span<const WitnessWait> waits) {
  Replay replay(trace);
  for (const ActorIndex actor : schedule) {
    if (!replay.Do(actor)) return false;
  }
  return !waits.empty() && replay.AreStuck(waits);
}

}  // namespace lockcheck::analysis

#include "lib/analysis/witness_check.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/witness_signals.h"
#include "lib/graph/wait_for.h"

namespace lockcheck::analysis {
namespace {

using model::Mode;

class Replay {
 public:
  Replay(const Trace& trace, WitnessFacts& facts)
      : trace_(trace),
        facts_(facts),
        at_(trace.actors.size()),
        forked_(trace.actors.size()),
        signals_(trace, facts, at_) {}

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
    const bool some_signal = std::any_of(
        waits.begin(), waits.end(),
        [](const WitnessWait& wait) { return wait.kind == EventKind::kTake; });
    std::vector<graph::WaitNode> nodes(trace_.actors.size());
    std::vector<bool> named(trace_.actors.size());
    for (const WitnessWait& wait : waits) {
      if (!HasBegun(wait.actor) || !Asks(wait)) return false;
      if (named[wait.actor]) return false;
      named[wait.actor] = true;
      nodes[wait.actor] =
          wait.of_many
              ? WaitingForAll(OtherHolders(wait.actor, wait.object, wait.mode))
              : NodeOf(wait.actor);
    }
    if (some_signal) JudgeTheOthers(named, nodes);
    const std::vector<bool> stuck = graph::FindStuck(nodes);
    return std::all_of(waits.begin(), waits.end(), [&](const WitnessWait& w) {
      return nodes[w.actor].state == graph::WaitNode::State::kWaiting &&
             stuck[w.actor];
    });
  }

 private:
  // The recorder forgets what it would not record again when there is more.
  static constexpr size_t kMostReadAgain = 8;

  struct Hold {
    ActorIndex actor = kNone;
    Mode mode = Mode::kExclusive;
  };
  // Of a lock, or a variable.
  struct State {
    std::vector<Hold> holds;
    uint64_t ran = 0, passed = 0;  // of a once_flag
    uint64_t sections = 0;         // begun so far
    uint32_t latest = 0;  // of these, by its count; one that reads: any
    std::optional<uint32_t> version;  // of a variable, if it was written
  };

  bool HasBegun(ActorIndex a) const {
    return !trace_.actors[a].forked_by.known() || forked_[a];
  }

  bool Can(ActorIndex a, const Event& e) {
    switch (e.kind) {
      case EventKind::kFork:
        if (HasBegun(e.object) || at_[e.object] != 0) return false;
        forked_[e.object] = true;
        signals_.Submit(e.object);
        return true;
      case EventKind::kJoin:
        return trace_.actors[e.object].ended && HasBegun(e.object) &&
               at_[e.object] == trace_.actors[e.object].events.size();
      case EventKind::kAcquire:
        return CanAcquire(a, e);
      case EventKind::kRelease:
        return Release(a, e);
      case EventKind::kWaitBegin:
        signals_.BeginWait(a, e, HasSeenAll(a));
        return true;
      case EventKind::kTake:
        return IsUnderstood(e) && signals_.Take(a, e);
      case EventKind::kPost:
        return IsUnderstood(e) && signals_.Post(a, e);
      case EventKind::kFound:
        return IsFound(a);
      case EventKind::kRead:
      case EventKind::kWrite:
      case EventKind::kUpdate:
        return Access(a, e);
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
    state.latest =
        e.mode == Mode::kShared ? UINT32_MAX : std::max(state.latest, e.order);
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
  uint32_t VersionOf(ObjectIndex variable) const {
    const auto state = states_.find(variable);
    return state != states_.end() && state->second.version
               ? *state->second.version
               : trace_.objects[variable].first_version;
  }

  bool Access(ActorIndex a, const Event& e) {
    if (ObjectOf(e).mixed) return false;
    if (SeesVersion(e.kind) && VersionSeen(e) != VersionOf(e.object)) {
      return false;
    }
    if (MakesVersion(e.kind)) states_[e.object].version = e.order;
    return StaysSinceThen(a, e);
  }

  // Between two reads with no other event between them each of what was
  // accessed before may have been read again.
  bool StaysSinceThen(ActorIndex a, const Event& e) {
    auto& seen = read_again_[a];
    const auto& events = trace_.actors[a].events;
    if (e.kind != EventKind::kRead || at_[a] == 0 ||
        !IsAccess(events[at_[a] - 1].kind)) {
      seen.clear();
    }
    std::erase_if(seen, [&](const Event& s) { return s.object == e.object; });
    const bool stay = std::all_of(
        seen.begin(), seen.end(),
        [&](const Event& s) { return VersionOf(s.object) == s.order; });
    if (seen.size() >= kMostReadAgain) seen.clear();
    seen.push_back(e);
    return stay;
  }

  // ---- Conditions ----
  // What its predicate may depend on, the sections of the lock that it lets go
  // of to wait, is as it was when it was seen to wait.
  bool HasSeenAll(ActorIndex a) {
    if (at_[a] == 0 || !trace_.cut.empty()) return false;
    const Event& before = trace_.actors[a].events[at_[a] - 1];
    return before.kind == EventKind::kRelease && before.match != kNone &&
           IsInItsPlace({a, before.match}, 1);
  }

  // The next event takes the lock again under which the predicate was asked.
  bool IsFound(ActorIndex a) {
    const auto& events = trace_.actors[a].events;
    return at_[a] + 1 < events.size() &&
           events[at_[a] + 1].kind == EventKind::kAcquire &&
           IsInItsPlace({a, at_[a] + 1}, 0);
  }

  // The sections of its lock so far are those that came before it, and it
  // itself, if that is one: as many, and none that came later.
  bool IsInItsPlace(EventRef acquisition, uint64_t itself) {
    const Event& e = trace_.At(acquisition);
    return Of(e).latest <= e.order &&
           Of(e).sections == facts_.SectionsBefore(acquisition) + itself;
  }

  // ---- The end ----
  bool Asks(const WitnessWait& wait) const {
    if (wait.of_many) return AsksForMany(wait);
    const Event* const next = Next(wait.actor);
    return next != nullptr && next->kind == wait.kind &&
           next->object == wait.object && !GivesUp(next->how) &&
           (wait.kind != EventKind::kAcquire || next->mode == wait.mode);
  }

  // Acquisitions that follow each other: the first is waited for, the others
  // are tried, and one of them is of that lock.
  bool AsksForMany(const WitnessWait& wait) const {
    const auto& events = trace_.actors[wait.actor].events;
    const uint32_t first = at_[wait.actor];
    for (uint32_t i = first; i < events.size(); ++i) {
      const Event& e = events[i];
      if (e.kind != EventKind::kAcquire ||
          (i == first ? GivesUp(e.how) : e.how != model::How::kTry)) {
        return false;
      }
      if (e.object == wait.object) return e.mode == wait.mode;
    }
    return false;
  }

  static graph::WaitNode WaitingForAll(std::vector<graph::Vertex> providers) {
    if (providers.empty()) return {};  // it need not wait
    return {.state = graph::WaitNode::State::kWaiting,
            .rule = model::WaitRule::kAll,
            .providers = std::move(providers)};
  }

  // How it stands with an actor that has begun.
  graph::WaitNode NodeOf(ActorIndex a) {
    const Event* const next = Next(a);
    if (next == nullptr) {
      if (!trace_.actors[a].ended) return {};
      return {.state = graph::WaitNode::State::kDead};
    }
    if (GivesUp(next->how)) return {};
    switch (next->kind) {
      case EventKind::kAcquire:
        return WaitingForAll(OtherHolders(a, next->object, next->mode));
      case EventKind::kJoin:
        if (HasEnded(next->object)) return {};
        return WaitingForAll({next->object});
      case EventKind::kTake:
        return IsUnderstood(*next) ? signals_.NodeOf(a, *next)
                                   : graph::WaitNode();
      default:
        return {};
    }
  }

  void JudgeTheOthers(const std::vector<bool>& named,
                      std::vector<graph::WaitNode>& nodes) {
    for (ActorIndex a = 0; a < nodes.size(); ++a) {
      if (named[a]) continue;
      nodes[a] = HasBegun(a)
                     ? NodeOf(a)
                     : WaitingForAll({trace_.actors[a].forked_by.actor});
    }
    // A wait that nobody ends stays one.
    const auto nobody = static_cast<graph::Vertex>(nodes.size());
    nodes.push_back({.state = graph::WaitNode::State::kDead});
    for (graph::WaitNode& node : nodes) {
      if (node.state == graph::WaitNode::State::kWaiting &&
          node.providers.empty()) {
        node.providers.push_back(nobody);
      }
    }
  }

  const Event* Next(ActorIndex a) const {
    const TraceActor& actor = trace_.actors[a];
    if (at_[a] < actor.events.size()) return &actor.events[at_[a]];
    return actor.stands ? &*actor.stands : nullptr;
  }
  bool HasEnded(ActorIndex a) const {
    return trace_.actors[a].ended && HasBegun(a) && Next(a) == nullptr;
  }

  std::vector<graph::Vertex> OtherHolders(ActorIndex a, ObjectIndex lock,
                                          Mode mode) {
    std::vector<graph::Vertex> who;
    for (const Hold& hold : states_[lock].holds) {
      if (hold.actor != a && Exclude(hold.mode, mode)) {
        who.push_back(hold.actor);
      }
    }
    return who;
  }

  const Trace& trace_;
  WitnessFacts& facts_;
  std::vector<uint32_t> at_;  // by actor: how many events it has done
  std::vector<bool> forked_;  // by actor
  WitnessSignals signals_;
  absl::flat_hash_map<ObjectIndex, State> states_;
  // By actor: what it may read again without a record.
  absl::flat_hash_map<ActorIndex, std::vector<Event>> read_again_;
};

}  // namespace

bool WitnessCheck::LeadsToDeadlock(std::span<const ActorIndex> schedule,
                                   std::span<const WitnessWait> waits) {
  Replay replay(trace_, facts_);
  for (const ActorIndex actor : schedule) {
    if (!replay.Do(actor)) return false;
  }
  return !waits.empty() && replay.AreStuck(waits);
}

}  // namespace lockcheck::analysis

#include "lib/analysis/witness_signals.h"

#include <algorithm>
#include <utility>

#include "lib/analysis/role.h"
#include "lib/model/primitives.h"

namespace lockcheck::analysis {
namespace {

graph::WaitNode WaitingFor(model::WaitRule rule,
                           std::vector<graph::Vertex> providers) {
  return {.state = graph::WaitNode::State::kWaiting,
          .rule = rule,
          .providers = std::move(providers)};
}

}  // namespace

// Its wait is over, or need not begin.
bool WitnessSignals::IsThere(ActorIndex a, const Event& e) {
  const State& state = Of(e);
  const WaitSince& since = waits_since_[a];
  switch (ObjectOf(e).role()) {
    case Role::kPermits:
    case Role::kUnits:
      return state.gained + ObjectOf(e).initial > 0 && IsInTurn(a, state);
    case Role::kFlag:
      return state.set || (since.object == e.object && state.sets > since.sets);
    case Role::kAllArrive:
      return IsOver(e.object, facts_.PhaseOf(e));
    case Role::kOutstanding:
      return state.gained == 0;
    case Role::kCondition:
      return since.object == e.object && state.woke != since.woke &&
             state.to_wake != 0;
    default:
      return true;
  }
}

bool WitnessSignals::Take(ActorIndex a, const Event& e) {
  if (!IsThere(a, e)) return false;
  State& state = Of(e);
  const Role role = ObjectOf(e).role();
  if (role == Role::kPermits || role == Role::kUnits) {
    --state.gained;
    ++state.has[a];
    if (at_[a] == 0 && !state.submitted.empty()) state.submitted.pop_front();
  } else if (role == Role::kCondition) {
    --state.to_wake;
  }
  return true;
}

void WitnessSignals::BeginWait(ActorIndex a, const Event& e, bool sure) {
  const State& state = Of(e);
  waits_since_[a] = {e.object, state.sets, state.woke, state.notifications,
                     sure};
}

bool WitnessSignals::Post(ActorIndex a, const Event& e) {
  State& state = Of(e);
  switch (ObjectOf(e).role()) {
    case Role::kPermits:
      --state.has[a];
      state.gained += e.amount;
      return true;
    case Role::kUnits:
      state.closed |= e.post == model::Post::kClose;
      if (e.post == model::Post::kClose) return true;
      state.gained += e.amount;
      CountItems(e);
      return true;
    case Role::kFlag:
      state.set = e.post != model::Post::kClear;
      state.sets += state.set;
      return true;
    case Role::kAllArrive:
      return Arrive(a, e, state);
    case Role::kOutstanding:
      state.gained += e.post == model::Post::kClear ? 1 : -1;
      if (ObjectOf(e).items != kNone) --states_[ObjectOf(e).items].has[a];
      return states_[e.object].gained >= 0;
    case Role::kCondition:
      state.to_wake += e.tickets;
      ++state.notifications;
      state.woke += e.tickets > 0;
      return true;
    default:
      return true;
  }
}

// Of whom all have come, its last one runs the completion function.
bool WitnessSignals::Arrive(ActorIndex a, const Event& e, State& state) {
  const uint32_t phase = facts_.PhaseOf(e);
  const uint64_t arrived = ++state.arrived[phase];
  if (e.post == model::Post::kComplete) {
    return state.last_arrival == a && IsOver(e.object, phase);
  }
  state.last_arrival = a;
  return arrived <= facts_.ArrivalsIn(e.object, phase) &&
         (phase <= 1 || IsOver(e.object, phase - 1));
}

bool WitnessSignals::IsOver(ObjectIndex object, uint32_t phase) {
  return states_[object].arrived[phase] == facts_.ArrivalsIn(object, phase);
}

// What is put is outstanding until it is done.
void WitnessSignals::CountItems(const Event& e) {
  if (e.post != model::Post::kPut) return;
  for (const ObjectIndex o : facts_.EndsOf(e.object)) ++states_[o].gained;
}

void WitnessSignals::Submit(ActorIndex task) {
  const auto& events = trace_.actors[task].events;
  if (events.empty() || events[0].kind != EventKind::kTake ||
      !model::IsSlots(ObjectOf(events[0]).kind)) {
    return;
  }
  states_[events[0].object].submitted.push_back(task);
}

bool WitnessSignals::IsInTurn(ActorIndex a, const State& state) const {
  return at_[a] != 0 || state.submitted.empty() || state.submitted.front() == a;
}

// For sure: what may be there is.
bool WitnessSignals::IsWaiting(ActorIndex a, const Event& e) {
  const State& state = Of(e);
  switch (ObjectOf(e).role()) {
    case Role::kUnknown:
    case Role::kLock:
      return false;
    case Role::kPermits:
    case Role::kUnits:
      return state.gained + ObjectOf(e).initial <= 0 && !state.closed;
    case Role::kCondition:
      return waits_since_[a].object == e.object && waits_since_[a].sure &&
             state.notifications == waits_since_[a].notifications;
    default:
      return !IsThere(a, e);
  }
}

graph::WaitNode WitnessSignals::NodeOf(ActorIndex a, const Event& e) {
  if (!IsWaiting(a, e)) return {};
  switch (ObjectOf(e).role()) {
    case Role::kPermits:
      return WaitingFor(model::WaitRule::kAny, OthersWhoHave(a, e.object));
    case Role::kAllArrive:
      return BarrierNode(a, e);
    case Role::kOutstanding:
      if (facts_.EachEndsWhatItGot(e.object)) {
        auto who = OthersWhoHave(a, ObjectOf(e).items);
        if (!who.empty()) {
          return WaitingFor(model::WaitRule::kAll, std::move(who));
        }
      }
      [[fallthrough]];
    default:
      return WaitingFor(model::WaitRule::kAny, OthersWhoPost(a, e.object));
  }
}

std::vector<graph::Vertex> WitnessSignals::OthersWhoHave(ActorIndex a,
                                                         ObjectIndex object) {
  std::vector<graph::Vertex> who;
  for (const auto& [actor, count] : states_[object].has) {
    if (actor != a && count > 0) who.push_back(actor);
  }
  return who;
}

// Who did so in the recording and has not ended in it may do so again.
std::vector<graph::Vertex> WitnessSignals::OthersWhoPost(ActorIndex a,
                                                         ObjectIndex object) {
  std::vector<graph::Vertex> who;
  for (const EventRef last : facts_.LastPosts(object)) {
    if (last.actor != a &&
        (last.index >= at_[last.actor] || !trace_.actors[last.actor].ended)) {
      who.push_back(last.actor);
    }
  }
  return who;
}

// All who are missing, or who runs the completion function when all have
// come; but anybody may come in the place of one of them who comes later.
graph::WaitNode WitnessSignals::BarrierNode(ActorIndex a, const Event& e) {
  std::vector<graph::Vertex> missing, completes;
  const uint32_t phase = facts_.PhaseOf(e);
  for (const EventRef ref : facts_.Arrivals(e.object, phase)) {
    if (ref.index < at_[ref.actor]) continue;
    const bool arrives = trace_.At(ref).post != model::Post::kComplete;
    (arrives ? missing : completes).push_back(ref.actor);
  }
  if (missing.empty()) {
    return WaitingFor(model::WaitRule::kAll, std::move(completes));
  }
  // It would have to come itself.
  if (std::find(missing.begin(), missing.end(), a) != missing.end()) {
    return {};
  }
  auto rule = model::WaitRule::kAll;
  for (const graph::Vertex actor : OthersWhoPost(a, e.object)) {
    if (std::find(missing.begin(), missing.end(), actor) == missing.end()) {
      rule = model::WaitRule::kAny;
      missing.push_back(actor);
    }
  }
  return WaitingFor(rule, std::move(missing));
}

}  // namespace lockcheck::analysis

#include "lib/analysis/variable_states.h"

#include <algorithm>

namespace lockcheck::analysis {

void VariableStates::Begin(const Trace& trace, std::span<const uint32_t> needed,
                           std::span<const uint32_t> limit) {
  needed_.assign(needed.begin(), needed.end());
  for (ActorIndex a = 0; a < limit.size(); ++a) {
    for (uint32_t i = 0; i < limit[a]; ++i) {
      const Event& e = trace.At({a, i});
      if (!IsAccess(e.kind)) continue;
      Variable& variable = variables_[e.object];
      if (variable.versions.empty()) {
        variable.versions.push_back(trace.objects[e.object].first_version);
      }
      if (SeesVersion(e.kind) && i < needed[a]) {
        ++variable.to_find[VersionSeen(e)];
      }
      if (MakesVersion(e.kind)) {
        ++variable.writes_left;
        ++variable.writes_left_of[a];
      }
    }
    Keep(trace, a, limit[a]);
  }
}

// From the back: what an access finds or makes is kept up to the last of the
// reads behind it, unless one of those finds another version of the same.
void VariableStates::Keep(const Trace& trace, ActorIndex actor,
                          uint32_t limit) {
  const auto& events = trace.actors[actor].events;
  absl::flat_hash_map<ObjectIndex, uint32_t> again;  // since `end`
  uint32_t end = kNone;
  for (uint32_t i = limit; i-- > 0;) {
    const Event& e = events[i];
    if (!IsAccess(e.kind)) {
      end = kNone;
      continue;
    }
    if (end == kNone) {
      end = i;
      again.clear();
    }
    const auto next = again.find(e.object);
    const uint32_t until = next == again.end() ? end : next->second - 1;
    again[e.object] = i;
    if (until > i) {
      keeps_until_[{actor, i}] = until;
      lets_change_[{actor, until}].push_back(e.object);
    }
    // What is read before a write may change with it.
    if (e.kind != EventKind::kRead) end = kNone;
  }
}

bool VariableStates::Can(EventRef ref, const Event& access) const {
  const Variable& variable = Of(access.object);
  const uint32_t version = variable.versions.back();
  if (SeesVersion(access.kind) && VersionSeen(access) != version) return false;
  if (!MakesVersion(access.kind)) return true;
  if (variable.kept != 0) return false;
  const auto left = variable.to_find.find(version);
  const uint32_t own =
      access.kind == EventKind::kUpdate && ref.index < needed_[ref.actor];
  return left == variable.to_find.end() || left->second == own;
}

bool VariableStates::IsChoice(ActorIndex actor, const Event& event) const {
  if (!MakesVersion(event.kind)) return false;
  const Variable& variable = Of(event.object);
  return variable.writes_left != variable.writes_left_of.at(actor);
}

void VariableStates::Do(EventRef ref, const Event& access) {
  Variable& variable = Of(access.object);
  if (SeesVersion(access.kind) && ref.index < needed_[ref.actor]) {
    --variable.to_find[VersionSeen(access)];
  }
  if (MakesVersion(access.kind)) {
    variable.versions.push_back(access.order);
    --variable.writes_left;
    --variable.writes_left_of[ref.actor];
  }
  ChangeKept(ref, access.object, 1);
}

void VariableStates::Undo(EventRef ref, const Event& access) {
  Variable& variable = Of(access.object);
  if (SeesVersion(access.kind) && ref.index < needed_[ref.actor]) {
    ++variable.to_find[VersionSeen(access)];
  }
  if (MakesVersion(access.kind)) {
    variable.versions.pop_back();
    ++variable.writes_left;
    ++variable.writes_left_of[ref.actor];
  }
  ChangeKept(ref, access.object, UINT32_MAX);
}

// By one more or, when a step is undone, by one less.
void VariableStates::ChangeKept(EventRef ref, ObjectIndex variable,
                                uint32_t by) {
  if (keeps_until_.contains({ref.actor, ref.index})) Of(variable).kept += by;
  const auto ends = lets_change_.find({ref.actor, ref.index});
  if (ends == lets_change_.end()) return;
  for (const ObjectIndex other : ends->second) Of(other).kept -= by;
}

uint32_t VariableStates::Version(ObjectIndex variable) const {
  return Of(variable).versions.back();
}

}  // namespace lockcheck::analysis

#include "lib/analysis/reads_first.h"

#include <utility>

#include "lib/analysis/last_of_each.h"

namespace lockcheck::analysis {

ReadsFirst::ReadsFirst(const Trace& trace, std::span<const uint32_t> length) {
  // By variable and version: the same actor's next write behind the one that
  // made it, and the update that saw it.
  absl::flat_hash_map<Key, EventRef> next, update;
  for (ActorIndex a = 0; a < length.size(); ++a) {
    absl::flat_hash_map<ObjectIndex, uint32_t> made;  // last, by this actor
    for (uint32_t i = 0; i < length[a]; ++i) {
      const Event& e = trace.At({a, i});
      if (!MakesVersion(e.kind) || trace.objects[e.object].mixed) continue;
      const auto [last, is_first] = made.try_emplace(e.object, e.order);
      if (!is_first) {
        next[{e.object, last->second}] = {a, i};
        last->second = e.order;
      }
      if (SeesVersion(e.kind)) update[{e.object, VersionSeen(e)}] = {a, i};
    }
  }
  for (ActorIndex a = 0; a < length.size(); ++a) {
    for (uint32_t i = 0; i < length[a]; ++i) {
      const Event& e = trace.At({a, i});
      if (!SeesVersion(e.kind) || trace.objects[e.object].mixed) continue;
      const Key version = {e.object, VersionSeen(e)};
      if (version.second == trace.objects[e.object].first_version) {
        of_first_version_[e.object].push_back({a, i});
      }
      for (const auto* writes : {&next, &update}) {
        const auto write = writes->find(version);
        if (write == writes->end()) continue;
        before_[{write->second.actor, write->second.index}].push_back({a, i});
      }
    }
  }
  for (auto& [variable, reads] : of_first_version_) KeepLastOfEach(reads);
  for (auto& [write, reads] : before_) KeepLastOfEach(reads);
}

// What is done stays done, and is not looked at again.
bool ReadsFirst::AreDone(std::vector<EventRef>& reads,
                         std::span<const uint32_t> at, EventRef but) {
  while (!reads.empty()) {
    if (reads.back() == but && reads.size() > 1) {
      std::swap(reads.front(), reads.back());
    }
    const EventRef last = reads.back();
    if (last == but) return true;
    if (last.index >= at[last.actor]) return false;
    reads.pop_back();
  }
  return true;
}

bool ReadsFirst::IsMet(EventRef write, const Event& e,
                       std::span<const uint32_t> at) {
  const auto first = of_first_version_.find(e.object);
  if (first != of_first_version_.end() && !AreDone(first->second, at, write)) {
    return false;
  }
  const auto before = before_.find({write.actor, write.index});
  return before == before_.end() || AreDone(before->second, at, write);
}

}  // namespace lockcheck::analysis

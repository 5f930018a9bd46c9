#include "lib/analysis/stack_finder.h"

#include <string_view>

namespace lockcheck::analysis {
namespace {

// Joins ask for no object: a class of their own.
constexpr uint32_t kJoinClass = 1;

using Way = std::pair<uint32_t, uint32_t>;
constexpr Way kNothing(0, 0), kNotSaid(UINT32_MAX, UINT32_MAX);

}  // namespace

StackFinder::StackFinder(const log::Recording& recording)
    : recording_(recording) {
  // Objects with one name, or else one place, are one class.
  absl::flat_hash_map<std::string_view, uint32_t> by_name;
  absl::flat_hash_map<uint32_t, uint32_t> by_place;
  uint32_t next = kJoinClass + 1;
  for (const log::Object& object : recording.objects) {
    uint32_t number = next;
    if (!object.name.empty()) {
      number = by_name.try_emplace(object.name, next).first->second;
    } else if (object.place != log::kNone) {
      number = by_place.try_emplace(object.place, next).first->second;
    }
    next += number == next;
    class_of_object_.push_back(number);
  }
  for (StackIndex i = 0; i < recording.stacks.size(); ++i) {
    const log::Stack& s = recording.stacks[i];
    if (s.of.reason == log::StackReason::kMisuseStack) continue;
    const ActorIndex actor = recording.FindActor(s.actor);
    if (actor == log::kNone) continue;
    const log::ProcessIndex process = recording.actors[actor].process;
    const auto key = [&](uint32_t object, uint32_t site, uint32_t none) {
      return object == 0
                 ? Key(none, none == 0 ? 0 : site)
                 : Key(ClassOf(recording.FindObject(process, object)), site);
    };
    // A wait's stack does not say what was held.
    const Way held = s.of.reason == log::StackReason::kWait
                         ? kNotSaid
                         : key(s.of.held_object, s.of.held_site, 0);
    stacks_[key(s.of.object, s.of.site, kJoinClass)].push_back({i, held});
  }
}

uint32_t StackFinder::ClassOf(ObjectIndex object) const {
  // END(actor) stands behind the recording's objects.
  return object < class_of_object_.size() ? class_of_object_[object]
                                          : kJoinClass;
}

uint32_t StackFinder::RawSite(SiteIndex site) const {
  return site < recording_.sites.size() ? recording_.sites[site].id : 0;
}

StackIndex StackFinder::OfRequest(ActorIndex actor, ObjectIndex object,
                                  SiteIndex site, const Hold* innermost) const {
  const auto found = stacks_.find(Key(ClassOf(object), RawSite(site)));
  if (site == kNone || found == stacks_.end()) return kNone;
  const Way held = innermost == nullptr ? kNothing
                                        : Way(ClassOf(innermost->object),
                                              RawSite(innermost->site));
  const uint32_t raw =
      actor < recording_.actors.size() ? recording_.actors[actor].id : 0;
  StackIndex best = kNone;
  int best_rank = -1;
  bool same_way = false;
  for (const Candidate& candidate : found->second) {
    const log::Stack& s = recording_.stacks[candidate.stack];
    const int rank = 4 * (candidate.held == held) + 2 * (s.actor == raw) +
                     (s.of.reason == log::StackReason::kWait);
    same_way |= candidate.held == held;
    if (rank > best_rank) {
      best_rank = rank;
      best = candidate.stack;
    }
  }
  return held == kNothing && !same_way ? kNone : best;
}

}  // namespace lockcheck::analysis

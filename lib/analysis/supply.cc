#include "lib/analysis/supply.h"

#include <algorithm>

#include "lib/analysis/wait_nodes.h"

namespace lockcheck::analysis {

Supply::Supply(const Trace& trace, uint32_t initial,
               std::vector<EventRef> posts)
    : trace_(trace), most_(initial) {
  std::sort(posts.begin(), posts.end(), [](EventRef a, EventRef b) {
    return a.actor != b.actor ? a.actor < b.actor : a.index < b.index;
  });
  for (const EventRef post : posts) {
    if (posters_.empty() || posters_.back().actor != post.actor) {
      posters_.push_back({.actor = post.actor, .at = {}, .units_behind = {}});
    }
    posters_.back().at.push_back(post.index);
    posters_.back().units_behind.push_back(trace.At(post).amount);
  }
  for (Poster& poster : posters_) {
    auto& units = poster.units_behind;
    for (size_t i = units.size() - 1; i-- > 0;) units[i] += units[i + 1];
    most_ += units.front();
    most_of_one_ = std::max(most_of_one_, units.front());
  }
}

// Of what the actor posts from that event on.
uint64_t Supply::UnitsBehind(const Poster& poster, uint32_t index) const {
  const auto first =
      std::lower_bound(poster.at.begin(), poster.at.end(), index);
  return first == poster.at.end() ? 0
                                  : poster.units_behind[static_cast<size_t>(
                                        first - poster.at.begin())];
}

bool Supply::IsStartedAfter(ActorIndex actor, EventRef take) const {
  bool is_after = false;
  ForEachStart(trace_, actor, [&](EventRef fork) {
    is_after |= fork.actor == take.actor && fork.index > take.index;
  });
  return is_after;
}

void Supply::AddNeeds(EventRef take, uint64_t taken,
                      std::vector<EventRef>& needs) const {
  uint64_t most = most_;
  std::vector<const Poster*> others;
  for (const Poster& poster : posters_) {
    if (poster.actor == take.actor) {
      most -= UnitsBehind(poster, take.index);
    } else if (IsStartedAfter(poster.actor, take)) {
      most -= poster.units_behind.front();
    } else {
      others.push_back(&poster);
    }
  }
  if (most >= taken + most_of_one_) return;
  for (const Poster* poster : others) {
    const auto& units = poster->units_behind;
    // Without these the rest is enough.
    const auto first_free = std::partition_point(
        units.begin(), units.end(),
        [&](uint64_t behind) { return most < taken + behind; });
    if (first_free == units.begin()) continue;
    const auto last = static_cast<size_t>(first_free - units.begin()) - 1;
    needs.push_back({poster->actor, poster->at[last]});
  }
}

}  // namespace lockcheck::analysis

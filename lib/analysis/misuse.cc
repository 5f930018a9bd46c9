#include "lib/analysis/misuse.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace lockcheck::analysis {
namespace {

using model::Misuse;

// A destruction and an actor's end are recorded with the place where the owner
// acquired the lock, the others with their own place.
bool NamesPlaceOfHold(Misuse misuse) {
  return misuse == Misuse::kDestroyHeld || misuse == Misuse::kDestroyWaited ||
         misuse == Misuse::kExitHolding;
}

// Where owners acquired what they are said to hold, if there is no doubt.
class Holds {
 public:
  explicit Holds(const Observations& observations) : o_(observations) {
    for (const MisuseEvent& event : o_.misuses) {
      if (event.owner != kNone) places_[{event.owner, event.object}];
    }
    if (places_.empty()) return;
    for (const Dependency& d : o_.dependencies) Add(d);
    for (const Request& r : o_.requests) Add(r);
  }

  Hold Of(const MisuseEvent& event) const {
    Hold hold{.object = event.object};
    if (NamesPlaceOfHold(event.misuse)) {
      hold.site = event.site;
      return hold;
    }
    if (event.owner < o_.end.size()) {
      for (const Hold& held : o_.end[event.owner].held) {
        if (held.object == event.object) return held;
      }
    }
    const auto found = places_.find({event.owner, event.object});
    if (found == places_.end()) return hold;
    std::vector<Hold> places = found->second;
    // Who locks again asks for the lock too.
    const bool again = event.misuse == Misuse::kSelfLock && places.size() > 1;
    if (again) {
      std::erase_if(places,
                    [&](const Hold& h) { return h.site == event.site; });
    }
    return places.size() == 1 ? places.front() : hold;
  }

 private:
  template <typename Asked>
  void Add(const Asked& asked) {
    const auto found = places_.find({asked.actor, asked.lock});
    if (found == places_.end()) return;
    const Hold hold{asked.lock, asked.mode, asked.site};
    std::vector<Hold>& places = found->second;
    if (std::find(places.begin(), places.end(), hold) == places.end()) {
      places.push_back(hold);
    }
  }

  const Observations& o_;
  absl::flat_hash_map<std::pair<ActorIndex, ObjectIndex>, std::vector<Hold>>
      places_;
};

Finding ToFinding(const MisuseEvent& event, const Holds& holds) {
  Finding finding;
  finding.kind = Kind::kMisuse;
  finding.rule = Rule::kMisuse;
  finding.misuse = event.misuse;
  finding.objects = {event.object};
  finding.ticks = event.ticks;
  Part part;
  part.actor = event.actor;
  part.stack = event.stack;
  if (!NamesPlaceOfHold(event.misuse)) part.site = event.site;
  if (event.misuse == Misuse::kSelfLock) part.wants = event.object;
  if (event.misuse == Misuse::kSelfJoin) {
    finding.parts.push_back(std::move(part));
    return finding;
  }
  Part owner;
  owner.actor = event.owner;
  owner.holds = {holds.Of(event)};
  const bool own = event.owner == event.actor ||
                   event.misuse == Misuse::kSelfLock ||
                   event.misuse == Misuse::kExitHolding;
  if (own) part.holds = owner.holds;
  finding.parts.push_back(std::move(part));
  if (!own && event.owner != kNone) finding.parts.push_back(std::move(owner));
  return finding;
}

}  // namespace

void FindMisuse(const Observations& observations,
                std::vector<Finding>& findings) {
  const Holds holds(observations);
  std::map<std::tuple<Misuse, ObjectIndex, SiteIndex>, Finding> merged;
  for (const MisuseEvent& event : observations.misuses) {
    const auto key = std::tuple(event.misuse, event.object, event.site);
    const auto [found, added] =
        merged.try_emplace(key, ToFinding(event, holds));
    Finding& finding = found->second;
    const uint64_t before = added ? 0 : finding.count;
    if (event.ticks < finding.ticks) finding = ToFinding(event, holds);
    finding.count = before + event.count;
    finding.parts.front().count = finding.count;
  }
  for (auto& [key, finding] : merged) findings.push_back(std::move(finding));
}

}  // namespace lockcheck::analysis

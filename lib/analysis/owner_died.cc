#include "lib/analysis/owner_died.h"

#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "lib/analysis/living.h"
#include "lib/analysis/permits.h"

namespace lockcheck::analysis {
namespace {

// Of an actor that may still do something nothing is known to be left.
bool IsDead(const Observations& o, ActorIndex actor) {
  const log::Actor& a = o.recording->actors[actor];
  if (a.ended || a.process >= o.recording->processes.size()) return false;
  const log::Process& process = o.recording->processes[a.process];
  return process.exited || process.liveness == log::Liveness::kGone;
}

using Place = std::pair<ActorIndex, ObjectIndex>;

// Where what the streams end with was taken.
absl::flat_hash_map<Place, SiteIndex> HeldAtEnds(std::span<const Piece> pieces,
                                                 const Observations& o) {
  absl::flat_hash_map<Place, SiteIndex> held;
  for (const Piece& piece : pieces) {
    if (!piece.ends_stream) continue;
    for (const HeldAtEnd& h : piece.held) {
      // Who only reads leaves nothing half done, but a permit is gone.
      const ObjectIndex object = h.hold.object;
      const bool reads =
          h.hold.mode == model::Mode::kShared && !AnybodyReleases(o, object);
      if (!IsBetweenProcesses(o, object) || reads) continue;
      held[{piece.actor, object}] = h.hold.site;
    }
  }
  return held;
}

Part OwnersPart(const OwnerDeath& death) {
  Part part;
  part.actor = death.owner;
  part.holds = {{death.object, model::Mode::kExclusive, death.held_site}};
  part.count = 1;
  return part;
}

Part NextPart(const OwnerDeath& death) {
  Part part;
  part.actor = death.next;
  part.wants = death.object;
  part.site = death.next_site;
  part.count = 1;
  return part;
}

Finding ToFinding(const OwnerDeath& death) {
  Finding finding;
  finding.kind = Kind::kHazard;
  finding.rule = Rule::kOwnerDied;
  if (death.owner != kNone) finding.parts.push_back(OwnersPart(death));
  if (death.next != kNone) finding.parts.push_back(NextPart(death));
  finding.objects = {death.object};
  finding.ticks = death.ticks;
  return finding;
}

}  // namespace

void CollectOwnerDeaths(std::span<const Piece> pieces, Observations& o) {
  auto held = HeldAtEnds(pieces, o);
  for (const Piece& piece : pieces) {
    for (OwnerDeath death : piece.owner_deaths) {
      if (!IsBetweenProcesses(o, death.object)) continue;
      const auto at = held.find({death.owner, death.object});
      if (at != held.end()) {
        death.held_site = at->second;
        held.erase(at);
      }
      o.owner_deaths.push_back(death);
    }
  }
  for (const auto& [place, site] : held) {
    const auto [actor, object] = place;
    if (!IsDead(o, actor) || IsSignalled(o, object)) continue;
    OwnerDeath death;
    death.owner = actor;
    death.object = object;
    death.held_site = site;
    o.owner_deaths.push_back(death);
  }
}

void FindOwnerDeaths(const Observations& o, std::vector<Finding>& findings) {
  // The first of each kind, in an order that does not depend on a hash.
  std::map<std::pair<ObjectIndex, SiteIndex>, const OwnerDeath*> first;
  std::map<std::pair<ObjectIndex, SiteIndex>, uint64_t> count;
  for (const OwnerDeath& death : o.owner_deaths) {
    const std::pair key(death.object, death.held_site);
    ++count[key];
    const auto [at, is_new] = first.try_emplace(key, &death);
    if (!is_new && death.owner < at->second->owner) at->second = &death;
  }
  for (const auto& [key, death] : first) {
    findings.push_back(ToFinding(*death));
    findings.back().count = count[key];
  }
}

}  // namespace lockcheck::analysis

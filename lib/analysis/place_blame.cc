#include "lib/analysis/place_blame.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace lockcheck::analysis {
namespace {

// The waits of an actor for an object, in their order.
using WaitsByHolder = absl::flat_hash_map<std::pair<ActorIndex, ObjectIndex>,
                                          std::vector<PlacedWait>>;

WaitsByHolder WaitsOf(std::span<const Piece> pieces) {
  WaitsByHolder waits;
  for (const Piece& piece : pieces) {
    for (const PlacedWait& wait : piece.placed) {
      waits[{piece.actor, wait.object}].push_back(wait);
    }
  }
  return waits;
}

// An owner that was given the object in its wait for it, which lasts, has it
// from where it waits.
SiteIndex PlaceOf(const WaitsByHolder& waits, const UnplacedBlame& blame) {
  const auto found = waits.find({blame.pair.holder, blame.pair.object});
  if (found == waits.end()) return kNone;
  const auto& of = found->second;
  const auto next = std::partition_point(
      of.begin(), of.end(),
      [&](const PlacedWait& wait) { return wait.begin <= blame.at; });
  if (next == of.begin() || std::prev(next)->end < blame.at) return kNone;
  return std::prev(next)->site;
}

// Permits that are held, and were all taken at one place.
absl::flat_hash_map<ObjectIndex, SiteIndex> OnlyPlaces(
    const log::Recording& recording, const Totals& totals) {
  absl::flat_hash_map<ObjectIndex, SiteIndex> places;
  for (const auto& [share, count] : totals.shares) {
    const auto [object, site] = share;
    if (!model::EndsByAnybody(recording.objects[object].kind) ||
        totals.posts.contains(object)) {
      continue;
    }
    const auto [place, is_first] = places.try_emplace(object, site);
    if (!is_first) place->second = kNone;
  }
  absl::erase_if(places, [](const auto& p) { return p.second == kNone; });
  return places;
}

}  // namespace

void PlaceBlame(const log::Recording& recording, std::span<const Piece> pieces,
                Totals& totals) {
  const WaitsByHolder waits = WaitsOf(pieces);
  for (const Piece& piece : pieces) {
    for (UnplacedBlame blame : piece.unplaced) {
      blame.pair.holder_site = PlaceOf(waits, blame);
      totals.blame.Charge(blame.pair, blame.ns, blame.new_wait);
    }
  }
  totals.blame.PlaceUnknown(OnlyPlaces(recording, totals));
}

}  // namespace lockcheck::analysis

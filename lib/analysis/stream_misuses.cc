#include "lib/analysis/stream_misuses.h"

#include <algorithm>

namespace lockcheck::analysis {

void StreamMisuses::OnMisuse(model::Misuse misuse, uint32_t object,
                             uint32_t site, uint32_t owner, uint32_t stack,
                             uint64_t ticks) {
  const auto [row, is_new] = rows_.try_emplace(std::tuple(misuse, object, site),
                                               piece_.misuses.size());
  if (!is_new) {
    MisuseSeen& seen = piece_.misuses[row->second];
    ++seen.event.count;
    seen.last_ticks = std::max(seen.last_ticks, ticks);
    return;
  }
  const bool joins = misuse == model::Misuse::kSelfJoin;
  const ObjectIndex of = joins ? ids_.EndOf(piece_.actor) : ids_.Object(object);
  piece_.misuses.push_back({.event = {.misuse = misuse,
                                      .actor = piece_.actor,
                                      .object = of,
                                      .site = ids_.Site(site),
                                      .owner = ids_.Actor(owner),
                                      .stack = ids_.Stack(stack),
                                      .ticks = ticks},
                            .last_ticks = ticks});
}

}  // namespace lockcheck::analysis

#include "lib/analysis/end_part.h"

#include <algorithm>

namespace lockcheck::analysis {

Part EndPart(const Observations& o, const std::vector<EndState>& ends,
             ActorIndex actor, ObjectIndex wanted_of_it) {
  const EndState& end = ends[actor];
  Part part;
  part.actor = actor;
  part.count = 1;
  part.holds = end.held;
  if (end.wait) {
    part.wants = end.wait->object;
    part.mode = end.wait->mode;
    part.how = end.wait->how;
    part.site = end.wait->site;
    part.stack = end.wait->stack;
  }
  if (o.is_end_object(wanted_of_it)) {
    part.holds.insert(part.holds.begin(),
                      {wanted_of_it, model::Mode::kExclusive, kNone});
    return part;
  }
  const auto hold =
      std::find_if(part.holds.begin(), part.holds.end(),
                   [&](const Hold& h) { return h.object == wanted_of_it; });
  if (hold != part.holds.end()) {
    part.outer = static_cast<uint32_t>(hold - part.holds.begin());
    std::rotate(part.holds.begin(), hold, hold + 1);
  }
  return part;
}

}  // namespace lockcheck::analysis

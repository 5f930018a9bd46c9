#include "lib/analysis/dependency_part.h"

#include <algorithm>

namespace lockcheck::analysis {

Part ToPart(const Dependency& d, size_t hold) {
  Part part;
  part.actor = d.actor;
  part.holds.assign(d.held.begin(), d.held.end());
  part.outer = static_cast<uint32_t>(hold);
  const auto first = part.holds.begin() + part.outer;
  std::rotate(part.holds.begin(), first, first + 1);
  part.wants = d.lock;
  part.mode = d.mode;
  part.how = d.how;
  part.site = d.site;
  part.stack = d.stack;
  part.count = d.count;
  return part;
}

}  // namespace lockcheck::analysis

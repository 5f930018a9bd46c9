#include "lib/analysis/rivals.h"

#include <algorithm>

namespace lockcheck::analysis {
namespace {

bool KeptApart(const Dependency& d, const Rival& rival, ObjectIndex lock) {
  return std::any_of(d.held.begin(), d.held.end(), [&](const Hold& a) {
    return a.object != lock && std::any_of(rival.held.begin(), rival.held.end(),
                                           [&](const Hold& b) {
                                             return a.object == b.object &&
                                                    Exclude(a.mode, b.mode);
                                           });
  });
}

bool AtOneTime(const Dependency& d, const Rival& rival, PhaseOrder& order) {
  return std::any_of(d.phases.begin(), d.phases.end(), [&](uint32_t phase) {
    const PhaseWindow window =
        order.ConeOf(d.actor, phase).Concurrent(rival.actor);
    return std::any_of(rival.phases.begin(), rival.phases.end(),
                       [&](uint32_t p) { return window.Contains(p); });
  });
}

}  // namespace

Part ToPart(const Rival& rival, ObjectIndex lock) {
  Part part;
  part.actor = rival.actor;
  part.holds.assign(rival.held.begin(), rival.held.end());
  part.wants = lock;
  part.mode = rival.mode;
  part.how = rival.how;
  part.site = rival.site;
  part.stack = rival.stack;
  part.count = rival.count;
  return part;
}

Rivals::Rivals(const Observations& observations,
               const absl::flat_hash_set<ObjectIndex>& locks)
    : order_(observations) {
  const auto add = [&](const auto& asked, std::span<const Hold> held) {
    if (GivesUp(asked.how) || !locks.contains(asked.lock)) return;
    of_lock_[asked.lock].push_back(
        {asked.actor,
         asked.site,
         asked.stack,
         asked.mode,
         asked.how,
         asked.count,
         held,
         {asked.phases.begin(), asked.phases.end()}});
  };
  for (const Request& r : observations.requests) add(r, {});
  for (const Dependency& d : observations.dependencies) add(d, d.held);
}

const Rival* Rivals::Beside(const Dependency& d, ObjectIndex lock,
                            model::Mode mode) {
  const auto rivals = of_lock_.find(lock);
  if (rivals == of_lock_.end()) return nullptr;
  for (const Rival& rival : rivals->second) {
    if (rival.actor != d.actor && Exclude(mode, rival.mode) &&
        !KeptApart(d, rival, lock) && AtOneTime(d, rival, order_)) {
      return &rival;
    }
  }
  return nullptr;
}

}  // namespace lockcheck::analysis

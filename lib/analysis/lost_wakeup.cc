#include "lib/analysis/lost_wakeup.h"

#include <utility>

namespace lockcheck::analysis {

const Notification* LostBefore(const Observations& observations,
                               ActorIndex waiter, const Wait& wait) {
  const Notification* lost = nullptr;
  for (const Notification& n : observations.notifications) {
    if (n.object != wait.object) continue;
    if (n.next_ticket > wait.ticket) return nullptr;
    if (n.actor != waiter && n.next_ticket == wait.ticket && n.woke_nobody) {
      lost = &n;
    }
  }
  return lost;
}

Finding LostWakeup(Part waiter, const Notification& lost) {
  Finding finding;
  finding.kind = Kind::kHazard;
  finding.rule = Rule::kLostWakeup;
  Part notifier;
  notifier.actor = lost.actor;
  notifier.wants = lost.object;
  notifier.site = lost.site;
  notifier.count = 1;
  finding.parts = {std::move(waiter), std::move(notifier)};
  finding.objects = {lost.object};
  finding.assumes = {
      "no thread that the log does not know would have notified"};
  return finding;
}

}  // namespace lockcheck::analysis

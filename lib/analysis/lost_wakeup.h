// Notifications that came just before the wait for them began.
#ifndef LOCKCHECK_LIB_ANALYSIS_LOST_WAKEUP_H_
#define LOCKCHECK_LIB_ANALYSIS_LOST_WAKEUP_H_

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// The one by another actor that found nobody, and since which nobody has
// notified; null: there is none. One pass over all notifications.
const Notification* LostBefore(const Observations& observations,
                               ActorIndex waiter, const Wait& wait);

// `waiter` waits for what was notified.
Finding LostWakeup(Part waiter, const Notification& lost);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_LOST_WAKEUP_H_

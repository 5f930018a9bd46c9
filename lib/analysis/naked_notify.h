// Notifications of what did not change under the lock of who waits for it: a
// "naked notify" (FindBugs gave one of this kind the name).
//
// Problem: who waits for a condition has a lock when it looks whether there is
// something to wait for, and lets go of it when it waits. If nobody has had
// that lock when it is woken, then what it was woken for changed without it,
// and the notification could have come between the look and the wait. Then it
// wakes nobody.
//
// Whatever else the two do, nothing keeps the notification out of that moment:
// others learn that somebody waits from the lock alone. But more notifications
// may be to come, so it has to be the last one in the recording, by an actor
// that has ended and that is not seen to repeat such.
//
// Not looked for: waiters of whom another one had the lock meanwhile, readers,
// conditions by which a stop was requested (who requests it is seen without the
// lock), and logs of which something is missing or that are too long for a
// trace (trace.h). Cost: one pass over the records if there are conditions, and
// another one if such a wait was seen.
#ifndef LOCKCHECK_LIB_ANALYSIS_NAKED_NOTIFY_H_
#define LOCKCHECK_LIB_ANALYSIS_NAKED_NOTIFY_H_

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Appends to `findings`: one for each condition. parts[0] waits, parts[1]
// notifies; objects are the condition and the lock.
void FindNakedNotifications(const Observations& observations,
                            std::vector<Finding>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_NAKED_NOTIFY_H_

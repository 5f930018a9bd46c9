// Waits that stood when the process ended, for what nobody did in all of the
// run: an event that nobody sets, a promise that nobody fulfils, a queue that
// is joined and none of whose items is ever done.
//
// Problem: such a thread hangs, but nobody notices if it is detached and the
// program ends without it. That it waited says nothing: threads that are idle
// wait, too. But who waits for an item, a permit or a notification may have had
// nothing to do. What stays once it is there, or is owed, is there for whoever
// comes later; if the whole run had no act that brings it about, nobody knows
// whether the program has one.
//
// Found only if the process exited and the log is whole. Not looked for: waits
// with a time limit, conditions, semaphores, items and room of queues, pools
// and barriers, whose waiters may be idle; waits for the outside; and what is
// owed if somebody still was at work then, who may have been about to. Nor
// where an actual deadlock may have kept who would signal, or another finding
// names the object. Cost: linear in actors, objects signalled and findings.
#ifndef LOCKCHECK_LIB_ANALYSIS_NEVER_SIGNALLED_H_
#define LOCKCHECK_LIB_ANALYSIS_NEVER_SIGNALLED_H_

#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/observations.h"

namespace lockcheck::analysis {

// Appends to `findings`, which are those of all others: one for each object and
// place of such waits, `count` of them. parts[0] is who waited first.
void FindNeverSignalled(const Observations& observations,
                        std::vector<Finding>& findings);

// Marks those of such objects that nobody has signalled so far, whether the
// process has ended or not: for people who look what a program waits for.
void MarkUnsignalled(const Observations& observations,
                     std::vector<StandingWait>& waits);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_NEVER_SIGNALLED_H_

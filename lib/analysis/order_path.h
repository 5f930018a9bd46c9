// By which acts one part of a cycle comes before another one in every order.
//
// Problem: that a cycle cannot happen is believed when the report says what
// comes between: who sets an event after the one part, and who waits for it
// before the other. MustPrecede, which knows that, keeps no ways.
//
// Guarantees: each step has to be so (must_precede.h), and what comes first is
// the actor's last request of the kind. A way that is found first, not the
// shortest. Cost: what must precede one request of each part is taken in once
// more, and each way is linear in the acts between actors there.
#ifndef LOCKCHECK_LIB_ANALYSIS_ORDER_PATH_H_
#define LOCKCHECK_LIB_ANALYSIS_ORDER_PATH_H_

#include "lib/analysis/cycle_requests.h"
#include "lib/analysis/findings.h"
#include "lib/analysis/must_precede.h"
#include "lib/analysis/trace.h"

namespace lockcheck::analysis {

// Sets finding.ordered_by and what belongs to that, of its very actors. Leaves
// it empty if none of its parts is before another one as a whole.
void NameWhatOrders(const Trace& trace, const CycleRequests& requests,
                    MustPrecede& must, Finding& finding);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_ORDER_PATH_H_

// Tasks of a pool begin in the order in which they were submitted: none that
// was submitted before another one waits for a slot when that has one.
#ifndef LOCKCHECK_LIB_ANALYSIS_TASK_ORDER_H_
#define LOCKCHECK_LIB_ANALYSIS_TASK_ORDER_H_

#include <span>

#include "lib/analysis/reordering.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"
#include "lib/analysis/wait_nodes.h"

namespace lockcheck::analysis {

// Whether that is so of those that wait, after `part`. `before` is used for it.
// Cost: for each pool its tasks and what they need to be submitted.
bool KeepsOrderOfTasks(const Trace& trace, const TraceOrder& order,
                       std::span<const TraceNode* const> waits,
                       const Reordering& part, Reordering& before);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_TASK_ORDER_H_

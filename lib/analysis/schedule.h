// The events of a part of a trace, one after the other, as they could have
// happened.
//
// Problem: a log has the order of each actor's acts and of each lock's, and no
// order of all. A witness is a list.
//
// Algorithm: each event comes when what it needs has: its actor's one before,
// the fork, the end of who is joined, what ended a wait as it was seen
// (trace_order.h), and of a lock the releases of those that had it before and
// exclude it, in the lock's order, of a variable's write the one before and who
// saw that one's value. So all that orders two events is in the
// order in which it was seen, and the list is one that the recording could have
// been; but where the log does not say the order (permits, the tasks of a pool)
// whoever can goes on, and who keeps a permit takes it last. What comes out is
// for others to check (witness_check.h).
//
// Cost: linear in the events and what they need. Pure.
#ifndef LOCKCHECK_LIB_ANALYSIS_SCHEDULE_H_
#define LOCKCHECK_LIB_ANALYSIS_SCHEDULE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

// `length`: by actor, how many of its events the part has. Nothing: no order
// was found. Else who does his next event, one after the other.
std::optional<std::vector<ActorIndex>> ScheduleOf(
    const Trace& trace, const TraceOrder& order,
    std::span<const uint32_t> length);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_SCHEDULE_H_

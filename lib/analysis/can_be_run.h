// Whether a part of a trace can happen, by the objects' rules.
//
// Problem: a part in which room in queues was given to others than were seen to
// get it need not have any order in which each of its events can happen. Nor
// need one in which a permit is kept that was given back when others took all.
//
// Algorithm: it is run, whoever can go on next; so a yes is certain, and a no
// may be for want of the right order. A pool's tasks begin as they are
// submitted in it. Cost: linear in the events, times the actors that wait.
#ifndef LOCKCHECK_LIB_ANALYSIS_CAN_BE_RUN_H_
#define LOCKCHECK_LIB_ANALYSIS_CAN_BE_RUN_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

// `length`: by actor, how many of its events the part has. What each event was
// seen to need is in it, but for room. What was looked at is added to `work`.
bool CanBeRun(const Trace& trace, const TraceOrder& order,
              std::span<const uint32_t> length, uint64_t& work);

// Who does his next event, one after the other; nothing: no order was found.
std::optional<std::vector<ActorIndex>> RunOf(const Trace& trace,
                                             const TraceOrder& order,
                                             std::span<const uint32_t> length,
                                             uint64_t& work);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_CAN_BE_RUN_H_

// A schedule that brings actors of a trace to given places, in which sections
// of a lock may come in another order than was seen.
//
// Problem: the closure that keeps each lock's order (reordering.h) finds no
// schedule where who has a lock in the end had it before another one did who
// must be done with it by then. Often it could as well have been the other way
// round.
//
// Algorithm: a search, depth first, through what each actor may do next.
// Whoever can come to where he holds nothing does so at once: that is in
// nobody's way. What is left to try is who goes on inside sections, and a state
// that failed is not tried again. What is held in the end is taken when the
// others are done with it. A pool's tasks begin in the order in which they are
// submitted here, and of several submitters' any order is tried. What comes out
// is for others to check (witness_check.h).
//
// Cost: bounded. Pure.
#ifndef LOCKCHECK_LIB_ANALYSIS_FREE_SCHEDULE_H_
#define LOCKCHECK_LIB_ANALYSIS_FREE_SCHEDULE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

// `ends`: where actors come to, one place each: they are to do that next.
// `length`: by actor, what must have happened then. Nothing: none was found,
// with so many steps. What was looked at is added to `work`.
std::optional<std::vector<ActorIndex>> FreeScheduleOf(
    const Trace& trace, const TraceOrder& order, std::span<const EventRef> ends,
    std::span<const uint32_t> length, uint64_t most_steps, uint64_t& work);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_FREE_SCHEDULE_H_

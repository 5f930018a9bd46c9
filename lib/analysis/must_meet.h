// Whether requests of a lock-order cycle can be made at once, as far as what
// must precede what is known (must_precede.h).
//
// Algorithm: of each request the first event; where one must precede another,
// or what is held there must be let go of first, a later one. What must precede
// only grows, so one pass stands for all combinations.
//
// Then for few combinations each is asked for more: who has a lock in the end
// takes it when all others are done with it, so what they do with it comes
// before that, and all of these orders together must have no circle.
// Thread safety: none.
#ifndef LOCKCHECK_LIB_ANALYSIS_MUST_MEET_H_
#define LOCKCHECK_LIB_ANALYSIS_MUST_MEET_H_

#include <optional>
#include <span>
#include <vector>

#include "lib/analysis/must_precede.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"
#include "lib/analysis/wait_nodes.h"

namespace lockcheck::analysis {

using Requests = std::span<const TraceNode* const>;

// By request. Nothing: they never can. `must` has what must have happened then.
// Without `with_holds` what is held there does not matter.
std::optional<std::vector<EventRef>> FirstThatMeet(const TraceOrder& order,
                                                   Requests requests,
                                                   MustPrecede& must,
                                                   bool with_holds = true);

// False: they cannot at any time. Called when there is a first one that the
// above finds.
bool SomeMayMeet(const Trace& trace, const TraceOrder& order, Requests requests,
                 MustPrecede& must);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_MUST_MEET_H_

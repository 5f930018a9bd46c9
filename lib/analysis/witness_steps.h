// A schedule in the words of a finding: each act, and which of them matter to
// who reads it.
#ifndef LOCKCHECK_LIB_ANALYSIS_WITNESS_STEPS_H_
#define LOCKCHECK_LIB_ANALYSIS_WITNESS_STEPS_H_

#include <cstddef>
#include <span>

#include "lib/analysis/findings.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

// Of the deadlock of these parts. `most`: steps; of more only those that
// matter are kept.
Witness WitnessOf(const Trace& trace, const TraceOrder& order,
                  std::span<const ActorIndex> schedule,
                  std::span<const Part> parts, size_t most);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_WITNESS_STEPS_H_

// Which cycles of locks cannot come about, since signals that leave no choice,
// or locks that others had before, put their parts in order, or there are too
// few permits for all of them.
//
// Problem: fork and join order the parts of a cycle (phase_order.h), and so do
// a promise, a latch, an event that one actor sets; a semaphore with N - 1
// permits keeps the last of N philosophers away; and who was seen to have a
// lock on the way there has to let go of it before another one has it there.
// What the scan leaves does not say so.
//
// Algorithm: for each choice of actors and places, the first requests that no
// other one must precede are looked for, all together, as in the check of a
// pattern (docs/analysis.md) with what must precede (must_precede.h) in place
// of the closure. A cycle is refuted only if no choice has such requests. Cost:
// of each choice linear in the events. Bounds leave the verdict as it was.
#ifndef LOCKCHECK_LIB_ANALYSIS_ORDERED_CYCLES_H_
#define LOCKCHECK_LIB_ANALYSIS_ORDERED_CYCLES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

struct OrderedCyclesOptions {
  Policy policy = Policy::kDeadlock;
  size_t max_choices = 1000;       // of a cycle
  uint64_t max_work = 10'000'000;  // events taken in, of all cycles
  size_t max_nodes = 1'000'000;
};

// Refutes those of the possible lock-order cycles that the trace rules out.
void RefuteOrderedCycles(const Trace& trace, const TraceOrder& order,
                         const OrderedCyclesOptions& options,
                         std::vector<Finding>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_ORDERED_CYCLES_H_

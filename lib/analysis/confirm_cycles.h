// Which of the possible lock-order cycles can happen: those for which a
// schedule of the recorded events leads into them.
//
// Algorithm (Tunç, Mathur, Pavlogiannis, Viswanathan, PLDI 2023): of each part
// the requests of one actor with the same holds are taken together, in the
// order of the trace; the least part of the trace that brings all actors to
// their first ones (approach.h) either has none of these in it, or leads to
// later ones. Parts only grow, so one pass stands for all combinations of
// times. The part is put in order (schedule.h). Where that leads nowhere, a
// schedule is looked for in which locks are taken in another order
// (free_schedule.h). Nothing is confirmed that is not replayed
// (witness_check.h).
//
// Cost: of each choice of actors linear in the events it takes in. Bounds leave
// the verdict as it was, and the finding says so.
#ifndef LOCKCHECK_LIB_ANALYSIS_CONFIRM_CYCLES_H_
#define LOCKCHECK_LIB_ANALYSIS_CONFIRM_CYCLES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/analysis/findings.h"
#include "lib/analysis/trace.h"
#include "lib/analysis/trace_order.h"

namespace lockcheck::analysis {

struct ConfirmOptions {
  size_t max_choices = 200;        // of actors, of a cycle
  uint64_t max_work = 40'000'000;  // events looked at, of all cycles
  size_t max_nodes = 1'000'000;    // see RequestsOf()
  // Of a choice, besides a few for each event: see FreeScheduleOf().
  uint64_t max_steps_of_search = 20'000;
  size_t max_steps = 20'000;       // of a witness, that do not matter
  size_t max_all_steps = 500'000;  // of all
};

// `findings`: possible ones.
void ConfirmCycles(const Trace& trace, const TraceOrder& order,
                   const ConfirmOptions& options,
                   const std::vector<Finding*>& findings);

}  // namespace lockcheck::analysis

#endif  // LOCKCHECK_LIB_ANALYSIS_CONFIRM_CYCLES_H_
